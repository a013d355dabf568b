/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's element types, one table (tensorflow/core/framework/types.proto, types.cc).
 *
 * Values are DataType enum numbers, as stored in checkpoints. Names are those of TensorFlow's
 * Python API ("float32", "bfloat16", "qint8"). */
#ifndef CKPTFS_TENSOR_DTYPE_H
#define CKPTFS_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum dtype {
    DTYPE_INVALID = 0,
    DTYPE_FLOAT32 = 1,
    DTYPE_FLOAT64 = 2,
    DTYPE_INT32 = 3,
    DTYPE_UINT8 = 4,
    DTYPE_INT16 = 5,
    DTYPE_INT8 = 6,
    DTYPE_STRING = 7,
    DTYPE_COMPLEX64 = 8,
    DTYPE_INT64 = 9,
    DTYPE_BOOL = 10,
    DTYPE_QINT8 = 11,
    DTYPE_QUINT8 = 12,
    DTYPE_QINT32 = 13,
    DTYPE_BFLOAT16 = 14,
    DTYPE_QINT16 = 15,
    DTYPE_QUINT16 = 16,
    DTYPE_UINT16 = 17,
    DTYPE_COMPLEX128 = 18,
    DTYPE_FLOAT16 = 19,
    DTYPE_RESOURCE = 20,
    DTYPE_VARIANT = 21,
    DTYPE_UINT32 = 22,
    DTYPE_UINT64 = 23,
    DTYPE_FLOAT8_E5M2 = 24,
    DTYPE_FLOAT8_E4M3FN = 25,
    DTYPE_FLOAT8_E4M3FNUZ = 26,
    DTYPE_FLOAT8_E4M3B11FNUZ = 27,
    DTYPE_FLOAT8_E5M2FNUZ = 28,
    DTYPE_INT4 = 29,
    DTYPE_UINT4 = 30,
    DTYPE_INT2 = 31,
    DTYPE_UINT2 = 32,
    DTYPE_FLOAT4_E2M1FN = 33,
    DTYPE_COUNT
};

/* What becomes of a value that the target of a cast cannot hold (tensor/cast.h). */
enum cast_mode { CAST_CHECKED, CAST_SATURATE, CAST_WRAP };

/* cast_mode_suffix: what a map says after the dtype: "", " saturate", " wrap". */
const char *cast_mode_suffix(enum cast_mode mode);

/* What the elements of a type are. */
enum dtype_kind {
    DTYPE_KIND_OTHER, /* strings, resources, variants: not numeric */
    DTYPE_KIND_FLOAT,
    DTYPE_KIND_INTEGER,
    DTYPE_KIND_BOOL,
    DTYPE_KIND_COMPLEX,
    DTYPE_KIND_QUANTIZED,
};

/* dtype_kind: of a type of the table; DTYPE_KIND_OTHER for a number that is not known. */
enum dtype_kind dtype_kind(unsigned dtype);

/* dtype_known: whether `number`, from a file, is a type of the table (reference types and 0 are
 * not). */
bool dtype_known(uint64_t number);

/* dtype_name: its Python name; "invalid" for a number that is not known. */
const char *dtype_name(unsigned dtype);

/* dtype_bytes: bytes an element in a checkpoint file, 0 for string, resource and variant, whose
 * elements have no fixed size. 4- and 2-bit types take a whole byte (tensor_bundle.cc writes them
 * unpacked). */
unsigned dtype_bytes(unsigned dtype);

/* dtype_parse: the type of that name: Python's ("float32"), the enum's ("DT_FLOAT"), or what people
 * call it ("half", "float", "double", "bf16", "f16", "fp16" and so on to 64 bits); DTYPE_INVALID if
 * there is none. */
enum dtype dtype_parse(struct str name);

#endif
