/* SPDX-License-Identifier: Apache-2.0 */
/* .ckptfs/report.json and `ckptool plan --json` (design 2.4): one target, one name a line. */
#include <stdio.h>

#include "base/json.h"
#include "files/left_out.h"
#include "files/report.h"
#include "format/catalog_names.h"
#include "format/dtype.h"

/* "map.ini:3" of rule number `rule`; targets of one rule often follow each other, so the last is kept. */
struct place {
    const struct map *map;
    uint32_t rule;
    const char *text; /* NULL: none yet */
    char storage[4096 + 16];
};

static const char *place_of(struct place *p, uint32_t rule)
{
    if (!p->text || p->rule != rule) {
        p->rule = rule;
        p->text = map_where(p->map, p->map->rules[rule].line, p->storage);
    }
    return p->text;
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
        json_uint(j, c->num_shards);
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

/* In the order in which they act: the values are cast, then the tensor is cut. */
static void add_operations(struct json *j, const struct target *t, struct buf *scratch)
{
    json_key(j, "operations");
    json_array(j, JSON_LINE);
    const struct form *f = t->form;
    if (f && f->dtype != t->source->dtype) {
        scratch->len = 0;
        buf_printf(scratch, "cast %s%s", dtype_name(f->dtype), cast_mode_suffix(f->cast_mode));
        json_str(j, buf_view(scratch));
    }
    if (f && f->partition.rank) {
        scratch->len = 0;
        for (unsigned i = 0; i < f->partition.rank; i++) {
            buf_printf(scratch, "%s%lld", i ? "," : "partition ", (long long)f->partition.counts[i]);
        }
        json_str(j, buf_view(scratch));
    }
    json_array_end(j);
}

static void add_target(struct json *j, const struct view *v, uint32_t i, struct place *place,
                       struct buf *scratch)
{
    const struct target *t = &v->plan->targets[i];
    const struct form *f = t->form;
    struct shape shape = target_shape(t);
    json_object(j, JSON_LINE);
    json_key(j, "path");
    scratch->len = 0;
    report_path(v, i, scratch);
    json_str(j, buf_view(scratch));
    json_key(j, "variable");
    json_str(j, f && f->into_part ? target_name(t) : target_variable(t)); /* no slice of its source */
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
    json_key(j, "sources");
    json_array(j, JSON_LINE);
    json_str(j, tensor_name(t->source));
    json_array_end(j);
    if (v->catalog->names && v->catalog->names->friendly) {
        json_key(j, "keys");
        json_array(j, JSON_LINE);
        json_str(j, catalog_key(v->catalog, t->source));
        json_array_end(j);
    }
    json_key(j, "rule");
    json_text(j, place_of(place, t->rule));
    add_operations(j, t, scratch);
    json_object_end(j);
    j->out->failed |= scratch->failed;
}

static void add_targets(struct json *j, const struct view *v, struct place *place)
{
    CLEANUP_BUF struct buf scratch = {0};
    json_key(j, "targets");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; v->plan && i < v->plan->count; i++) {
        add_target(j, v, i, place, &scratch);
    }
    json_array_end(j);
}

static void add_unused(struct json *j, const struct view *v)
{
    json_key(j, "unused");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; v->plan && i < v->catalog->count; i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        if (!t->hidden && !plan_uses(v->plan, i)) {
            json_str(j, tensor_name(t));
        }
    }
    json_array_end(j);
}

static void add_unassigned(struct json *j, const struct view *v)
{
    json_key(j, "unassigned");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; v->plan && i < v->plan->unassigned_count; i++) {
        json_str(j, v->plan->unassigned[i]->name);
    }
    json_array_end(j);
}

static void add_overridden(struct json *j, const struct view *v, struct place *place)
{
    CLEANUP_BUF struct buf path = {0};
    json_key(j, "overridden");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; v->plan && i < v->plan->override_count; i++) {
        const struct override *o = &v->plan->overrides[i];
        json_object(j, JSON_LINE);
        json_key(j, "path");
        path.len = 0;
        report_override_path(v, o, &path);
        json_str(j, buf_view(&path));
        json_key(j, "rule");
        json_text(j, place_of(place, o->rule));
        json_key(j, "by");
        json_text(j, place_of(place, o->by));
        json_object_end(j);
    }
    json_array_end(j);
    j->out->failed |= path.failed;
}

/* What the cast of a scope is not for, and why. */
static void add_uncast(struct json *j, const struct view *v, struct place *place)
{
    CLEANUP_BUF struct buf text = {0};
    json_key(j, "uncast");
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; v->plan && i < v->plan->count; i++) {
        const struct target *t = &v->plan->targets[i];
        if (!target_is_left(v->map, t)) {
            continue;
        }
        const struct rule *rule = &v->map->rules[t->rule];
        json_object(j, JSON_LINE);
        json_key(j, "path");
        text.len = 0;
        report_path(v, i, &text);
        json_str(j, buf_view(&text));
        json_key(j, "dtype");
        json_text(j, dtype_name(target_dtype(t)));
        json_key(j, "rule");
        json_text(j, place_of(place, t->rule));
        json_key(j, "reason");
        text.len = 0;
        buf_printf(&text, "a scope's cast to %s is for %s", dtype_name(rule->cast), rule_cast_takes(rule));
        json_str(j, buf_view(&text));
        json_object_end(j);
    }
    json_array_end(j);
    j->out->failed |= text.failed;
}

static void add_hidden(struct json *j, const struct view *v)
{
    struct left_out_cursor at = left_out_first(v);
    json_key(j, "hidden");
    json_array(j, JSON_BLOCK);
    for (struct left_out out; left_out_next(&at, &out);) {
        json_object(j, JSON_LINE);
        json_key(j, "name");
        json_str(j, out.name);
        json_key(j, "from");
        left_out_json(j, out.files);
        json_key(j, "reason");
        json_text(j, out.reason);
        json_object_end(j);
    }
    json_array_end(j);
}

static void add_entry(struct json *j, const struct diag_entry *e)
{
    json_object(j, JSON_LINE);
    json_key(j, "where");
    json_text(j, e->where);
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

static void add_diag(struct json *j, const char *key, const struct diag *d, bool warnings)
{
    uint64_t left = warnings ? d->warnings : d->errors;
    json_key(j, key);
    json_array(j, JSON_BLOCK);
    for (unsigned i = 0; i < d->kept; i++) {
        if (d->entries[i].warning == warnings) {
            add_entry(j, &d->entries[i]);
            left--;
        }
    }
    if (left > 0) {
        char message[64];
        snprintf(message, sizeof(message), "%llu more are not listed", (unsigned long long)left);
        add_entry(
            j, &(struct diag_entry){.code = DIAG_LIMIT, .where = "", .subject = STR(""), .message = message});
    }
    json_array_end(j);
}

void report_json(const struct view *v, const struct diag *d, struct buf *b)
{
    struct place place = {.map = v->map};
    struct json j = json_begin(b);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, v);
    add_targets(&j, v, &place);
    add_unused(&j, v);
    add_unassigned(&j, v);
    add_overridden(&j, v, &place);
    add_uncast(&j, v, &place);
    add_hidden(&j, v);
    add_diag(&j, "warnings", d, true);
    add_diag(&j, "errors", d, false);
    json_object_end(&j);
    json_end(&j);
}
