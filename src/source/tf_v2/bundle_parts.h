/* SPDX-License-Identifier: Apache-2.0 */
/* The records of an index, or of several indexes as one: the parts of a sharded save, put together
 * as TensorFlow would have done when all were written
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, MergeBundles).
 *
 * Each part has data files of its own. They are numbered through, part after part; a record's own
 * number of a data file counts from `first_shard` of its part. A key is in one part alone, but for
 * a tensor that is stored in slices: its record lists the slices of its part, so the lists of all
 * parts are joined. Private to bundle.c. */
#ifndef CKPTFS_SOURCE_TF_V2_BUNDLE_PARTS_H
#define CKPTFS_SOURCE_TF_V2_BUNDLE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "source/catalog.h"
#include "source/tf/locate.h"
#include "source/tf_v2/bundle_pb.h"

enum { BUNDLE_PARTS_MOST = 500, BUNDLE_SHARDS_MOST = 1 << 20 };

struct sstable;

struct bundle_part {
    const char *index_path; /* in the catalog's arena */
    struct bundle_header header;
    uint32_t first_shard;
    struct io *io; /* owns; of the index */
    struct sstable *table;
    struct str key; /* the next record, borrowed from the table */
    struct str value;
};

struct bundle_parts {
    struct bundle_part *parts; /* in the catalog's arena */
    uint32_t count;
    bool apart;     /* they are parts, though it may be one alone: data files are not called as the
                       catalog's prefix */
    uint32_t *heap; /* of parts that have a next record: that of the least key is first */
    uint32_t heap_count;
    uint32_t *taken; /* the parts of the record that was given last: their next ones are to be
                        read */
    uint32_t taken_count;
    struct buf joined; /* owns: a record that several parts have */
    uint32_t shards;   /* of all */
    struct diag *d;
};

/* bundle_parts_open: opens the indexes of `where` and reads their headers, which must agree. 0 or
 * an error in d; to be given to bundle_parts_close in either case. */
MUST_CHECK errint bundle_parts_open(const struct location *where, struct catalog *c, struct diag *d,
                                    struct bundle_parts *out);

/* bundle_parts_next: the next record by the order of keys: 1, with key and value borrowed until the
 * next call and one of the parts that have it; 0 at the end; negative with the diag filled. */
MUST_CHECK int bundle_parts_next(struct bundle_parts *p, struct str *key, struct str *value,
                                 const struct bundle_part **part);

/* bundle_parts_paths: the data files by their numbers, allocated in `a`; NULL when memory is
 * short. */
const char *const *bundle_parts_paths(const struct bundle_parts *p, struct arena *a);

void bundle_parts_close(struct bundle_parts *p);

#endif
