/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/tf_items.h"

#include "base/utf8.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "tensor/dtype.h"

enum { CUT_RANK_MOST = 8 }; /* above it, TensorFlow's process ends when it cuts */

/* Whether TensorFlow can cut and assemble tensors of that type (the types of
 * tensorflow/core/kernels/save_restore_tensor.cc). */
static bool can_cut(unsigned dtype)
{
    switch (dtype) {
    case DTYPE_FLOAT32:
    case DTYPE_FLOAT64:
    case DTYPE_INT32:
    case DTYPE_UINT8:
    case DTYPE_INT16:
    case DTYPE_INT8:
    case DTYPE_COMPLEX64:
    case DTYPE_COMPLEX128:
    case DTYPE_INT64:
    case DTYPE_BOOL:
    case DTYPE_QINT32:
    case DTYPE_QUINT8:
    case DTYPE_QINT8:
    case DTYPE_BFLOAT16:
        return true;
    default: /* newer versions cut int4 and uint4 too */
        return false;
    }
}

static bool cuttable(const struct target *t)
{
    return can_cut(target_dtype(t)) && target_shape(t).rank <= CUT_RANK_MOST;
}

const char *tf_refusal(const struct view_variable *l, const struct target *stale)
{
    if (stale && l->whole == stale) {
        return "the object graph names keys that are not in the view under their own names";
    }
    if (!l->whole) {
        return VARIABLE_NOT_WHOLE;
    }
    return utf8_valid(variable_name(l))
               ? NULL
               : "TensorFlow cannot list a checkpoint with a name that is not UTF-8";
}

/* All that items of a variable have in common. */
static struct tf_item item_of(const struct view_variable *l)
{
    return (struct tf_item){
        .name = variable_name(l),
        .dtype = target_dtype(l->whole),
        .full = target_shape(l->whole),
        .shape = target_shape(l->whole),
        .target = l->whole,
    };
}

static errint stored_slices(const struct view_variable *l, const struct slices *slices,
                            tf_item_visit *visit, void *context)
{
    struct tf_item item = item_of(l);
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < slices->count; i++) {
        const struct stored_slice *s = &slices->slices[i];
        item.start = s->start;
        item.shape.dims = s->len;
        item.placed = true;
        item.place = (struct in_place){
            .shard = s->shard, .off = s->off, .crc32c = s->crc32c, .summed = true};
        rc = shape_bytes(item.shape, item.dtype, &item.place.bytes);
        if (rc == 0 &&
            item.place
                .bytes) { /* empty ones can be listed twice, which ends TensorFlow's process */
            rc = visit(context, &item);
        }
    }
    return rc;
}

static errint visit_parts(const struct catalog *c, const struct view_variable *l,
                          tf_item_visit *visit, void *context)
{
    struct tf_item item = item_of(l);
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < l->part_count; i++) {
        const struct target *t = &l->parts[i];
        item.start = t->form->slice_start;
        item.shape = t->form->shape;
        item.target = t;
        item.placed = in_place_of(c, t, &item.place);
        rc = visit(context, &item);
    }
    return rc;
}

errint tf_items(const struct catalog *c, const struct view_variable *l, tf_item_visit *visit,
                void *context)
{
    bool cut = cuttable(l->whole);
    const struct slices *slices = cut ? in_place_slices(c, l->whole) : NULL;
    if (slices) {
        return stored_slices(l, slices, visit, context);
    }
    if (l->part_count > 1 && !cut) {
        return visit_parts(c, l, visit, context);
    }
    struct tf_item item = item_of(l);
    item.placed = in_place_of(c, l->whole, &item.place);
    return visit(context, &item);
}

bool tf_kept(const struct catalog *c, const struct tensor *t, struct tf_item *item)
{
    if (t->hidden != TENSOR_VARIANT || t->no_crc || t->shard == TENSOR_NO_SHARD ||
        c->shards[t->shard].base || !catalog_of(c, t)->plain_files) {
        return false;
    }
    *item = (struct tf_item){
        .name = catalog_key(c, t),
        .dtype = t->dtype,
        .full = tensor_shape(t),
        .shape = tensor_shape(t),
        .placed = true,
        .place = {t->shard, t->off, t->bytes, t->crc32c, true},
    };
    return true;
}
