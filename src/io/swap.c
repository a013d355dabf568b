/* SPDX-License-Identifier: Apache-2.0 */
#include "io/swap.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/dtype.h"

/* Kinds in this order: unit 2 from 0, 1; unit 4 from 0 ... 3; unit 8 from 0 ... 7. Each is the
 * number `unit - 2 + remainder`. */
struct kind {
    unsigned unit;
    unsigned remainder;
};

struct swap_io {
    struct io io;
    struct kind kind;
};

static struct kind kind_of(unsigned number)
{
    unsigned unit = 8;
    if (number < 6) {
        unit = number < 2 ? 2 : 4;
    }
    return (struct kind){unit, number - (unit - 2)};
}

unsigned swap_unit(unsigned dtype)
{
    unsigned bytes = dtype_bytes(dtype);
    if (dtype == DTYPE_COMPLEX64 || dtype == DTYPE_COMPLEX128) {
        bytes /= 2;
    }
    return bytes ? bytes : 1;
}

unsigned swap_kind(unsigned dtype, uint64_t off)
{
    unsigned unit = swap_unit(dtype);
    return unit == 1 ? SWAP_NONE : unit - 2 + (unsigned)(off % unit);
}

static void swap_in_place(char *bytes, size_t len, unsigned unit)
{
    for (size_t at = 0; at < len; at += unit) {
        if (unit == 2) {
            uint16_t v;
            memcpy(&v, bytes + at, sizeof(v));
            v = __builtin_bswap16(v);
            memcpy(bytes + at, &v, sizeof(v));
        } else if (unit == 4) {
            uint32_t v;
            memcpy(&v, bytes + at, sizeof(v));
            v = __builtin_bswap32(v);
            memcpy(bytes + at, &v, sizeof(v));
        } else {
            uint64_t v;
            memcpy(&v, bytes + at, sizeof(v));
            v = __builtin_bswap64(v);
            memcpy(bytes + at, &v, sizeof(v));
        }
    }
}

/* The unit at `off`. */
static errint read_unit(struct io *base, struct once_waiter *w, unsigned unit, uint64_t off,
                        char bytes[static 8])
{
    errint rc = io_read(base, w, off, unit, bytes);
    if (rc == 0) {
        swap_in_place(bytes, unit, unit);
    }
    return rc;
}

static errint read_swapped(struct io *io, struct once_waiter *w, uint64_t off, size_t len,
                           void *buf)
{
    const struct kind kind = ((const struct swap_io *)io)->kind;
    unsigned unit = kind.unit;
    char *out = buf;
    char part[8];
    size_t lead = (size_t)((off + unit - kind.remainder) % unit);
    if (lead > off) {
        return -EIO; /* before the first unit: no tensor is there */
    }
    if (lead && len) {
        size_t end = lead + len < unit ? lead + len : unit;
        errint rc = read_unit(io->base, w, unit, off - lead, part);
        if (rc < 0) {
            return rc;
        }
        memcpy(out, part + lead, end - lead);
        off += end - lead;
        out += end - lead;
        len -= end - lead;
    }
    size_t whole = len - len % unit;
    errint rc = whole ? io_read(io->base, w, off, whole, out) : 0;
    if (rc < 0) {
        return rc;
    }
    swap_in_place(out, whole, unit);
    if (len == whole) {
        return 0;
    }
    rc = read_unit(io->base, w, unit, off + whole, part);
    if (rc == 0) {
        memcpy(out + whole, part, len - whole);
    }
    return rc;
}

static void free_swap(struct io *io)
{
    free(io);
}

static const struct io_ops swap_ops = {.read = read_swapped, .close = free_swap};

errint swap_io(struct io *base, unsigned kind, struct io **out)
{
    struct swap_io *s = calloc(1, sizeof(*s));
    *out = NULL;
    if (!s) {
        return -ENOMEM;
    }
    s->io.ops = &swap_ops;
    s->io.base = base;
    s->kind = kind_of(kind);
    *out = &s->io;
    return 0;
}
