/* SPDX-License-Identifier: Apache-2.0 */
#include "render/computed_read.h"

#include <stdlib.h>
#include <string.h>

#include "plan/value.h"
#include "render/value_read.h"
#include "tensor/dtype.h"

enum { ELEMENT_MOST = 16 }; /* bytes */

/* Elements [first, first + count) of what the arithmetic makes of the inputs, to `out`. */
static errint compute_block(struct reader *r, const struct computed *c, uint64_t first,
                            size_t count, char *out)
{
    char elements[ARITHMETIC_BLOCK * ELEMENT_MOST];
    struct arithmetic_sums sums;
    unsigned bytes = dtype_bytes(c->dtype);
    arithmetic_begin(&sums, c->arithmetic, c->dtype, count);
    for (uint32_t i = 0; i < c->input_count; i++) {
        errint rc = value_read(r, &c->inputs[i], first * bytes, count * bytes, elements);
        if (rc < 0) {
            return rc;
        }
        arithmetic_input(&sums, elements);
    }
    return arithmetic_end(&sums, &c->number, out);
}

/* Bytes [off, off+len) of what is made block by block. They need not begin or end with an
 * element. */
static errint read_blocks(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                          char *buf)
{
    char made[ARITHMETIC_BLOCK * ELEMENT_MOST];
    unsigned bytes = dtype_bytes(c->dtype);
    while (len) {
        uint64_t first = off / bytes;
        uint64_t end = (off + len + bytes - 1) / bytes;
        size_t count = end - first < ARITHMETIC_BLOCK ? (size_t)(end - first) : ARITHMETIC_BLOCK;
        size_t skipped = (size_t)(off - first * bytes);
        size_t part = count * bytes - skipped < len ? count * bytes - skipped : len;
        bool whole = skipped == 0 && part == count * bytes;
        errint rc = compute_block(r, c, first, count, whole ? buf : made);
        if (rc < 0) {
            return rc;
        }
        if (!whole) {
            memcpy(buf, made + skipped, part);
        }
        off += part;
        buf += part;
        len -= part;
    }
    return 0;
}

/* ---- arithmetic over rows -------------------------------------------------------------------- */

struct rows_fill {
    struct reader *reader;
    const struct computed *computed;
};

/* Elements [first, first + count) of the row, over all rows. */
static errint compute_over_rows(struct reader *r, const struct computed *c, uint64_t first,
                                size_t count, char *out)
{
    char elements[ARITHMETIC_BLOCK * ELEMENT_MOST];
    struct arithmetic_sums sums;
    unsigned bytes = dtype_bytes(c->dtype);
    uint64_t row_bytes = c->bytes;
    arithmetic_begin(&sums, c->arithmetic, c->dtype, count);
    for (int64_t row = 0; row < c->inputs->shape.dims[0]; row++) {
        uint64_t off = (uint64_t)row * row_bytes + first * bytes;
        errint rc = value_read(r, c->inputs, off, count * bytes, elements);
        if (rc == 0 && once_interrupted(r->waiter)) {
            rc = -EINTR;
        }
        if (rc < 0) {
            return rc;
        }
        arithmetic_input(&sums, elements);
    }
    return arithmetic_end(&sums, &c->number, out);
}

static errint fill_rows(void *context)
{
    const struct rows_fill *fill = context;
    const struct computed *c = fill->computed;
    unsigned bytes = dtype_bytes(c->dtype);
    uint64_t elements = c->bytes / bytes;
    errint rc = 0;
    char *made = malloc(c->bytes);
    if (!made) {
        return -ENOMEM;
    }
    for (uint64_t first = 0; rc == 0 && first < elements; first += ARITHMETIC_BLOCK) {
        uint64_t left = elements - first;
        size_t count = left < ARITHMETIC_BLOCK ? (size_t)left : ARITHMETIC_BLOCK;
        rc = compute_over_rows(fill->reader, c, first, count, made + first * bytes);
    }
    if (rc < 0) {
        free(made);
        return rc;
    }
    c->rows->bytes = made;
    return 0;
}

static errint read_rows(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                        char *buf)
{
    struct rows_fill fill = {r, c};
    errint rc = once_need(&c->rows->once, r->waiter, fill_rows, &fill);
    if (rc == 0) {
        memcpy(buf, c->rows->bytes + off, len);
    }
    return rc;
}

errint computed_read(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                     void *buf)
{
    errint rc;
    r->depth++;
    if (!c->is_arithmetic) {
        rc = value_read(r, c->inputs, off, len, buf);
    } else if (c->over_rows) {
        rc = read_rows(r, c, off, len, buf);
    } else {
        rc = read_blocks(r, c, off, len, buf);
    }
    r->depth--;
    return rc;
}
