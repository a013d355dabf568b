/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/value_build.h"

/* ---- where values come from ------------------------------------------------------------------ */

errint value_of_tensor(const struct catalog *c, const struct tensor *t, struct arena *a,
                       struct value *out)
{
    static const int64_t origin[SHAPE_RANK_MOST];
    const struct slices *slices = tensor_slices(c, t);
    CLEANUP_VALUE_BUILD struct value_build b =
        value_build(a, tensor_shape(t), (enum dtype)t->dtype);
    uint64_t elements;
    errint rc = shape_elements(tensor_shape(t), &elements);
    if (rc < 0) {
        return rc;
    }
    for (uint32_t i = 0; elements && rc == 0 && slices && i < slices->count; i++) {
        const struct stored_slice *slice = &slices->slices[i];
        struct piece p;
        if (piece_touches(slice, t->rank, origin, t->dims)) {
            rc = piece_of_slice(t, slice, origin, t->dims, a, &p);
            value_build_share(&b, &p);
        }
    }
    if (elements && !slices) {
        struct piece p;
        rc = piece_slice(t, origin, t->dims, a, &p);
        if (rc == 0) {
            value_build_share(&b, &p);
        }
    }
    return rc < 0 ? rc : value_built(&b, out);
}

errint value_filled(struct shape shape, enum dtype dtype, const void *element, struct arena *a,
                    struct value *out)
{
    CLEANUP_VALUE_BUILD struct value_build b = value_build(a, shape, dtype);
    uint64_t elements;
    errint rc = shape_elements(shape, &elements);
    struct piece_more *more = ARENA_NEW(a, struct piece_more);
    if (rc < 0 || !more) {
        return rc < 0 ? rc : -ENOMEM;
    }
    more->filled = true;
    memcpy(more->fill, element, dtype_bytes(dtype));
    struct value_box box;
    const struct piece p = {.dtype = (uint8_t)dtype, .more = more};
    if (elements && value_build_add(&b, &p, &box)) {
        memcpy(box.len, shape.dims, shape.rank * sizeof(*box.len));
    }
    return value_built(&b, out);
}

unsigned value_depth(const struct value *v)
{
    unsigned depth = 0;
    for (uint32_t i = 0; i < v->count; i++) {
        const struct piece_more *more = v->pieces[i].more;
        if (more && more->computed && more->computed->depth > depth) {
            depth = more->computed->depth;
        }
    }
    return depth;
}

/* ---- axes ------------------------------------------------------------------------------------ */

errint value_permute(const struct value *v, const uint8_t *axes, struct arena *a, struct value *out)
{
    int64_t *dims = value_new_dims(a, v->shape.rank);
    if (!dims) {
        return -ENOMEM;
    }
    for (unsigned k = 0; k < v->shape.rank; k++) {
        dims[k] = v->shape.dims[axes[k]];
    }
    CLEANUP_VALUE_BUILD struct value_build b =
        value_build(a, (struct shape){dims, v->shape.rank}, v->dtype);
    for (uint32_t i = 0; i < v->count; i++) {
        const struct piece *p = &v->pieces[i];
        struct value_box box;
        if (!value_build_add(&b, p, &box)) {
            break;
        }
        for (unsigned k = 0; k < v->shape.rank; k++) {
            box.start[k] = p->start[axes[k]];
            box.len[k] = p->len[axes[k]];
            box.stride[k] = p->stride[axes[k]];
            if (box.offsets) {
                box.offsets[k] = p->more->offsets[axes[k]];
            }
        }
    }
    return value_built(&b, out);
}

/* ---- joined and repeated --------------------------------------------------------------------- */

errint value_join(const struct value *values, uint32_t count, unsigned axis, struct arena *a,
                  struct value *out)
{
    unsigned rank = values[0].shape.rank;
    int64_t *dims = value_new_dims(a, rank);
    if (!dims) {
        return -ENOMEM;
    }
    memcpy(dims, values[0].shape.dims, rank * sizeof(*dims));
    dims[axis] = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(dims[axis], values[i].shape.dims[axis], &dims[axis])) {
            return -EOVERFLOW;
        }
    }
    CLEANUP_VALUE_BUILD struct value_build b =
        value_build(a, (struct shape){dims, (uint8_t)rank}, values[0].dtype);
    int64_t begin = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < values[i].count; k++) {
            struct value_box box;
            if (!value_build_add(&b, &values[i].pieces[k], &box)) {
                return b.rc;
            }
            value_box_copy(&box, &values[i].pieces[k], rank);
            box.start[axis] += begin;
        }
        begin += values[i].shape.dims[axis];
    }
    return value_built(&b, out);
}

errint value_broadcast(const struct value *v, struct shape shape, struct arena *a,
                       struct value *out)
{
    unsigned more = shape.rank - v->shape.rank;
    uint64_t elements;
    errint rc = shape_elements(shape, &elements);
    CLEANUP_VALUE_BUILD struct value_build b = value_build(a, shape, v->dtype);
    for (uint32_t i = 0; rc == 0 && elements && i < v->count; i++) {
        const struct piece *p = &v->pieces[i];
        struct value_box box;
        if (!value_build_add(&b, p, &box)) {
            break;
        }
        for (unsigned axis = 0; axis < shape.rank; axis++) {
            unsigned old = axis - more;
            if (axis < more) {
                box.len[axis] = shape.dims[axis];
                continue;
            }
            box.start[axis] = p->start[old];
            box.len[axis] = p->len[old];
            box.stride[axis] = p->stride[old];
            if (box.offsets) {
                box.offsets[axis] = p->more->offsets[old];
            }
            if (v->shape.dims[old] == 1 && shape.dims[axis] != 1) {
                value_box_repeat(&box, axis, shape.dims[axis]);
            }
        }
    }
    return rc < 0 ? rc : value_built(&b, out);
}

bool value_is_cast(const struct value *v)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->pieces[i].dtype != v->dtype) {
            return true;
        }
    }
    return false;
}

errint value_cast(const struct value *v, enum dtype dtype, enum cast_mode mode, struct arena *a,
                  struct value *out)
{
    CLEANUP_VALUE_BUILD struct value_build b = value_build(a, v->shape, dtype);
    for (uint32_t i = 0; i < v->count; i++) {
        struct piece p = v->pieces[i];
        p.cast_mode = (uint8_t)mode;
        value_build_share(&b, &p);
    }
    return value_built(&b, out);
}

bool value_is_dense(const struct value *v)
{
    uint64_t run;
    return v->count == 1 && !v->pieces[0].more && v->pieces[0].dtype == v->dtype &&
           piece_dense_axis(&v->pieces[0], v->shape, &run) == 0;
}
