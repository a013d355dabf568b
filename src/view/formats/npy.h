/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor as a NumPy file: a header, then the elements in C order (NumPy's format.py, version
 * 1.0).
 *
 *   93 'N' 'U' 'M' 'P' 'Y' 01 00 | u16 length of the rest, little-endian | {'descr': '<f4',
 *   'fortran_order': False, 'shape': (2, 3), } | blanks | newline
 *
 * The whole header is a multiple of 64 bytes. Types that NumPy lacks are as ml_dtypes has them in
 * memory: bfloat16 '<V2'; types of 8 and fewer bits '|V1', one value a byte. Quantized types are
 * the integers that they are stored as. Strings are '|S7', bytes of a fixed width: readers cannot
 * tell NULs at their ends from padding. */
#ifndef CKPTFS_VIEW_FORMATS_NPY_H
#define CKPTFS_VIEW_FORMATS_NPY_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "view/formats/format.h"

enum { NPY_RANK_MOST = 64 }; /* of NumPy's arrays, and of PyTorch's */

enum { NPY_HEADER_MOST = CONTENT_HEADER_MOST }; /* bytes: 254 axes of 20 digits fit */

extern const struct view_format npy_format;

/* npy_shape_fits: whether arrays of NumPy can have that shape: the product of its dimensions, those
 * of 0 left out, and of the element's bytes is below 2^63 (numpy/_core/src/multiarray/ctors.c). */
bool npy_shape_fits(struct shape s, unsigned dtype);

/* npy_refusal, npy_refusal_of: why the variable, or the target, cannot be such a file; NULL if it
 * can. */
const char *npy_refusal(const struct view_variable *l);
const char *npy_refusal_of(const struct target *t);

/* npy_layout: the layout of target t, which has no npy_refusal, as such a file. The longest of
 * strings is found as by render_size, and that may fail; -EFBIG for strings that would take more
 * than 1 GiB. */
MUST_CHECK errint npy_layout(struct reader *r, const struct target *t, struct content *out);

#endif
