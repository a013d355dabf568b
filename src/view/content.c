/* SPDX-License-Identifier: Apache-2.0 */
#include "view/content.h"

#include "view/formats/npy.h"

/* ---- .npy files ------------------------------------------------------------------------------ */

static struct str npy_suffix(void)
{
    return str_from(view_formats[FORMAT_NPY]->suffix);
}

/* The partitioned variable whose parts are in directory `node`; NULL if it has none. */
static const struct view_variable *variable_in(const struct view *v, uint32_t node)
{
    int64_t first = tree_lookup(v->tree, node, STR("part_0"));
    const struct node *part = first < 0 ? NULL : &v->tree->nodes[first];
    return part && part->kind == NODE_TARGET
               ? variable_of_part(&v->variables, &v->plan->targets[part->target])
               : NULL;
}

const struct target *content_target(const struct view *v, uint32_t file)
{
    const struct node *n = &v->tree->nodes[content_node(v, file)];
    if (n->kind == NODE_TARGET) {
        return &v->plan->targets[n->target];
    }
    const struct view_variable *l = content_is_npy(v, file) && n->kind == NODE_DIR
                                        ? variable_in(v, content_node(v, file))
                                        : NULL;
    return l ? l->whole : NULL;
}

int64_t content_npy(const struct view *v, uint32_t node)
{
    const struct node *n = &v->tree->nodes[node];
    if (node == TREE_ROOT || (n->kind != NODE_TARGET && n->kind != NODE_DIR) ||
        n->name_len + npy_suffix().len > COMPONENT_MOST) {
        return -ENOENT;
    }
    uint32_t file = v->tree->count + node;
    const struct target *t = content_target(v, file);
    if (!t || npy_refusal_of(t)) {
        return -ENOENT;
    }
    char name[COMPONENT_MOST + 1];
    content_name(v, file, name);
    return tree_lookup(v->tree, n->parent, str_from(name)) < 0 ? (int64_t)file : -ENOENT;
}

/* ---- names ----------------------------------------------------------------------------------- */

int64_t content_lookup(const struct view *v, uint32_t dir, struct str name)
{
    int64_t found = tree_lookup(v->tree, dir, name);
    if (found != -ENOENT || !str_ends(name, npy_suffix())) {
        return found;
    }
    found = tree_lookup(v->tree, dir, str_head(name, name.len - npy_suffix().len));
    return found < 0 ? found : content_npy(v, (uint32_t)found);
}

void content_name(const struct view *v, uint32_t file, char name[static COMPONENT_MOST + 1])
{
    struct str text = str_head(node_name(&v->tree->nodes[content_node(v, file)]), COMPONENT_MOST);
    struct str suffix = content_is_npy(v, file) ? npy_suffix() : STR("");
    suffix = str_head(suffix, COMPONENT_MOST - text.len); /* it has room: content_npy */
    memcpy(name, text.ptr, text.len);
    memcpy(name + text.len, suffix.ptr, suffix.len);
    name[text.len + suffix.len] = '\0';
}

void content_path(const struct view *v, uint32_t file, struct buf *b)
{
    tree_path(v->tree, content_node(v, file), b);
    if (content_is_npy(v, file)) {
        buf_str(b, npy_suffix());
    }
}

/* Whether a target's own file, or one beside it, is listed. */
static bool targets_listed(const struct view *v)
{
    unsigned of_targets = 0;
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        of_targets |= view_formats[i]->target_layout ? FORMAT_BIT(i) : 0;
    }
    return v->listed & of_targets;
}

bool content_listed(const struct view *v, uint32_t file)
{
    if (content_kind(v, file) == NODE_DIR) {
        return v->tree->nodes[file].made || targets_listed(v);
    }
    int format = content_format(v, file);
    return format < 0 || v->listed & FORMAT_BIT(format);
}

/* ---- where bytes come from ------------------------------------------------------------------- */

/* Who is told of the shards of a target. */
struct visiting {
    const struct view *view;
    content_visit *visit;
    void *context;
    uint32_t last; /* that was visited */
};

/* Pieces of one tensor stand together, mostly. */
static void visit_piece(void *context, const struct piece *p)
{
    struct visiting *v = context;
    if (p->shard != v->last) {
        v->last = p->shard;
        v->visit(v->context, &v->view->catalog->shards[p->shard]);
    }
}

static void visit_target(struct visiting *v, const struct target *t)
{
    if (t->form && t->form->piece_count) {
        target_visit(t, visit_piece, v);
    } else if (t->source && t->source->shard != TENSOR_NO_SHARD) {
        v->visit(v->context, &v->view->catalog->shards[t->source->shard]);
    }
}

struct format_file content_format_file(const struct view *v, uint32_t file)
{
    const struct node *n = &v->tree->nodes[file];
    struct format_file out;
    view_formats[n->format]->file(v->formats.state[n->format], n->number, &out);
    return out;
}

static void visit_format(struct visiting *v, uint32_t file)
{
    struct format_file f = content_format_file(v->view, file);
    const struct catalog *c = v->view->catalog;
    if (f.source) {
        v->visit(v->context, f.source);
        return;
    }
    for (uint32_t i = 0; f.has_values && i < c->shard_count; i++) {
        v->visit(v->context, &c->shards[i]);
    }
}

void content_shards(const struct view *v, uint32_t file, content_visit *visit, void *context)
{
    struct visiting visiting = {v, visit, context, UINT32_MAX};
    const struct target *t = content_target(v, file);
    switch (content_kind(v, file)) {
    case NODE_TARGET:
        if (t) {
            visit_target(&visiting, t);
        }
        break;
    case NODE_FORMAT:
        visit_format(&visiting, file);
        break;
    case NODE_SIDECAR:
        visit(context, &v->sidecars.files[v->tree->nodes[file].number]);
        break;
    default:
        break;
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

bool content_sized(const struct view *v, uint32_t file)
{
    const struct target *t = content_target(v, file);
    switch (content_kind(v, file)) {
    case NODE_TARGET:
        return !t || target_sized(t) || once_state(&t->form->strings->once) == ONCE_FULL;
    case NODE_FORMAT:
        return content_format_file(v, file).sized;
    default:
        return true;
    }
}

bool content_planned(const struct view *v, uint32_t file)
{
    const struct target *t = content_target(v, file);
    switch (content_kind(v, file)) {
    case NODE_TARGET:
        return t && target_sized(t);
    case NODE_FORMAT:
        return content_format_file(v, file).source != NULL;
    default:
        return true;
    }
}

errint content_open_made(const struct view *v, const struct made_file *f, enum content_need need,
                         struct reader *r, struct content *out)
{
    switch (f->kind) {
    case NODE_FORMAT:
        return view_formats[f->format]->layout(v->formats.state[f->format], f->number, need, r,
                                               out);
    case NODE_SIDECAR:
        out->layout = layout_of_shard(&v->sidecars.files[f->number], out->own);
        return 0;
    default:
        out->layout = f->kind == NODE_TEXT && f->number == TEXT_MAP
                          ? layout_of_bytes(view_map_text(v), out->own)
                          : (struct layout){0};
        return 0;
    }
}

errint content_open(const struct view *v, uint32_t file, enum content_need need, struct reader *r,
                    struct content *out)
{
    if (content_kind(v, file) == NODE_TARGET) {
        const struct view_format *format = view_formats[content_format(v, file)];
        return format->target_layout(r, content_target(v, file), out);
    }
    const struct node *n = &v->tree->nodes[file];
    const struct made_file made = {
        .kind = (enum node_kind)n->kind, .format = n->format, .number = n->number};
    return content_open_made(v, &made, need, r, out);
}

/* ---- kept ------------------------------------------------------------------------------------ */

/* How many extents of the layout are c's own. */
static size_t own_extents(const struct content *c)
{
    return c->layout.extents == c->own ? c->layout.count : 0;
}

/* How many bytes c's own header has. */
static size_t own_header(const struct content *c)
{
    const struct extent *first = c->layout.extents;
    bool has_header = own_extents(c) && first->kind == EXTENT_BYTES && first->bytes == c->header;
    if (!has_header) {
        return 0;
    }
    return (size_t)(c->layout.count > 1 ? c->own[1].off : c->layout.size);
}

size_t content_kept_bytes(const struct content *c)
{
    return sizeof(c->layout) + own_extents(c) * sizeof(c->own[0]) + own_header(c);
}

struct layout *content_keep(const struct content *c, void *room)
{
    struct layout *l = room;
    size_t extents = own_extents(c);
    size_t header = own_header(c);
    *l = c->layout;
    if (extents) {
        struct extent *own = (struct extent *)(l + 1);
        memcpy(own, c->own, extents * sizeof(*own));
        l->extents = own;
        if (header) {
            own[0].bytes = memcpy(own + extents, c->header, header);
        }
    }
    return l;
}
