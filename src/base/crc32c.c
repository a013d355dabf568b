/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"

#include <isa-l/crc.h>

/* ISA-L counts in int; stay far below its limit. */
enum { PIECE = 1 << 30 };

uint32_t crc32c_extend(uint32_t crc, const void *bytes, size_t len)
{
    /* crc32_iscsi neither inverts at the start nor at the end, and its prototype lacks const. */
    uint32_t state = ~crc;
    const unsigned char *pos = bytes;
    while (len > 0) {
        int piece = len > PIECE ? PIECE : (int)len;
        state = crc32_iscsi((unsigned char *)(uintptr_t)pos, piece, state);
        pos += piece;
        len -= (size_t)piece;
    }
    return ~state;
}
