/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io.h"

#include "base/cause.h"

static atomic_uint newest_doubt;

uint32_t io_doubts(void)
{
    return atomic_load_explicit(&newest_doubt, memory_order_acquire);
}

errint io_read_many(struct io *io, struct once_waiter *w, const struct io_range *ranges,
                    unsigned count)
{
    if (io->ops->read_many) {
        return io->ops->read_many(io, w, ranges, count);
    }
    errint rc = 0;
    for (unsigned i = 0; i < count && rc == 0; i++) {
        rc = io_read(io, w, ranges[i].off, ranges[i].len, ranges[i].buf);
    }
    return rc;
}

errint io_in_memory(struct io *io, uint64_t end, io_work *work, void *context)
{
    return io->ops->in_memory ? io->ops->in_memory(io, end, work, context) : -ENOTSUP;
}

int io_backing(const struct io *io, uint64_t off, uint64_t *file_off)
{
    return io->ops->backing ? io->ops->backing(io, off, file_off) : -1;
}

errint io_check(struct io *io, struct once_waiter *w, bool keep)
{
    return io->ops->check ? io->ops->check(io, w, keep) : 0;
}

uint64_t io_origin(const struct io *io, uint64_t off)
{
    for (; io->base; io = io->base) {
        off = io->ops->origin ? io->ops->origin(io, off) : off;
    }
    return off;
}

errint io_unchanged(const struct io *io)
{
    const struct io *root = io_const_root(io);
    return root->ops->unchanged ? root->ops->unchanged(root) : 0;
}

errint io_blame(struct io *io, errint rc)
{
    cause_note((struct cause){.kind = CAUSE_FILE, .rc = rc, .what = io_root(io)});
    return -EIO;
}

errint io_doubted(const struct io *io)
{
    cause_note((struct cause){.kind = CAUSE_DOUBT, .rc = -EIO, .what = io_const_root(io)});
    return -EIO;
}

errint io_add_doubt(struct io *io)
{
    uint32_t number = atomic_load(&newest_doubt) + 1;
    if (number == 0) {
        return io_fail(io);
    }
    atomic_store(&io->doubt, number);
    atomic_store(&newest_doubt, number);
    return 0;
}

errint io_fail(struct io *io)
{
    atomic_store(&io->failed, true);
    return io_blame(io, -ESTALE);
}

void io_close(struct io *io)
{
    if (io && io->ops->close) {
        io->ops->close(io);
    }
}
