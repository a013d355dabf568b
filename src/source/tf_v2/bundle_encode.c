/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_encode.h"

#include "base/put.h"

enum { VARINT = 0, BYTES = 2, FIXED32 = 5, PRODUCER = 1 };

static void put_tag(struct buf *b, unsigned field, unsigned type)
{
    put_varint(b, field << 3 | type);
}

/* proto3 leaves out what is 0. */
static void put_number(struct buf *b, unsigned field, uint64_t value)
{
    if (value) {
        put_tag(b, field, VARINT);
        put_varint(b, value);
    }
}

static unsigned varint_bytes(uint64_t value)
{
    unsigned bytes = 1;
    while (value >= 0x80) {
        value >>= 7;
        bytes++;
    }
    return bytes;
}

static unsigned number_bytes(uint64_t value)
{
    return value ? 1 + varint_bytes(value) : 0;
}

void bundle_encode_header(struct buf *b, uint32_t num_shards)
{
    put_number(b, 1, num_shards);
    put_tag(b, 3, BYTES); /* version */
    put_varint(b, number_bytes(PRODUCER));
    put_number(b, 1, PRODUCER);
}

/* Dtype and shape, which every entry begins with: a shape is there even if it is a scalar's. */
static void put_head(struct buf *b, unsigned dtype, struct shape shape)
{
    put_number(b, 1, dtype);
    uint64_t bytes = 0;
    for (unsigned i = 0; i < shape.rank; i++) {
        bytes += 2 + number_bytes((uint64_t)shape.dims[i]);
    }
    put_tag(b, 2, BYTES);
    put_varint(b, bytes);
    for (unsigned i = 0; i < shape.rank; i++) {
        put_tag(b, 2, BYTES);
        put_varint(b, number_bytes((uint64_t)shape.dims[i]));
        put_number(b, 1, (uint64_t)shape.dims[i]);
    }
}

void bundle_encode_entry(struct buf *b, unsigned dtype, struct shape shape,
                         const struct bundle_place *place)
{
    put_head(b, dtype, shape);
    put_number(b, 3, place->shard);
    put_number(b, 4, place->off);
    put_number(b, 5, place->bytes);
    put_tag(b, 6, FIXED32);
    put_le32(b, place->crc32c);
}

void bundle_encode_owner(struct buf *b, unsigned dtype, struct shape shape)
{
    put_head(b, dtype, shape);
}

void bundle_encode_extent(struct buf *b, const int64_t *start, const int64_t *len, unsigned rank)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < rank; i++) {
        bytes += 3 + number_bytes((uint64_t)start[i]) + varint_bytes((uint64_t)len[i]);
    }
    put_tag(b, 7, BYTES);
    put_varint(b, bytes);
    for (unsigned i = 0; i < rank; i++) {
        put_tag(b, 1, BYTES);
        put_varint(b, 1 + number_bytes((uint64_t)start[i]) + varint_bytes((uint64_t)len[i]));
        put_number(b, 1, (uint64_t)start[i]);
        put_tag(b, 2, VARINT); /* in a oneof: written even if it is 0 */
        put_varint(b, (uint64_t)len[i]);
    }
}
