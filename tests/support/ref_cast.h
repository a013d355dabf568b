/* SPDX-License-Identifier: Apache-2.0 */
/* Casts of real numbers a second way, to check src/tensor/cast.c by: own tables, values as long
 * double (which holds every element of every type exactly), and no rounding: the nearest value is
 * sought among the target's encodings. */
#ifndef CKPTFS_TESTS_REF_CAST_H
#define CKPTFS_TESTS_REF_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/cast.h"
#include "tensor/dtype.h"

/* All types that are neither complex nor without numbers, 28. */
enum { REF_REALS = 28 };
extern const enum dtype ref_reals[REF_REALS];

bool ref_is_float(enum dtype type);
bool ref_is_integer(enum dtype type);

/* Bits that count, and bytes, of an element. */
unsigned ref_bits(enum dtype type);
unsigned ref_bytes(enum dtype type);

/* The bits of the largest finite value. */
uint64_t ref_largest(enum dtype type);

/* Whether the value is one of the type, for integers; the plan's question is answered by it for all
 * of a source's ends. */
bool ref_plannable(enum dtype from, enum dtype to, enum cast_mode mode);

/* The value of an element; a NaN has its sign. */
long double ref_decode(enum dtype type, uint64_t bits);

/* The element for a value; false where the cast is -ERANGE. */
bool ref_encode(enum dtype type, enum cast_mode mode, long double value, uint64_t *bits);

/* Elements in memory. */
uint64_t ref_load(enum dtype type, const void *at);
void ref_store(enum dtype type, uint64_t bits, void *at);

#endif
