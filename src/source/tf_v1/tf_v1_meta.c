/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_meta.h"

#include "tensor/shape.h"

enum { RECORD_META = 1 };
enum { META_TENSOR = 1, META_VERSIONS = 2 };
enum { TENSOR_NAME = 1, TENSOR_SHAPE = 2, TENSOR_TYPE = 3, TENSOR_SLICE = 4 };
enum { SHAPE_DIM = 2, DIM_SIZE = 1 };
enum { SLICE_EXTENT = 1, EXTENT_START = 1, EXTENT_LENGTH = 2 };
/* Of what a file can mean: with its tag, length, name, shape, type; with its tag, length and an
 * axis. Less would be made much of in memory. */
enum { TENSOR_BYTES_LEAST = 8, SLICE_BYTES_LEAST = 4 };
enum { VERSION_MIN = 2, VERSION_BAD = 3 };

/* How many fields `number` of bytes a message has. */
static errint count_fields(struct wire *w, struct wire_window at, uint32_t number, uint32_t *count)
{
    struct wire_window inside;
    int rc;
    while ((rc = wire_next_of(w, &at, number, &inside)) > 0) {
        ++*count;
    }
    return rc;
}

static errint read_dims(struct wire *w, struct wire_window at, struct arena *a,
                        struct tf_v1_tensor *t)
{
    struct wire_window dim;
    int rc;
    while ((rc = wire_next_of(w, &at, SHAPE_DIM, &dim)) > 0) {
        if (!t->dims && !(t->dims = arena_alloc(a, SHAPE_RANK_MOST * sizeof(*t->dims)))) {
            return -ENOMEM;
        }
        struct wire_field f;
        int64_t size = 0;
        while ((rc = wire_next(w, &dim, &f)) > 0) {
            size = f.number == DIM_SIZE && f.type == WIRE_VARINT ? (int64_t)f.value : size;
        }
        if (rc < 0) {
            return rc;
        }
        if (t->rank < SHAPE_RANK_MOST) {
            t->dims[t->rank] = size;
        }
        t->rank++;
    }
    return rc;
}

static errint read_slice(struct wire *w, struct wire_window at, struct arena *a,
                         struct tf_v1_slice *s)
{
    errint rc = count_fields(w, at, SLICE_EXTENT, &s->rank);
    if (rc < 0) {
        return rc;
    }
    if (s->rank > SHAPE_RANK_MOST) {
        return wire_blame(w, -EBADMSG, at.off, "a slice has more than 254 axes");
    }
    s->start = ARENA_ARRAY(a, int64_t, 2 * (size_t)s->rank);
    if (!s->start) {
        return -ENOMEM;
    }
    s->len = s->start + s->rank;
    struct wire_window extent;
    for (uint32_t i = 0; (rc = wire_next_of(w, &at, SLICE_EXTENT, &extent)) > 0; i++) {
        struct wire_field f;
        s->len[i] = -1;
        while ((rc = wire_next(w, &extent, &f)) > 0) {
            if (f.type == WIRE_VARINT && (f.number == EXTENT_START || f.number == EXTENT_LENGTH)) {
                *(f.number == EXTENT_START ? &s->start[i] : &s->len[i]) = (int64_t)f.value;
            }
        }
        if (rc < 0) {
            return rc;
        }
    }
    return rc;
}

/* The dims of hostile records are many: those of a tensor are first put in `scratch`, and only as
 * many kept as there are. */
static errint read_tensor(struct wire *w, struct wire_window at, struct arena *a,
                          struct arena *scratch, struct tf_v1_tensor *t)
{
    uint32_t slices = 0;
    errint rc = count_fields(w, at, TENSOR_SLICE, &slices);
    if (rc < 0) {
        return rc;
    }
    if (slices > wire_len(at) / SLICE_BYTES_LEAST + 1) {
        return wire_blame(w, -EBADMSG, at.off, "a tensor lists slices without extents");
    }
    t->slices = ARENA_ARRAY(a, struct tf_v1_slice, slices);
    if (!t->slices) {
        return -ENOMEM;
    }
    struct wire_field f;
    int got;
    while ((got = wire_next(w, &at, &f)) > 0) {
        rc = 0;
        if (f.number == TENSOR_NAME && f.type == WIRE_BYTES) {
            rc = wire_bytes(w, f.bytes, TF_V1_NAME_MOST, a, &t->name);
        } else if (f.number == TENSOR_SHAPE && f.type == WIRE_BYTES) {
            rc = read_dims(w, f.bytes, scratch, t);
        } else if (f.number == TENSOR_TYPE && f.type == WIRE_VARINT) {
            t->dtype = (int64_t)f.value;
        } else if (f.number == TENSOR_SLICE && f.type == WIRE_BYTES) {
            rc = read_slice(w, f.bytes, a, &t->slices[t->slice_count++]);
        }
        if (rc < 0) {
            return rc;
        }
    }
    if (got == 0 && t->dims) {
        uint32_t kept = t->rank < SHAPE_RANK_MOST ? t->rank : SHAPE_RANK_MOST;
        int64_t *dims = ARENA_ARRAY(a, int64_t, kept);
        if (!dims) {
            return -ENOMEM;
        }
        memcpy(dims, t->dims, kept * sizeof(*dims));
        t->dims = dims;
    }
    return got;
}

static errint read_versions(struct wire *w, struct wire_window at, struct tf_v1_meta *out)
{
    struct wire_field f;
    int rc;
    while ((rc = wire_next(w, &at, &f)) > 0) {
        if (f.number == VERSION_MIN && f.type == WIRE_VARINT) {
            out->min_consumer = (int32_t)f.value;
        } else if (f.number == VERSION_BAD && f.type == WIRE_VARINT) {
            out->disallows_us |= (int32_t)f.value == TF_V1_VERSION;
        } else if (f.number == VERSION_BAD && f.type == WIRE_BYTES) {
            while (f.bytes.off < f.bytes.end) {
                uint64_t value;
                errint bad = wire_varint(w, &f.bytes, &value);
                if (bad < 0) {
                    return bad;
                }
                out->disallows_us |= (int32_t)value == TF_V1_VERSION;
            }
        }
    }
    return rc;
}

static errint read_meta(struct wire *w, struct wire_window at, struct arena *a,
                        struct arena *scratch, struct tf_v1_meta *out)
{
    struct wire_field f;
    int rc;
    while ((rc = wire_next_bytes(w, &at, &f)) > 0) {
        if (f.number == META_VERSIONS) {
            rc = read_versions(w, f.bytes, out);
        } else if (f.number == META_TENSOR) {
            arena_reset(scratch);
            rc = read_tensor(w, f.bytes, a, scratch, &out->tensors[out->count++]);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return rc;
}

errint tf_v1_meta_read(struct wire *w, struct wire_window record, struct arena *a,
                       struct tf_v1_meta *out)
{
    *out = (struct tf_v1_meta){0};
    if (wire_len(record) > TF_V1_META_MOST) {
        return wire_blame(w, -EOVERFLOW, record.off, "the metadata record has more than 64 MiB");
    }
    /* A message met twice is merged: its repeated fields are joined. */
    struct wire_window at = record;
    struct wire_window meta;
    uint32_t metas = 0;
    uint32_t tensors = 0;
    int rc;
    while ((rc = wire_next_of(w, &at, RECORD_META, &meta)) > 0) {
        metas++;
        rc = count_fields(w, meta, META_TENSOR, &tensors);
        if (rc < 0) {
            return rc;
        }
    }
    if (rc < 0) {
        return rc;
    }
    if (metas == 0) {
        return wire_blame(w, -EBADMSG, record.off,
                          "the first record holds no metadata of tensor slices");
    }
    if (tensors > wire_len(record) / TENSOR_BYTES_LEAST) {
        return wire_blame(w, -EBADMSG, record.off,
                          "the metadata record lists tensors without name or shape");
    }
    out->tensors = ARENA_ARRAY(a, struct tf_v1_tensor, tensors);
    if (!out->tensors) {
        return -ENOMEM;
    }
    struct arena scratch;
    arena_init(&scratch);
    at = record;
    while ((rc = wire_next_of(w, &at, RECORD_META, &meta)) > 0 &&
           (rc = read_meta(w, meta, a, &scratch, out)) == 0) {
    }
    arena_fini(&scratch);
    return rc;
}
