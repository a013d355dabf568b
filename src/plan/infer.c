/* SPDX-License-Identifier: Apache-2.0 */
/* Targets without a graph: init_from_checkpoint's rules read backwards. Where TensorFlow asks which
 * variables of the graph a rule reaches and then looks their tensors up, here the tensors that a
 * rule reaches name the variables. */
#include <inttypes.h>
#include <string.h>

#include "map/name.h"
#include "plan/resolve.h"

/* How `rule` cuts `t`: by a partitioner, or by a list of parts, which is a cut along axis 0. */
static bool partition_of(struct resolve *r, const struct rule *rule, const struct tensor *t,
                         enum dtype dtype, struct partition *out)
{
    struct partitioner list = {.kind = PARTITIONER_FIXED, .first = rule->parts.count};
    const char *why = partitioner_apply(rule->parts.count ? &list : &rule->partitioner,
                                        tensor_shape(t), dtype, r->arena, out);
    unsigned axis;
    if (!why && rule->parts.count && partition_axis(out, &axis) != rule->parts.count) {
        why = arena_printf(r->arena,
                           "has shape %s, whose axis 0 cannot be cut into %" PRId64 " parts",
                           shape_text(tensor_shape(t)).text, rule->parts.count);
    }
    if (why) {
        diag_error_at(r->diag, DIAG_SHAPE_MISMATCH, rule->at, rule->source, "tensor '%s' %s",
                      diag_visible(r->diag, rule->source), why);
    }
    return !why;
}

/* A list of some parts has no slices for them where nothing declares all of them. */
static bool is_whole_list(struct resolve *r, const struct rule *rule)
{
    int64_t missing = 0;
    while (rule->parts.numbers && rule->parts.numbers[missing] == missing) {
        missing++;
    }
    if (rule->parts.numbers) {
        int64_t count = rule->parts.count;
        diag_error_at(r->diag, DIAG_PARTS_DIFFER, rule->at, rule->target,
                      "part_%" PRId64 " of '%s' is missing: %" PRId64
                      " targets are part_0 to part_%" PRId64
                      ", each once, unless a graph declares the variable and its parts",
                      missing, diag_visible(r->diag, rule->target), count, count - 1);
    }
    return !rule->parts.numbers;
}

/* Whether the graph declares the variable, which then is none to be inferred. */
static bool is_declared(const struct resolve *r, struct str name)
{
    if (!r->graph->count) {
        return false;
    }
    struct str whole;
    const struct variable *v = graph_find(r->graph, name);
    if (!v && name_split_part(name, &whole, NULL)) {
        v = graph_find(r->graph, whole);
        return v && v->cuts;
    }
    return v;
}

static errint infer_variable(struct resolve *r, uint32_t index)
{
    const struct rule *rule = &r->map->rules[index];
    const struct tensor *t = resolve_source(r, rule, rule->source);
    if (!is_whole_list(r, rule) || !t) {
        return 0;
    }
    if (rule->target_is_scope) {
        diag_error_at(
            r->diag, DIAG_MAP_SYNTAX, rule->at, rule->target,
            "'%s' is a tensor, but the target '%s' is a scope; name a variable, such as '%s%s'",
            diag_visible(r->diag, rule->source), diag_visible(r->diag, rule->target),
            diag_visible(r->diag, rule->target), diag_visible(r->diag, rule->source));
        return 0;
    }
    struct conversion as;
    if (!resolve_cast(r, rule, t, NULL, rule->target, &as)) {
        return 0;
    }
    if (!rule->partitioner.kind && !rule->parts.count) {
        errint rc = resolve_ask(r, 1, 0, rule->at);
        return rc < 0 ? rc : resolve_add(r, rule->target, t, as, index);
    }
    struct partition partition;
    if (!partition_of(r, rule, t, as.dtype, &partition)) {
        return 0;
    }
    unsigned axis;
    int64_t parts = partition_axis(&partition, &axis);
    errint rc = resolve_ask(r, 1, (uint64_t)parts, rule->at);
    for (int64_t part = 0; rc == 0 && part < parts; part++) {
        rc =
            resolve_add_part(r, rule->target, t, (struct resolve_part){partition, part}, as, index);
        if (rc == 0 && rule->parts.count) { /* as the report shows it: a list, not an operation */
            ((struct target_form *)(uintptr_t)r->targets[r->count - 1].form)->partition =
                (struct partition){0};
        }
    }
    return rc;
}

/* prefix + rest, in the plan's arena; where nothing changes, `whole` itself. */
static struct str join_names(struct arena *a, struct str prefix, struct str rest, struct str whole)
{
    if (prefix.len + rest.len == whole.len && str_starts(whole, prefix)) {
        return whole;
    }
    char *name = arena_bytes(a, prefix.len + rest.len);
    if (!name) {
        return (struct str){NULL, 0};
    }
    if (prefix.len) {
        memcpy(name, prefix.ptr, prefix.len);
    }
    memcpy(name + prefix.len, rest.ptr, rest.len);
    return str_of(name, prefix.len + rest.len);
}

static errint infer_scope(struct resolve *r, uint32_t index)
{
    const struct rule *rule = &r->map->rules[index];
    struct str target = rule->target;
    long slash = str_rfind(target, '/');
    if (slash < 0) {
        diag_error_at(r->diag, DIAG_MAP_SYNTAX, rule->at, target,
                      "'%s' is a scope, so its target must be one: write '%s/'",
                      diag_visible(r->diag, rule->source), diag_visible(r->diag, target));
        return 0;
    }
    if (!str_ends(target, STR("/"))) {
        diag_warn_at(r->diag, DIAG_CUT_TARGET, rule->at, target,
                     "a scope goes to a scope: '%s' is taken as '%s', as TensorFlow does",
                     diag_visible(r->diag, target),
                     diag_visible(r->diag, str_head(target, (size_t)slash + 1)));
    }
    struct str from = str_eq(rule->source, STR("/")) ? STR("") : rule->source;
    struct str to = str_eq(target, STR("/")) ? STR("") : str_head(target, (size_t)slash + 1);
    uint32_t first;
    uint32_t count = catalog_prefix(r->catalog, from, &first);
    uint32_t members = 0;
    errint asked = resolve_ask(r, count, 0, rule->at);
    if (asked < 0) {
        return asked;
    }
    for (uint32_t i = first; i < first + count; i++) {
        const struct tensor *t = &r->catalog->tensors[i];
        struct str rest = str_from_pos(tensor_name(t), from.len);
        if (!rest.len) {
            continue; /* the tensor "x/" is no member of scope "x/": its variable would have no name
                       */
        }
        members++;
        if (t->hidden == TENSOR_SLICES_MISSING || t->hidden == TENSOR_SLICES_OVERLAP) {
            resolve_complain_hidden(
                r, t, rule->at); /* not what was saved: never passed over in silence */
        }
        if (t->hidden != TENSOR_SHOWN) {
            continue; /* the report lists them */
        }
        struct str name = join_names(r->arena, to, rest, tensor_name(t));
        if (!name.ptr) {
            return diag_no_memory(r->diag);
        }
        if (is_declared(r, name)) {
            continue;
        }
        const struct conversion unchanged = {(enum dtype)t->dtype, CAST_CHECKED};
        errint rc = resolve_will_cast(rule, t) ? resolve_add_uncast(r, name, t, index)
                                               : resolve_add(r, name, t, unchanged, index);
        if (rc < 0) {
            return rc;
        }
    }
    return !members && rule->at.line && !r->graph->count ? resolve_note_empty(r, index) : 0;
}

errint resolve_infer(struct resolve *r, uint32_t index)
{
    if (r->map->rules[index].expression) {
        return resolve_computed(r, NULL, index);
    }
    if (resolve_is_left_out(r, &r->map->rules[index])) {
        return 0;
    }
    return r->map->rules[index].source_is_scope ? infer_scope(r, index) : infer_variable(r, index);
}

errint resolve_without_graph(struct resolve *r)
{
    for (uint32_t i = 0; i < r->map->rule_count; i++) {
        errint rc = resolve_infer(r, i);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}
