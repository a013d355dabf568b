/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/fault_guard.h"
#include "base/trouble.h"
#include "io/descriptor.h"
#include "io/file.h"
#include "io/file_look.h"
#include "io/file_watch.h"

/* Descriptors that files which are held leave to others: the reads of files that are opened for
 * each read, reports, FUSE. */
enum { DESCRIPTORS_LEFT = 64 };

struct io_file {
    struct io io;
    int fd;          /* -1: not opened, or descriptors ran out */
    struct stat st;  /* as of opening */
    char *real_path; /* owns; of a file that is held: absolute, for opening it again after the
                        daemon left the directory. NULL: it is not held */
    struct file_watch watch;      /* of a file that is held */
    _Atomic(const char *) mapped; /* owns, `size` bytes; of a file that is held. NULL: not yet */
    atomic_uint mapped_uses;
    atomic_bool map_refused; /* the last time that it was tried */
};

enum {
    MAPPED_USES =
        256,          /* of the mapping, after which its pages are let go: they stay in the cache */
    REFUSED_USES = 64 /* that are read instead, until it is mapped again */
};

static void close_file(struct io *io)
{
    io_file_release(io);
    free(io);
}

/* ---- read at once ---------------------------------------------------------------------------- */

static errint read_file(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf)
{
    (void)w;
    return descriptor_read(((const struct io_file *)io)->fd, off, len, buf);
}

static errint file_unchanged(const struct io *io)
{
    const struct io_file *f = (const struct io_file *)io;
    struct stat now;
    errint rc = file_look(f->fd, &now);
    if (rc < 0) {
        return rc;
    }
    return file_same(&now, &f->st) ? 0 : -ESTALE;
}

static int file_backing(const struct io *io, uint64_t off, uint64_t *file_off)
{
    const struct io_file *f = (const struct io_file *)io;
    *file_off = off;
    return atomic_load(&io->failed) ? -1 : f->fd;
}

static const struct io_ops file_ops = {
    .read = read_file, .backing = file_backing, .unchanged = file_unchanged, .close = close_file};

static errint new_file(const struct io_ops *ops, struct io_file **out)
{
    struct io_file *f = *out = calloc(1, sizeof(*f));
    if (!f) {
        return trouble_note(NULL, -ENOMEM);
    }
    f->io.ops = ops;
    f->fd = -1;
    return 0;
}

errint io_open(const char *path, struct io **out)
{
    *out = NULL;
    struct io_file *f;
    errint rc = new_file(&file_ops, &f);
    if (rc < 0) {
        return rc;
    }
    rc = descriptor_open(path, &f->fd, &f->st);
    if (rc < 0) {
        free(f);
        return rc;
    }
    f->io.name = path;
    f->io.st = &f->st;
    f->io.size = (uint64_t)f->st.st_size;
    *out = &f->io;
    return 0;
}

/* ---- held ------------------------------------------------------------------------------------ */

/* The descriptor to read from; *own is to be closed after it. */
static errint acquire(struct io_file *f, int *own, int *fd)
{
    *fd = f->fd;
    if (f->fd >= 0) {
        return 0;
    }
    struct stat st;
    errint rc = f->real_path ? descriptor_open(f->real_path, own, &st) : -EIO;
    *fd = *own;
    /* Gone, or no regular file any more: it will not come back as the same file. */
    if (rc == -ENOENT || rc == -ENOTDIR || rc == -EISDIR || rc == -EINVAL) {
        return io_fail(&f->io);
    }
    return rc < 0 ? io_blame(&f->io, rc) : 0;
}

static errint read_ranges(int fd, const struct io_range *ranges, unsigned count)
{
    errint rc = 0;
    for (unsigned i = 0; i < count && rc == 0; i++) {
        rc = descriptor_read(fd, ranges[i].off, ranges[i].len, ranges[i].buf);
    }
    return rc;
}

/* The file is looked at before and after all of them. */
static errint read_held_many(struct io *io, struct once_waiter *w, const struct io_range *ranges,
                             unsigned count)
{
    (void)w;
    struct io_file *f = (struct io_file *)io;
    if (atomic_load(&io->failed)) {
        return io_blame(io, -ESTALE);
    }
    CLEANUP_CLOSE int own = -1;
    int fd;
    uint32_t doubt = io_doubt(io);
    errint rc = acquire(f, &own, &fd);
    if (rc < 0 || (rc = file_watch_check(&f->watch, fd, false, doubt)) < 0) {
        return rc;
    }
    errint got = read_ranges(fd, ranges, count);
    rc = file_watch_check(&f->watch, fd, true, doubt);
    return rc < 0 || got == 0 ? rc : io_blame(io, got);
}

static errint read_held(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf)
{
    const struct io_range range = {off, len, buf};
    return read_held_many(io, w, &range, 1);
}

static const char *map_file(struct io_file *f)
{
    const char *known = NULL;
    bool fits = f->fd >= 0 && f->io.size > 0 && f->io.size <= SIZE_MAX / 2;
    void *fresh = fits ? mmap(NULL, f->io.size, PROT_READ, MAP_SHARED, f->fd, 0) : MAP_FAILED;
    atomic_store(&f->map_refused, fresh == MAP_FAILED);
    if (fresh == MAP_FAILED || atomic_compare_exchange_strong(&f->mapped, &known, fresh)) {
        return fresh == MAP_FAILED ? NULL : fresh;
    }
    munmap(fresh, f->io.size);
    return known;
}

/* The file in memory, which the first that wants it puts there; NULL: it cannot be there just now.
 * What lies in pages that were read counts as memory of the process, so they are let go now and
 * then. */
static const char *mapping_of(struct io_file *f)
{
    const char *known = atomic_load(&f->mapped);
    unsigned uses = atomic_fetch_add(&f->mapped_uses, 1);
    if (!known && (!atomic_load(&f->map_refused) || uses % REFUSED_USES == 0)) {
        return map_file(f);
    }
    if (known && uses % MAPPED_USES == 0) {
        madvise((void *)(uintptr_t)known, f->io.size, MADV_DONTNEED);
    }
    return known;
}

struct held_work {
    io_work *work;
    void *context;
    const char *bytes;
};

static void work_on(void *context)
{
    const struct held_work *w = context;
    w->work(w->context, w->bytes);
}

/* A file in doubt is read, since the pages of a mapping may be older than what was verified. */
static errint held_in_memory(struct io *io, uint64_t end, io_work *work, void *context)
{
    struct io_file *f = (struct io_file *)io;
    const char *bytes = io_doubt(io) == 0 && end <= io->size ? mapping_of(f) : NULL;
    if (!bytes || atomic_load(&io->failed)) {
        return -ENOTSUP;
    }
    errint rc = file_watch_check(&f->watch, f->fd, false, 0);
    if (rc < 0) {
        return rc;
    }
    struct held_work w = {work, context, bytes};
    errint got = fault_guarded(work_on, &w);
    rc = file_watch_check(&f->watch, f->fd, true, 0);
    return rc < 0 || got == 0 ? rc : io_blame(io, got);
}

static const struct io_ops held_ops = {.read = read_held,
                                       .read_many = read_held_many,
                                       .in_memory = held_in_memory,
                                       .backing = file_backing,
                                       .close = close_file};

errint io_file_new(struct io **out)
{
    struct io_file *f;
    errint rc = new_file(&held_ops, &f);
    *out = rc < 0 ? NULL : &f->io;
    return rc;
}

/* Whether holding fd would leave too few descriptors. */
static bool last_descriptors(int fd)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return false;
    }
    rlim_t left = limit.rlim_cur / 4 < DESCRIPTORS_LEFT ? limit.rlim_cur / 4 : DESCRIPTORS_LEFT;
    return (rlim_t)fd >= limit.rlim_cur - left;
}

/* No descriptor to be had: what can be known by path. The file is looked at more closely when it is
 * opened. */
static errint look_by_path(const char *path, struct stat *st)
{
    errint rc = file_look_at(path, st);
    return rc == 0 && !S_ISREG(st->st_mode) ? -EINVAL : rc;
}

errint io_file_hold(struct io *io, const char *path)
{
    struct io_file *f = (struct io_file *)io;
    CLEANUP_CLOSE int fd = -1;
    io_file_release(io);
    io->name = path;
    io->st = &f->st;
    errint rc = descriptor_open(path, &fd, &f->st);
    if (rc == -EMFILE || rc == -ENFILE) {
        rc = look_by_path(path, &f->st);
    }
    if (rc < 0) {
        return rc;
    }
    char *real = realpath(path, NULL);
    f->real_path = real ? real : strdup(path);
    if (!f->real_path) {
        return trouble_note(path, -ENOMEM);
    }
    io->size = (uint64_t)f->st.st_size;
    file_watch_begin(&f->watch, io, fd, f->real_path);
    if (fd >= 0 && !last_descriptors(fd)) {
        f->fd = STEAL_FD(fd);
    }
    return 0;
}

void io_file_release(struct io *io)
{
    struct io_file *f = (struct io_file *)io;
    const char *mapped = atomic_exchange(&f->mapped, NULL);
    if (mapped) {
        munmap((void *)(uintptr_t)mapped, io->size);
    }
    cleanup_close(&f->fd);
    f->fd = -1;
    free(STEAL(f->real_path));
}

const char *io_file_real_path(const struct io *io)
{
    return ((const struct io_file *)io)->real_path;
}
