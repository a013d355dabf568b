/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool list --summary`: totals by top scope, by dtype, and of all. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tensor/dtype.h"
#include "tool/tool.h"
#include "view/report.h"

struct total {
    struct str label; /* "encoder/", a dtype; "" for the names without a scope */
    uint64_t tensors;
    uint64_t elements;
    uint64_t bytes;
};

static void count_in(struct total *total, const struct tensor *t)
{
    uint64_t elements;
    total->tensors++;
    total->bytes += t->bytes;
    if (shape_elements(tensor_shape(t), &elements) == 0) {
        total->elements += elements;
    }
}

static struct str top_scope(struct str name)
{
    return str_head(name, (size_t)(str_find(name, '/') + 1));
}

/* The largest first. */
static int by_bytes(const void *a, const void *b)
{
    const struct total *x = a, *y = b;
    if (x->bytes != y->bytes) {
        return x->bytes < y->bytes ? 1 : -1;
    }
    return str_cmp(x->label, y->label);
}

/* Names are sorted, so the tensors of one scope are neighbours; only those without a scope are
 * spread: they are scopes[0]. */
static uint32_t add_scopes(const struct catalog *c, const uint32_t *chosen, uint32_t count,
                           struct total *scopes)
{
    uint32_t last = 0;
    scopes[0].label = STR("");
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = &c->tensors[chosen[i]];
        struct str scope = top_scope(tensor_name(t));
        if (scope.len == 0) {
            count_in(&scopes[0], t);
            continue;
        }
        if (last == 0 || !str_eq(scopes[last].label, scope)) {
            scopes[++last].label = scope;
        }
        count_in(&scopes[last], t);
    }
    return last + 1;
}

static uint32_t drop_empty(struct total *totals, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (totals[i].tensors) {
            totals[kept++] = totals[i];
        }
    }
    qsort(totals, kept, sizeof(*totals), by_bytes);
    return kept;
}

struct rows {
    const struct total *totals;
    const struct tool_args *args;
    const char *unlabelled;
};

static void total_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct rows *r = context;
    const struct total *t = &r->totals[i];
    if (t->label.len) {
        buf_visible(&cells[0], t->label);
    } else {
        buf_text(&cells[0], r->unlabelled);
    }
    buf_printf(&cells[1], "%llu", (unsigned long long)t->tensors);
    buf_printf(&cells[2], "%llu", (unsigned long long)t->elements);
    table_size(&cells[3], t->bytes, r->args->human);
}

static void print_totals(const char *label, const char *unlabelled, const struct total *totals,
                         uint32_t count, const struct tool_args *args, struct tool_out *o)
{
    const char *const head[] = {label, "TENSORS", "ELEMENTS", "BYTES"};
    struct table table = {.columns = 4, .head = head, .right = 0xe};
    struct rows rows = {totals, args, unlabelled};
    table_print(&table, total_row, &rows, count, o);
}

static void json_totals(struct json *j, const char *key, const char *label,
                        const struct total *totals, uint32_t count)
{
    json_key(j, key);
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; i < count; i++) {
        json_object(j, JSON_LINE);
        json_key(j, label);
        json_str(j, totals[i].label);
        json_key(j, "tensors");
        json_uint(j, totals[i].tensors);
        json_key(j, "elements");
        json_uint(j, totals[i].elements);
        json_key(j, "bytes");
        json_uint(j, totals[i].bytes);
        json_object_end(j);
    }
    json_array_end(j);
}

/* The totals of each scope, or of each dtype. */
struct totals {
    const struct total *items; /* borrows */
    uint32_t count;
};

static void print_json(const struct view *v, struct totals scopes, struct totals dtypes,
                       const struct total *all, struct tool_out *o)
{
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, v);
    json_totals(&j, "scopes", "scope", scopes.items, scopes.count);
    json_totals(&j, "dtypes", "dtype", dtypes.items, dtypes.count);
    json_key(&j, "total");
    json_object(&j, JSON_LINE);
    json_key(&j, "tensors");
    json_uint(&j, all->tensors);
    json_key(&j, "elements");
    json_uint(&j, all->elements);
    json_key(&j, "bytes");
    json_uint(&j, all->bytes);
    json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
}

void tool_list_summary(const struct view *v, const uint32_t *chosen, uint32_t count,
                       const struct tool_args *args, struct tool_out *o)
{
    const struct catalog *c = v->catalog;
    struct total dtypes[DTYPE_COUNT] = {0};
    struct total all = {.label = STR("total")};
    CLEANUP_FREE struct total *scopes = calloc((size_t)count + 1, sizeof(*scopes));
    if (!scopes) {
        o->rc = -ENOMEM;
        return;
    }
    uint32_t scope_count = drop_empty(scopes, add_scopes(c, chosen, count, scopes));
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = &c->tensors[chosen[i]];
        unsigned dtype = dtype_known(t->dtype) ? t->dtype : DTYPE_INVALID;
        dtypes[dtype].label = str_from(dtype_name(dtype));
        count_in(&dtypes[dtype], t);
        count_in(&all, t);
    }
    uint32_t dtype_count = drop_empty(dtypes, DTYPE_COUNT);
    if (args->json) {
        print_json(v, (struct totals){scopes, scope_count}, (struct totals){dtypes, dtype_count},
                   &all, o);
        return;
    }
    print_totals("SCOPE", "(no scope)", scopes, scope_count, args, o);
    buf_char(&o->text, '\n');
    print_totals("DTYPE", "", dtypes, dtype_count, args, o);
    buf_char(&o->text, '\n');
    print_totals("", "", &all, 1, args, o);
    buf_char(&o->text, '\n');
    report_prefix(v, &o->text);
    buf_char(&o->text, '\n');
}
