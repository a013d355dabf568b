/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a checkpoint: what every layer above src/source sees of it, whichever format it
 * has.
 *
 * Built once, then const, but for the shards' own state. With 1,000,000 tensors a struct tensor and
 * its name are most of the resident memory, so it is kept at 48 bytes. */
#ifndef CKPTFS_SOURCE_CATALOG_H
#define CKPTFS_SOURCE_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "io/shard.h"
#include "source/slices.h"
#include "tensor/shape.h"

/* Why a tensor cannot be shown, if it cannot. */
enum tensor_hidden {
    TENSOR_SHOWN = 0,
    TENSOR_SLICES_MISSING, /* its stored slices do not cover it */
    TENSOR_SLICES_OVERLAP,
    TENSOR_RESOURCE,
    TENSOR_VARIANT,
    TENSOR_DTYPE_UNKNOWN,
    TENSOR_NOT_IN_V1,       /* V1 files have no values of its dtype */
    TENSOR_BLOCK_TOO_LARGE, /* of a V1 file, compressed: to be unpacked */
    TENSOR_UNSUPPORTED,     /* what it is, is not shown: `off` is the address of the words */
    TENSOR_RECORD_BAD, /* its record in the index contradicts itself: `off` is the address of the
                          words */
};

#define TENSOR_NO_SHARD UINT32_MAX

struct tensor {
    const char *name_ptr;
    const int64_t *dims;
    uint64_t off;   /* of its first byte in the shard; of strings, number of the first element
                       (strings.h) */
    uint64_t bytes; /* of strings, with their lengths and checksums */
    uint32_t name_len;
    uint32_t shard;  /* index into catalog.shards; TENSOR_NO_SHARD for a sliced tensor, whose parts
                        have one each */
    uint32_t crc32c; /* masked, as stored, over its bytes; of TENSOR_DTYPE_UNKNOWN, the number that
                        is its dtype (int32) */
    uint8_t dtype;   /* enum dtype; DTYPE_INVALID where it is unknown */
    uint8_t rank;
    uint8_t hidden;     /* enum tensor_hidden */
    uint8_t sliced : 1; /* `off` is an index into catalog.sliced, and `shard` is TENSOR_NO_SHARD */
    uint8_t no_crc : 1; /* crc32c is none, or is not over the bytes that are shown */
};

struct source_driver;
struct catalog_names;

/* An index that was read: V2 has one, or one for each part of a save that was never merged. */
struct catalog_index {
    const char *path;
    struct stat st;
};

/* Of a member of a joined catalog (catalog_join.h); all zero where nothing was joined. */
struct catalog_place {
    const char *label;    /* the name that a map gives it; NULL: it has none; borrowed */
    uint32_t number;      /* of that name; 0: it has none */
    uint32_t first_shard; /* where its own begin in `shards` */
    uint64_t first_check; /* how many checks the members before it have */
    uint64_t checks;      /* that it has (source.h) */
};

struct catalog {
    struct arena arena;  /* owns names, shapes, paths, and all that has no other owner */
    void *tensors_block; /* owns: what `tensors` points to, where it came from malloc; else NULL */
    const char *prefix;  /* of the checkpoint's files: PREFIX.index */
    const char *index_path;              /* the first one's */
    const struct catalog_index *indexes; /* NULL and 0 where data files say themselves what they
                                            have */
    uint32_t index_count;
    const struct source_driver *driver; /* of its format (source.h) */
    void *state;                        /* owned by the driver; NULL */
    const char *format;                 /* for reports, such as "v2" */
    bool plain_files; /* the data files are as those of a bundle, tensors one after the other:
                         TensorFlow's index can point into them, but not at tensors of derived
                         shards */
    struct stat index_st;
    const struct tensor *tensors; /* sorted by name, bytewise; names are unique, and keys
                                     unless catalog_use_friendly was called */
    uint32_t count;
    uint32_t hidden_count;
    const struct tensor *dropped; /* as if there were none of them (catalog_hide.h); not among
                                     `tensors` */
    uint32_t dropped_count;
    uint32_t slice_records; /* parts of sliced tensors: counted and checked, not among `tensors` */
    struct shard *shards;   /* data files in which some of `tensors` is, a hidden one too, by
                               number; then derived shards */
    uint32_t shard_count;
    const struct slices *sliced; /* of the tensors that are stored in slices */
    uint32_t sliced_count;
    uint32_t file_count;         /* of data files, as the checkpoint says */
    struct catalog_names *names; /* of an object-based checkpoint (catalog_names.h); NULL */
    const char *names_fault;     /* why its object graph cannot be read; NULL */
    struct catalog **members;    /* owns: of a joined catalog (catalog_join.h), else NULL */
    uint32_t member_count;       /* 0 where nothing was joined */
    uint32_t all_count;          /* of a joined one: of the tensors of all members */
    struct catalog_place joined; /* of a member: its place among them */
};

static inline struct str tensor_name(const struct tensor *t)
{
    return str_of(t->name_ptr, t->name_len);
}

static inline struct shape tensor_shape(const struct tensor *t)
{
    return (struct shape){t->dims, t->rank};
}

/* tensor_slices: how t is stored, if in slices, else NULL. */
static inline const struct slices *tensor_slices(const struct catalog *c, const struct tensor *t)
{
    return t->sliced ? &c->sliced[t->off] : NULL;
}

/* tensor_agrees: whether two tensors hold the same, as far as the index tells: dtype, shape and
 * checksum. */
bool tensor_agrees(const struct tensor *a, const struct tensor *b);

/* tensor_hidden_dtype: why tensors of a dtype, a number from a file, cannot be shown whatever their
 * format; TENSOR_SHOWN if nothing is in the way. */
enum tensor_hidden tensor_hidden_dtype(int64_t dtype);

/* tensor_hidden_reason: words for a report, such as "variant tensors have no bytes to show"; NULL
 * for TENSOR_SHOWN. Good until the thread asks again. */
const char *tensor_hidden_reason(const struct tensor *t);

/* catalog_find: the tensor of exactly that name, or NULL. O(log n). */
const struct tensor *catalog_find(const struct catalog *c, struct str name);

/* catalog_find_next: as catalog_find, for names that are looked up in their order. *next, 0 before
 * the first of them, is where the one after it may be. O(1) where it is there. */
const struct tensor *catalog_find_next(const struct catalog *c, struct str name, uint32_t *next);

/* catalog_prefix: the run of tensors whose names start with `prefix`: *first and the count. O(log
 * n). */
uint32_t catalog_prefix(const struct catalog *c, struct str prefix, uint32_t *first);

/* catalog_use: tensor t, or its slice s if that is not NULL, will be read. Its shard, the file
 * behind that, and how long the file must be, are noted. Of a sliced tensor, s is given. */
void catalog_use(struct catalog *c, const struct tensor *t, const struct stored_slice *s);

/* catalog_use_range: bytes [off, off + bytes) of the data file behind a shard will be read: that is
 * noted as catalog_use does. */
void catalog_use_range(struct catalog *c, uint32_t shard, uint64_t off, uint64_t bytes);

/* catalog_use_nothing: takes back all that catalog_use and catalog_use_all noted. */
void catalog_use_nothing(struct catalog *c);

/* catalog_use_all: every tensor will be read. */
void catalog_use_all(struct catalog *c);

/* catalog_use_files: sets `used` of the files behind the derived shards for which it is set. */
void catalog_use_files(struct catalog *c);

/* catalog_open_shards: opens each shard whose `used` is set; reads no tensor data. A missing or
 * short one is an error that names it; unused ones that are missing get a warning. Returns 0 or the
 * first failure, having tried all. */
MUST_CHECK errint catalog_open_shards(struct catalog *c, struct diag *d);

/* catalog_close: closes shards, frees all; NULL is legal. */
void catalog_close(struct catalog *c);

#endif
