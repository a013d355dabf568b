/* SPDX-License-Identifier: Apache-2.0 */
/* The casts that are used most, as loops that compilers turn into vector code. Their results are
 * those of cast_each, to the bit. */
#ifndef CKPTFS_TENSOR_CAST_FAST_H
#define CKPTFS_TENSOR_CAST_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "tensor/cast.h"
#include "tensor/dtype.h"

/* cast_fast: casts as cast_run does, if there is a loop for these types; false if there is none. */
bool cast_fast(enum dtype from, enum dtype to, enum cast_mode mode, const void *src, void *dst,
               size_t count);

/* For sources of one byte: what each of the 256 elements becomes. */
struct cast_bytes {
    unsigned width;       /* bytes of a target element, 1, 2, 4, 8 or 16 */
    bool any_unfit;       /* whether one is set below */
    uint8_t unfit[256];   /* 1 where the cast is -ERANGE */
    uint8_t to[256 * 16]; /* `width` bytes each, packed */
};

/* cast_bytes_run: returns 0, or -ERANGE when there is an unfit element. */
MUST_CHECK errint cast_bytes_run(const struct cast_bytes *table, const void *src, void *dst,
                                 size_t count);

#endif
