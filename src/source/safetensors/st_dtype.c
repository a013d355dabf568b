/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_dtype.h"

#include <stddef.h>

#include "base/errint.h"
#include "tensor/dtype.h"

#define PACKED(name) "its dtype " name " packs elements that are smaller than a byte: unsupported"

static const struct st_dtype table[] = {
    {"F32", DTYPE_FLOAT32, 32, NULL},
    {"BF16", DTYPE_BFLOAT16, 16, NULL},
    {"F16", DTYPE_FLOAT16, 16, NULL},
    {"F64", DTYPE_FLOAT64, 64, NULL},
    {"I64", DTYPE_INT64, 64, NULL},
    {"I32", DTYPE_INT32, 32, NULL},
    {"I16", DTYPE_INT16, 16, NULL},
    {"I8", DTYPE_INT8, 8, NULL},
    {"U64", DTYPE_UINT64, 64, NULL},
    {"U32", DTYPE_UINT32, 32, NULL},
    {"U16", DTYPE_UINT16, 16, NULL},
    {"U8", DTYPE_UINT8, 8, NULL},
    {"BOOL", DTYPE_BOOL, 8, NULL},
    {"C64", DTYPE_COMPLEX64, 64, NULL},
    {"F8_E4M3", DTYPE_FLOAT8_E4M3FN, 8, NULL},
    {"F8_E5M2", DTYPE_FLOAT8_E5M2, 8, NULL},
    {"F8_E4M3FNUZ", DTYPE_FLOAT8_E4M3FNUZ, 8, NULL},
    {"F8_E5M2FNUZ", DTYPE_FLOAT8_E5M2FNUZ, 8, NULL},
    {"F8_E8M0", DTYPE_INVALID, 8, "TensorFlow has nothing like its dtype F8_E8M0: unsupported"},
    {"F4", DTYPE_INVALID, 4, PACKED("F4")},
    {"F6_E2M3", DTYPE_INVALID, 6, PACKED("F6_E2M3")},
    {"F6_E3M2", DTYPE_INVALID, 6, PACKED("F6_E3M2")},
};

const struct st_dtype *st_dtype_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(name, str_from(table[i].name))) {
            return &table[i];
        }
    }
    return NULL;
}
