/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a tensor as text, in NumPy's nested brackets: what people compare by eye, and programs
 * read back.
 *
 *   floats     the shortest decimal that reads back as the same value of the same dtype: "0.1" for
 *              the float32 0x3dcccccd and for the half 0x2e66. Positional from 1e-4 to below 1e16,
 *              else with an exponent; always told from an integer ("1.0"); "inf", "-inf", "nan". In
 *              types of 16 bits or less, a whole number below 100000 is exact, if longer
 *   complex    "-1.0+0.25j", as Python's complex() reads it
 *   integers   decimal; 4- and 2-bit types are the low bits of their byte, as TensorFlow reads them
 *   bool       "True" for every byte but 0
 *   string     b'...' or b"...", as Python's repr() has bytes: printable ASCII as it is, \t \n \r,
 *              \xNN for other bytes */
#ifndef CKPTFS_RENDER_TEXT_H
#define CKPTFS_RENDER_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tensor/shape.h"

/* text_value: adds the element at `element` (dtype_bytes(dtype) of them, little-endian, any
 * alignment) to b. "?" for a dtype without elements of a fixed size. */
void text_value(struct buf *b, unsigned dtype, const void *element);

/* A printer of one tensor, fed with its bytes in order. One row (last axis) is one line; nothing is
 * aligned, so that one pass is enough and memory does not grow with the tensor. */
struct text_printer {
    struct shape shape;
    unsigned dtype;
    uint64_t limit; /* elements to show; then comes "..." and the brackets that are open close */
    uint64_t shown;
    bool closed; /* the end was written */
    bool empty;  /* no elements at all: "[]" */
    char quote;  /* of the string at hand */
    int64_t index[SHAPE_RANK_MOST];
};

/* text_begin: `shape` is borrowed for as long as the printer. */
void text_begin(struct text_printer *p, unsigned dtype, struct shape shape, uint64_t limit,
                struct buf *b);

/* text_add: the next `len` bytes of the tensor, whole elements. Returns false once no more are
 * wanted. */
bool text_add(struct text_printer *p, const void *bytes, size_t len, struct buf *b);

/* text_string_open, text_string_bytes, text_string_close: the next element, of a string tensor, in
 * pieces of any size. Of all its bytes it must be known beforehand whether ' and " are among them.
 * text_string_open returns false once no more are wanted: then nothing else follows. */
bool text_string_open(struct text_printer *p, bool has_single, bool has_double, struct buf *b);
void text_string_bytes(const struct text_printer *p, const char *bytes, size_t len, struct buf *b);
void text_string_close(const struct text_printer *p, struct buf *b);

/* text_end: the closing brackets and a newline. Call it once, also when the limit was reached. */
void text_end(struct text_printer *p, struct buf *b);

#endif
