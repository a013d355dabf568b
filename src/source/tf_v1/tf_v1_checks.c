/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_checks.h"

#include "base/lower_bound.h"
#include "source/stored.h"
#include "source/tf_v1/tf_v1_state.h"

uint64_t tf_v1_check_count(const struct catalog *c)
{
    const struct tf_v1_state *state = c->state;
    const struct tf_v1_blocks *last =
        state->file_count ? &state->files[state->file_count - 1] : NULL;
    return last ? last->first + last->count : 0;
}

static void set_check(const struct catalog *c, uint32_t file, uint32_t number,
                      struct source_check *out)
{
    const struct tf_v1_state *state = c->state;
    const struct tf_v1_blocks *blocks = &state->files[file];
    const struct sstable_stored *b = &blocks->list[number];
    *out = (struct source_check){
        .number = blocks->first + number,
        .file = &c->shards[c->joined.first_shard + file],
        .off = b->handle.off,
        .bytes = b->handle.bytes + 1, /* with the type */
        .crc32c = b->crc32c,
        .besides = number == 0 ? "the metadata" : NULL,
    };
}

bool tf_v1_check_find(const struct catalog *c, const struct tensor *t, const struct stored_slice *s,
                      struct source_check *out)
{
    const struct tf_v1_state *state = c->state;
    struct shard *shard = &c->shards[stored_shard(t, s)];
    uint32_t file = (uint32_t)(shard_file(shard) - c->shards) - c->joined.first_shard;
    uint32_t number = tf_v1_block_at(&state->files[file], shard_origin(shard, stored_off(t, s)));
    if (number == TF_V1_NO_BLOCK) {
        return false;
    }
    set_check(c, file, number, out);
    return true;
}

void tf_v1_check_at(const struct catalog *c, uint64_t number, struct source_check *out)
{
    const struct tf_v1_state *state = c->state;
    uint32_t file = LOWER_BOUND(i, 0, state->file_count - 1,
                                state->files[i].first + state->files[i].count <= number);
    set_check(c, file, (uint32_t)(number - state->files[file].first), out);
}

errint tf_v1_check_sum(const struct catalog *c, struct once_waiter *w, const struct source_check *k,
                       char *buf, struct source_meter *m, uint32_t *found)
{
    (void)c;
    _Static_assert(TF_V1_BLOCK_WINDOW <= (int)SOURCE_BUFFER, "the buffer is the window");
    const struct sstable_handle h = {k->off, k->bytes - 1};
    return tf_v1_block_sum(k->file->io, w, h, buf, m, found);
}

void tf_v1_check_print(const struct source_check *k, struct buf *b)
{
    buf_printf(b, "the block at byte %llu (%llu bytes) of ", (unsigned long long)k->off,
               (unsigned long long)(k->bytes - 1));
    buf_visible(b, str_from(k->file->path));
}
