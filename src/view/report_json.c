/* SPDX-License-Identifier: Apache-2.0 */
/* .ckptfs/report.json and `ckptool plan --json`: one target, one name a line. */
#include <stdio.h>

#include "base/json.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"
#include "view/left_out.h"
#include "view/made_of.h"
#include "view/report.h"
#include "view/report_sources.h"

/* Adds "map.ini:3" to j, by way of `scratch`. */
static void add_position(struct json *j, struct position at, struct buf *scratch)
{
    scratch->len = 0;
    position_print(scratch, at);
    json_str(j, buf_view(scratch));
    j->out->failed |= scratch->failed;
}

void report_checkpoint(struct json *j, const struct view *v)
{
    const struct catalog *c = v->catalog;
    json_key(j, "checkpoint");
    json_object(j, JSON_LINE);
    json_key(j, "path");
    json_text(j, c ? c->prefix : v->checkpoint);
    json_key(j, "format");
    json_text(j, c ? c->format : NULL);
    json_key(j, "shards");
    if (c) {
        json_uint(j, c->file_count);
    } else {
        json_null(j);
    }
    json_key(j, "tensors");
    if (c) {
        json_uint(j, c->count);
    } else {
        json_null(j);
    }
    if (c && c->names) {
        json_key(j, "names");
        json_text(j, c->names->friendly ? "friendly" : "key");
    }
    json_object_end(j);
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
static void add_sources(struct json *j, const struct catalog *c, const struct target *t)
{
    struct report_sources sources;
    if (report_sources_find(t, &sources) < 0) {
        j->out->failed = true;
    }
    json_key(j, "sources");
    json_array(j, JSON_LINE);
    for (size_t i = 0; i < sources.count; i++) {
        json_str(j, tensor_name(sources.list[i]));
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
    add_sources(j, v->catalog, t);
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
    while (v->plan && r->at.next < v->catalog->count) {
        uint32_t i = r->at.next++;
        const struct tensor *t = &v->catalog->tensors[i];
        if (!t->hidden && !plan_uses(v->plan, i)) {
            json_str(j, tensor_name(t));
            return true;
        }
    }
    return false;
}

static bool next_averaged(struct report_json *r, struct json *j)
{
    const struct shadows *s = &r->view->shadows;
    if (r->at.next >= s->count) {
        return false;
    }
    const struct shadow *shadow = &s->list[r->at.next++];
    json_object(j, JSON_LINE);
    json_key(j, "name");
    json_str(j, shadow->name);
    json_key(j, "from");
    json_str(j, shadow->from);
    json_object_end(j);
    return true;
}

/* Of what no moving average was found. */
static bool next_unaveraged(struct report_json *r, struct json *j)
{
    const struct shadows *s = &r->view->shadows;
    if (r->at.next >= s->unaveraged_count) {
        return false;
    }
    json_str(j, s->unaveraged[r->at.next++]);
    return true;
}

static bool next_dropped(struct report_json *r, struct json *j)
{
    const struct catalog *c = r->view->catalog;
    if (!c || r->at.next >= c->dropped_count) {
        return false;
    }
    uint32_t i = r->at.next++;
    const struct name_filter *by = r->view->dropped_by[i];
    json_object(j, JSON_LINE);
    json_key(j, "name");
    json_str(j, tensor_name(&c->dropped[i]));
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
    buf_printf(&r->scratch, "a scope's cast to %s is for %s", dtype_name(rule->cast),
               rule_cast_takes(rule));
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
