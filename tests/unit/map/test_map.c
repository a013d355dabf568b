/* SPDX-License-Identifier: Apache-2.0 */
/* Whole maps: every tests/data/bad-*.ini gives exactly the messages of the .err beside it, every
 * good-*.ini what the .txt beside it says; cut and damaged ones neither crash, leak nor hang.
 * CKPTFS_TESTS is the folder of the tests; CKPTFS_UPDATE=1 writes the expectations anew, to be read
 * before they are committed. */
#include "map/map.h"
#include "plan/ops/table.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "io/file.h"
#include "support/place.h"

enum { WATCHDOG_SECONDS = 300 };

static const char *tests_folder(void)
{
    const char *folder = getenv("CKPTFS_TESTS");
    return folder ? folder : "tests";
}

/* The paths of tests/data/PATTERN; at least one. */
static glob_t find_data(const char *pattern)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/data/%s", tests_folder(), pattern);
    glob_t found;
    if (glob(path, 0, NULL, &found) != 0) {
        fail_msg("no %s: set CKPTFS_TESTS to the folder of the tests", path);
    }
    return found;
}

static struct str read_whole(const char *path, struct arena *a)
{
    struct str text;
    struct stat st;
    if (file_read_text(path, MAP_TEXT_MOST, a, &text, &st, NULL) < 0) {
        fail_msg("cannot read %s", path);
    }
    return text;
}

/* Compares with the file `path` whose ending is replaced by `ending`, or writes that. */
static void compare_beside(const char *path, const char *ending, struct str found)
{
    char beside[4096];
    snprintf(beside, sizeof(beside), "%.*s%s", (int)(strrchr(path, '.') - path), path, ending);
    if (getenv("CKPTFS_UPDATE")) {
        FILE *f = fopen(beside, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(found.ptr, 1, found.len, f), found.len);
        assert_int_equal(fclose(f), 0);
        return;
    }
    struct arena a;
    arena_init(&a);
    struct str expected = read_whole(beside, &a);
    if (!str_eq(found, expected)) {
        fail_msg("%s: found\n" STR_FMT "expected\n" STR_FMT, path, STR_ARG(found),
                 STR_ARG(expected));
    }
    arena_fini(&a);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *const formats[] = {"raw", "npy", "tensorflow", "safetensors"};
static const struct map_extra extra = {.ops = &op_table, .formats = {formats, ARRAY_LEN(formats)}};

static void map_open_bad_maps_give_every_message(void **state)
{
    (void)state;
    glob_t found = find_data("bad-*.ini");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct diag d;
        diag_init(&d);
        struct map *m;
        errint rc = map_open(found.gl_pathv[i], &extra, &d, &m);
        CLEANUP_BUF struct buf text = {0};
        for (unsigned k = 0; k < d.kept; k++) {
            buf_printf(&text, "%s: %s: %s\n", base_name(place_text(d.entries[k].at)),
                       diag_code_name(d.entries[k].code), d.entries[k].message);
        }
        compare_beside(found.gl_pathv[i], ".err", buf_view(&text));
        assert_true(rc < 0);
        map_close(m); /* what could be understood */
        assert_int_equal(d.errors, d.kept);
        diag_fini(&d);
    }
    globfree(&found);
}

static void print_partition(struct buf *b, const struct partition *p)
{
    for (unsigned i = 0; i < p->rank; i++) {
        buf_printf(b, "%s%lld", i ? "," : " partition ", (long long)p->counts[i]);
    }
}

/* Each as its name, or the text of a pattern, and the number of its checkpoint. */
static void print_sources(struct buf *b, const struct expression *e)
{
    for (uint32_t i = 0; e && i < e->source_count; i++) {
        const struct expression_source *s = &e->sources[i];
        buf_text(b, i ? ", " : " of ");
        buf_visible(b, s->is_pattern ? s->text : s->name);
        buf_printf(b, " %u%s", s->checkpoint, s->is_pattern ? " by pattern" : "");
    }
    buf_text(b, e && e->exact ? " exactly" : "");
}

static void print_map(struct buf *b, const struct map *m)
{
    buf_printf(b, "checkpoint %s%s\n", m->checkpoint ? base_name(m->checkpoint) : "(none)",
               m->names == MAP_NAMES_FRIENDLY ? " by friendly names" : "");
    for (uint32_t i = 0; i < m->named.count; i++) {
        const struct named_checkpoint *c = &m->named.list[i];
        buf_text(b, "checkpoint ");
        buf_visible(b, c->name);
        buf_printf(b, " %s at %s\n", base_name(c->path), base_name(place_text(c->at)));
    }
    for (uint32_t i = 0; i < m->rule_count; i++) {
        const struct rule *r = &m->rules[i];
        buf_printf(b, "rule %u %s ", r->at.line, r->source_is_scope ? "scope" : "name");
        buf_visible(b, r->source);
        buf_printf(b, " -> %s ", r->target_is_scope ? "scope" : "name");
        buf_visible(b, r->target);
        if (r->parts.count) {
            buf_printf(b, " parts %lld", (long long)r->parts.count);
        }
        print_partition(b, &r->partitioner.counts);
        if (r->cast) {
            buf_printf(b, " cast %s%s%s", dtype_name(r->cast), r->cast_all ? " all" : "",
                       cast_mode_suffix(r->cast_mode));
        }
        if (r->partitioner.kind > PARTITIONER_COUNTS) {
            buf_char(b, ' ');
            partitioner_print(b, &r->partitioner);
        }
        print_sources(b, r->expression);
        buf_char(b, '\n');
    }
    buf_printf(b, "graph %s\n", m->graph.given ? "given" : "(none)");
    for (uint32_t i = 0; i < m->graph.count; i++) {
        const struct variable *v = &m->graph.variables[i];
        buf_text(b, "variable ");
        buf_visible(b, v->name);
        buf_printf(b, " %s ", dtype_name(v->dtype));
        shape_print(b, v->shape);
        struct partition cut = variable_partition(v);
        print_partition(b, &cut);
        buf_printf(b, " at %s\n", base_name(place_text(*v->at)));
    }
}

static void map_parse_warns_of_checkpoints_that_no_source_names(void **state)
{
    (void)state;
    struct diag d;
    struct map *m;
    diag_init(&d);
    assert_int_equal(
        map_parse(STR("[checkpoint a]\npath = x\n[assignment_map]\na = b\n"), "m", &d, &m), 0);
    assert_int_equal(d.errors, 0);
    assert_int_equal(d.warnings, 1);
    assert_int_equal(d.entries[0].code, DIAG_CHECKPOINT_UNUSED);
    assert_int_equal(d.entries[0].at.line, 1);
    map_close(m);
    diag_fini(&d);
}

static void map_open_takes_no_more_checkpoints_than_the_limit(void **state)
{
    (void)state;
    for (unsigned count = NAMED_CHECKPOINTS_MOST; count <= NAMED_CHECKPOINTS_MOST + 1; count++) {
        CLEANUP_BUF struct buf text = {0};
        struct diag d;
        struct map *m;
        diag_init(&d);
        for (unsigned i = 0; i < count; i++) {
            buf_printf(&text, "[checkpoint c%u]\npath = %u\n", i, i);
        }
        errint rc = map_parse(buf_view(&text), "m", &d, &m);
        assert_int_equal(rc, count > NAMED_CHECKPOINTS_MOST ? -EOVERFLOW : 0);
        assert_int_equal(m->named.count, NAMED_CHECKPOINTS_MOST);
        map_close(m);
        diag_fini(&d);
    }
}

static void map_open_good_maps_hold_what_they_say(void **state)
{
    (void)state;
    glob_t found = find_data("good-*.ini");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct diag d;
        diag_init(&d);
        struct map *m;
        errint rc = map_open(found.gl_pathv[i], &extra, &d, &m);
        if (rc < 0) {
            fail_msg("%s: %s", d.kept ? d.entries[0].at.file : "?",
                     d.kept ? d.entries[0].message : "?");
        }
        assert_int_equal(d.errors + d.warnings, 0);
        CLEANUP_BUF struct buf text = {0};
        print_map(&text, m);
        compare_beside(found.gl_pathv[i], ".txt", buf_view(&text));

        struct stat st;
        assert_int_equal(stat(found.gl_pathv[i], &st), 0);
        assert_int_equal(m->st.st_ino, st.st_ino);
        assert_string_equal(m->path, found.gl_pathv[i]);
        struct arena a;
        arena_init(&a);
        assert_true(str_eq(m->text, read_whole(found.gl_pathv[i], &a)));
        arena_fini(&a);
        map_close(m);
        diag_fini(&d);
    }
    globfree(&found);
}

static struct map *parse(const char *text, const char *path, struct diag *d)
{
    diag_init(d);
    struct map *m;
    errint rc = map_parse(str_from(text), path, d, &m);
    assert_int_equal(rc<0, d->errors> 0);
    return m;
}

static void map_parse_relative_checkpoint_is_beside_the_map(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *expected;
    } cases[] = {
        {"map.ini", "model.ckpt", "model.ckpt"},
        {"dir/map.ini", "model.ckpt", "dir/model.ckpt"},
        {"/a/b/map.ini", "../c d/model.ckpt-1 ; comment", "/a/b/../c d/model.ckpt-1"},
        {"/map.ini", "m", "/m"},
        {"dir/map.ini", "/abs/m:0 = #1", "/abs/m:0 ="},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        snprintf(text, sizeof(text), "[checkpoint]\npath = %s\n", cases[i].value);
        struct diag d;
        struct map *m = parse(text, cases[i].path, &d);
        assert_non_null(m);
        assert_string_equal(m->checkpoint, cases[i].expected);
        assert_int_equal(m->rule_count, 0);
        assert_false(m->graph.given);
        map_close(m);
        diag_fini(&d);
    }
}

static void map_parse_rules_are_sorted_by_source_bytes_then_lines(void **state)
{
    (void)state;
    struct diag d;
    struct map *m = parse(
        "[assignment_map]\n\xc3\xa9 = u\nb = 3\nb = 1\nb/ = s\nb%00 = n\nB = c\nb = 2\n/ = /\n",
        "map.ini", &d);
    assert_non_null(m);
    static const char *const targets[] = {"/", "c", "3", "1", "2", "n", "s", "u"};
    assert_int_equal(m->rule_count, ARRAY_LEN(targets));
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        assert_true(str_eq(m->rules[i].target, str_from(targets[i])));
    }
    assert_string_equal(place_text(m->rules[1].at), "map.ini:7");
    map_close(m);
    diag_fini(&d);
}

static void map_parse_misspelt_words_get_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *text, *nearest;
    } cases[] = {
        {"[asignment_map]", "assignment_map"},
        {"[variable]", "variables"},
        {"[checkpoint]\npaths = x", "path"},
        {"[variables]\na = float [2] |", NULL},
        {"[variables]\na = flot32 [2]", "float32"},
        {"[variables]\na = bflaot16 []", "bfloat16"},
        {"[entirely_else]", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct diag d;
        map_close(parse(cases[i].text, "map.ini", &d));
        assert_int_equal(d.errors, 1);
        assert_int_equal(d.entries[0].nearest_count > 0, cases[i].nearest != NULL);
        if (cases[i].nearest) {
            assert_true(str_eq(d.entries[0].nearest[0], str_from(cases[i].nearest)));
        }
        diag_fini(&d);
    }
}

static void map_open_without_a_file_is_the_root_onto_itself(void **state)
{
    (void)state;
    struct diag d;
    diag_init(&d);
    struct map *m;
    assert_int_equal(map_open(NULL, NULL, &d, &m), 0);
    assert_int_equal(m->rule_count, 1);
    assert_true(m->rules[0].source_is_scope && m->rules[0].target_is_scope);
    assert_true(str_eq(m->rules[0].source, STR("/")) && str_eq(m->rules[0].target, STR("/")));
    assert_null(m->path);
    assert_null(m->checkpoint);
    assert_false(m->graph.given);
    assert_string_equal(place_text(m->rules[0].at), "(no map)");
    map_close(m);
    map_close(NULL);
    diag_fini(&d);
}

static void map_open_what_is_no_file_is_refused(void **state)
{
    (void)state;
    char folder[] = "/tmp/ckptfs-test-map-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char fifo[64];
    char missing[64];
    snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    snprintf(missing, sizeof(missing), "%s/missing", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *const paths[] = {folder, fifo, missing, "/dev/null"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct diag d;
        diag_init(&d);
        struct map *m;
        assert_true(map_open(paths[i], NULL, &d, &m) < 0);
        assert_null(m);
        assert_int_equal(d.errors, 1);
        assert_int_equal(d.entries[0].code, DIAG_FILE_UNREADABLE);
        assert_string_equal(place_text(d.entries[0].at), paths[i]);
        diag_fini(&d);
    }
    unlink(fifo);
    rmdir(folder);
}

static void map_open_file_over_the_limit_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/ckptfs-test-map-XXXXXX";
    CLEANUP_CLOSE int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, MAP_TEXT_MOST + 1), 0);
    struct diag d;
    diag_init(&d);
    struct map *m;
    assert_int_equal(map_open(path, NULL, &d, &m), -EOVERFLOW);
    assert_int_equal(d.entries[0].code, DIAG_LIMIT);
    diag_fini(&d);
    unlink(path);
}

/* A map of many lines, each wrong, and one of many lines, each right. */
static void map_parse_many_lines_stay_cheap(void **state)
{
    (void)state;
    enum { LINES = 200000 };
    CLEANUP_BUF struct buf bad = {0};
    CLEANUP_BUF struct buf good = {0};
    buf_text(&bad, "[assignment_map]\n");
    buf_text(&good, "[assignment_map]\nlist =\n");
    for (unsigned i = 0; i < LINES; i++) {
        buf_printf(&bad,
                   i % 3 == 0   ? "no equals %u\n"
                   : i % 3 == 1 ? "a = b%u | partitoin\n"
                                : "[sect%u]\n[assignment_map]\n",
                   i);
        buf_printf(&good, "    p/part_%u%s\n", i, i + 1 < LINES ? "," : "");
    }
    buf_text(&good, "[variables]\n");
    for (unsigned i = 0; i < LINES; i++) {
        buf_printf(&good, "v%u = float32 [%u]\n", i, i);
    }
    struct diag d;
    diag_init(&d);
    struct map *m;
    assert_int_equal(map_parse(buf_view(&bad), "map.ini", &d, &m), -EINVAL);
    assert_int_equal(d.errors, LINES);
    assert_int_equal(d.kept, DIAG_KEPT);
    assert_true(d.arena.total_bytes < 4 << 20);
    map_close(m);
    diag_fini(&d);

    diag_init(&d);
    assert_int_equal(map_parse(buf_view(&good), "map.ini", &d, &m), 0);
    assert_int_equal(m->rules[0].parts.count, LINES);
    assert_int_equal(m->graph.count, LINES);
    assert_non_null(graph_find(&m->graph, STR("v199999")));
    map_close(m);
    diag_fini(&d);
}

static uint64_t xorshift(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Parses bytes in a block of exactly their size, so that a sanitizer sees each read past them. */
static void parse_exact(struct str text)
{
    CLEANUP_FREE char *exact = malloc(text.len ? text.len : 1);
    memcpy(exact, text.ptr, text.len);
    struct diag d;
    diag_init(&d);
    struct map *m;
    errint rc = map_parse(str_of(exact, text.len), "fuzz.ini", &d, &m);
    assert_int_equal(rc<0, d.errors> 0);
    assert_non_null(m);
    map_close(m);
    diag_fini(&d);
}

static void map_parse_cut_maps_are_survived(void **state)
{
    (void)state;
    glob_t found = find_data("*.ini");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena a;
        arena_init(&a);
        struct str text = read_whole(found.gl_pathv[i], &a);
        for (size_t len = 0; len <= text.len; len++) {
            parse_exact(str_head(text, len));
        }
        arena_fini(&a);
    }
    globfree(&found);
}

static void map_parse_damaged_maps_are_survived(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    static const char telling[] = "=:|,;#*?{}@%[]/\n\r\t \\0123456789,.-\xef\xbb\xbf\xff";
    uint64_t seed = 0x9e3779b97f4a7c15u;
    glob_t found = find_data("*.ini");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena a;
        arena_init(&a);
        struct str text = read_whole(found.gl_pathv[i], &a);
        for (unsigned round = 0; round < ROUNDS && text.len; round++) {
            CLEANUP_FREE char *damaged = malloc(text.len);
            memcpy(damaged, text.ptr, text.len);
            for (uint64_t n = 1 + xorshift(&seed) % 8; n > 0; n--) {
                size_t at = xorshift(&seed) % text.len;
                size_t from = xorshift(&seed) % text.len;
                size_t run = xorshift(&seed) % 16;
                switch (xorshift(&seed) % 3) {
                case 0:
                    damaged[at] = (char)xorshift(&seed);
                    break;
                case 1:
                    damaged[at] = telling[xorshift(&seed) % (sizeof(telling) - 1)];
                    break;
                default:
                    run = run > text.len - at ? text.len - at : run;
                    run = run > text.len - from ? text.len - from : run;
                    memmove(damaged + at, damaged + from, run);
                    break;
                }
            }
            parse_exact(str_of(damaged, text.len));
        }
        arena_fini(&a);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_open_bad_maps_give_every_message),
        cmocka_unit_test(map_open_good_maps_hold_what_they_say),
        cmocka_unit_test(map_parse_warns_of_checkpoints_that_no_source_names),
        cmocka_unit_test(map_open_takes_no_more_checkpoints_than_the_limit),
        cmocka_unit_test(map_parse_relative_checkpoint_is_beside_the_map),
        cmocka_unit_test(map_parse_rules_are_sorted_by_source_bytes_then_lines),
        cmocka_unit_test(map_parse_misspelt_words_get_the_nearest),
        cmocka_unit_test(map_open_without_a_file_is_the_root_onto_itself),
        cmocka_unit_test(map_open_what_is_no_file_is_refused),
        cmocka_unit_test(map_open_file_over_the_limit_is_refused),
        cmocka_unit_test(map_parse_many_lines_stay_cheap),
        cmocka_unit_test(map_parse_cut_maps_are_survived),
        cmocka_unit_test(map_parse_damaged_maps_are_survived),
    };
    alarm(WATCHDOG_SECONDS); /* a hang is a failure */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
