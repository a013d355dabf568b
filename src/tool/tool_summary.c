/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool list --summary` and `--depth`: totals by scope, by dtype, and of all. */
#include <stdlib.h>
#include <string.h>

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

/* The scopes of a name, the outermost first, as far as they are summed. */
enum { DEPTH_MOST = 512 };

/* The scope of `name` that has `depth` components, or all that it has if that are less, with its
 * final '/': "a/b/". *level is how many. */
static struct str scope_of(struct str name, uint64_t depth, unsigned *level)
{
    size_t end = 0;
    unsigned found = 0;
    for (size_t i = 0; i < name.len && found < depth && found < DEPTH_MOST; i++) {
        if (name.ptr[i] == '/') {
            end = i + 1;
            found++;
        }
    }
    *level = found;
    return str_head(name, end);
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

static int by_label(const void *a, const void *b)
{
    return str_cmp(((const struct total *)a)->label, ((const struct total *)b)->label);
}

/* Names are sorted, so the scopes below one follow each other, and its own tensors stand among
 * them: the newest row of each level is the one that is meant, or there is none yet. scopes[0] has
 * the names without a scope. */
static uint32_t add_scopes(const struct catalog *c, const uint32_t *chosen, uint32_t count,
                           uint64_t depth, struct total *scopes)
{
    uint32_t newest[DEPTH_MOST + 1] = {0};
    uint32_t rows = 1;
    scopes[0].label = STR("");
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = &c->tensors[chosen[i]];
        unsigned level;
        struct str scope = scope_of(tensor_name(t), depth, &level);
        uint32_t row = newest[level];
        if (level > 0 && (row == 0 || !str_eq(scopes[row].label, scope))) {
            row = newest[level] = rows++;
            scopes[row].label = scope;
        }
        count_in(&scopes[row], t);
    }
    return rows;
}

static uint32_t drop_empty(struct total *totals, uint32_t count, bool by_name)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (totals[i].tensors) {
            totals[kept++] = totals[i];
        }
    }
    qsort(totals, kept, sizeof(*totals), by_name ? by_label : by_bytes);
    return kept;
}

/* The totals of each scope, or of each dtype. */
struct totals {
    const struct total *items; /* borrows */
    uint32_t count;
};

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

static void print_totals(const char *label, const char *unlabelled, struct totals totals,
                         const struct tool_args *args, struct tool_out *o)
{
    const char *const head[] = {label, "TENSORS", "ELEMENTS", "BYTES"};
    struct table table = {
        .columns = 4, .head = head, .right = 0xe, .tabs = !args->summary && !o->terminal};
    struct rows rows = {totals.items, args, unlabelled};
    table_print(&table, total_row, &rows, totals.count, o);
}

static void json_totals(struct json *j, const char *key, const char *label, struct totals all)
{
    const struct total *totals = all.items;
    json_key(j, key);
    json_array(j, JSON_BLOCK);
    for (uint32_t i = 0; i < all.count; i++) {
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

static void json_total(struct json *j, const struct total *all)
{
    json_key(j, "total");
    json_object(j, JSON_LINE);
    json_key(j, "tensors");
    json_uint(j, all->tensors);
    json_key(j, "elements");
    json_uint(j, all->elements);
    json_key(j, "bytes");
    json_uint(j, all->bytes);
    json_object_end(j);
}

/* dtypes: NULL where scopes alone are wanted. */
static void print_json(const struct view *v, struct totals scopes, const struct totals *dtypes,
                       const struct total *all, struct tool_out *o)
{
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, v);
    json_totals(&j, "scopes", "scope", scopes);
    if (dtypes) {
        json_totals(&j, "dtypes", "dtype", *dtypes);
    }
    json_total(&j, all);
    json_object_end(&j);
    json_end(&j);
}

static void print_text(const struct view *v, struct totals scopes, const struct totals *dtypes,
                       const struct total *all, const struct tool_args *args, struct tool_out *o)
{
    print_totals("SCOPE", "(no scope)", scopes, args, o);
    if (!dtypes && !o->terminal) {
        return; /* programs get rows alone */
    }
    if (dtypes) {
        buf_char(&o->text, '\n');
        print_totals("DTYPE", "", *dtypes, args, o);
        buf_char(&o->text, '\n');
        print_totals("", "", (struct totals){all, 1}, args, o);
        buf_char(&o->text, '\n');
    }
    report_prefix(v, &o->text);
    buf_char(&o->text, '\n');
}

void tool_list_summary(const struct view *v, const uint32_t *chosen, uint32_t count,
                       const struct tool_args *args, struct tool_out *o)
{
    const struct catalog *c = v->catalog;
    struct total by_dtype[DTYPE_COUNT] = {0};
    struct total all = {.label = STR("total")};
    CLEANUP_FREE struct total *by_scope = calloc((size_t)count + 1, sizeof(*by_scope));
    if (!by_scope) {
        o->rc = -ENOMEM;
        return;
    }
    bool by_name = args->sort ? strcmp(args->sort, "name") == 0 : !args->summary;
    uint64_t depth = args->depth == UINT64_MAX ? 1 : args->depth;
    uint32_t rows = add_scopes(c, chosen, count, depth, by_scope);
    struct totals scopes = {by_scope, drop_empty(by_scope, rows, by_name)};
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = &c->tensors[chosen[i]];
        unsigned dtype = dtype_known(t->dtype) ? t->dtype : DTYPE_INVALID;
        by_dtype[dtype].label = str_from(dtype_name(dtype));
        count_in(&by_dtype[dtype], t);
        count_in(&all, t);
    }
    struct totals dtypes = {by_dtype, drop_empty(by_dtype, DTYPE_COUNT, by_name)};
    const struct totals *besides = args->summary ? &dtypes : NULL;
    if (args->json) {
        print_json(v, scopes, besides, &all, o);
    } else {
        print_text(v, scopes, besides, &all, args, o);
    }
}
