/* SPDX-License-Identifier: Apache-2.0 */
/* .ckptfs/report.json and `ckptool plan --json`: one target, one name a line. */
#include <stdio.h>

#include "base/json.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"
#include "view/left_out.h"
#include "view/made_of.h"
#include "view/report.h"
#include "view/report_sources.h"

/* Adds a name, of a tensor of a named checkpoint with that, to j, by way of `scratch`. */
static void add_tensor_name(struct json *j, const struct catalog *c, const struct tensor *t,
                            struct buf *scratch)
{
    if (!c->member_count) {
        json_str(j, tensor_name(t));
        return;
    }
    scratch->len = 0;
    catalog_print_name(c, t, scratch);
    json_str(j, buf_view(scratch));
    j->out->failed |= scratch->failed;
}

/* Adds "map.ini:3" to j, by way of `scratch`. */
static void add_position(struct json *j, struct position at, struct buf *scratch)
{
    scratch->len = 0;
    position_print(scratch, at);
    json_str(j, buf_view(scratch));
    j->out->failed |= scratch->failed;
}

/* In the order in which they act: those that the rule says; else the values are cast, then the
 * tensor is cut. */
static void add_operations(struct json *j, const struct rule *rule, const struct target *t,
                           struct buf *scratch)
{
    json_key(j, "operations");
    json_array(j, JSON_LINE);
    const struct target_form *f = t->form;
    const struct expression *e = rule->expression;
    for (uint32_t i = 0; e && i < e->op_count; i++) {
        scratch->len = 0;
        op_print(&e->ops[i], scratch);
        json_str(j, buf_view(scratch));
    }
    if (e && e->op_count) {
        json_array_end(j);
        return;
    }
    if (f && t->source && f->dtype != t->source->dtype) {
        scratch->len = 0;
        buf_printf(scratch, "cast %s%s", dtype_name(f->dtype), cast_mode_suffix(f->cast_mode));
        json_str(j, buf_view(scratch));
    }
    if (f && f->partition.rank) {
        scratch->len = 0;
        for (unsigned i = 0; i < f->partition.rank; i++) {
            buf_printf(scratch, "%s%lld", i ? "," : "partition ",
                       (long long)f->partition.counts[i]);
        }
        json_str(j, buf_view(scratch));
    }
    json_array_end(j);
}

/* Their names, and where the checkpoint has others, those too. */
static void add_sources(struct json *j, const struct catalog *c, const struct target *t,
                        struct buf *scratch)
{
    struct report_sources sources;
    if (report_sources_find(t, &sources) < 0) {
        j->out->failed = true;
    }
    json_key(j, "sources");
    json_array(j, JSON_LINE);
    for (size_t i = 0; i < sources.count; i++) {
        add_tensor_name(j, c, sources.list[i], scratch);
    }
    json_array_end(j);
    if (c->names && c->names->friendly) {
        json_key(j, "keys");
        json_array(j, JSON_LINE);
        for (size_t i = 0; i < sources.count; i++) {
            json_str(j, catalog_key(c, sources.list[i]));
        }
        json_array_end(j);
    }
    report_sources_fini(&sources);
}

static void add_made_of(struct json *j, const struct view *v, const struct target *t)
{
    struct made_of made = {0};
    made_of_add(&made, v->catalog, t);
    if (made.rearranged + made.computed == 0) {
        return;
    }
    json_key(j, "made");
    json_object(j, JSON_LINE);
    json_key(j, "in_place");
    json_uint(j, made.in_place);
    json_key(j, "rearranged");
    json_uint(j, made.rearranged);
    json_key(j, "computed");
    json_uint(j, made.computed);
    json_object_end(j);
}

static void add_target(struct json *j, const struct view *v, uint32_t i, struct buf *scratch)
{
    const struct target *t = &v->plan->targets[i];
    const struct target_form *f = t->form;
    struct shape shape = target_shape(t);
    json_object(j, JSON_LINE);
    json_key(j, "path");
    scratch->len = 0;
    report_path(v, i, scratch);
    json_str(j, buf_view(scratch));
    json_key(j, "variable");
    json_str(j,
             f && f->into_part ? target_name(t) : target_variable(t)); /* no slice of its source */
    json_key(j, "dtype");
    json_text(j, dtype_name(target_dtype(t)));
    json_key(j, "shape");
    json_ints(j, shape.dims, shape.rank);
    json_key(j, "bytes");
    if (target_sized(t)) {
        json_uint(j, target_bytes(t));
    } else {
        json_null(j);
    }
    if (f && f->slice_start && !f->into_part) {
        json_key(j, "slice");
        json_object(j, JSON_LINE);
        json_key(j, "of");
        json_ints(j, f->full.dims, f->full.rank);
        json_key(j, "start");
        json_ints(j, f->slice_start, f->full.rank);
        json_object_end(j);
    }
    add_made_of(j, v, t);
    add_sources(j, v->catalog, t, scratch);
    json_key(j, "rule");
    add_position(j, v->map->rules[t->rule].at, scratch);
    add_operations(j, &v->map->rules[t->rule], t, scratch);
    json_object_end(j);
    j->out->failed |= scratch->failed;
}

/* Each adds the next item of its list, if there is one. */

static bool next_target(struct report_json *r, struct json *j)
{
    const struct plan *p = r->view->plan;
    while (p && r->only && r->at.next < p->count && !r->only[r->at.next]) {
        r->at.next++;
    }
    if (!p || r->at.next >= p->count) {
        return false;
    }
    add_target(j, r->view, r->at.next++, &r->scratch);
    return true;
}

static bool next_unused(struct report_json *r, struct json *j)
{
    const struct view *v = r->view;
    while (v->plan && r->at.next < catalog_all(v->catalog)) {
        uint32_t i = r->at.next++;
        const struct tensor *t = &v->catalog->tensors[i];
        if (!t->hidden && !plan_uses(v->plan, i)) {
            add_tensor_name(j, v->catalog, t, &r->scratch);
            return true;
        }
    }
    return false;
}

/* Of the lists that each member has, the one that item *i is in, where `count` is of one member; *i
 * is then its number there. NULL: there are not so many. */
static const struct view_member *
member_with(const struct view *v, uint32_t (*count)(const struct view_member *m), uint32_t *i)
{
    for (uint32_t k = 0; k < v->member_count; k++) {
        uint32_t own = count(&v->members[k]);
        if (*i < own) {
            return &v->members[k];
        }
        *i -= own;
    }
    return NULL;
}

/* A name of that member's. */
static void add_member_name(struct json *j, const struct view_member *m, struct str name,
                            struct buf *scratch)
{
    scratch->len = 0;
    buf_str(scratch, name);
    buf_text(scratch, m->label ? "@" : "");
    buf_text(scratch, m->label ? m->label : "");
    json_str(j, buf_view(scratch));
    j->out->failed |= scratch->failed;
}

static uint32_t averaged_count(const struct view_member *m)
{
    return m->dropped.shadows.count;
}

static bool next_averaged(struct report_json *r, struct json *j)
{
    uint32_t i = r->at.next++;
    const struct view_member *m = member_with(r->view, averaged_count, &i);
    if (!m) {
        return false;
    }
    const struct shadow *shadow = &m->dropped.shadows.list[i];
    json_object(j, JSON_LINE);
    json_key(j, "name");
    add_member_name(j, m, shadow->name, &r->scratch);
    json_key(j, "from");
    add_member_name(j, m, shadow->from, &r->scratch);
    json_object_end(j);
    return true;
}

static uint32_t unaveraged_count(const struct view_member *m)
{
    return m->dropped.shadows.unaveraged_count;
}

/* Of what no moving average was found. */
static bool next_unaveraged(struct report_json *r, struct json *j)
{
    uint32_t i = r->at.next++;
    const struct view_member *m = member_with(r->view, unaveraged_count, &i);
    if (m) {
        add_member_name(j, m, m->dropped.shadows.unaveraged[i], &r->scratch);
    }
    return m;
}

static uint32_t dropped_count(const struct view_member *m)
{
    return m->catalog->dropped_count;
}

static bool next_dropped(struct report_json *r, struct json *j)
{
    uint32_t i = r->at.next++;
    const struct view_member *m = member_with(r->view, dropped_count, &i);
    if (!m) {
        return false;
    }
    const struct name_filter *by = m->dropped.by[i];
    json_object(j, JSON_LINE);
    json_key(j, "name");
    add_member_name(j, m, tensor_name(&m->catalog->dropped[i]), &r->scratch);
    json_key(j, "by");
    json_str(j, by ? by->text : STR("keep"));
    if (by) {
        json_key(j, "rule");
        add_position(j, by->at, &r->scratch);
    }
    json_object_end(j);
    return true;
}

static bool next_unassigned(struct report_json *r, struct json *j)
{
    const struct plan *p = r->view->plan;
    if (!p || r->at.next >= p->unassigned_count) {
        return false;
    }
    json_str(j, p->unassigned[r->at.next++]->name);
    return true;
}

static bool next_overridden(struct report_json *r, struct json *j)
{
    const struct plan *p = r->view->plan;
    if (!p || r->at.next >= p->override_count) {
        return false;
    }
    const struct override *o = &p->overrides[r->at.next++];
    json_object(j, JSON_LINE);
    json_key(j, "path");
    r->scratch.len = 0;
    report_override_path(r->view, o, &r->scratch);
    json_str(j, buf_view(&r->scratch));
    json_key(j, "rule");
    add_position(j, r->view->map->rules[o->rule].at, &r->scratch);
    json_key(j, "by");
    add_position(j, r->view->map->rules[o->by].at, &r->scratch);
    json_object_end(j);
    return true;
}

static void add_uncast(struct report_json *r, struct json *j, uint32_t i)
{
    const struct target *t = &r->view->plan->targets[i];
    const struct rule *rule = &r->view->map->rules[t->rule];
    json_object(j, JSON_LINE);
    json_key(j, "path");
    r->scratch.len = 0;
    report_path(r->view, i, &r->scratch);
    json_str(j, buf_view(&r->scratch));
    json_key(j, "dtype");
    json_text(j, dtype_name(target_dtype(t)));
    json_key(j, "rule");
    add_position(j, r->view->map->rules[t->rule].at, &r->scratch);
    json_key(j, "reason");
    r->scratch.len = 0;
    buf_printf(&r->scratch, "a scope's cast to %s is for %s", dtype_name(rule_cast(rule).dtype),
               rule_cast_words(rule));
    json_str(j, buf_view(&r->scratch));
    json_object_end(j);
}

/* What the cast of a scope is not for, and why. */
static bool next_uncast(struct report_json *r, struct json *j)
{
    const struct view *v = r->view;
    while (v->plan && r->at.next < v->plan->count) {
        uint32_t i = r->at.next++;
        if (target_is_left(v->map, &v->plan->targets[i])) {
            add_uncast(r, j, i);
            return true;
        }
    }
    return false;
}

static bool next_hidden(struct report_json *r, struct json *j)
{
    struct left_out out;
    if (!left_out_next(&r->at.hidden, &out)) {
        return false;
    }
    json_object(j, JSON_LINE);
    json_key(j, "name");
    json_str(j, out.name);
    json_key(j, "from");
    left_out_json(j, out.files);
    json_key(j, "reason");
    json_text(j, out.reason);
    json_object_end(j);
    return true;
}

static void add_entry(struct json *j, const struct diag_entry *e, struct buf *scratch)
{
    json_object(j, JSON_LINE);
    json_key(j, "where");
    add_position(j, e->at, scratch);
    json_key(j, "code");
    json_text(j, diag_code_name(e->code));
    json_key(j, "subject");
    json_str(j, e->subject);
    json_key(j, "message");
    json_text(j, e->message);
    json_key(j, "nearest");
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i < e->nearest_count; i++) {
        json_str(j, e->nearest[i]);
    }
    json_array_end(j);
    json_object_end(j);
}

/* Errors and warnings stand mixed in the diag; the ones that it did not keep are counted last. */
static bool next_entry(struct report_json *r, struct json *j, bool warnings)
{
    const struct diag *d = r->diag;
    uint64_t all = warnings ? d->warnings : d->errors;
    while (r->at.next < d->kept) {
        const struct diag_entry *e = &d->entries[r->at.next++];
        if (e->warning == warnings) {
            add_entry(j, e, &r->scratch);
            r->at.listed++;
            return true;
        }
    }
    if (r->at.listed >= all) {
        return false;
    }
    char message[64];
    snprintf(message, sizeof(message), "%llu more are not listed",
             (unsigned long long)(all - r->at.listed));
    add_entry(
        j,
        &(struct diag_entry){
            .code = DIAG_LIMIT, .at = position_file(""), .subject = STR(""), .message = message},
        &r->scratch);
    r->at.listed = all;
    return true;
}

static bool next_warning(struct report_json *r, struct json *j)
{
    return next_entry(r, j, true);
}

static bool next_error(struct report_json *r, struct json *j)
{
    return next_entry(r, j, false);
}

void report_entries(struct json *j, const struct diag *d)
{
    struct report_json r = {.diag = d};
    for (unsigned errors = 0; errors < 2; errors++) {
        json_key(j, errors ? "errors" : "warnings");
        json_array(j, JSON_BLOCK);
        r.at = (struct report_position){0};
        while (next_entry(&r, j, !errors)) {
        }
        json_array_end(j);
    }
    j->out->failed |= r.scratch.failed;
    buf_fini(&r.scratch);
}

static const struct {
    const char *key;
    bool (*next)(struct report_json *r, struct json *j);
} lists[] = {
    {"targets", next_target},        {"unused", next_unused},
    {"unassigned", next_unassigned}, {"overridden", next_overridden},
    {"uncast", next_uncast},         {"hidden", next_hidden},
    {"averaged", next_averaged},     {"unaveraged", next_unaveraged},
    {"dropped", next_dropped},       {"warnings", next_warning},
    {"errors", next_error},
};

void report_json_begin(struct report_json *r, const struct view *v, const struct diag *d)
{
    *r = (struct report_json){.view = v, .diag = d};
    r->at.hidden = left_out_first(v);
}

static void add_beginning(const struct report_json *r, struct json *j)
{
    json_object(j, JSON_BLOCK);
    json_key(j, "version");
    json_uint(j, 1);
    report_checkpoint(j, r->view);
    report_named_checkpoints(j, r->view);
}

/* The end of a list, and of the document after the last; or what begins one. */
static void next_section(struct report_position *at, struct json *j)
{
    if (!at->in_list) {
        json_key(j, lists[at->list].key);
        json_array(j, JSON_BLOCK);
        at->in_list = true;
        at->next = 0;
        at->listed = 0;
        return;
    }
    json_array_end(j);
    at->in_list = false;
    at->list++;
    if (at->list == ARRAY_LEN(lists)) {
        json_object_end(j);
        json_end(j);
    }
}

bool report_json_next(struct report_json *r, struct buf *b)
{
    struct report_position *at = &r->at;
    if (at->begun && at->list == ARRAY_LEN(lists)) {
        return false;
    }
    at->json.out = b;
    if (!at->begun) {
        add_beginning(r, &at->json);
        at->begun = true;
    } else if (!at->in_list || !lists[at->list].next(r, &at->json)) {
        next_section(at, &at->json);
    }
    b->failed |= r->scratch.failed;
    at->json.out = NULL;
    return !b->failed;
}

void report_json_fini(struct report_json *r)
{
    buf_fini(&r->scratch);
}
