/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/trouble.h"
#include "base/trouble_tell.h"
#include "model/graph_file.h"
#include "plan/dropped.h"
#include "plan/ops/table.h"
#include "source/catalog_names.h"
#include "source/source.h"
#include "source/tf/locate.h"
#include "view/saved_model.h"
#include "view/view_checkpoints.h"
#include "view/view_data.h"
#include "view/view_seen.h"

static errint open_map(const struct view_request *request, struct diag *d, struct map **out)
{
    const char *names[FORMAT_COUNT];
    struct map_extra extra = request->extra;
    extra.formats = format_names(names);
    extra.ops = &op_table;
    return map_open(request->map, &extra, d, out);
}

/* Makes the variables of a checkpoint known by the same names as the tensors of the one that is
 * shown. */
static errint name_alike(struct catalog *graph, const struct catalog *c, struct diag *d)
{
    const struct diag_mark before = diag_mark(d);
    if (!graph->names || !c || !c->names || !c->names->friendly) {
        return 0;
    }
    errint rc = catalog_use_friendly(graph, d);
    if (rc == 0) {
        diag_forget(d, &before); /* names that are shared are none of the view's */
    }
    return rc;
}

/* The variables of another checkpoint. */
static errint read_checkpoint_graph(const char *path, struct view *v, struct variable_list *more,
                                    struct diag *d)
{
    struct catalog *other = NULL;
    errint rc = view_open_catalog(path, NULL, d, &other);
    if (rc == 0) {
        rc = name_alike(other, v->catalog, d);
    }
    if (rc == 0) {
        rc = graph_from_catalog(other, v->catalog, &v->arena, more, d);
    }
    catalog_close(other);
    return rc;
}

/* The target graph: what the map declares, and what the graph file has. */
static errint open_graph(const char *path, struct view *v, struct diag *d)
{
    v->graph = v->map->graph;
    if (!path) {
        return 0;
    }
    struct variable_list more = {0};
    bool file = graph_file_named(path);
    if (file) {
        locate_warn_both(path, d);
    }
    errint rc = file ? graph_file_read(path, NULL, v->catalog, &v->arena, &more, d)
                     : read_checkpoint_graph(path, v, &more, d);
    return rc < 0 ? rc : graph_merge(&v->map->graph, more, &v->arena, &v->graph, d);
}

/* ---- the files ------------------------------------------------------------------------------- */

struct file_list {
    struct made_file *files; /* owns */
    size_t count;
    size_t cap;
    bool failed;
};

static void add_file(struct file_list *l, struct made_file file)
{
    if (!grow(&l->files, &l->cap, l->count, sizeof(*l->files))) {
        l->failed = true;
        return;
    }
    l->files[l->count++] = file;
}

static void add_sidecars(const struct sidecars *s, struct file_list *l)
{
    for (uint32_t i = 0; i < s->count; i++) {
        add_file(l, (struct made_file){.path = s->found[i].name,
                                       .kind = NODE_SIDECAR,
                                       .number = i,
                                       .at = s->found[i].at});
    }
}

static void add_format(const struct formats *f, unsigned format, struct file_list *l)
{
    uint32_t count = f->state[format] ? view_formats[format]->count(f->state[format]) : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct format_file file;
        view_formats[format]->file(f->state[format], i, &file);
        if (file.path) {
            add_file(l, (struct made_file){.path = file.path,
                                           .kind = NODE_FORMAT,
                                           .format = (uint8_t)format,
                                           .number = i});
        }
    }
}

static void warn_of_formats(const struct view *v, struct diag *d)
{
    if (v->listed & FORMAT_BIT(FORMAT_TENSORFLOW)) {
        saved_model_warn(v, d);
    }
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (view_formats[i]->warn && v->listed & FORMAT_BIT(i)) {
            view_formats[i]->warn(v->formats.state[i], v->tree, v->map, d);
        }
    }
}

/* All files of the mount that are no targets, and the tree of everything. */
static errint build_files(const struct view_request *request, struct view *v, struct diag *d)
{
    struct view_options options = v->map->view;
    if (request->compact) {
        options.shards = VIEW_SHARDS_COMPACT;
    }
    v->listed = (options.files ? options.files : formats_default()) |
                (request->list_npy ? FORMAT_BIT(FORMAT_NPY) : 0);
    errint rc = variables_build(v->plan, &v->variables, d);
    if (rc == 0 && request->targets_only) {
        return 0;
    }
    if (rc == 0) {
        rc = formats_open(v->catalog, &v->variables, &options, d, &v->formats);
    }
    if (rc < 0) {
        return rc;
    }
    struct file_list l = {0};
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        add_format(&v->formats, i, &l);
    }
    add_sidecars(&v->sidecars, &l);
    v->made = l.files;
    v->made_count = (uint32_t)l.count;
    rc = l.failed ? diag_no_memory(d) : tree_build(v->plan, v->made, v->made_count, d, &v->tree);
    if (rc == 0 && !request->compact) { /* an export says what it lacks itself */
        warn_of_formats(v, d);
    }
    return rc;
}

static errint build_tree(const struct view_request *request, bool broken, struct view *v,
                         struct diag *d)
{
    return broken ? tree_build(v->plan, NULL, 0, d, &v->tree) : build_files(request, v, d);
}

/* Of the files, those who want none of them are told only what is wrong. */
static errint find_and_build(const struct view_request *request, bool broken, struct view *v,
                             struct diag *d)
{
    CLEANUP(diag_fini) struct diag own;
    diag_init(&own);
    own.denied = d->denied;
    struct diag *told = request->values_only ? &own : d;
    errint rc = sidecars_find(v->map, v->catalog ? v->catalog->prefix : NULL, told, &v->sidecars);
    errint built = v->plan && rc != -ENOMEM ? build_tree(request, broken, v, told) : 0;
    diag_take_errors(d, &own);
    return rc < 0 ? rc : built;
}

/* Whether the user's word leads to a checkpoint. */
static bool is_checkpoint(const char *word)
{
    CLEANUP(arena_fini) struct arena texts;
    CLEANUP(diag_fini) struct diag unsaid;
    struct location where;
    arena_init(&texts);
    diag_init(&unsaid);
    return word && locate_checkpoint(word, &texts, &where, &unsaid) == 0;
}

/* The map could not be read: its name may be that of a checkpoint. What a file is was said
 * already. */
static void ask_of_map(const struct view_request *request, struct diag *d)
{
    struct stat st;
    bool is_file = stat(request->map, &st) == 0 && S_ISREG(st.st_mode);
    if (!is_file && is_checkpoint(request->map)) {
        diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, "", str_from(request->map),
                   "'%s' is a checkpoint, expected a map, which is text in sections",
                   diag_visible(d, str_from(request->map)));
    }
}

/* There is no checkpoint where one was expected: another word may be it. */
static void ask_of_words(const struct view_request *request, struct diag *d)
{
    for (int i = 0; i <= request->word_count; i++) {
        const char *word = i < request->word_count ? request->words[i] : request->map;
        if (is_checkpoint(word)) {
            diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, "", str_from(word),
                       "'%s' is a checkpoint: are the arguments the wrong way round?",
                       diag_visible(d, str_from(word)));
        }
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The checkpoints, and the words of the command line are asked where there is none. */
static errint open_checkpoints(const struct view_request *request, struct seen *seen,
                               struct diag *d, struct view *out)
{
    errint rc = view_open_checkpoints(request, seen, d, out);
    if (out->checkpoint && !out->catalog) {
        ask_of_words(request, d);
    } else if (request->map && !out->map && request->depth >= VIEW_PLAN) {
        ask_of_map(request, d);
    }
    return rc;
}

static void warn_of_no_rules(const struct map *m, struct diag *d)
{
    if (m->rule_count == 0) {
        diag_warn(d, DIAG_EMPTY_SCOPE, m->path ? m->path : "", STR("[assignment_map]"),
                  "the map has no rules, so nothing is shown: '/ = /' in [assignment_map] shows "
                  "every tensor under its own name");
    }
}

/* The target graph, and the plan. `rc` is what all before has come to; returns the first
 * failure. */
static errint resolve_plan(const struct view_request *request, errint rc, struct diag *d,
                           struct view *out)
{
    if (!out->map) {
        return rc;
    }
    errint graph = open_graph(request->graph, out, d);
    bool graph_broken = graph < 0 || out->map->graph_broken;
    rc = first_failure(rc, graph);
    if (out->catalog) {
        unsigned how =
            (graph_broken ? PLAN_GRAPH_BROKEN : 0) | (request->explained ? PLAN_EXPLAINED : 0);
        rc = first_failure(rc,
                           plan_resolve(out->catalog, out->map, &out->graph, how, d, &out->plan));
    }
    if (rc == 0) {
        warn_of_no_rules(out->map, d);
    }
    return rc;
}

/* All that can be opened is, so that all errors are reported in one run. */
static errint open_once(const struct view_request *request, struct seen *seen, struct diag *d,
                        struct view *out)
{
    *out = (struct view){0};
    arena_init(&out->arena);
    uint64_t errors_before = d->errors;
    errint rc = 0;
    if (request->depth >= VIEW_PLAN) {
        rc = open_map(request, d, &out->map);
    }
    if (rc == 0 || out->map || request->checkpoint) {
        rc = first_failure(rc, open_checkpoints(request, seen, d, out));
    }
    rc = resolve_plan(request, rc, d, out);
    if (out->map && rc != -ENOMEM) {
        rc = first_failure(rc, find_and_build(request, d->errors > errors_before, out, d));
    }
    rc = view_open_data(request, rc, out, d);
    if (out->map && rc != -ENOMEM) {
        rc = first_failure(rc, sidecars_open(&out->sidecars, d));
    }
    return rc == 0 && d->errors > errors_before ? -EINVAL : rc;
}

errint view_open(const struct view_request *request, struct diag *d, struct view *out)
{
    const struct diag_mark before = diag_mark(d);
    for (unsigned again = 0;; again++) {
        struct seen seen;
        seen_init(&seen);
        unsigned troubles = trouble_count();
        errint rc = open_once(request, &seen, d, out);
        const char *changed = rc == -ENOMEM ? NULL : seen_changed(&seen, rc < 0);
        changed = changed || rc == -ENOMEM ? changed : view_changed_data(out);
        if (changed && again == VIEW_AGAIN_MOST) {
            rc = diag_error(d, DIAG_FILE_UNREADABLE, changed, str_from(changed),
                            "the file changed each of the %u times that the checkpoint was opened: "
                            "a save under this "
                            "name is under way, try again when it is done",
                            again + 1);
        }
        if (!changed || again == VIEW_AGAIN_MOST) {
            seen_fini(&seen);
            return trouble_tell(troubles, d, rc);
        }
        seen_fini(&seen);
        view_close(out);
        diag_forget(d, &before);
    }
}

struct str view_map_text(const struct view *v)
{
    return v->map->path ? v->map->text : STR("[assignment_map]\n/ = /\n");
}

void view_close(struct view *v)
{
    sidecars_close(&v->sidecars);
    tree_close(v->tree);
    free(v->made);
    formats_close(&v->formats);
    variables_fini(&v->variables);
    plan_close(v->plan);
    verified_close(v->verified);
    view_close_checkpoints(v);
    map_close(v->map);
    arena_fini(&v->arena);
    *v = (struct view){0};
}
