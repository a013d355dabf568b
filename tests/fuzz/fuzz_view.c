/* SPDX-License-Identifier: Apache-2.0 */
/* From end to end: a recipe (recipe.h) makes a whole checkpoint, with right checksums, a map, a
 * graph, a state file. The view of it is opened, every file of it is read, and again after data
 * files were changed; what it has to be is known from the recipe (check.h). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "render/verified.h"
#include "source/source.h"
#include "view/report.h"

enum { WORDS_MOST = 8, DESCRIPTORS_TAKEN = 40, DESCRIPTORS_LEFT = 10 };

/* ---- files ----------------------------------------------------------------------------------- */

/* $DIR in a text is the folder of all files. */
static void make_file(struct made *m, const struct section *s)
{
    static const struct str folder = {"$DIR", 4};
    struct str words = s->head;
    struct str name;
    struct str rest = s->body;
    struct mkbuf text = {0};
    for (long at; (at = str_search(rest, folder)) >= 0;
         rest = str_from_pos(rest, (size_t)at + folder.len)) {
        mkbuf_add(&text, rest.ptr, (size_t)at);
        mkbuf_add(&text, m->dir.path, strlen(m->dir.path));
    }
    mkbuf_add(&text, rest.ptr, rest.len);
    const char *path = take_word(&words, &name) ? made_path(m, name) : NULL;
    if (path) {
        (void)made_write(m, path, &text);
    }
    mkbuf_free(&text);
}

static void make(struct made *m, const struct section *s)
{
    if (str_eq(s->kind, STR("v2"))) {
        make_bundle(m, s);
    } else if (str_eq(s->kind, STR("v1"))) {
        make_legacy(m, s);
    } else if (str_eq(s->kind, STR("meta")) || str_eq(s->kind, STR("saved"))) {
        make_graph(m, s, str_eq(s->kind, STR("saved")));
    } else if (str_eq(s->kind, STR("file"))) {
        make_file(m, s);
    } else if (str_eq(s->kind, STR("damage"))) {
        made_change(m, s->body);
    }
}

/* ---- views ----------------------------------------------------------------------------------- */

/* A section `open`, as view_open takes it. All texts are owned. */
struct request {
    struct view_request view;
    char *checkpoint, *map, *graph;
    char *assign[WORDS_MOST], *define[WORDS_MOST];
};

/* The path of what follows `key=`, or of `word` itself; `.` is the folder of all files. NULL
 * without one. */
static char *path_of(const struct made *m, struct str word)
{
    const char *path = str_eq(word, STR(".")) ? m->dir.path : word.ptr ? made_path(m, word) : NULL;
    char *copy = path ? strdup(path) : NULL;
    FUZZ_CHECK(!path || copy);
    return copy;
}

static void add_line(char *list[WORDS_MOST], uint32_t *count, struct str text)
{
    if (*count < WORDS_MOST && !memchr(text.ptr, 0, text.len)) {
        list[*count] = strndup(text.ptr, text.len);
        FUZZ_CHECK(list[*count]);
        ++*count;
    }
}

static void read_request(const struct made *m, const struct section *s, struct request *r)
{
    struct str words = s->head;
    struct str name, line, word;
    struct str lines = s->body;
    *r = (struct request){0};
    struct map_extra *extra = &r->view.extra;
    (void)take_word(&words, &name);
    r->checkpoint = path_of(m, name);
    r->map = path_of(m, word_value(s->head, "map"));
    r->graph = path_of(m, word_value(s->head, "graph"));
    while (take_line(&lines, &line)) {
        (void)take_word(&line, &word);
        if (str_eq(word, STR("assign"))) {
            add_line(r->assign, &extra->assign_count, line);
        } else if (str_eq(word, STR("define"))) {
            add_line(r->define, &extra->define_count, line);
        }
    }
    extra->assign = (const char *const *)r->assign;
    extra->define = (const char *const *)r->define;
    extra->names = has_word(s->head, "friendly") ? MAP_NAMES_FRIENDLY : MAP_NAMES_UNSAID;
    r->view.checkpoint = has_word(s->head, "unnamed") ? NULL : r->checkpoint;
    r->view.map = r->map;
    r->view.graph = r->graph;
    r->view.list_npy = has_word(s->head, "npy");
    r->view.compact = has_word(s->head, "compact");
    r->view.values_only = has_word(s->head, "values");
    r->view.depth = has_word(s->head, "plan")   ? VIEW_PLAN
                    : has_word(s->head, "list") ? VIEW_CATALOG
                                                : VIEW_DATA;
}

static void free_request(struct request *r)
{
    for (unsigned i = 0; i < WORDS_MOST; i++) {
        free(r->assign[i]);
        free(r->define[i]);
    }
    free(r->checkpoint);
    free(r->map);
    free(r->graph);
}

/* `changes` sections after s are done one after the other. */
static void check_open(struct made *m, const struct section *s, struct view *v, size_t changes)
{
    struct check c = {.made = made_find(m, v->catalog->prefix),
                      .verify = has_word(s->head, "verify"),
                      .threads = has_word(s->head, "threads"),
                      .few = has_word(s->head, "few")};
    struct verified *k = NULL;
    errint rc = verified_open(v->catalog, c.verify ? VERIFIED_ALL : VERIFIED_KNOWN, &k);
    FUZZ_CHECK(rc == 0);
    struct verified *own = v->verified;
    v->verified = k;
    if (has_word(s->head, "small")) {
        source_shrink(v->catalog, 1); /* as an export has it: room for one block */
    }
    check_begin(&c, v);
    check_files(&c);
    check_values(&c);
    check_formats(&c);
    check_index(&c);
    check_verify(&c);
    for (size_t i = 0; i < changes; i++) {
        check_change(&c, m, s[1 + i].body);
    }
    check_end(&c);
    v->verified = own;
    verified_close(k);
}

/* What came of it, for who looks at one recipe: FUZZ_SHOW=1 build/tests/replay_view FILE. */
static void show(const struct section *s, const struct view *v, const struct diag *d, errint rc)
{
    CLEANUP_BUF struct buf text = {0};
    if (getenv("FUZZ_SHOW")) {
        report_diag(d, "  ", 50, &text);
        fprintf(stderr, "open " STR_FMT ": %d, %u targets\n" STR_FMT, STR_ARG(s->head), rc,
                v->plan ? v->plan->count : 0, STR_ARG(buf_view(&text)));
    }
}

/* As few descriptors as make shards be opened by path at each read (shard.c): some are left for
 * those. */
struct descriptors {
    struct rlimit before;
    int taken[DESCRIPTORS_TAKEN];
};

static void take_descriptors(struct descriptors *d)
{
    FUZZ_CHECK(getrlimit(RLIMIT_NOFILE, &d->before) == 0);
    for (unsigned i = 0; i < DESCRIPTORS_TAKEN; i++) {
        d->taken[i] = fcntl(0, F_DUPFD_CLOEXEC, 0);
        FUZZ_CHECK(d->taken[i] >= 0);
    }
    struct rlimit few = d->before;
    few.rlim_cur = (rlim_t)d->taken[DESCRIPTORS_TAKEN - 1] + DESCRIPTORS_LEFT;
    FUZZ_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
}

static void give_descriptors(const struct descriptors *d)
{
    FUZZ_CHECK(setrlimit(RLIMIT_NOFILE, &d->before) == 0);
    for (unsigned i = 0; i < DESCRIPTORS_TAKEN; i++) {
        close(d->taken[i]);
    }
}

static void open_view(struct made *m, const struct section *s, size_t changes)
{
    struct request r;
    struct view v;
    struct diag d;
    struct descriptors descriptors;
    bool few = has_word(s->head, "few");
    made_look(m, false);
    read_request(m, s, &r);
    if (few) {
        take_descriptors(&descriptors);
    }
    diag_init(&d);
    errint rc = view_open(&r.view, &d, &v);
    fuzz_said(rc, &d);
    show(s, &v, &d, rc);
    check_reports(&v, &d);
    if (rc == 0 && r.view.depth == VIEW_DATA) {
        check_open(m, s, &v, changes);
    }
    view_close(&v);
    diag_fini(&d);
    free_request(&r);
    if (few) {
        give_descriptors(&descriptors);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made m;
    struct section sections[RECIPE_SECTIONS];
    size_t count = recipe_sections(str_of(data, size), sections);
    if (count == 0) {
        return 0;
    }
    made_begin(&m);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(sections[i].kind, STR("open"))) {
            size_t changes = 0;
            while (i + 1 + changes < count &&
                   str_eq(sections[i + 1 + changes].kind, STR("change"))) {
                changes++;
            }
            open_view(&m, &sections[i], changes);
        } else {
            make(&m, &sections[i]);
        }
    }
    made_end(&m);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_recipe(data, size, most, seed);
}
