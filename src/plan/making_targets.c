/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "map/name.h"
#include "plan/making.h"

/* The name that a target's template makes; where it has a number that no source has, that is
 * `counted`. ptr is NULL: it cannot be made, which is in the diag. */
static errint make_name(struct making *m, const struct template *t,
                        const struct template_values *given, struct str free_number,
                        uint32_t counted, struct str *out)
{
    struct resolve *r = m->r;
    struct template_values values = *given;
    struct str names[2 * PATTERN_CAPTURES_MOST + 1];
    struct str numbers[2 * PATTERN_CAPTURES_MOST + 1];
    const struct template_token *bad = NULL;
    char digits[16];
    if (free_number.ptr) {
        for (uint32_t k = 0; k < values.number_count; k++) {
            names[k] = given->names[k];
            numbers[k] = given->numbers[k];
        }
        snprintf(digits, sizeof(digits), "%u", counted);
        names[values.number_count] = free_number;
        numbers[values.number_count++] = str_from(digits);
        values.names = names;
        values.numbers = numbers;
    }
    m->name.len = 0;
    *out = (struct str){NULL, 0};
    errint rc = template_fill(t, &values, &m->name, &bad);
    if (rc < 0) {
        diag_error_at(r->diag, DIAG_MAP_SYNTAX, m->rule->at, m->rule->target,
                      "the number '%s' cannot be shifted so: it would be negative, or too large",
                      diag_visible(r->diag, bad->text));
        return 0;
    }
    if (name_check(buf_view(&m->name), "target", m->rule->at, r->diag) < 0) {
        return 0;
    }
    *out = arena_str(r->arena, buf_view(&m->name));
    return m->name.failed || !out->ptr ? diag_no_memory(r->diag) : 0;
}

static errint give_to_graph(struct making *m, struct str name, uint32_t i)
{
    struct found f = store_find(m->store, name);
    if (m->renamed && f.variable) {
        return store_assign(m->store, f, m->renamed, m->index, true);
    }
    if (m->renamed) {
        struct value v;
        errint rc = value_of_tensor(m->r->catalog, m->renamed, m->r->arena, &v);
        return rc < 0 ? diag_no_memory(m->r->diag)
                      : store_assign_value(m->store, name, &v, m->first, m->index);
    }
    return store_assign_value(m->store, name, &m->values.values[i], m->first, m->index);
}

static errint add_target(struct making *m, const struct expression_target *target,
                         const struct template_values *values, struct str free_number, uint32_t i)
{
    struct resolve *r = m->r;
    struct str name;
    errint rc = make_name(m, &target->template, values, free_number, i, &name);
    if (rc < 0 || !name.ptr) {
        return rc;
    }
    if (target->is_step) {
        struct step step = {name, m->values.values[i], m->first, m->index, false};
        step.value.explained = explained_step(step.value.explained, name, r->arena);
        if (r->explains && !step.value.explained) {
            return diag_no_memory(r->diag);
        }
        return steps_add(&r->steps, step) < 0 ? diag_no_memory(r->diag) : 0;
    }
    if (m->store) {
        return give_to_graph(m, name, i);
    }
    if (m->renamed) {
        const struct conversion unchanged = {(enum dtype)m->renamed->dtype, CAST_CHECKED};
        return resolve_add(r, name, m->renamed, unchanged, m->index);
    }
    return resolve_add_value(r, name, &m->values.values[i], m->first, m->index);
}

/* The parts of one variable. */
static errint add_parts(struct making *m, const struct template_values *values)
{
    const struct expression *e = m->expression;
    const struct str none = {NULL, 0};
    struct str name;
    if (e->target_count != 1 || e->targets[0].is_step) {
        diag_error_at(m->r->diag, DIAG_MAP_SYNTAX, m->rule->at, m->rule->target,
                      "the parts of 'partition' are those of one variable: expected one target, "
                      "and no step");
        return 0;
    }
    errint rc = make_name(m, &e->targets[0].template, values, none, 0, &name);
    if (rc < 0 || !name.ptr) {
        return rc;
    }
    if (m->store && !(m->r->map->view.infer_undeclared && !store_find(m->store, name).variable)) {
        return store_assign_parts(m->store, name, &m->values, m->first, m->index);
    }
    rc = resolve_ask(m->r, 1, m->values.count, m->rule->at);
    for (size_t i = 0; rc == 0 && i < m->values.count; i++) {
        const struct value_part part = {m->values.full, m->values.partition, (int64_t)i};
        rc = resolve_add_value_part(m->r, name, &m->values.values[i], &part, m->first, m->index);
    }
    return rc;
}

static const char *count_hint(uint32_t count, uint32_t targets)
{
    if (count == 0) {
        return ": expected a source, or 'fill'";
    }
    if (count == 1) {
        return ": expected as many; 'split' makes several of one, and 'partition' the parts of one "
               "variable, of which the rule has one target";
    }
    return count > 1 && targets == 1
               ? ": expected as many, or one with a number, such as '{n}', that counts the values"
               : ": expected as many";
}

static void complain_count(struct making *m, uint32_t count)
{
    uint32_t targets = m->expression->target_count;
    diag_error_at(m->r->diag, DIAG_MAP_SYNTAX, m->rule->at, m->rule->target,
                  "the rule has %u target%s for %u value%s%s", targets, targets == 1 ? "" : "s",
                  count, count == 1 ? "" : "s", count_hint(count, targets));
}

errint making_add_targets(struct making *m, const struct template_values *values,
                          struct str free_number)
{
    const struct expression *e = m->expression;
    uint32_t count = m->renamed ? 1 : (uint32_t)m->values.count;
    if (m->values.partition.rank) {
        return add_parts(m, values);
    }
    if (free_number.ptr ? e->target_count != 1 : e->target_count != count) {
        complain_count(m, count);
        return 0;
    }
    errint rc = resolve_ask(m->r, count, 0, m->rule->at);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        const struct expression_target *t = &e->targets[free_number.ptr ? 0 : i];
        rc = add_target(m, t, values, free_number, i);
    }
    return rc;
}
