/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli) as TensorFlow stores it: tensorflow/core/lib/hash/crc32c.h. */
#ifndef CKPTFS_BASE_CRC32C_H
#define CKPTFS_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc32c_extend: the crc of A then B, where `crc` is that of A (0 for an empty A) and B is `len`
 * bytes of any length. crc32c_extend(0, "123456789", 9) is 0xe3069283. */
uint32_t crc32c_extend(uint32_t crc, const void *bytes, size_t len);

/* The stored form: a crc over bytes that hold crcs would be weak, so files hold masked ones. */
static inline uint32_t crc32c_mask(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static inline uint32_t crc32c_unmask(uint32_t masked)
{
    uint32_t rotated = masked - 0xa282ead8u;
    return (rotated >> 17) | (rotated << 15);
}

#endif
