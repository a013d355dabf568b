/* SPDX-License-Identifier: Apache-2.0 */
/* Casts between all numeric types of TensorFlow.
 *
 * A cast rounds once, to nearest even, from the exact source value, through no other type. The
 * table of rules:
 *
 *   to a float     Overflow gives infinity where the type has one (float16, bfloat16, float8_e5m2,
 *                  float32), else NaN (float8_e4m3fn and the fnuz types); float4_e2m1fn takes its
 *                  largest value. With `saturate` all that is too large, infinity included, takes
 *                  the largest finite value, so that only a NaN becomes a NaN. The sign of zero is
 *                  kept but in the fnuz types, which have no -0. Subnormals are neither flushed nor
 *                  lost.
 *   to an integer  A float is truncated toward zero. What does not fit then, NaN and infinity
 *                  included, is -ERANGE; with `saturate` it takes the nearest end of the range, and
 *                  NaN takes 0. An integer that may not fit is refused at the plan, unless the rule
 *                  says `saturate` or `wrap` (the low bits of the two's complement).
 *   to bool        x != 0: NaN is true, a complex number is true when either part is.
 *   to complex     A real number becomes the real part, by the rules of floats; the imaginary part
 *                  is +0.
 *   from complex   To a complex type, each part by itself; to bool; to anything else refused (numpy
 *                  drops the imaginary part).
 *   from bool      0 or 1; any byte other than 0 is 1.
 *
 * Quantized types are the integers that they store. A NaN arrives as the target's canonical quiet
 * NaN with the source's sign: payloads are dropped, as ml_dtypes does (numpy keeps what fits of
 * them between float16, float32 and float64). The NaN of the fnuz types is 0x80, negative when it
 * is a source. float4 has no NaN; as in ml_dtypes NaN gives -0 there (0x08) and -NaN gives +0.
 *
 * int4, uint4, int2, uint2 and float4 take a byte an element. When read, the bits above are
 * ignored: TensorFlow before 2.21 wrote -2 as fe, 2.21 writes 0e. They are written as 2.21 and
 * ml_dtypes 0.6 have them in memory: those bits zero, so -2 is 0e. */
#ifndef CKPTFS_TENSOR_CAST_H
#define CKPTFS_TENSOR_CAST_H

#include <stddef.h>

#include "base/errint.h"
#include "tensor/dtype.h"

/* cast_refusal: NULL if the cast may be planned, else the words of an error ("int64 does not fit
 * int32; ..."), borrowed until the thread's next call. `saturate` may be said of every cast that
 * has a meaning, `wrap` of integers alone. */
const char *cast_refusal(enum dtype from, enum dtype to, enum cast_mode mode);

/* cast_integers_held: up to which magnitude a float or complex type `to` holds each integer of type
 * `from` exactly; larger ones are rounded, or overflow. 0 if it holds all of them, or if the types
 * are others. */
uint64_t cast_integers_held(enum dtype from, enum dtype to);

/* cast_run: `count` elements at src as type `to` at dst. Elements are little-endian and need not be
 * aligned; src and dst do not overlap. The cast is one that cast_refusal lets pass. Between equal
 * types bytes are copied as they are. Returns 0, or -ERANGE when in CAST_CHECKED a value does not
 * fit; dst then holds anything. Allocates nothing, safe from any thread. */
MUST_CHECK errint cast_run(enum dtype from, enum dtype to, enum cast_mode mode, const void *src,
                           void *dst, size_t count);

#endif
