/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/variable_store.h"

#include <string.h>

#include "map/name.h"
#include "map/split.h"

int64_t store_parts(const struct variable *v)
{
    unsigned axis;
    struct partition cut = variable_partition(v);
    return partition_axis(&cut, &axis);
}

struct found store_find(const struct store *s, struct str name)
{
    const struct variable *v = graph_find(s->graph, name);
    if (v) {
        return (struct found){v, -1};
    }
    struct str whole;
    int64_t part;
    v = name_split_part(name, &whole, &part) ? graph_find(s->graph, whole) : NULL;
    if (v && v->cuts && part < store_parts(v)) {
        return (struct found){v, part};
    }
    return (struct found){NULL, -1};
}

errint store_put(struct store *s, const struct variable *v, int64_t part, struct slot value,
                 struct str name)
{
    const struct rule *rules = s->r->map->rules;
    struct slot *slot = &s->slots[s->first_slot[v - s->graph->variables] + (uint32_t)part];
    if (store_is_filled(slot) && slot->rule == value.rule && rules[value.rule].expression) {
        resolve_complain_twice(s->r, name, value.rule, slot->source, value.source);
        return 0;
    }
    if (store_is_filled(slot) && !rule_overrides(&rules[value.rule], &rules[slot->rule])) {
        return resolve_override(s->r, name, value.rule, slot->rule);
    }
    errint rc = store_is_filled(slot) && slot->rule != value.rule
                    ? resolve_override(s->r, name, slot->rule, value.rule)
                    : 0;
    *slot = value;
    return rc;
}

struct shape store_part_shape(const struct variable *v, int64_t part, int64_t *dims)
{
    unsigned axis;
    int64_t start;
    struct partition cut = variable_partition(v);
    int64_t parts = partition_axis(&cut, &axis);
    memcpy(dims, v->shape.dims, v->shape.rank * sizeof(*dims));
    split_part(v->shape.dims[axis], parts, part, &start, &dims[axis]);
    return (struct shape){dims, v->shape.rank};
}

static void complain_shape(struct store *s, const struct variable *v, int64_t part,
                           struct shape want, const struct tensor *t, uint32_t index)
{
    struct diag *d = s->r->diag;
    diag_error_at(d, DIAG_SHAPE_MISMATCH, s->r->map->rules[index].at, v->name,
                  "variable '%s'%s has shape %s (%s), tensor '%s' has %s", diag_visible(d, v->name),
                  part < 0 ? "" : " in that part", shape_text(want).text, diag_place(d, *v->at),
                  diag_visible(d, tensor_name(t)), shape_text(tensor_shape(t)).text);
}

/* A scope's rule does not say which of two is meant. */
static void complain_rival(struct store *s, const struct variable *v, const struct slot *slot)
{
    struct diag *d = s->r->diag;
    const char *why = "is at the path of objects of a tensor of another name, and its name is of "
                      "another path";
    if (slot->rival == slot->source) {
        why = "has a path of objects where the checkpoint has nothing, and its name is of another "
              "path";
    } else if (v->paths && slot->rival == v->paths->rivals[0]) {
        why = "is at several paths of objects, where the checkpoint has tensors that differ";
    }
    diag_error_at(d, DIAG_NAME_AMBIGUOUS, s->r->map->rules[slot->rule].at, v->name,
                  "variable '%s' %s: say in a rule of its own what it takes",
                  diag_visible(d, v->name), why);
    nearest_in_map(d, tensor_name(slot->source), false, false);
    if (slot->rival != slot->source) {
        nearest_in_map(d, tensor_name(slot->rival), false, false);
    }
    for (unsigned i = 0; v->paths && i < VARIABLE_RIVALS_MOST && v->paths->rivals[i]; i++) {
        if (v->paths->rivals[i] != slot->rival) {
            nearest_in_map(d, tensor_name(v->paths->rivals[i]), false, false);
        }
    }
}

bool store_fits(struct store *s, const struct variable *v, int64_t part, const struct slot *slot,
                struct conversion *as)
{
    const struct tensor *t = slot->source;
    int64_t dims[SHAPE_RANK_MOST];
    struct shape want = slot->whole ? store_part_shape(v, part, dims) : v->shape;
    if (slot->rival) {
        complain_rival(s, v, slot);
        return false;
    }
    if (!resolve_cast(s->r, &s->r->map->rules[slot->rule], t, v, v->name, as)) {
        return false;
    }
    if (!shape_compatible(want, tensor_shape(t))) {
        complain_shape(s, v, slot->whole ? part : -1, want, t, slot->rule);
        return false;
    }
    return true;
}

errint store_assign(struct store *s, struct found f, const struct tensor *t, uint32_t index,
                    bool one_to_one)
{
    struct resolve *r = s->r;
    const struct variable *v = f.variable;
    int64_t dims[SHAPE_RANK_MOST];
    struct shape want = f.part < 0 ? v->shape : store_part_shape(v, f.part, dims);

    if (one_to_one && (f.part >= 0 || !v->cuts) && !shape_compatible(want, tensor_shape(t))) {
        complain_shape(s, v, f.part, want, t, index);
        return 0;
    }
    struct slot value = {.source = t, .rule = index, .whole = f.part >= 0};
    if (f.part >= 0) {
        struct str name = resolve_part_name(r, v->name, f.part);
        return name.ptr ? store_put(s, v, f.part, value, name) : diag_no_memory(r->diag);
    }
    int64_t parts = store_parts(v);
    errint rc = resolve_ask(r, 0, v->cuts ? (uint64_t)parts : 0, r->map->rules[index].at);
    for (int64_t part = 0; rc == 0 && part < parts; part++) {
        rc = store_put(s, v, part, value, v->name);
    }
    return rc;
}

errint store_assign_some(struct store *s, const struct variable *v, const struct tensor *t,
                         uint32_t index)
{
    const struct rule *rule = &s->r->map->rules[index];
    struct slot value = {.source = t, .rule = index};
    errint rc = resolve_ask(s->r, 0, (uint64_t)rule->parts.count, rule->at);
    for (int64_t i = 0; rc == 0 && i < rule->parts.count; i++) {
        int64_t part = part_list_number(&rule->parts, i);
        struct str name = resolve_part_name(s->r, v->name, part);
        rc = name.ptr ? store_put(s, v, part, value, name) : diag_no_memory(s->r->diag);
    }
    return rc;
}

/* Whether all parts of the list are declared. */
static bool are_parts_of(const struct part_list *l, const struct variable *v)
{
    return part_list_number(l, l->count - 1) < store_parts(v);
}

bool store_parts_agree(struct store *s, const struct rule *rule, struct found f)
{
    const struct variable *v = f.variable;
    if (!rule->partitioner.kind && !rule->parts.count) {
        return true;
    }
    struct partition wanted;
    struct partition cut = variable_partition(v);
    bool agree = f.part < 0 && v->cuts &&
                 (rule->parts.count ? are_parts_of(&rule->parts, v)
                                    : !partitioner_apply(&rule->partitioner, v->shape, v->dtype,
                                                         s->r->arena, &wanted) &&
                                          partition_eq(&wanted, &cut));
    if (!agree) {
        diag_error_at(s->r->diag, DIAG_PARTS_DIFFER, rule->at, v->name,
                      "the rule's parts of '%s' differ from its declaration at %s",
                      diag_visible(s->r->diag, v->name), diag_place(s->r->diag, *v->at));
    }
    return agree;
}
