/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "tensor/dtype.h"

errint shape_elements(struct shape s, uint64_t *elements)
{
    *elements = 0;
    uint64_t product = 1;
    for (unsigned i = 0; i < s.rank; i++) {
        if (s.dims[i] < 0 || !checked_mul_u64(product, (uint64_t)s.dims[i], &product) ||
            product > INT64_MAX) {
            return -EOVERFLOW;
        }
    }
    *elements = product;
    return 0;
}

errint shape_bytes(struct shape s, unsigned dtype, uint64_t *bytes)
{
    *bytes = 0;
    uint64_t elements;
    errint rc = shape_elements(s, &elements);
    if (rc < 0) {
        return rc;
    }
    uint64_t product;
    if (!checked_mul_u64(elements, dtype_bytes(dtype), &product) || product > INT64_MAX) {
        return -EOVERFLOW;
    }
    *bytes = product;
    return 0;
}

bool shape_eq(struct shape a, struct shape b)
{
    return a.rank == b.rank && (a.rank == 0 || a.rank == SHAPE_RANK_UNKNOWN ||
                                memcmp(a.dims, b.dims, a.rank * sizeof(*a.dims)) == 0);
}

bool shape_compatible(struct shape a, struct shape b)
{
    if (a.rank == SHAPE_RANK_UNKNOWN || b.rank == SHAPE_RANK_UNKNOWN) {
        return true;
    }
    if (a.rank != b.rank) {
        return false;
    }
    for (unsigned i = 0; i < a.rank; i++) {
        if (a.dims[i] != b.dims[i] && a.dims[i] != SHAPE_DIM_UNKNOWN &&
            b.dims[i] != SHAPE_DIM_UNKNOWN) {
            return false;
        }
    }
    return true;
}

void shape_print(struct buf *b, struct shape s)
{
    if (s.rank == SHAPE_RANK_UNKNOWN) {
        buf_text(b, "[...]");
        return;
    }
    buf_char(b, '[');
    for (unsigned i = 0; i < s.rank; i++) {
        buf_text(b, i ? ", " : "");
        if (s.dims[i] == SHAPE_DIM_UNKNOWN) {
            buf_char(b, '?');
        } else {
            buf_printf(b, "%" PRId64, s.dims[i]);
        }
    }
    buf_char(b, ']');
}

struct shape_text shape_text(struct shape s)
{
    struct shape_text out;
    CLEANUP_BUF struct buf b = {0};
    shape_print(&b, s);
    int len = snprintf(out.text, sizeof(out.text), "%s", b.data ? b.data : "[]");
    if (len >= (int)sizeof(out.text)) {
        memcpy(out.text + sizeof(out.text) - 5, "...]", 5);
    }
    return out;
}
