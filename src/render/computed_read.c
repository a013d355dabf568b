/* SPDX-License-Identifier: Apache-2.0 */
#include "render/computed_read.h"

#include <stdlib.h>
#include <string.h>

#include "plan/value.h"
#include "render/value_read.h"
#include "tensor/dtype.h"

enum { ELEMENT_MOST = 16 }; /* bytes */

/* Elements of the inputs that were read at once, [first, first + count) of each, one input after
 * the other. */
struct lot {
    uint64_t first;
    size_t count;
    const char *bytes;
};

/* So many elements of each input are read at once, of `left` that are wanted. */
static size_t lot_size(const struct computed *c, uint64_t left)
{
    size_t most = READER_INPUTS / dtype_bytes(c->dtype) / c->input_count;
    return left < most ? (size_t)left : most;
}

static errint read_lot(struct reader *r, const struct computed *c, struct lot *lot)
{
    size_t bytes = lot->count * dtype_bytes(c->dtype);
    errint rc = reader_need_inputs(r);
    char *to = r->inputs[r->depth];
    lot->bytes = to;
    for (uint32_t i = 0; rc == 0 && i < c->input_count; i++, to += bytes) {
        rc = value_read(r, &c->inputs[i], lot->first * dtype_bytes(c->dtype), bytes, to);
    }
    return rc;
}

/* Elements [first, first + count) of what the arithmetic makes of the inputs, to `out`. They are in
 * the lot; NULL: they are read. */
static errint compute_block(struct reader *r, const struct computed *c, const struct lot *lot,
                            uint64_t first, size_t count, char *out)
{
    char read[ARITHMETIC_BLOCK * ELEMENT_MOST];
    struct arithmetic_sums sums;
    unsigned bytes = dtype_bytes(c->dtype);
    arithmetic_begin(&sums, c->arithmetic, c->dtype, count);
    for (uint32_t i = 0; i < c->input_count; i++) {
        const char *elements = read;
        if (lot) {
            elements = lot->bytes + (i * lot->count + (first - lot->first)) * bytes;
        } else {
            errint rc = value_read(r, &c->inputs[i], first * bytes, count * bytes, read);
            if (rc < 0) {
                return rc;
            }
        }
        arithmetic_input(&sums, elements);
    }
    return arithmetic_end(&sums, &c->number, out);
}

/* Bytes [off, off+len) of what is made block by block. They need not begin or end with an
 * element. Inputs that are so many that there is no room for a block of each are read block by
 * block, too. */
static errint read_blocks(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                          char *buf)
{
    char made[ARITHMETIC_BLOCK * ELEMENT_MOST];
    unsigned bytes = dtype_bytes(c->dtype);
    struct lot lot = {off / bytes, 0, NULL};
    bool in_lots = lot_size(c, UINT64_MAX) >= ARITHMETIC_BLOCK;
    while (len) {
        uint64_t first = off / bytes;
        uint64_t end = (off + len + bytes - 1) / bytes;
        if (in_lots && first == lot.first + lot.count) {
            lot = (struct lot){first, lot_size(c, end - first), NULL};
            errint rc = read_lot(r, c, &lot);
            if (rc < 0) {
                return rc;
            }
        }
        end = in_lots ? lot.first + lot.count : end;
        size_t count = end - first < ARITHMETIC_BLOCK ? (size_t)(end - first) : ARITHMETIC_BLOCK;
        size_t skipped = (size_t)(off - first * bytes);
        size_t part = count * bytes - skipped < len ? count * bytes - skipped : len;
        bool whole = skipped == 0 && part == count * bytes;
        errint rc = compute_block(r, c, in_lots ? &lot : NULL, first, count, whole ? buf : made);
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
