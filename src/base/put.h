/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers added to a buffer in the encodings that files have: what cursor.h reads. */
#ifndef CKPTFS_BASE_PUT_H
#define CKPTFS_BASE_PUT_H

#include <stdint.h>

#include "base/buf.h"

/* The 4 bytes of `value`, little-endian, at `at`. */
static inline void put_le32_at(void *at, uint32_t value)
{
    unsigned char *p = at;
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> 8 * i);
    }
}

static inline void put_le64_at(void *at, uint64_t value)
{
    put_le32_at(at, (uint32_t)value);
    put_le32_at((unsigned char *)at + 4, (uint32_t)(value >> 32));
}

static inline void put_le32(struct buf *b, uint32_t value)
{
    unsigned char bytes[4];
    put_le32_at(bytes, value);
    buf_add(b, bytes, sizeof(bytes));
}

/* A varint of protobuf: 7 bits a byte, low group first. */
static inline void put_varint(struct buf *b, uint64_t value)
{
    while (value >= 0x80) {
        buf_char(b, (char)(value | 0x80));
        value >>= 7;
    }
    buf_char(b, (char)value);
}

#endif
