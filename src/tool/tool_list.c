/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool list`: the tensors of a checkpoint, from its index alone. */
#include <stdlib.h>

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

/* The shard that holds t, or NULL for a tensor that has none of its own (a sliced one). */
static const struct shard *shard_of(const struct catalog *c, const struct tensor *t)
{
    return t->shard >= c->shard_count ? NULL : &c->shards[t->shard];
}

static void list_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct chosen *c = context;
    const struct tensor *t = &c->catalog->tensors[c->tensors[i]];
    const struct shard *shard = shard_of(c->catalog, t);
    buf_visible(&cells[0], tensor_name(t));
    buf_text(&cells[1], dtype_name(t->dtype));
    shape_print(&cells[2], tensor_shape(t));
    table_size(&cells[3], t->bytes, c->args->human);
    if (shard) {
        buf_printf(&cells[4], "%u", (unsigned)shard->number);
    } else {
        buf_char(&cells[4], '-');
    }
    if (t->hidden) {
        const struct slices *slices = tensor_slices(c->catalog, t);
        buf_text(&cells[5], tensor_hidden_reason(t));
        buf_text(&cells[5], slices ? ": " : "");
        buf_text(&cells[5], slices ? slices->what : "");
    }
    if (c->catalog->names) {
        buf_visible(&cells[6], c->catalog->names->friendly ? catalog_key(c->catalog, t)
                                                           : catalog_friendly(c->catalog, t));
    }
}

static void print_table(const struct chosen *c, struct tool_out *o)
{
    static const char *const with_friendly[] = {"NAME",  "DTYPE", "SHAPE",        "BYTES",
                                                "SHARD", "",      "FRIENDLY NAME"};
    static const char *const with_key[] = {"NAME", "DTYPE", "SHAPE", "BYTES", "SHARD", "", "KEY"};
    const struct catalog_names *names = c->catalog->names;
    const char *const *head = names && names->friendly ? with_key : with_friendly;
    struct table t = {
        .columns = names ? 7 : 6, .head = head, .right = 1 << 3 | 1 << 4, .tabs = !o->terminal};
    table_print(&t, list_row, c, c->count, o);
    if (o->terminal) { /* programs get rows alone */
        report_prefix(c->view, &o->text);
        buf_char(&o->text, '\n');
    }
}

static void print_tensor(struct json *j, const struct catalog *c, const struct tensor *t)
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
        print_tensor(&j, all, &all->tensors[c->tensors[i]]);
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
    if (args->summary) {
        tool_list_summary(v, tensors, c.count, args, o);
    } else if (args->json) {
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
    struct diag d;
    struct view v = {0};
    diag_init(&d);
    errint rc = list(args, &v, &d, o);
    rc = tool_complain(&d, args->quiet, rc);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
