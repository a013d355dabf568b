/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_pb.h"

#include "base/cursor.h"
#include "codec/unpack_pb.h"
#include "tensor/shape.h"
#include "tensor_bundle.pb-c.h"

/* What protobuf-c is given. It keeps about 50 bytes for each field it meets, copies unknown ones,
 * and joins the pieces of a repeated message anew for each piece: 16 MiB of empty messages cost it
 * 721 MiB. So a record is first walked on the wire, and only its scalar fields (for the header also
 * the version) are handed on, bounded. A real record has at most 5 of them. The shape is read in
 * the walk as well, which halves the time of a big index; slices, which may be many, are
 * counted. */
enum { KNOWN_BYTES_MOST = 4096, KNOWN_FIELDS_MOST = 64, SLICES_MOST = 1 << 20 };

enum { HEADER_FIELDS = 3, ENTRY_SHAPE = 2, ENTRY_FIELDS = 6, ENTRY_SLICES = 7 };

enum { SHAPE_DIM = 2, DIM_SIZE = 1 };

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* A field as met on the wire. */
struct field {
    uint32_t number;
    unsigned wire;
    uint64_t value;   /* of a varint */
    struct str bytes; /* of WIRE_BYTES */
    struct str whole; /* with its tag */
};

/* cursor_varint64 for what is mostly one byte long: a big index is millions of them. */
static inline uint64_t take_varint(struct cursor *c)
{
    return cursor_left(c) && *c->pos < 0x80 ? *c->pos++ : cursor_varint64(c);
}

/* The next field: false at the end and for what is malformed (then c->bad is set). Groups, which
 * TensorFlow's messages never had, count as malformed. */
static bool next_field(struct cursor *c, struct field *f)
{
    if (cursor_left(c) == 0) {
        return false;
    }
    const uint8_t *start = c->pos;
    uint64_t tag = take_varint(c);
    f->number = (uint32_t)(tag >> 3);
    f->wire = tag & 7;
    switch (f->wire) {
    case WIRE_VARINT:
        f->value = take_varint(c);
        break;
    case WIRE_64:
        cursor_bytes(c, 8);
        break;
    case WIRE_BYTES:
        f->bytes = cursor_bytes(c, take_varint(c));
        break;
    case WIRE_32:
        cursor_bytes(c, 4);
        break;
    default:
        c->bad = true;
    }
    f->whole = str_of(start, (size_t)(c->pos - start));
    c->bad |= f->number == 0 || tag > UINT32_MAX;
    return !c->bad;
}

/* The dimensions of a TensorShapeProto, after those of earlier pieces of it; more than can be legal
 * are only counted. No size is 0, and an unknown rank is a scalar, as for TensorFlow. */
static errint add_dims(struct str shape, struct arena *scratch, struct bundle_entry *out)
{
    struct cursor c = cursor_over(shape.ptr, shape.len);
    struct field f;
    while (next_field(&c, &f)) {
        if (f.number != SHAPE_DIM || f.wire != WIRE_BYTES) {
            continue;
        }
        if (!out->dims &&
            !(out->dims = arena_alloc(scratch, SHAPE_RANK_MOST * sizeof(*out->dims)))) {
            return -ENOMEM;
        }
        struct cursor dim = cursor_over(f.bytes.ptr, f.bytes.len);
        uint64_t size = 0;
        while (next_field(&dim, &f)) {
            size = f.number == DIM_SIZE && f.wire == WIRE_VARINT ? f.value : size;
        }
        if (dim.bad) {
            return -EBADMSG;
        }
        if (out->rank < SHAPE_RANK_MOST) {
            out->dims[out->rank] = (int64_t)size;
        }
        out->rank++;
    }
    return c.bad ? -EBADMSG : 0;
}

/* Walk a record: shape and slices go into `entry`, where that is not NULL, the other fields up to
 * `known` into `part`. */
static errint walk_record(struct str record, uint32_t known, struct arena *scratch,
                          struct bundle_entry *entry, struct str *part)
{
    char *copy =
        arena_bytes(scratch, record.len < KNOWN_BYTES_MOST ? record.len : KNOWN_BYTES_MOST);
    if (!copy) {
        return -ENOMEM;
    }
    *part = str_of(copy, 0);
    struct cursor c = cursor_over(record.ptr, record.len);
    struct field f;
    unsigned known_fields = 0;
    while (next_field(&c, &f)) {
        if (entry && f.number == ENTRY_SHAPE && f.wire == WIRE_BYTES) {
            errint rc = add_dims(f.bytes, scratch, entry);
            if (rc < 0) {
                return rc;
            }
        } else if (entry && f.number == ENTRY_SLICES && f.wire == WIRE_BYTES) {
            if (++entry->slice_count > SLICES_MOST) {
                return -EOVERFLOW;
            }
        } else if (f.number <= known) {
            if (++known_fields > KNOWN_FIELDS_MOST || f.whole.len > KNOWN_BYTES_MOST - part->len) {
                return -EOVERFLOW;
            }
            memcpy(copy + part->len, f.whole.ptr, f.whole.len);
            part->len += f.whole.len;
        }
    }
    return c.bad ? -EBADMSG : 0;
}

errint bundle_header_decode(struct str record, struct arena *scratch, struct bundle_header *out)
{
    *out = (struct bundle_header){0};
    struct str part;
    errint rc = walk_record(record, HEADER_FIELDS, scratch, NULL, &part);
    if (rc < 0) {
        return rc;
    }
    const Ckptfs__BundleHeader *m;
    rc = unpack_pb(&ckptfs__bundle_header__descriptor, part, scratch, &m);
    if (rc < 0) {
        return rc;
    }
    out->num_shards = m->num_shards;
    out->big_endian = m->endianness == 1; /* any other number is little for TensorFlow */
    if (m->version) {
        out->min_consumer = m->version->min_consumer;
        for (size_t i = 0; i < m->version->n_bad_consumers; i++) {
            out->disallows_us |= m->version->bad_consumers[i] == BUNDLE_VERSION;
        }
    }
    return 0;
}

errint bundle_entry_decode(struct str record, struct arena *scratch, struct bundle_entry *out)
{
    *out = (struct bundle_entry){0};
    struct str part;
    errint rc = walk_record(record, ENTRY_FIELDS, scratch, out, &part);
    if (rc < 0) {
        return rc;
    }
    const Ckptfs__BundleEntry *m;
    rc = unpack_pb(&ckptfs__bundle_entry__descriptor, part, scratch, &m);
    if (rc < 0) {
        return rc;
    }
    out->dtype = m->dtype;
    out->shard_id = m->shard_id;
    out->offset = m->offset;
    out->size = m->size;
    out->crc32c = m->crc32c;
    return 0;
}

enum { SLICE_NUMBERS_MOST = 4 << 20 };

enum { SLICE_EXTENT = 1, EXTENT_START = 1, EXTENT_LENGTH = 2 };

/* One TensorSliceProto: an extent for each axis. */
static errint read_slice(struct str slice, unsigned rank, int64_t *start, int64_t *len,
                         unsigned *axes)
{
    struct cursor c = cursor_over(slice.ptr, slice.len);
    struct field f;
    unsigned axis = 0;
    while (next_field(&c, &f)) {
        if (f.number != SLICE_EXTENT || f.wire != WIRE_BYTES) {
            continue;
        }
        if (axis++ >= rank) {
            continue;
        }
        start[axis - 1] = 0;
        len[axis - 1] = -1;
        struct cursor extent = cursor_over(f.bytes.ptr, f.bytes.len);
        while (next_field(&extent, &f)) {
            if (f.number == EXTENT_START && f.wire == WIRE_VARINT) {
                start[axis - 1] = (int64_t)f.value;
            } else if (f.number == EXTENT_LENGTH && f.wire == WIRE_VARINT) {
                len[axis - 1] = (int64_t)f.value;
            }
        }
        if (extent.bad) {
            return -EBADMSG;
        }
    }
    *axes = c.bad ? rank : axis;
    return c.bad || axis != rank ? -EBADMSG : 0;
}

errint bundle_entry_slices(struct str record, const struct bundle_entry *entry, struct arena *a,
                           int64_t **start, int64_t **len, unsigned *axes)
{
    *axes = entry->rank;
    size_t rank = entry->rank;
    if (rank * entry->slice_count > SLICE_NUMBERS_MOST) {
        return -EOVERFLOW;
    }
    *start = ARENA_ARRAY(a, int64_t, rank * entry->slice_count);
    *len = ARENA_ARRAY(a, int64_t, rank * entry->slice_count);
    if (!*start || !*len) {
        return -ENOMEM;
    }
    struct cursor c = cursor_over(record.ptr, record.len);
    struct field f;
    size_t at = 0;
    while (next_field(&c, &f)) {
        if (f.number == ENTRY_SLICES && f.wire == WIRE_BYTES) {
            errint rc = read_slice(f.bytes, (unsigned)rank, *start + at, *len + at, axes);
            if (rc < 0) {
                return rc;
            }
            at += rank;
        }
    }
    return 0;
}

void bundle_entry_add_slices(struct str record, struct buf *to)
{
    struct cursor c = cursor_over(record.ptr, record.len);
    struct field f;
    while (next_field(&c, &f)) {
        if (f.number == ENTRY_SLICES && f.wire == WIRE_BYTES) {
            buf_str(to, f.whole);
        }
    }
}
