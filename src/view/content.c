/* SPDX-License-Identifier: Apache-2.0 */
#include "view/content.h"

#include "base/escape.h"

static const struct str npy_suffix = {".npy", 4};

/* ---- .npy files ------------------------------------------------------------------------------ */

/* The partitioned variable whose parts are in directory `node`; NULL if it has none. */
static const struct view_variable *variable_in(const struct view *v, uint32_t node)
{
    int64_t first = tree_lookup(v->tree, node, STR("part_0"));
    const struct node *part = first < 0 ? NULL : &v->tree->nodes[first];
    return part && part->kind == NODE_RAW
               ? variable_of_part(&v->variables, &v->plan->targets[part->target])
               : NULL;
}

const struct target *content_target(const struct view *v, uint32_t file)
{
    const struct node *n = &v->tree->nodes[content_node(v, file)];
    if (n->kind == NODE_RAW) {
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
    if (node == TREE_ROOT || (n->kind != NODE_RAW && n->kind != NODE_DIR) ||
        n->name_len + npy_suffix.len > COMPONENT_MOST) {
        return -ENOENT;
    }
    uint32_t file = v->tree->count + node;
    const struct target *t = content_target(v, file);
    if (!t || npy_refusal_of(t)) {
        return -ENOENT;
    }
    char name[COMPONENT_MOST];
    memcpy(name, n->name, n->name_len);
    memcpy(name + n->name_len, npy_suffix.ptr, npy_suffix.len);
    return tree_lookup(v->tree, n->parent, str_of(name, n->name_len + npy_suffix.len)) < 0
               ? (int64_t)file
               : -ENOENT;
}

/* ---- names ----------------------------------------------------------------------------------- */

int64_t content_lookup(const struct view *v, uint32_t dir, struct str name)
{
    int64_t found = tree_lookup(v->tree, dir, name);
    if (found != -ENOENT || !str_ends(name, npy_suffix)) {
        return found;
    }
    found = tree_lookup(v->tree, dir, str_head(name, name.len - npy_suffix.len));
    return found < 0 ? found : content_npy(v, (uint32_t)found);
}

void content_path(const struct view *v, uint32_t file, struct buf *b)
{
    tree_path(v->tree, content_node(v, file), b);
    if (content_is_npy(v, file)) {
        buf_str(b, npy_suffix);
    }
}

unsigned content_family(enum node_kind kind)
{
    switch (kind) {
    case NODE_RAW:
        return VIEW_RAW;
    case NODE_NPY:
        return VIEW_NPY;
    case NODE_TF_STATE:
    case NODE_TF_INDEX:
    case NODE_TF_DATA:
        return VIEW_TENSORFLOW;
    case NODE_SAFETENSORS:
    case NODE_SAFETENSORS_INDEX:
        return VIEW_SAFETENSORS;
    case NODE_DIR:
    case NODE_REPORT_TEXT:
    case NODE_REPORT_JSON:
    case NODE_MAP:
    case NODE_STATS:
    case NODE_FAULTS:
    case NODE_SIDECAR:
        break;
    }
    return 0;
}

bool content_listed(const struct view *v, uint32_t file)
{
    enum node_kind kind = content_kind(v, file);
    if (kind == NODE_DIR) {
        return v->tree->nodes[file].made || v->listed & (VIEW_RAW | VIEW_NPY);
    }
    unsigned family = content_family(kind);
    return !family || v->listed & family;
}

/* ---- where bytes come from ------------------------------------------------------------------- */

static struct shard *target_shard(const struct view *v, const struct target *t, uint32_t i)
{
    if (t->form && t->form->piece_count) {
        return i < t->form->piece_count ? &v->catalog->shards[t->form->pieces[i].shard] : NULL;
    }
    return i == 0 && t->source->shard != TENSOR_NO_SHARD ? &v->catalog->shards[t->source->shard]
                                                         : NULL;
}

struct shard *content_shard(const struct view *v, uint32_t file, uint32_t i)
{
    const struct node *n = &v->tree->nodes[content_node(v, file)];
    const struct target *t = content_target(v, file);
    struct shard *only = NULL;
    switch (content_kind(v, file)) {
    case NODE_RAW:
    case NODE_NPY:
        return t ? target_shard(v, t, i) : NULL;
    case NODE_SIDECAR:
        return i == 0 ? &v->sidecars.files[n->number] : NULL;
    case NODE_TF_DATA:
        only = tf_view_source(v->tf, n->number);
        if (only) {
            return i == 0 ? only : NULL;
        }
        break;
    case NODE_TF_INDEX:
    case NODE_SAFETENSORS:
        break;
    default:
        return NULL;
    }
    return i < v->catalog->shard_count ? &v->catalog->shards[i] : NULL; /* any of them */
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool index_is_built(const struct view *v)
{
    enum once_state built;
    enum once_state summed;
    tf_view_state_of(v->tf, &built, &summed);
    return built == ONCE_FULL;
}

bool content_sized(const struct view *v, uint32_t file)
{
    const struct node *n = &v->tree->nodes[content_node(v, file)];
    const struct target *t = content_target(v, file);
    switch (content_kind(v, file)) {
    case NODE_RAW:
    case NODE_NPY:
        return !t || target_sized(t) || once_state(&t->form->strings->once) == ONCE_FULL;
    case NODE_TF_DATA:
        return tf_view_source(v->tf, n->number) || index_is_built(v);
    case NODE_TF_INDEX:
        return index_is_built(v);
    case NODE_SAFETENSORS:
        return safetensors_is_built(v->safetensors, n->number);
    case NODE_SAFETENSORS_INDEX:
        return safetensors_is_indexed(v->safetensors);
    default:
        return true;
    }
}

/* What is in a file that is no target's. */
static errint open_made(const struct view *v, enum node_kind kind, uint32_t number, bool bytes,
                        struct content *out)
{
    switch (kind) {
    case NODE_MAP:
        out->layout = layout_of_bytes(view_map_text(v), out->own);
        return 0;
    case NODE_SIDECAR:
        out->layout = layout_of_shard(&v->sidecars.files[number], out->own);
        return 0;
    case NODE_TF_STATE:
        out->layout = layout_of_bytes(tf_view_state(v->tf), out->own);
        return 0;
    case NODE_TF_INDEX:
        return tf_view_index(v->tf, bytes, out->own, &out->layout);
    case NODE_TF_DATA:
        return tf_view_data(v->tf, number, out->own, &out->layout);
    case NODE_SAFETENSORS:
        return safetensors_file(v->safetensors, number, &out->layout);
    case NODE_SAFETENSORS_INDEX:
        return safetensors_index(v->safetensors, out->own, &out->layout);
    default:
        out->layout = (struct layout){0};
        return 0;
    }
}

errint content_open(const struct view *v, uint32_t file, bool bytes, struct render_scratch *scratch,
                    struct content *out)
{
    const struct target *t = content_target(v, file);
    switch (content_kind(v, file)) {
    case NODE_RAW:
        return layout_of_target(v->catalog, t, scratch, out->own, &out->layout);
    case NODE_NPY:
        return npy_layout(v->catalog, t, scratch, out->header, out->own, &out->layout);
    default:
        return open_made(v, content_kind(v, file), v->tree->nodes[file].number, bytes, out);
    }
}

errint content_open_made(const struct view *v, uint32_t made, bool bytes, struct content *out)
{
    return open_made(v, v->made[made].kind, v->made[made].number, bytes, out);
}
