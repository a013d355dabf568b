/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of tensors that do not depend on the order of the elements.
 *
 * The fingerprint of elements is the sum, modulo 2^64, of a mix of the bits of each. So a tensor
 * and what is transposed, reshaped or flipped of it have the same, and that of joined tensors is
 * the sum of theirs. Unequal elements with equal fingerprints are no more frequent than by chance,
 * but nothing is believed because of a fingerprint alone (proof.h). */
#ifndef CKPTFS_PROPOSE_FINGERPRINT_H
#define CKPTFS_PROPOSE_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* fingerprint_sum: that of `count` elements of `width` bytes each: 1, 2, 4, 8 or 16. They need not
 * be aligned. Elements count by their bits: 0 is not -0, and a NaN is only itself. Any thread. */
uint64_t fingerprint_sum(const void *elements, unsigned width, size_t count);

/* fingerprint_each: that of each element by itself, to out[0 .. count). */
void fingerprint_each(const void *elements, unsigned width, size_t count, uint64_t *out);

#endif
