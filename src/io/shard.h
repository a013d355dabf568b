/* SPDX-License-Identifier: Apache-2.0 */
/* A data file of a checkpoint, or bytes that are made of one: what the catalog knows of it, and its
 * io. Of a file, the io is held open while the view lives (io_file.h).
 *
 * A derived shard stands after its base in catalog.shards. It never fails by itself for good, and
 * is not in doubt by itself: that is the file's, shard_file(). What it keeps, it finds out again,
 * or compares, when there is a doubt that is newer. */
#ifndef CKPTFS_IO_SHARD_H
#define CKPTFS_IO_SHARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/errint.h"
#include "io/io.h"

struct shard {
    struct io *io;            /* owns; from shard_init or shard_derive on */
    struct shard *base;       /* of a derived shard, else NULL */
    const char *path;         /* of its file, as found; borrowed */
    const struct stat *known; /* borrows: what the file was when the catalog was read from it, and
                                 has to be when it is opened; NULL: it may be anything */
    uint64_t need_bytes; /* end of the last tensor in it: how long the file was when it was saved,
                            at least */
    uint64_t used_bytes; /* end of the last tensor in it that is read: how long the file must be */
    uint32_t number;     /* shard id in the checkpoint */
    atomic_uint changed; /* the doubt in which bytes were found to be others than were saved; 0:
                            none were */
    bool used;           /* some target reads it */
    bool opened;
    bool linked;  /* `path` was a symbolic link when the file was opened */
    bool suspect; /* render/spot_check.h: it may be of another save than the index; set before the
                     first read */
};

/* shard_init: a shard of the file at `path`, which is borrowed, not open yet. To be given to
 * shard_close. -ENOMEM. */
MUST_CHECK errint shard_init(struct shard *s, const char *path, uint32_t number);

/* shard_derive: a shard whose bytes are those of `io`, which it owns now, made from those of
 * `base->io`. `base` must stay where it is. */
void shard_derive(struct shard *s, struct shard *base, struct io *io);

/* shard_file: the shard that has the file behind `s`: itself, unless it is derived. */
static inline struct shard *shard_file(struct shard *s)
{
    while (s->base) {
        s = s->base;
    }
    return s;
}

/* shard_stat: what the file behind `s`, which is open, was when it was opened. */
static inline const struct stat *shard_stat(const struct shard *s)
{
    return io_const_root(s->io)->st;
}

/* shard_doubt, shard_doubts, shard_failed: io_doubt, io_doubts, io_failed. */
static inline uint32_t shard_doubt(const struct shard *s)
{
    return io_doubt(s->io);
}

static inline uint32_t shard_doubts(void)
{
    return io_doubts();
}

static inline bool shard_failed(const struct shard *s)
{
    return io_failed(s->io);
}

/* What has to be done within one state of a file:
 *
 *     struct shard_attempt a = shard_attempt(s);
 *     do {
 *         rc = ... verify, read, work ...
 *     } while (shard_again(&a, &rc));
 *
 * It is done again where a doubt about the file arose meanwhile, SHARD_TRIES times in all; then *rc
 * is -EIO, noted. It never is -ESTALE. */
enum { SHARD_TRIES = 5 };

struct shard_attempt {
    const struct shard *shard;
    uint32_t doubt; /* that this try is in */
    unsigned tries;
};

static inline struct shard_attempt shard_attempt(const struct shard *s)
{
    return (struct shard_attempt){s, shard_doubt(s), 0};
}

bool shard_again_after(struct shard_attempt *a, errint *rc);

static inline bool shard_again(struct shard_attempt *a, errint *rc)
{
    return (shard_doubt(a->shard) != a->doubt || *rc == -ESTALE) && shard_again_after(a, rc);
}

/* shard_open: opens s->path and checks that it is a regular file of at least used_bytes. Errors
 * name the file and what was found and expected, and which data files lie beside a missing one. A
 * derived shard opens nothing, and is open if its base is. After a failure it may be tried
 * again. */
MUST_CHECK errint shard_open(struct shard *s, struct diag *d);

/* shard_read: io_read of its io. The cause of -EIO is noted. A device error and a lack of
 * descriptors do not make it fail for good: a later read may succeed. */
MUST_CHECK static inline errint shard_read(struct shard *s, struct once_waiter *w, uint64_t off,
                                           size_t len, void *buf)
{
    return io_read(s->io, w, off, len, buf);
}

/* shard_doubted, shard_check, shard_origin: io_doubted, io_check, io_origin. */
static inline errint shard_doubted(const struct shard *s)
{
    return io_doubted(s->io);
}

MUST_CHECK static inline errint shard_check(struct shard *s, struct once_waiter *w, bool keep)
{
    return io_check(s->io, w, keep);
}

static inline uint64_t shard_origin(const struct shard *s, uint64_t off)
{
    return io_origin(s->io, off);
}

/* shard_close: closes its io. A zeroed shard is legal. */
void shard_close(struct shard *s);

#endif
