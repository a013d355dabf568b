/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/tf_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/once.h"
#include "base/put.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "view/formats/tf_build.h"

struct tf_view {
    struct arena arena;
    struct catalog *catalog;
    const struct view_variables *variables;
    const struct target *stale; /* the object graph, if it does not hold in the view */
    struct tf_item *kept;       /* variants that stay, in the order of their keys */
    uint32_t kept_count;
    const char *state_path; /* NULL: none */
    struct str state;
    const char *index_path;
    const char **data_paths;
    uint32_t data_count;
    uint32_t *sources;     /* of the first data files: index into catalog.shards */
    uint32_t source_count; /* the one after them, if any, is the view's own */
    int32_t *shard_number; /* per shard of the catalog */
    struct once built;     /* `build` is there */
    struct once summed;    /* its checksums are right */
    struct tf_build build;
};

/* ---- what there is --------------------------------------------------------------------------- */

struct survey {
    struct tf_view *view;
    bool own; /* some bytes must be laid out anew */
};

static errint survey_item(void *context, const struct tf_item *item)
{
    struct survey *s = context;
    if (item->placed) {
        s->view->shard_number[item->place.shard] = 0;
    } else {
        s->own |= !target_sized(item->target) || target_bytes(item->target) > 0;
    }
    return 0;
}

/* Whether the variable is a tensor of `c`, a member of the view's catalog, under its own key, or in
 * its place a tensor of another member with the same key and shape. */
static bool is_own_key(const struct tf_view *v, const struct catalog *c,
                       const struct view_variable *l)
{
    const struct tensor *source = l->whole ? l->whole->source : NULL;
    if (!source || tf_refusal(l, NULL) ||
        !str_eq(variable_name(l), catalog_key(v->catalog, source))) {
        return false;
    }
    const struct tensor *own =
        catalog_of(v->catalog, source) == c ? source : catalog_by_key(c, variable_name(l));
    return own && !own->hidden && shape_eq(target_shape(l->whole), tensor_shape(own));
}

/* The variants that could stay; false if another tensor of the checkpoint without a name is hidden,
 * or one has to go. */
static bool collect_kept(struct tf_view *v)
{
    const struct catalog *c = v->catalog;
    bool all = c->dropped_count == 0;
    for (uint32_t i = 0; c->hidden_count && i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        if (t->hidden && tf_kept(c, t, &v->kept[v->kept_count]) &&
            str_eq(tensor_name(t), v->kept[v->kept_count].name)) {
            v->kept_count++;
        } else {
            all &= !t->hidden;
        }
    }
    return all;
}

/* Whether each tensor of checkpoint `c` that is not hidden is in the view under its own key, and no
 * variable has a variant's. */
static bool has_all(const struct tf_view *v, const struct catalog *c)
{
    uint32_t own_keys = 0;
    uint32_t next = 0; /* of kept */
    struct view_variable l;
    struct variable_cursor at = variable_first(v->variables);
    while (variable_next(&at, &l)) {
        own_keys += is_own_key(v, c, &l);
        while (next < v->kept_count && str_cmp(v->kept[next].name, variable_name(&l)) < 0) {
            next++;
        }
        if (next < v->kept_count && str_eq(v->kept[next].name, variable_name(&l))) {
            return false;
        }
    }
    return own_keys + c->hidden_count >= c->count;
}

/* An object graph says where tensors of the checkpoint are: restoring by it fails where one of them
 * is not in the view under its own key, while without it variables are found by their names. It
 * knows no dtypes: after a cast it serves models of the new types, and TensorFlow refuses others by
 * name. Variants are of use only to the object that has them in the graph. Of several checkpoints,
 * the graph is held against the one that it is of. */
static void find_stale(struct tf_view *v)
{
    const struct target *graph = NULL;
    struct view_variable l;
    struct variable_cursor at = variable_first(v->variables);
    while (!graph && variable_next(&at, &l)) {
        graph = l.whole && str_eq(variable_name(&l), STR(OBJECTS_KEY)) ? l.whole : NULL;
    }
    bool all = collect_kept(v);
    const struct catalog *c = catalog_member(v->catalog, 0);
    if (graph && catalog_of(v->catalog, graph->source) != c) {
        c = catalog_of(v->catalog, graph->source);
        v->kept_count = 0; /* they are of another checkpoint than the graph */
        all = c->dropped_count == 0 && c->hidden_count == 0;
    }
    if ((graph || v->kept_count) && (!all || !has_all(v, c))) {
        v->kept_count = 0;
        v->stale = graph;
    }
}

/* Which of the source's data files the view has, and whether one of its own. */
static errint survey_files(struct tf_view *v, bool compact, bool *own)
{
    struct survey s = {v, compact};
    struct variable_cursor at = variable_first(v->variables);
    struct view_variable l;
    errint rc = 0;
    while (rc == 0 && !compact && variable_next(&at, &l)) {
        if (!tf_refusal(&l, v->stale)) {
            rc = tf_items(v->catalog, &l, survey_item, &s);
        }
    }
    for (uint32_t i = 0; i < v->kept_count; i++) {
        const struct in_place *place = &v->kept[i].place;
        uint32_t shard = place->shard;
        catalog_use_range(v->catalog, shard, place->off, place->bytes);
        v->shard_number[shard] = compact ? TF_NO_SHARD : 0;
    }
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        if (v->shard_number[i] != TF_NO_SHARD) {
            v->sources[v->source_count] = i;
            v->shard_number[i] = (int32_t)v->source_count++;
        }
    }
    *own = s.own || v->source_count ==
                        0; /* there is one at least: tensors without elements want a file, too */
    return rc;
}

/* `name` as a string of protobuf's text format; it is a file name, without control bytes. */
static const char *quote_name(struct arena *a, struct str name)
{
    CLEANUP_BUF struct buf b = {0};
    for (size_t i = 0; i < name.len; i++) {
        if (strchr("\"'\\", name.ptr[i])) {
            buf_char(&b, '\\');
        }
        buf_char(&b, name.ptr[i]);
    }
    return b.failed ? NULL : arena_cstr(a, buf_view(&b));
}

/* Whether a scope, "model/", is one of the view, or a variable is called so. */
static bool is_path(const struct plan *p, struct str scope)
{
    struct str name = str_head(scope, scope.len - 1);
    uint32_t at = plan_lower(p, name);
    bool variable = at < p->count && str_eq(target_variable(&p->targets[at]), name);
    at = plan_lower(p, scope);
    return variable || (at < p->count && str_starts(target_variable(&p->targets[at]), scope));
}

/* TensorFlow takes a prefix for a directory if there is one of that name. */
static const char *choose_name(struct tf_view *v)
{
    static const char *const names[] = {"model", "ckpt", "view"};
    char text[32];
    for (uint32_t i = 0;; i++) {
        int len = i < ARRAY_LEN(names) ? snprintf(text, sizeof(text), "%s/", names[i])
                                       : snprintf(text, sizeof(text), "view-%" PRIu32 "/", i - 1);
        if (!is_path(v->variables->plan, str_of(text, (size_t)len))) {
            return arena_cstr(&v->arena, str_of(text, (size_t)len - 1));
        }
    }
}

static errint name_files(struct tf_view *v, const struct view_options *options)
{
    struct arena *a = &v->arena;
    bool flat = options->layout == VIEW_LAYOUT_FLAT;
    const char *name = options->name.len ? arena_cstr(a, options->name) : choose_name(v);
    const char *prefix = flat ? name : "variables/variables";
    const char *quoted = name ? quote_name(a, str_from(name)) : NULL;
    const char *state =
        arena_printf(a, "model_checkpoint_path: \"%s\"\nall_model_checkpoint_paths: \"%s\"\n",
                     quoted ? quoted : "", quoted ? quoted : "");
    v->data_paths = ARENA_ARRAY(a, const char *, v->data_count);
    v->index_path = prefix ? arena_printf(a, "%s.index", prefix) : NULL;
    if (!quoted || !state || !v->data_paths || !v->index_path) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < v->data_count; i++) {
        v->data_paths[i] =
            arena_printf(a, "%s.data-%05" PRIu32 "-of-%05" PRIu32, prefix, i, v->data_count);
        if (!v->data_paths[i]) {
            return -ENOMEM;
        }
    }
    v->state_path = flat ? "checkpoint" : NULL;
    v->state = str_from(state);
    return 0;
}

static errint decide_files(struct tf_view *v, const struct view_options *options)
{
    uint32_t shards = v->catalog->shard_count;
    v->shard_number = ARENA_ARRAY(&v->arena, int32_t, shards);
    v->sources = ARENA_ARRAY(&v->arena, uint32_t, shards);
    v->kept = ARENA_ARRAY(&v->arena, struct tf_item, v->catalog->hidden_count + 1);
    if (!v->shard_number || !v->sources || !v->kept) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < shards; i++) {
        v->shard_number[i] = TF_NO_SHARD;
    }
    find_stale(v);
    bool own;
    errint rc = survey_files(v, options->shards == VIEW_SHARDS_COMPACT, &own);
    if (rc < 0) {
        return rc;
    }
    v->data_count = v->source_count + own;
    return name_files(v, options);
}

errint tf_view_open(struct catalog *c, const struct view_variables *l,
                    const struct view_options *options, struct diag *d, struct tf_view **out)
{
    struct tf_view *v = calloc(1, sizeof(*v));
    *out = v;
    if (!v) {
        return diag_no_memory(d);
    }
    arena_init(&v->arena);
    v->catalog = c;
    v->variables = l;
    errint rc = decide_files(v, options);
    if (rc < 0) {
        tf_view_close(v);
        *out = NULL;
    }
    return rc == -ENOMEM ? diag_no_memory(d) : rc;
}

void tf_view_close(struct tf_view *v)
{
    if (v) {
        tf_build_fini(&v->build);
        arena_fini(&v->arena);
        free(v);
    }
}

const char *tf_view_refusal(const struct tf_view *v, const struct view_variable *l)
{
    return tf_refusal(l, v->stale);
}

bool tf_view_stale(const struct tf_view *v)
{
    return v->stale;
}

bool tf_view_keeps(const struct tf_view *v, const struct tensor *t)
{
    struct tf_item item;
    return v->kept_count && tf_kept(v->catalog, t, &item);
}

const char *tf_view_state_path(const struct tf_view *v)
{
    return v->state_path;
}

struct str tf_view_state(const struct tf_view *v)
{
    return v->state;
}

const char *tf_view_index_path(const struct tf_view *v)
{
    return v->index_path;
}

uint32_t tf_view_data_count(const struct tf_view *v)
{
    return v->data_count;
}

const char *tf_view_data_path(const struct tf_view *v, uint32_t i)
{
    return v->data_paths[i];
}

struct shard *tf_view_source(const struct tf_view *v, uint32_t i)
{
    return i < v->source_count ? &v->catalog->shards[v->sources[i]] : NULL;
}

/* ---- what is made when it is asked for ------------------------------------------------------- */

/* What finding it out returns for `rc` (base/once.h): damage, and a value that does not fit, stay
 * as they are, and are kept. */
static errint lasting_error(errint rc)
{
    return rc == -EUCLEAN || rc == -ERANGE ? -EBADMSG : rc;
}

/* What of the view is made, and who reads for it. */
struct making {
    struct tf_view *view;
    struct reader *reader;
};

static errint build_index(void *context)
{
    const struct making *m = context;
    struct tf_view *v = m->view;
    struct tf_build *b = &v->build;
    tf_build_fini(b);
    *b = (struct tf_build){
        .catalog = v->catalog,
        .variables = v->variables,
        .shard_number = v->shard_number,
        .stale = v->stale,
        .kept = v->kept,
        .kept_count = v->kept_count,
        .own = v->source_count,
        .num_shards = v->data_count,
    };
    return lasting_error(tf_build_run(b, m->reader));
}

static errint sum_index(void *context)
{
    const struct making *m = context;
    struct tf_build *b = &m->view->build;
    errint rc = tf_sums_run(m->reader, b->sums, b->sum_count);
    if (rc < 0) {
        return lasting_error(rc);
    }
    for (size_t i = 0; i < b->sum_count; i++) {
        put_le32_at(b->table.out.data + b->sums[i].at, b->sums[i].crc32c);
    }
    sstable_build_seal(&b->table);
    free(b->sums);
    b->sums = NULL;
    b->sum_count = b->sum_cap = 0;
    return 0;
}

errint tf_view_index(struct tf_view *v, enum content_need need, struct reader *r,
                     struct extent *own, struct layout *out)
{
    struct making m = {v, r};
    errint rc = once_need(&v->built, r->waiter, build_index, &m);
    if (rc == 0 && need == CONTENT_BYTES) {
        rc = once_need(&v->summed, r->waiter, sum_index, &m);
    }
    if (rc == 0) {
        *out = layout_of_bytes(buf_view(&v->build.table.out), own);
    }
    return rc;
}

void tf_view_state_of(const struct tf_view *v, enum once_state *built, enum once_state *summed)
{
    *built = once_state(&v->built);
    *summed = once_state(&v->summed);
}

errint tf_view_data(struct tf_view *v, uint32_t i, struct reader *r, struct extent *own,
                    struct layout *out)
{
    if (i < v->source_count) {
        *out = layout_of_shard(&v->catalog->shards[v->sources[i]], own);
        return 0;
    }
    struct making m = {v, r};
    errint rc = once_need(&v->built, r->waiter, build_index, &m);
    if (rc == 0) {
        *out = layout_made(&v->build.data);
    }
    return rc;
}
