/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "render/string_read.h"
#include "tensor/dtype.h"

enum { ALIGNMENT = 64, PREAMBLE = 10, NPY_STRINGS_MOST = 1 << 30 };

/* The `descr` of a dtype; NULL if its elements are of no fixed size. */
static const char *descr_of(unsigned dtype)
{
    static const char *const descrs[DTYPE_COUNT] = {
        [DTYPE_FLOAT32] = "<f4",
        [DTYPE_FLOAT64] = "<f8",
        [DTYPE_FLOAT16] = "<f2",
        [DTYPE_BFLOAT16] = "<V2",
        [DTYPE_COMPLEX64] = "<c8",
        [DTYPE_COMPLEX128] = "<c16",
        [DTYPE_INT64] = "<i8",
        [DTYPE_INT32] = "<i4",
        [DTYPE_INT16] = "<i2",
        [DTYPE_INT8] = "|i1",
        [DTYPE_UINT64] = "<u8",
        [DTYPE_UINT32] = "<u4",
        [DTYPE_UINT16] = "<u2",
        [DTYPE_UINT8] = "|u1",
        [DTYPE_BOOL] = "|b1",
        [DTYPE_QINT8] = "|i1",
        [DTYPE_QUINT8] = "|u1",
        [DTYPE_QINT16] = "<i2",
        [DTYPE_QUINT16] = "<u2",
        [DTYPE_QINT32] = "<i4",
        [DTYPE_FLOAT8_E5M2] = "|V1",
        [DTYPE_FLOAT8_E4M3FN] = "|V1",
        [DTYPE_FLOAT8_E4M3FNUZ] = "|V1",
        [DTYPE_FLOAT8_E4M3B11FNUZ] = "|V1",
        [DTYPE_FLOAT8_E5M2FNUZ] = "|V1",
        [DTYPE_INT4] = "|V1",
        [DTYPE_UINT4] = "|V1",
        [DTYPE_INT2] = "|V1",
        [DTYPE_UINT2] = "|V1",
        [DTYPE_FLOAT4_E2M1FN] = "|V1",
    };
    return dtype < DTYPE_COUNT ? descrs[dtype] : NULL;
}

const char *npy_refusal(const struct view_variable *l)
{
    return l->whole ? npy_refusal_of(l->whole) : VARIABLE_NOT_WHOLE;
}

bool npy_shape_fits(struct shape s, unsigned dtype)
{
    uint64_t bytes = dtype_bytes(dtype) ? dtype_bytes(dtype) : 1;
    for (unsigned i = 0; i < s.rank; i++) {
        if (s.dims[i] &&
            (!checked_mul_u64(bytes, (uint64_t)s.dims[i], &bytes) || bytes > INT64_MAX)) {
            return false;
        }
    }
    return true;
}

const char *npy_refusal_of(const struct target *t)
{
    unsigned dtype = target_dtype(t);
    if (target_shape(t).rank > NPY_RANK_MOST) {
        return "arrays of NumPy have 64 axes at most";
    }
    if (!npy_shape_fits(target_shape(t), dtype)) {
        return "NumPy has no such shape: without the 0 it is more than can be counted";
    }
    return dtype == DTYPE_STRING || descr_of(dtype) ? NULL
                                                    : "NumPy files have elements of a fixed size";
}

/* The header for elements of that descr; returns its length. */
static size_t write_header(const char *descr, struct shape shape, char *header)
{
    size_t len = PREAMBLE;
    len += (size_t)snprintf(header + len, NPY_HEADER_MOST - len,
                            "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (unsigned i = 0; i < shape.rank; i++) {
        len += (size_t)snprintf(header + len, NPY_HEADER_MOST - len, "%s%" PRId64, i ? ", " : "",
                                shape.dims[i]);
    }
    len +=
        (size_t)snprintf(header + len, NPY_HEADER_MOST - len, "%s), }", shape.rank == 1 ? "," : "");
    size_t whole = (len + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(header + len, ' ', whole - len - 1);
    header[whole - 1] = '\n';
    size_t rest = whole - PREAMBLE;
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)rest;
    header[9] = (char)(rest >> 8);
    return whole;
}

/* As NumPy's arrays of bytes: all elements as wide as the longest. */
static errint string_layout(struct reader *r, const struct target *t, struct content *out)
{
    uint64_t bytes;
    errint rc = string_size(r, t, STRING_FIXED, &bytes);
    if (rc < 0 || bytes > NPY_STRINGS_MOST) {
        return rc == 0 || rc == -EOVERFLOW ? -EFBIG : rc;
    }
    char descr[32];
    snprintf(descr, sizeof(descr), "|S%" PRIu64, string_width(t));
    size_t len = write_header(descr, target_shape(t), out->header);
    out->own[1] = (struct extent){.off = len, .kind = EXTENT_STRINGS_FIXED, .target = t};
    out->layout = (struct layout){out->own, bytes ? 2 : 1, len + bytes};
    return 0;
}

errint npy_layout(struct reader *r, const struct target *t, struct content *out)
{
    out->own[0] = (struct extent){.kind = EXTENT_BYTES, .bytes = out->header};
    if (!target_sized(t)) {
        return string_layout(r, t, out);
    }
    size_t len = write_header(descr_of(target_dtype(t)), target_shape(t), out->header);
    uint64_t bytes = target_bytes(t);
    out->own[1] = (struct extent){.off = len, .kind = EXTENT_TARGET, .target = t};
    out->layout = (struct layout){out->own, bytes ? 2 : 1, len + bytes};
    return 0;
}

/* ---- in the table ---------------------------------------------------------------------------- */

static const char *refusal(const void *state, const struct view_variable *l)
{
    (void)state;
    return npy_refusal(l);
}

const struct view_format npy_format = {
    .name = "npy",
    .export_name = "npy",
    .unlisted = true,
    .refusal = refusal,
    .target_layout = npy_layout,
    .suffix = ".npy",
};
