/* SPDX-License-Identifier: Apache-2.0 */
#include "render/computed_read.h"

#include <string.h>

#include "plan/value.h"
#include "render/value_read.h"
#include "tensor/dtype.h"

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
    char *to = r->rooms[r->depth]->inputs;
    errint rc = 0;
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
    struct reader_room *room = r->rooms[r->depth];
    unsigned bytes = dtype_bytes(c->dtype);
    arithmetic_begin(&room->sums, c->arithmetic, c->dtype, count);
    for (uint32_t i = 0; i < c->input_count; i++) {
        const char *elements = room->block;
        if (lot) {
            elements = lot->bytes + (i * lot->count + (first - lot->first)) * bytes;
        } else {
            errint rc = value_read(r, &c->inputs[i], first * bytes, count * bytes, room->block);
            if (rc < 0) {
                return rc;
            }
        }
        arithmetic_input(&room->sums, elements);
    }
    return arithmetic_end(&room->sums, &c->number, out);
}

/* Bytes [off, off+len) of what is made block by block. They need not begin or end with an
 * element. Inputs that are so many that there is no room for a block of each are read block by
 * block, too. */
static errint read_blocks(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                          char *buf)
{
    char *made = r->rooms[r->depth]->made;
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
    struct reader_room *room = r->rooms[r->depth];
    unsigned bytes = dtype_bytes(c->dtype);
    uint64_t row_bytes = c->bytes;
    arithmetic_begin(&room->sums, c->arithmetic, c->dtype, count);
    for (int64_t row = 0; row < c->inputs->shape.dims[0]; row++) {
        uint64_t off = (uint64_t)row * row_bytes + first * bytes;
        errint rc = value_read(r, c->inputs, off, count * bytes, room->block);
        if (rc == 0 && once_interrupted(r->waiter)) {
            rc = -EINTR;
        }
        if (rc < 0) {
            return rc;
        }
        arithmetic_input(&room->sums, room->block);
    }
    return arithmetic_end(&room->sums, &c->number, out);
}

/* What was kept before, before a doubt, others may be reading: it holds, or it is damaged. */
static errint keep_block(const struct computed_rows *rows, const char *made, uint64_t off,
                         size_t len)
{
    if (rows->known) {
        return memcmp(rows->bytes + off, made, len) ? -EBADMSG : 0;
    }
    memcpy(rows->bytes + off, made, len);
    return 0;
}

static errint fill_rows(void *context)
{
    const struct rows_fill *fill = context;
    const struct computed *c = fill->computed;
    char *made = fill->reader->rooms[fill->reader->depth]->made;
    unsigned bytes = dtype_bytes(c->dtype);
    uint64_t elements = c->bytes / bytes;
    uint32_t doubt = io_doubts();
    for (uint64_t first = 0; first < elements; first += ARITHMETIC_BLOCK) {
        uint64_t left = elements - first;
        size_t count = left < ARITHMETIC_BLOCK ? (size_t)left : ARITHMETIC_BLOCK;
        errint rc = compute_over_rows(fill->reader, c, first, count, made);
        if (rc == 0) {
            rc = keep_block(c->rows, made, first * bytes, count * bytes);
        }
        if (rc < 0) {
            return rc;
        }
    }
    c->rows->known = true;
    atomic_store(&c->rows->doubt, doubt);
    return 0;
}

/* Looks at the files of what the row is made from: the last element of each piece is read. */
static errint look_at_rows(struct reader *r, const struct computed *c)
{
    const struct value *v = c->inputs;
    char element[READER_ELEMENT];
    unsigned bytes = dtype_bytes(v->dtype);
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < v->count; i++) {
        rc = value_read(r, v, piece_end(&v->pieces[i], v->shape, bytes) - bytes, bytes, element);
    }
    return rc;
}

static errint read_rows(struct reader *r, const struct computed *c, uint64_t off, size_t len,
                        char *buf)
{
    struct rows_fill fill = {r, c};
    errint rc = look_at_rows(r, c);
    if (rc < 0) {
        return rc;
    }
    if (atomic_load(&c->rows->doubt) != io_doubts()) {
        once_again(&c->rows->once);
    }
    rc = once_need(&c->rows->once, r->waiter, fill_rows, &fill);
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
    } else if ((rc = reader_need_room(r)) == 0) {
        rc = c->over_rows ? read_rows(r, c, off, len, buf) : read_blocks(r, c, off, len, buf);
    }
    r->depth--;
    return rc;
}
