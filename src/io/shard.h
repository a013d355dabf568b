/* SPDX-License-Identifier: Apache-2.0 */
/* A data file of a checkpoint, held open while the view lives.
 *
 * What a shard holds must not change under the view: every read compares the file with what was
 * last accepted of it, before and after. After it the file system is asked anew (file_look), since
 * some keep attributes for a minute. The rule, for the file behind the held descriptor:
 *
 *   size, device or inode differs    it is another file, or was cut or continued: it fails for good
 *   mtime differs                    it may have been written to, or only touched: it is in doubt
 *   ctime differs, and with it link count, mode, owner, group, or the name that the kernel has for
 *                                    the descriptor it was unlinked, replaced by a rename, renamed,
 *                                    linked, chmod-ed or chown-ed: goes on, unless `strict` says
 *                                    (-o verify) that it is in doubt, too: a write whose mtime was
 *                                    set back may hide behind that
 *   ctime differs alone              a write whose mtime was set back, an xattr, a link made and
 *                                    removed: it is in doubt
 *
 * What was seen is then accepted, and what the next look is compared with. A doubt has a number.
 * While a file is in doubt its bytes are as likely wrong as right, so whoever reads them has to
 * verify them (render/verified.h):
 *
 *     take the number | verify | read | the number is still the same: the bytes are right
 *
 * That includes what is derived from bytes of the file (below), and what else was found out of them
 * and is kept.
 *
 * Not noticed is a write within one tick of the file system's clock after shard_open, nor, where
 * its stamps are of a second, within one second. Where descriptors run out, the path is kept and
 * opened for each read. Reads are safe from any thread.
 *
 * A derived shard has no file: its bytes are made, as they are read, from those of another shard,
 * its base (swap.h, tf_v1_values.h, strings.h, sstable_cache.h). It never fails by itself for
 * good: shard_file() is the shard whose `failed` and `doubt` count. What it keeps, it finds out
 * again, or compares, when there is a doubt that is newer. */
#ifndef CKPTFS_IO_SHARD_H
#define CKPTFS_IO_SHARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

/* What may move together with ctime, as last seen. */
struct shard_links {
    uint64_t links;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t name_hash; /* of the path that /proc has for the descriptor; 0 where it has none */
};

struct shard;

/* What makes the bytes of a derived shard. */
struct shard_derive {
    /* As shard_read. -EBADMSG for bytes of the base that contradict the format. */
    errint (*read)(struct shard *s, uint64_t off, size_t len, void *buf);
    /* As shard_check; NULL: there is nothing to be found out. */
    errint (*check)(struct shard *s, bool keep);
    /* Where in the base the bytes from `off` on are made from; NULL: at the same offset. */
    uint64_t (*origin)(const struct shard *s, uint64_t off);
    void (*close)(struct shard *s); /* frees s->state */
};

struct shard {
    const char *path;      /* as found; borrowed */
    const char *real_path; /* absolute, for opening again after the daemon left the directory */
    uint32_t number;       /* shard id in the checkpoint */
    uint64_t need_bytes;   /* end of the last tensor in it: how long the file was when it was saved,
                              at least */
    uint64_t used_bytes; /* end of the last tensor in it that is read: how long the file must be */
    bool used;           /* some target reads it */
    int fd;              /* -1: not opened, or descriptors ran out (then `opened` is set) */
    bool opened;
    bool known;     /* `st` is the file that the catalog was read from: shard_open takes no other */
    bool strict;    /* no change of ctime is explained; set before the first read */
    bool suspect;   /* render/spot_check.h: it may be of another save than the index; set before the
                       first read */
    struct stat st; /* as of shard_open */
    atomic_bool failed;    /* changed under us: every later read is -EIO */
    atomic_uint doubt;     /* number of the newest; 0: none. shard_doubt() */
    atomic_uint changed;   /* the doubt in which bytes were found to be others than were saved; 0:
                              none were */
    _Atomic int64_t mtime; /* accepted, in ns, as is the next */
    _Atomic int64_t ctime;
    struct shard_links accepted_as; /* what came with it; under shard.c's lock */
    struct shard *base; /* of a derived shard, else NULL; stands before it in catalog.shards */
    const struct shard_derive *derive;
    void *state; /* owned by `derive` */
};

/* shard_file: the shard that has the file behind `s`: itself, unless it is derived. */
static inline struct shard *shard_file(struct shard *s)
{
    while (s->base) {
        s = s->base;
    }
    return s;
}

/* shard_doubt: the number of the newest doubt about the file behind `s`, 0 as long as there was
 * none. shard_doubts: of the newest about any file: they are numbered together, so what was found
 * out when shard_doubts() was N holds for each file whose doubt is at most N. */
static inline uint32_t shard_doubt(const struct shard *s)
{
    while (s->base) {
        s = s->base;
    }
    return atomic_load_explicit(&s->doubt, memory_order_acquire);
}

uint32_t shard_doubts(void);

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
 * name the file and what was found and expected, and which data files lie beside a missing one.
 * real_path is allocated in `a`. When descriptors run out, or few are left (reads need some), fd
 * stays -1. A derived shard opens nothing, and is open if its base is. */
MUST_CHECK errint shard_open(struct shard *s, struct arena *a, struct diag *d);

/* shard_read: all of bytes [off, off+len) into buf, or -EIO: short, failed, changed; -ESTALE: a
 * doubt arose meanwhile. On failure what buf holds is not to be used, and the cause of -EIO is
 * noted. A device error and a lack of descriptors do not set `failed`: a later read may succeed. Of
 * a file that is in doubt already, bytes are given: see above. */
MUST_CHECK errint shard_read(struct shard *s, uint64_t off, size_t len, void *buf);

/* shard_blame: notes (base/cause.h) that the file behind `s` has failed a read: -ESTALE, or why it
 * cannot be read. Returns -EIO. */
errint shard_blame(struct shard *s, errint rc);

/* shard_doubted: notes that bytes of the file behind `s` are wanted of which nobody can say whether
 * they are right. Returns -EIO. */
errint shard_doubted(const struct shard *s);

/* shard_check: whether a derived shard's bytes can be made, for which all that they are made from
 * is looked at: 0, -EBADMSG, or as shard_read. With `keep`, what a first read would keep (a table,
 * an unpacked block) is kept. Anything else is fine as it is. */
MUST_CHECK errint shard_check(struct shard *s, bool keep);

/* shard_origin: where in its file the bytes of `s` from `off` on are, or, unpacked or decoded, what
 * they are made from begins. */
uint64_t shard_origin(const struct shard *s, uint64_t off);

/* shard_close: closes the descriptor, if any; frees what a derived shard has. */
void shard_close(struct shard *s);

#endif
