/* SPDX-License-Identifier: Apache-2.0 */
/* Random-access bytes that do not change while they are open, wherever they come from: a file,
 * memory, or another io of which they are made. Every read of a checkpoint goes through an io. No
 * layer above has a descriptor.
 *
 * An io is a struct that begins with a struct io. Its maker fills that in: io_file.h, io_bytes.h,
 * and those that derive one from another, its base (swap.h, sstable_cache.h, tf_v1_values.h,
 * strings.h). A derived io has no bytes of its own. It makes them as they are read.
 *
 * An io that is not derived is a root. It knows whether its bytes changed after it was opened.
 * Where they did for sure, it has failed: every read fails from then on. Where they may have, it is
 * in doubt: reads still give bytes, and whoever reads has to verify them (render/verified.h). Each
 * doubt has a number, counted through all ios:
 *
 *     take the number | verify | read | the number is still the same: the bytes are right
 *
 * That holds for the bytes of derived ios, and for what is kept of what was found out from bytes,
 * such as a table of offsets.
 *
 * Reads are safe from any thread. */
#ifndef CKPTFS_IO_IO_H
#define CKPTFS_IO_IO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/errint.h"

struct io;
struct once_waiter;

/* Bytes [off, off+len), to be read into buf. */
struct io_range {
    uint64_t off;
    size_t len;
    void *buf;
};

/* What is done to bytes of an io that are in memory. `bytes` is that at offset 0. It is ended
 * anywhere when they cannot be had (base/fault_guard.h). */
typedef void io_work(void *context, const char *bytes);

/* What an io does: each as the function io_NAME below, which says whether it may be NULL. */
struct io_ops {
    errint (*read)(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf);
    errint (*read_many)(struct io *io, struct once_waiter *w, const struct io_range *ranges,
                        unsigned count);
    errint (*in_memory)(struct io *io, uint64_t end, io_work *work, void *context);
    int (*backing)(const struct io *io, uint64_t off, uint64_t *file_off);
    errint (*check)(struct io *io, struct once_waiter *w, bool keep);
    uint64_t (*origin)(const struct io *io, uint64_t off);
    errint (*unchanged)(const struct io *io);
    void (*close)(struct io *io);
};

struct io {
    const struct io_ops *ops;
    struct io *base;       /* borrows: what a derived io is made from; NULL: it is a root */
    const char *name;      /* of a root, for messages; borrows */
    uint64_t size;         /* of a root, in bytes */
    const struct stat *st; /* of a file, as it was when it was opened; else NULL */
    atomic_uint doubt;     /* of a root: number of the newest; 0: none. io_doubt() */
    atomic_bool failed;    /* of a root: every read from now on fails. io_failed() */
    bool strict; /* of a root: no change is explained (file_watch.h); set before the first read */
};

/* io_root: the io that has the bytes which `io` is made from, at last: itself, unless it is
 * derived. */
static inline struct io *io_root(struct io *io)
{
    while (io->base) {
        io = io->base;
    }
    return io;
}

static inline const struct io *io_const_root(const struct io *io)
{
    while (io->base) {
        io = io->base;
    }
    return io;
}

/* io_doubt: the number of the newest doubt about the root of `io`, 0 as long as there was none. */
static inline uint32_t io_doubt(const struct io *io)
{
    return atomic_load_explicit(&io_const_root(io)->doubt, memory_order_acquire);
}

/* io_doubts: the number of the newest doubt about any io. What was found out when it was N holds
 * for each io whose doubt is at most N. */
uint32_t io_doubts(void);

/* io_failed: whether the root of `io` has failed for good. */
static inline bool io_failed(const struct io *io)
{
    return atomic_load(&io_const_root(io)->failed);
}

/* io_read: all of bytes [off, off+len) into buf. A derived io may have to find something out first:
 * it waits for that as `w` says (once.h). An io that is in doubt already gives its bytes all the
 * same. -EIO: the io ends before, they cannot be read, or its root has failed. -ESTALE: a doubt
 * arose meanwhile. Of a derived io also -EBADMSG, where bytes of the base contradict the format,
 * -EINTR, -EAGAIN, -ENOMEM. After a failure what buf holds is not to be used. */
MUST_CHECK static inline errint io_read(struct io *io, struct once_waiter *w, uint64_t off,
                                        size_t len, void *buf)
{
    return io->ops->read(io, w, off, len, buf);
}

/* io_read_many: several ranges, as by an io_read of each. A file is looked at once for all of them,
 * and all are of one state of it. ops->read_many may be NULL: they are read one by one. */
MUST_CHECK errint io_read_many(struct io *io, struct once_waiter *w, const struct io_range *ranges,
                               unsigned count);

/* io_in_memory: does `work` to bytes [0, end) of the io, or to some of them, where they are in
 * memory, which is far cheaper than to read many that lie apart. All are of one state of the file.
 * Errors as those of io_read. -ENOTSUP: the io has no bytes in memory, or none without a doubt, and
 * nothing was done; io_read may give them. ops->in_memory may be NULL: that. */
MUST_CHECK errint io_in_memory(struct io *io, uint64_t end, io_work *work, void *context);

/* io_backing: where the bytes of the io really are, for whoever has the kernel read them. Returns
 * the descriptor of a regular file in which, from *file_off on, the bytes of the io from `off` up
 * to its end stand one after the other. -1: they are made, are no file's, the file has failed, or
 * is not held open. ops->backing may be NULL: -1.
 *
 * The descriptor stays the io's, is open until io_close, and must not be read from: it does not say
 * whether the file changed. Whoever hands it on has to ask io_doubt and io_failed. */
int io_backing(const struct io *io, uint64_t off, uint64_t *file_off);

/* io_check: whether the bytes of a derived io can be made, for which all that they are made from is
 * looked at: 0, -EBADMSG, or as io_read. With `keep`, what a first read would keep (a table, an
 * unpacked block) is kept. ops->check may be NULL: there is nothing to be found out, 0. */
MUST_CHECK errint io_check(struct io *io, struct once_waiter *w, bool keep);

/* io_origin: where in its root the bytes of `io` from `off` on are, or, unpacked or decoded, what
 * they are made from begins. ops->origin, which says it of the base, may be NULL: the same
 * offset. */
uint64_t io_origin(const struct io *io, uint64_t off);

/* io_unchanged: whether all that was read so far is of one state of the root: 0; -ESTALE if it is
 * not; or why that cannot be said. ops->unchanged may be NULL, 0: each read has said it. */
MUST_CHECK errint io_unchanged(const struct io *io);

/* io_blame: notes (base/cause.h) that the root of `io` has failed a read: -ESTALE, or why it cannot
 * be read. Returns -EIO. */
errint io_blame(struct io *io, errint rc);

/* io_doubted: notes that bytes of the root of `io` are wanted which are in doubt, and cannot be
 * verified. Returns -EIO. */
errint io_doubted(const struct io *io);

/* io_add_doubt: a new doubt about a root. io_doubt() says its number before io_doubts() does. One
 * thread at a time. -EIO, and the io has failed, where there are no more numbers. */
MUST_CHECK errint io_add_doubt(struct io *io);

/* io_fail: the root fails from now on. Returns -EIO, noted. */
errint io_fail(struct io *io);

/* io_close: frees what the io owns, and the io itself unless it lies in its maker's storage. Those
 * derived from it must not be read any more. NULL is legal. ops->close may be NULL: it owns
 * nothing. */
void io_close(struct io *io);

/* CLEANUP_IO struct io *io = NULL: closed at the end of the scope. */
static inline void io_cleanup(struct io **io)
{
    io_close(*io);
}

#define CLEANUP_IO __attribute__((cleanup(io_cleanup)))

#endif
