/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool cat`: bytes or values of targets, without a mount. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "plan/nearest_name.h"
#include "render/render.h"
#include "render/verified.h"
#include "render/verify.h"
#include "render/why.h"
#include "source/catalog_names.h"
#include "source/stored.h"
#include "tensor/dtype.h"
#include "tool/target_data.h"
#include "tool/tool.h"
#include "view/content.h"
#include "view/formats/npy.h"

enum { CAT_BYTES = 1 << 20, /* read at once */ VERIFIED_FIRST = 64 << 20 };

static struct str target_at(const void *context, uint32_t i)
{
    return target_name(&((const struct plan *)context)->targets[i]);
}

/* Adds a name as it is, if a terminal shows it so, else as a map has it, which is taken as well. */
static void add_nearest_as_shown(struct diag *d, struct str name)
{
    CLEANUP_BUF struct buf shown = {0};
    buf_visible(&shown, name);
    if (str_eq(buf_view(&shown), name)) {
        diag_nearest(d, name);
    } else {
        nearest_in_map(d, name, false, false);
    }
}

static void add_nearest(const struct plan *p, struct str path, struct nearest_budget *budget,
                        struct diag *d)
{
    const struct nearest_list all = {target_at, p, p->count};
    struct str nearest[DIAG_NEAREST];
    struct str alike = nearest_alike(path, all, budget);
    if (alike.ptr) {
        nearest_in_map(d, alike, false, true);
        return;
    }
    unsigned count = nearest_names(path, all, budget, nearest);
    for (unsigned i = 0; i < count; i++) {
        add_nearest_as_shown(d, nearest[i]);
    }
}

static void add_nearest_node(const struct tree *t, uint32_t node, struct diag *d)
{
    CLEANUP_BUF struct buf path = {0};
    tree_path(t, node, &path);
    diag_nearest(d, buf_view(&path));
}

/* Some of what a directory has, a moving average first: it stands for the variable. */
static void add_nearest_children(const struct tree *t, uint32_t node, struct diag *d)
{
    const struct node *dir = &t->nodes[node];
    int64_t average = tree_lookup(t, node, STR("ExponentialMovingAverage"));
    if (average >= 0) {
        add_nearest_node(t, (uint32_t)average, d);
    }
    for (uint32_t i = 0; i < dir->child_count && i < DIAG_NEAREST; i++) {
        if (dir->first_child + i != average) {
            add_nearest_node(t, dir->first_child + i, d);
        }
    }
}

/* `path` is no file with bytes: says why. */
static errint complain_absent(const struct view *v, struct str path, int64_t node,
                              struct nearest_budget *budget, struct diag *d)
{
    const char *shown = diag_visible(d, path);
    if (node >= 0 && v->tree->nodes[node].kind == NODE_DIR) {
        errint rc = diag_error(d, DIAG_VARIABLE_NOT_FOUND, "", path,
                               "'%s' is a scope of the view, not a variable", shown);
        add_nearest_children(v->tree, (uint32_t)node, d);
        return rc;
    }
    if (node >= 0) {
        return diag_error(d, DIAG_UNSUPPORTED, "", path,
                          "'%s' is not a tensor; for the report, see `ckptool plan`", shown);
    }
    const struct tensor *source = catalog_find(v->catalog, path);
    if (source && source->hidden) {
        const char *where = source->hidden == TENSOR_RECORD_BAD ? v->catalog->index_path : "";
        return diag_error(d, DIAG_UNSUPPORTED, where, path, "'%s' cannot be shown: %s", shown,
                          tensor_hidden_reason(source));
    }
    const struct tensor *other;
    if (!source && catalog_resolve(v->catalog, path, &other, 1) == 1) {
        return diag_error(d, DIAG_VARIABLE_NOT_FOUND, "", path,
                          "'%s' is not in the view: it is the other name of the checkpoint's '%s'",
                          shown, diag_visible(d, tensor_name(other)));
    }
    errint rc = diag_error(
        d, DIAG_VARIABLE_NOT_FOUND, "", path, "'%s' is not in the view%s", shown,
        source ? " (the checkpoint has such a tensor, but the map does not show it so)" : "");
    add_nearest(v->plan, path, budget, d);
    return rc;
}

/* What a node is, or, for a .npy file, all of the variable whose parts are in it; NULL if it is
 * neither. */
static const struct target *target_of_node(const struct view *v, uint32_t node, bool npy)
{
    const struct node *found = &v->tree->nodes[node];
    if (npy && found->kind == NODE_DIR) {
        return content_target(v, v->tree->count + node);
    }
    return found->kind == NODE_TARGET ? &v->plan->targets[found->target] : NULL;
}

/* The target that an operand names: by its exact name, its path in the mount, or its name as a map
 * has it; NULL if there is none, with the node of that path, or a negative number, in *node. */
static const struct target *find_operand(const struct view *v, struct str path, bool npy,
                                         struct diag *d, int64_t *node)
{
    const struct target *t = plan_find(v->plan, path);
    *node = tree_find(v->tree, path);
    if (!t && *node >= 0) {
        return target_of_node(v, (uint32_t)*node, npy);
    }
    struct str name = t ? path : unescape_name(&d->arena, path);
    return t || !name.ptr ? t : plan_find(v->plan, name);
}

/* Whether NumPy can hold it. */
static errint check_npy(const struct target *t, struct diag *d)
{
    const char *refusal = npy_refusal_of(t);
    struct str name = target_name(t);
    return refusal ? diag_error(d, DIAG_UNSUPPORTED, "", name, "'%s' cannot be a .npy file: %s",
                                diag_visible(d, name), refusal)
                   : 0;
}

static errint find_operands(const struct view *v, const struct tool_args *args,
                            const struct target **found, struct diag *d)
{
    struct nearest_budget budget = {.left = 500 * 1000 * 1000};
    errint rc = 0;
    for (int i = 1; i < args->operand_count; i++) {
        struct str path = str_from(args->operands[i]);
        int64_t node;
        const struct target *t = find_operand(v, path, args->npy, d, &node);
        found[i - 1] = t;
        if (!t) {
            rc = complain_absent(v, path, node, &budget, d);
        } else if (args->npy) {
            rc = first_failure(rc, check_npy(t, d));
        }
    }
    return rc;
}

/* What is being written. */
struct writing {
    struct reader reader;
    const struct tool_args *args;
    struct tool_out *out;
    struct diag *diag;
    char *bytes;             /* owns, CAT_BYTES */
    struct content *content; /* owns: the layout at hand */
};

static errint complain_unread(struct writing *w, const struct target *t, bool written, errint rc)
{
    const struct cause cause = cause_last();
    CLEANUP_BUF struct buf text = {0};
    bool known = why_print(w->reader.catalog, &cause, &text) && !text.failed;
    bool damaged = cause.rc == -EBADMSG;
    const char *what = "cannot read";
    if (written) {
        what = damaged ? "what was written is not right, of"
                       : "what was written cannot be verified, of";
    }
    return diag_error(w->diag, damaged ? DIAG_CHECKPOINT_CORRUPT : DIAG_FILE_UNREADABLE, "",
                      target_name(t), "%s '%s': %s", what, diag_visible(w->diag, target_name(t)),
                      known ? text.data : render_why(rc));
}

/* As the file that a mount has of it. */
static errint write_file(struct writing *w, const struct target *t)
{
    const struct view_format *format = view_formats[w->args->npy ? FORMAT_NPY : FORMAT_RAW];
    errint rc = format->target_layout(&w->reader, t, w->content);
    if (rc < 0) {
        return rc;
    }
    uint64_t size = w->content->layout.size;
    for (uint64_t off = 0; off < size && w->out->rc == 0;) {
        ssize_t got = layout_read(&w->content->layout, &w->reader, off, CAT_BYTES, w->bytes);
        if (got <= 0) {
            return got < 0 ? (errint)got : -EIO;
        }
        out_bytes(w->out, w->bytes, (size_t)got);
        off += (uint64_t)got;
    }
    return 0;
}

/* Several targets get a line each that says what follows, such as "test/my_var (float32) [10,
 * 4]". */
static void write_head(const struct target *t, bool first, struct buf *b)
{
    buf_text(b, first ? "" : "\n");
    buf_visible(b, target_name(t));
    buf_printf(b, " (%s) ", dtype_name(target_dtype(t)));
    shape_print(b, target_shape(t));
    buf_char(b, '\n');
}

struct counting {
    const struct catalog *catalog;
    uint64_t bytes;
};

static void count_piece(void *context, const struct piece *p)
{
    struct counting *n = context;
    if (p->source && n->bytes <= VERIFIED_FIRST) {
        n->bytes += stored_bytes(n->catalog, p->source, p->slice);
    }
}

/* What t is made of, as stored. */
static uint64_t target_stored_bytes(const struct catalog *c, const struct target *t)
{
    struct counting n = {c, t->form ? 0 : t->source->bytes};
    if (t->form) {
        target_visit(t, count_piece, &n);
    }
    return n.bytes;
}

static bool is_all_printed(const struct tool_args *args, const struct target *t)
{
    uint64_t elements;
    return !args->text ||
           (shape_elements(target_shape(t), &elements) == 0 && elements <= args->limit);
}

/* What is not large is verified before any of it is written, and so costs no time that can be felt.
 * The first bytes of something large must not wait for all of it: that is verified when it is
 * written, unless nobody wants the rest. */
static errint write_target(struct writing *w, const struct target *t)
{
    bool first = target_stored_bytes(w->reader.catalog, t) <= VERIFIED_FIRST;
    cause_clear();
    errint rc = first ? verified_ensure_target(&w->reader, t) : 0;
    if (rc == 0) {
        rc = w->args->text ? tool_values(&w->reader, t, w->args->limit, w->out) : write_file(w, t);
    }
    if (rc < 0) {
        return complain_unread(w, t, false, rc);
    }
    if (!first && w->out->rc == 0 && is_all_printed(w->args, t)) {
        rc = verified_ensure_target(&w->reader, t);
    }
    return rc < 0 ? complain_unread(w, t, true, rc) : 0;
}

static errint write_all(struct writing *w, const struct target **targets, int count)
{
    w->bytes = malloc(CAT_BYTES);
    w->content = malloc(sizeof(*w->content));
    errint rc = w->bytes && w->content ? 0 : diag_no_memory(w->diag);
    for (int i = 0; i < count && rc == 0 && w->out->rc == 0; i++) {
        if (w->args->text && count > 1) {
            write_head(targets[i], i == 0, &w->out->text);
        }
        rc = write_target(w, targets[i]);
    }
    reader_fini(&w->reader);
    free(w->bytes);
    free(w->content);
    return rc;
}

struct wanted {
    const struct tool_args *args;
    const struct target **targets; /* owns; as many as operands after the first */
    int count;
};

static errint open_wanted(struct view *v, struct diag *d, void *context)
{
    struct wanted *w = context;
    errint rc = find_operands(v, w->args, w->targets, d);
    if (rc < 0) {
        return rc;
    }
    return target_data_open(v->catalog, w->targets, (size_t)w->count, d);
}

static errint cat(const struct tool_args *args, struct view *v, struct diag *d, struct tool_out *o)
{
    int count = args->operand_count - 1;
    CLEANUP_FREE const struct target **targets = calloc((size_t)count, sizeof(*targets));
    struct wanted wanted = {args, targets, count};
    struct view_request request = tool_request(args, VIEW_PLAN);
    request.values_only = true;
    request.open_data = open_wanted;
    request.context = &wanted;
    errint rc = targets ? view_open(&request, d, v) : diag_no_memory(d);
    if (rc < 0) {
        return rc;
    }
    struct writing w = {.reader = view_reader(v), .args = args, .out = o, .diag = d};
    sandbox_narrow(args->sandbox, v);
    return write_all(&w, targets, count);
}

int tool_cat(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count < 2) {
        return tool_usage("cat: %s",
                          args->operand_count ? "which variable of it?" : "which checkpoint?");
    }
    if (args->npy && args->text) {
        return tool_usage("cat: --npy and --text exclude each other");
    }
    if (o->terminal && !args->text && !args->force) {
        return tool_usage(
            "cat: bytes are not written to a terminal: use --text for values, -f to force it");
    }
    struct diag d;
    struct view v = {0};
    diag_init(&d);
    errint rc = cat(args, &v, &d, o);
    out_flush(o);
    rc = tool_complain(&d, args->quiet, rc);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
