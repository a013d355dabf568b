/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool list`: the tensors of a checkpoint, from its index alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/json.h"
#include "plan/nearest_name.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"
#include "tool/selection.h"
#include "tool/tool.h"
#include "view/report.h"

/* Which tensors were asked for, ascending. */
struct chosen {
    const struct view *view;
    const struct catalog *catalog;
    const struct tool_args *args;
    uint32_t *tensors; /* owns */
    uint32_t count;
};

/* All tensors, or those that PATTERN selects by one of their names; none of them is an error. */
static errint choose(struct chosen *c, const char *pattern, struct diag *d)
{
    const struct catalog *all = c->catalog;
    c->tensors = calloc((size_t)all->count + 1, sizeof(*c->tensors));
    if (!c->tensors) {
        return diag_no_memory(d);
    }
    struct str wanted = str_from(pattern ? pattern : "*");
    bool glob = glob_is_pattern(wanted);
    for (uint32_t i = 0; i < all->count; i++) {
        const struct tensor *t = &all->tensors[i];
        if (selection_matches(wanted, tensor_name(t)) ||
            (all->names && (selection_matches(wanted, catalog_key(all, t)) ||
                            selection_matches(wanted, catalog_friendly(all, t))))) {
            c->tensors[c->count++] = i;
        }
    }
    if (pattern && c->count == 0) {
        errint rc = diag_error(d, DIAG_TENSOR_NOT_FOUND, all->prefix, wanted,
                               "no tensor matches '%s'", diag_visible(d, wanted));
        struct nearest_budget budget = {.left = 100 * 1000 * 1000};
        if (!glob) {
            struct str nearest[DIAG_NEAREST];
            unsigned count = nearest_names(wanted, nearest_list_of(all, false), &budget, nearest);
            for (unsigned i = 0; i < count; i++) {
                diag_nearest(d, nearest[i]);
            }
        }
        return rc;
    }
    return 0;
}

static int by_size(const void *a, const void *b, void *catalog)
{
    const struct catalog *c = catalog;
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    uint64_t left_bytes = c->tensors[left].bytes;
    uint64_t right_bytes = c->tensors[right].bytes;
    if (left_bytes != right_bytes) {
        return left_bytes < right_bytes ? 1 : -1;
    }
    return (left > right) - (left < right);
}

/* The shard that holds t, or NULL for a tensor that has none of its own (a sliced one). */
static const struct shard *shard_of(const struct catalog *c, const struct tensor *t)
{
    return t->shard >= c->shard_count ? NULL : &c->shards[t->shard];
}

/* Whether t's bytes are in a data file as they are, one after the other. */
static bool has_place(const struct catalog *c, const struct tensor *t)
{
    const struct shard *shard = shard_of(c, t);
    return shard && !shard->base && t->dtype != DTYPE_STRING;
}

/* Whether the checkpoint has a checksum of t's bytes. */
static bool has_checksum(const struct tensor *t)
{
    return !t->no_crc && !t->sliced && !t->hidden;
}

/* Columns. Those that a table has not are left out, and keep their order. */
enum column { NAME, DTYPE, SHAPE, BYTES, SHARD, OFFSET, CHECKSUM, REASON, OTHER_NAME, COLUMNS };

_Static_assert((int)COLUMNS <= (int)TABLE_COLUMNS_MOST, "raise TABLE_COLUMNS_MOST");

/* Which of them there are, in order. */
static unsigned choose_columns(const struct chosen *c, enum column out[COLUMNS])
{
    unsigned count = 0;
    for (enum column i = NAME; i < COLUMNS; i++) {
        bool detail = i == OFFSET || i == CHECKSUM;
        bool other = i == OTHER_NAME;
        if ((!detail || c->args->details) && (!other || c->catalog->names)) {
            out[count++] = i;
        }
    }
    return count;
}

static void print_place(const struct chosen *c, const struct tensor *t, enum column column,
                        struct buf *cell)
{
    const struct shard *shard = shard_of(c->catalog, t);
    if (column == SHARD && shard) {
        buf_printf(cell, "%u", (unsigned)shard->number);
    } else if (column == OFFSET && has_place(c->catalog, t)) {
        buf_printf(cell, "%llu", (unsigned long long)t->off);
    } else if (column == CHECKSUM && has_checksum(t)) {
        buf_printf(cell, "%08x", t->crc32c);
    } else {
        buf_char(cell, '-');
    }
}

static void print_reason(const struct chosen *c, const struct tensor *t, struct buf *cell)
{
    if (t->hidden) {
        const struct slices *slices = tensor_slices(c->catalog, t);
        buf_text(cell, tensor_hidden_reason(t));
        buf_text(cell, slices ? ": " : "");
        buf_text(cell, slices ? slices->what : "");
    }
}

static void print_cell(const struct chosen *c, const struct tensor *t, enum column column,
                       struct buf *cell)
{
    switch (column) {
    case NAME:
        buf_visible(cell, tensor_name(t));
        break;
    case DTYPE:
        buf_text(cell, dtype_name(t->dtype));
        break;
    case SHAPE:
        shape_print(cell, tensor_shape(t));
        break;
    case BYTES:
        table_size(cell, t->bytes, c->args->human);
        break;
    case SHARD:
    case OFFSET:
    case CHECKSUM:
        print_place(c, t, column, cell);
        break;
    case REASON:
        print_reason(c, t, cell);
        break;
    case OTHER_NAME:
        buf_visible(cell, c->catalog->names->friendly ? catalog_key(c->catalog, t)
                                                      : catalog_friendly(c->catalog, t));
        break;
    case COLUMNS:
        break;
    }
}

static void list_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct chosen *c = context;
    enum column columns[COLUMNS];
    unsigned count = choose_columns(c, columns);
    for (unsigned k = 0; k < count; k++) {
        print_cell(c, &c->catalog->tensors[c->tensors[i]], columns[k], &cells[k]);
    }
}

static void print_table(const struct chosen *c, struct tool_out *o)
{
    static const char *const titles[COLUMNS] = {
        "NAME", "DTYPE", "SHAPE", "BYTES", "SHARD", "OFFSET", "CRC32C", "", "FRIENDLY NAME"};
    enum column columns[COLUMNS];
    const char *head[COLUMNS];
    const struct catalog_names *names = c->catalog->names;
    struct table t = {.columns = choose_columns(c, columns), .head = head, .tabs = !o->terminal};
    for (unsigned i = 0; i < t.columns; i++) {
        bool key = columns[i] == OTHER_NAME && names->friendly;
        head[i] = key ? "KEY" : titles[columns[i]];
        t.right |= columns[i] >= BYTES && columns[i] <= OFFSET ? 1u << i : 0;
    }
    table_print(&t, list_row, c, c->count, o);
    if (o->terminal) { /* programs get rows alone */
        report_prefix(c->view, &o->text);
        buf_char(&o->text, '\n');
    }
}

/* The members "offset" and "crc32c". */
static void print_details(struct json *j, const struct catalog *c, const struct tensor *t)
{
    char checksum[16];
    snprintf(checksum, sizeof(checksum), "%08x", t->crc32c);
    json_key(j, "offset");
    if (has_place(c, t)) {
        json_uint(j, t->off);
    } else {
        json_null(j);
    }
    json_key(j, "crc32c");
    json_text(j, has_checksum(t) ? checksum : NULL);
}

static void print_tensor(struct json *j, const struct catalog *c, const struct tensor *t,
                         bool details)
{
    const struct shard *shard = shard_of(c, t);
    json_object(j, JSON_LINE);
    json_key(j, "name");
    json_str(j, tensor_name(t));
    if (c->names) {
        json_key(j, c->names->friendly ? "key" : "friendly");
        json_str(j, c->names->friendly ? catalog_key(c, t) : catalog_friendly(c, t));
    }
    json_key(j, "dtype");
    json_text(j, dtype_name(t->dtype));
    json_key(j, "shape");
    json_ints(j, t->dims, t->rank);
    json_key(j, "bytes");
    json_uint(j, t->bytes);
    json_key(j, "shard");
    if (shard) {
        json_uint(j, shard->number);
    } else {
        json_null(j);
    }
    if (details) {
        print_details(j, c, t);
    }
    if (t->hidden) {
        json_key(j, "hidden");
        json_text(j, tensor_hidden_reason(t));
    }
    json_object_end(j);
}

static void print_json(const struct chosen *c, struct tool_out *o)
{
    const struct catalog *all = c->catalog;
    struct json j = json_begin(&o->text);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, c->view);
    json_key(&j, "tensors");
    json_array(&j, JSON_BLOCK);
    for (uint32_t i = 0; i < c->count && out_settle(o) == 0; i++) {
        print_tensor(&j, all, &all->tensors[c->tensors[i]], c->args->details);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

static errint list(const struct tool_args *args, struct view *v, struct diag *d, struct tool_out *o)
{
    struct view_request request = {
        .checkpoint = args->operands[0],
        .extra = args->extra,
        .depth = VIEW_CATALOG,
        .words = (const char *const *)args->operands + 1,
        .word_count = args->operand_count - 1,
    };
    errint rc = view_open(&request, d, v);
    if (rc < 0) {
        return rc;
    }
    if (args->extra.names != MAP_NAMES_FRIENDLY) { /* else they are warned of already */
        catalog_warn_ambiguous(v->catalog, d);
    }
    CLEANUP_FREE uint32_t *tensors = NULL;
    struct chosen c = {.view = v, .catalog = v->catalog, .args = args};
    rc = choose(&c, args->operand_count > 1 ? args->operands[1] : NULL, d);
    tensors = c.tensors;
    if (rc < 0) {
        return rc;
    }
    if (args->summary || args->depth != UINT64_MAX) {
        tool_list_summary(v, tensors, c.count, args, o);
        return 0;
    }
    if (args->sort && strcmp(args->sort, "size") == 0) {
        qsort_r(tensors, c.count, sizeof(*tensors), by_size, v->catalog);
    }
    if (args->json) {
        print_json(&c, o);
    } else {
        print_table(&c, o);
    }
    return 0;
}

int tool_list(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count < 1) {
        return tool_usage("list: which checkpoint?");
    }
    if (args->operand_count > 2) {
        return tool_usage("list: one pattern at most, not '%s' too (quote it from the shell)",
                          args->operands[2]);
    }
    if (args->depth == 0) {
        return tool_usage("list: --depth is 1 or more");
    }
    if (args->details && (args->summary || args->depth != UINT64_MAX)) {
        return tool_usage("list: --long is for tensors: not with %s",
                          args->summary ? "--summary" : "--depth");
    }
    struct diag d;
    struct view v = {0};
    diag_init(&d);
    errint rc = list(args, &v, &d, o);
    rc = tool_complain(&d, args->quiet, rc);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
