/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of checkpoints. Each is a driver: a row of the table in source.c. Every layer above
 * src/source sees a catalog and these functions, and never asks which format it has. */
#ifndef CKPTFS_SOURCE_SOURCE_H
#define CKPTFS_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "codec/sstable_cache.h"
#include "source/catalog.h"
#include "source/tf/locate.h"

/* A run of bytes of a data file that has a checksum. */
struct source_check {
    uint64_t number;                  /* below source_check_count */
    struct shard *file;               /* the data file itself */
    uint64_t off;                     /* of its first byte in the file */
    uint64_t bytes;                   /* that the checksum is over */
    uint32_t crc32c;                  /* masked, as the checkpoint says */
    const struct tensor *tensor;      /* that the bytes are; NULL where checks are shared */
    const struct stored_slice *slice; /* of `tensor`, that the bytes are; NULL: the whole tensor */
    const char *besides; /* what else than tensors it has: "the metadata"; NULL: nothing */
};

/* Bytes of the buffer for source_check_sum: few enough to be in the processor's cache still when,
 * after the copy, the checksum is made. */
enum { SOURCE_BUFFER = 256 << 10 };

/* Told of bytes that were read. */
struct source_meter {
    void (*read)(struct source_meter *m, uint64_t bytes);
};

/* What is made at the first read of it, and kept. */
struct source_stats {
    uint64_t tables; /* of where decoded values begin */
    uint64_t table_bytes;
    uint64_t bad_tables;
    struct sstable_cache_stats blocks; /* unpacked */
};

struct source_driver {
    const char *name; /* as locate_checkpoint says: struct location */

    /* Whether one check may be over several tensors, or none. Then what is made from its bytes has
     * to be looked at besides (shard_check), and a tensor without elements needs no check. */
    bool shared_checks;

    /* Whether its files hold no checksums at all: check_sum is -ENOTSUP of every check. */
    bool no_checksums;

    /* Reads all but the data. On success *out is the caller's, to be given to catalog_close, and
     * its `driver` is this one. */
    errint (*open)(const struct location *where, struct diag *d, struct catalog **out);

    /* As source_check_count, source_check_find and source_check_at. The last is only called where
     * checks are shared, else NULL. */
    uint64_t (*check_count)(const struct catalog *c);
    bool (*check_find)(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out);
    void (*check_at)(const struct catalog *c, uint64_t number, struct source_check *out);

    /* As source_check_sum. */
    errint (*check_sum)(const struct catalog *c, struct once_waiter *w,
                        const struct source_check *k, char *buf, struct source_meter *m,
                        uint32_t *found);

    /* As source_check_print. NULL: the path of the file. */
    void (*check_print)(const struct source_check *k, struct buf *b);

    /* As source_input. */
    const char *(*input)(const struct catalog *c, uint32_t i);

    /* As source_check_input. NULL: there is nothing more. */
    errint (*check_input)(const char *path, struct diag *d);

    /* As source_stats, source_readers, source_shrink. NULL for a driver that unpacks nothing. */
    void (*stats)(const struct catalog *c, struct source_stats *out);
    size_t (*readers)(const struct catalog *c);
    void (*shrink)(const struct catalog *c, uint64_t most);

    /* Frees what c->state owns, after the shards were closed. It may be half made. NULL: nothing
     * has to be freed. */
    void (*close)(struct catalog *c);
};

/* source_open: what was located, as its driver opens it. */
MUST_CHECK errint source_open(const struct location *where, struct diag *d, struct catalog **out);

/* source_unchecked: whether no file of c, all members of it, has a checksum to hold anything
 * against. */
bool source_unchecked(const struct catalog *c);

/* source_check_count: how many checks there are. They are numbered from 0. */
uint64_t source_check_count(const struct catalog *c);

/* source_check_find: the check that tensor t is in, or its slice s if that is not NULL; t or s has
 * a shard. False: its bytes lie where no check is. */
bool source_check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out);

/* source_check_at: the check of that number, where checks are shared. */
void source_check_at(const struct catalog *c, uint64_t number, struct source_check *out);

/* source_check_shared: whether one check may be over several tensors, as where t is stored; NULL:
 * any tensor of c, which was not joined. */
bool source_check_shared(const struct catalog *c, const struct tensor *t);

/* source_check_sum: the masked checksum that the bytes of k have now, read once through `buf` of
 * SOURCE_BUFFER bytes. The meter may be NULL. -EBADMSG where lengths among the bytes do not fit;
 * -ENOTSUP where nothing is known of bytes of its type; -EINTR where w is interrupted
 * (once.h); else as shard_read. */
MUST_CHECK errint source_check_sum(const struct catalog *c, struct once_waiter *w,
                                   const struct source_check *k, char *buf, struct source_meter *m,
                                   uint32_t *found);

/* source_check_print: the place of k in words: "PATH", or "the block at byte N (N bytes) of
 * PATH". Adds to b, visibly. */
void source_check_print(const struct catalog *c, const struct source_check *k, struct buf *b);

/* source_input: the path of the i-th file that says which tensors there are; NULL: there are no
 * more. */
const char *source_input(const struct catalog *c, uint32_t i);

/* source_check_input: whether what source_open does not read of the input file at `path`, and what
 * is no tensor's, is undamaged. Faults are in the diag. */
MUST_CHECK errint source_check_input(const struct catalog *c, const char *path, struct diag *d);

/* source_stats: zeros where nothing is made. */
struct source_stats source_stats(const struct catalog *c);

/* source_readers: how many threads can read at once, each in order, without unpacking anew what
 * another one had; SIZE_MAX: any number. */
size_t source_readers(const struct catalog *c);

/* source_shrink: from now on at most `most` bytes are kept of what is unpacked
 * (sstable_cache_shrink). For a caller that goes through the data in order. */
void source_shrink(const struct catalog *c, uint64_t most);

#endif
