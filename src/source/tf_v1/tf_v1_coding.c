/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_coding.h"

#include "tensor/dtype.h"

enum {
    FLOAT_VAL = 5,
    DOUBLE_VAL,
    INT_VAL,
    STRING_VAL,
    SCOMPLEX_VAL,
    INT64_VAL,
    BOOL_VAL,
    DCOMPLEX_VAL
};
enum { HALF_VAL = 13, UINT32_VAL = 16, UINT64_VAL };

#define SIGNED(field, bits)                                                                        \
    ((struct tf_v1_coding){field, false, bits / 8, 1, -(UINT64_C(1) << (bits - 1)),                \
                           UINT64_MAX >> (64 - bits)})
#define UNSIGNED(field, bits)                                                                      \
    ((struct tf_v1_coding){field, false, bits / 8, 1, 0, UINT64_MAX >> (64 - bits)})

struct tf_v1_coding tf_v1_coding(unsigned dtype)
{
    switch (dtype) {
    case DTYPE_FLOAT32:
        return (struct tf_v1_coding){FLOAT_VAL, true, 4, 1, 0, 0};
    case DTYPE_FLOAT64:
        return (struct tf_v1_coding){DOUBLE_VAL, true, 8, 1, 0, 0};
    case DTYPE_COMPLEX64:
        return (struct tf_v1_coding){SCOMPLEX_VAL, true, 4, 2, 0, 0};
    case DTYPE_COMPLEX128:
        return (struct tf_v1_coding){DCOMPLEX_VAL, true, 8, 2, 0, 0};
    case DTYPE_INT32:
    case DTYPE_QINT32:
        return SIGNED(INT_VAL, 32);
    case DTYPE_INT16:
        return SIGNED(INT_VAL, 16);
    case DTYPE_INT8:
    case DTYPE_QINT8:
        return SIGNED(INT_VAL, 8);
    case DTYPE_UINT16:
        return UNSIGNED(INT_VAL, 16);
    case DTYPE_UINT8:
    case DTYPE_QUINT8:
        return UNSIGNED(INT_VAL, 8);
    case DTYPE_STRING:
        return (struct tf_v1_coding){.field = STRING_VAL, .each = 1};
    case DTYPE_INT64:
        return SIGNED(INT64_VAL, 64);
    case DTYPE_BOOL:
        return (struct tf_v1_coding){BOOL_VAL, false, 1, 1, 0, 1};
    case DTYPE_FLOAT16:
        return UNSIGNED(HALF_VAL, 16); /* its bits as a number */
    case DTYPE_UINT32:
        return UNSIGNED(UINT32_VAL, 32);
    case DTYPE_UINT64:
        return UNSIGNED(UINT64_VAL, 64);
    default:
        return (struct tf_v1_coding){0};
    }
}
