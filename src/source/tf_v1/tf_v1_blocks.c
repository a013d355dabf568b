/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_blocks.h"

#include "base/crc32c.h"
#include "base/lower_bound.h"
#include "base/once.h"

errint tf_v1_block_sum(struct io *file, struct once_waiter *w, struct sstable_handle h,
                       char *window, struct source_meter *meter, uint32_t *out)
{
    uint32_t crc = 0;
    uint64_t left = h.bytes + 1; /* with the type */
    for (uint64_t off = h.off; left > 0;) {
        size_t step = left < TF_V1_BLOCK_WINDOW ? (size_t)left : TF_V1_BLOCK_WINDOW;
        if (meter) {
            meter->read(meter, step);
        }
        errint rc = once_interrupted(w) ? -EINTR : io_read(file, w, off, step, window);
        if (rc < 0) {
            return rc;
        }
        crc = crc32c_extend(crc, window, step);
        off += step;
        left -= step;
    }
    *out = crc32c_mask(crc);
    return 0;
}

static uint64_t block_end(const struct sstable_stored *b)
{
    return b->handle.off + b->handle.bytes;
}

uint32_t tf_v1_block_at(const struct tf_v1_blocks *blocks, uint64_t off)
{
    uint32_t at = LOWER_BOUND(i, 0, blocks->count, block_end(&blocks->list[i]) <= off);
    return at < blocks->count && blocks->list[at].handle.off <= off ? at : TF_V1_NO_BLOCK;
}
