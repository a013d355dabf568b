/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver of V1 checkpoints keeps beside the catalog: catalog.state. */
#ifndef CKPTFS_SOURCE_TF_V1_TF_V1_STATE_H
#define CKPTFS_SOURCE_TF_V1_TF_V1_STATE_H

#include "codec/sstable_cache.h"
#include "source/tf_v1/tf_v1_blocks.h"

struct tf_v1_state {            /* in the catalog's arena */
    struct tf_v1_blocks *files; /* in the catalog's arena; of each file, as in catalog.shards */
    uint32_t file_count;
    struct sstable_cache *cache; /* owns: of compressed files; NULL */
};

#endif
