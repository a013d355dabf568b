/* SPDX-License-Identifier: Apache-2.0 */
/* How a catalog comes to be: tensors added in the order of their names, then the shards that they
 * name. Private to the drivers in src/source. */
#ifndef CKPTFS_SOURCE_CATALOG_BUILD_H
#define CKPTFS_SOURCE_CATALOG_BUILD_H

#include <stddef.h>

#include "source/catalog.h"
#include "source/tf/strings.h"

struct shard_use;
struct interned_shape;
struct strings_noted;

struct catalog_build {
    struct catalog *c;             /* borrows */
    struct tensor *tensors;        /* owns until catalog_build_finish */
    size_t cap;                    /* tensors allocated */
    struct interned_shape *shapes; /* owns: the shapes seen of late */
    struct shard_use *uses;        /* owns: one for each of c->file_count */
    struct slices *sliced;         /* in the catalog's arena once it is finished; owns until then */
    uint32_t sliced_count;
    size_t sliced_cap;
    struct strings_noted *strings; /* owns: runs of strings, in the order in which they came */
    size_t strings_count;
    size_t strings_cap;
    uint64_t strings_numbers; /* that all of them take (strings.h) */

    /* Set after catalog_build_init: */
    bool big_endian;               /* the data files are */
    const char *const *data_paths; /* of the data files, by number, in the catalog's arena; NULL:
                                      PREFIX.data-N-of-M */
    bool own_shards; /* the caller makes c->shards, and tensors have indices into them */
};

/* catalog_build_init: c->prefix and c->file_count are set. It, _add and _finish return 0 or
 * -ENOMEM. */
MUST_CHECK errint catalog_build_init(struct catalog_build *b, struct catalog *c);

/* catalog_build_add: a tensor named `name` with `dims`, both copied, and the rest of *t, but that
 * t->shard is the number of its shard (below c->file_count) or TENSOR_NO_SHARD, and that t->off of
 * a string tensor is what catalog_build_strings gave. */
MUST_CHECK errint catalog_build_add(struct catalog_build *b, struct str name, const int64_t *dims,
                                    const struct tensor *t);

/* catalog_build_use: some bytes of a shard, by number, belong to a tensor of that dtype that is
 * shown. */
void catalog_build_use(struct catalog_build *b, unsigned dtype, uint32_t shard, uint64_t off,
                       uint64_t bytes);

/* catalog_build_strings: a run of strings in the data file of that number: a tensor of a bundle, or
 * a slice of one. Of *run, which is copied, elements, off, bytes and crc32c are given; the others
 * are set here. *index is to be the `off` of the tensor or slice until catalog_build_finish, which
 * makes it the number of the run's first element. -ENOMEM; -EOVERFLOW when all runs together have
 * more than 2^63 - 1 elements. */
MUST_CHECK errint catalog_build_strings(struct catalog_build *b, uint32_t shard,
                                        const struct strings_run *run, uint64_t *index);

/* catalog_build_strings_bytes: the `bytes` of run *index. */
uint64_t catalog_build_strings_bytes(const struct catalog_build *b, uint64_t index);

/* catalog_build_slices: *s as the next of catalog.sliced; its number in *index. The slices' shards
 * are numbers still. -ENOMEM. */
MUST_CHECK errint catalog_build_slices(struct catalog_build *b, const struct slices *s,
                                       uint64_t *index);

/* catalog_build_finish: hands the tensors over to the catalog and makes its shards. */
MUST_CHECK errint catalog_build_finish(struct catalog_build *b);

/* catalog_build_fini: frees what the builder still owns. */
void catalog_build_fini(struct catalog_build *b);

#endif
