/* SPDX-License-Identifier: Apache-2.0 */
/* Hex digits without printf, which takes a hundred times as long: names may be 64 KiB of bytes that
 * must be escaped. */
#ifndef CKPTFS_BASE_HEX_H
#define CKPTFS_BASE_HEX_H

#include <stdint.h>

#define HEX_LOWER "0123456789abcdef"
#define HEX_UPPER "0123456789ABCDEF"

/* hex_put: writes the last `count` hex digits of `value` at `out`, without a NUL; `digits` is
 * HEX_LOWER or HEX_UPPER. */
static inline void hex_put(char *out, unsigned count, uint32_t value, const char *digits)
{
    while (count > 0) {
        out[--count] = digits[value & 15];
        value >>= 4;
    }
}

#endif
