/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/dtype.h"

#include <stddef.h>

#include "base/errint.h"

static const struct {
    const char *name;
    const char *enum_name; /* without DT_ */
    uint8_t bytes;
} table[DTYPE_COUNT] = {
    [DTYPE_FLOAT32] = {"float32", "FLOAT", 4},
    [DTYPE_FLOAT64] = {"float64", "DOUBLE", 8},
    [DTYPE_INT32] = {"int32", "INT32", 4},
    [DTYPE_UINT8] = {"uint8", "UINT8", 1},
    [DTYPE_INT16] = {"int16", "INT16", 2},
    [DTYPE_INT8] = {"int8", "INT8", 1},
    [DTYPE_STRING] = {"string", "STRING", 0},
    [DTYPE_COMPLEX64] = {"complex64", "COMPLEX64", 8},
    [DTYPE_INT64] = {"int64", "INT64", 8},
    [DTYPE_BOOL] = {"bool", "BOOL", 1},
    [DTYPE_QINT8] = {"qint8", "QINT8", 1},
    [DTYPE_QUINT8] = {"quint8", "QUINT8", 1},
    [DTYPE_QINT32] = {"qint32", "QINT32", 4},
    [DTYPE_BFLOAT16] = {"bfloat16", "BFLOAT16", 2},
    [DTYPE_QINT16] = {"qint16", "QINT16", 2},
    [DTYPE_QUINT16] = {"quint16", "QUINT16", 2},
    [DTYPE_UINT16] = {"uint16", "UINT16", 2},
    [DTYPE_COMPLEX128] = {"complex128", "COMPLEX128", 16},
    [DTYPE_FLOAT16] = {"float16", "HALF", 2},
    [DTYPE_RESOURCE] = {"resource", "RESOURCE", 0},
    [DTYPE_VARIANT] = {"variant", "VARIANT", 0},
    [DTYPE_UINT32] = {"uint32", "UINT32", 4},
    [DTYPE_UINT64] = {"uint64", "UINT64", 8},
    [DTYPE_FLOAT8_E5M2] = {"float8_e5m2", "FLOAT8_E5M2", 1},
    [DTYPE_FLOAT8_E4M3FN] = {"float8_e4m3fn", "FLOAT8_E4M3FN", 1},
    [DTYPE_FLOAT8_E4M3FNUZ] = {"float8_e4m3fnuz", "FLOAT8_E4M3FNUZ", 1},
    [DTYPE_FLOAT8_E4M3B11FNUZ] = {"float8_e4m3b11fnuz", "FLOAT8_E4M3B11FNUZ", 1},
    [DTYPE_FLOAT8_E5M2FNUZ] = {"float8_e5m2fnuz", "FLOAT8_E5M2FNUZ", 1},
    [DTYPE_INT4] = {"int4", "INT4", 1},
    [DTYPE_UINT4] = {"uint4", "UINT4", 1},
    [DTYPE_INT2] = {"int2", "INT2", 1},
    [DTYPE_UINT2] = {"uint2", "UINT2", 1},
    [DTYPE_FLOAT4_E2M1FN] = {"float4_e2m1fn", "FLOAT4_E2M1FN", 1},
};

static const struct {
    const char *alias;
    enum dtype dtype;
} aliases[] = {
    {"float", DTYPE_FLOAT32}, {"double", DTYPE_FLOAT64}, {"half", DTYPE_FLOAT16},
    {"bf16", DTYPE_BFLOAT16}, {"fp16", DTYPE_FLOAT16},   {"fp32", DTYPE_FLOAT32},
    {"fp64", DTYPE_FLOAT64},  {"f16", DTYPE_FLOAT16},    {"f32", DTYPE_FLOAT32},
    {"f64", DTYPE_FLOAT64},
};

bool dtype_known(uint64_t number)
{
    return number < DTYPE_COUNT && table[number].name;
}

const char *dtype_name(unsigned dtype)
{
    return dtype_known(dtype) ? table[dtype].name : "invalid";
}

unsigned dtype_bytes(unsigned dtype)
{
    return dtype_known(dtype) ? table[dtype].bytes : 0;
}

enum dtype_kind dtype_kind(unsigned dtype)
{
    switch (dtype) {
    case DTYPE_BOOL:
        return DTYPE_KIND_BOOL;
    case DTYPE_COMPLEX64:
    case DTYPE_COMPLEX128:
        return DTYPE_KIND_COMPLEX;
    case DTYPE_QINT8:
    case DTYPE_QUINT8:
    case DTYPE_QINT16:
    case DTYPE_QUINT16:
    case DTYPE_QINT32:
        return DTYPE_KIND_QUANTIZED;
    case DTYPE_INT64:
    case DTYPE_INT32:
    case DTYPE_INT16:
    case DTYPE_INT8:
    case DTYPE_INT4:
    case DTYPE_INT2:
    case DTYPE_UINT64:
    case DTYPE_UINT32:
    case DTYPE_UINT16:
    case DTYPE_UINT8:
    case DTYPE_UINT4:
    case DTYPE_UINT2:
        return DTYPE_KIND_INTEGER;
    default:
        return dtype_bytes(dtype) ? DTYPE_KIND_FLOAT : DTYPE_KIND_OTHER;
    }
}

enum dtype dtype_parse(struct str name)
{
    bool as_enum = str_starts(name, STR("DT_"));
    struct str bare = as_enum ? str_from_pos(name, 3) : name;
    for (unsigned i = 1; i < DTYPE_COUNT; i++) {
        if (table[i].name && str_eq(bare, str_from(as_enum ? table[i].enum_name : table[i].name))) {
            return i;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (str_eq(name, str_from(aliases[i].alias))) {
            return aliases[i].dtype;
        }
    }
    return DTYPE_INVALID;
}

const char *cast_mode_suffix(enum cast_mode mode)
{
    if (mode == CAST_SATURATE) {
        return " saturate";
    }
    return mode == CAST_WRAP ? " wrap" : "";
}
