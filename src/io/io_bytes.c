/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_bytes.h"

#include <string.h>

static errint read_bytes(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf)
{
    (void)w;
    const struct io_bytes *b = (const struct io_bytes *)io;
    if (off > b->len || len > b->len - off) {
        return -EIO;
    }
    if (len) {
        memcpy(buf, b->bytes + off, len);
    }
    return 0;
}

static const struct io_ops bytes_ops = {.read = read_bytes};

void io_bytes_init(struct io_bytes *b, const void *bytes, size_t len, const char *name)
{
    *b = (struct io_bytes){
        .io = {.ops = &bytes_ops, .name = name, .size = len}, .bytes = bytes, .len = len};
}
