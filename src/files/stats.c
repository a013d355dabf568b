/* SPDX-License-Identifier: Apache-2.0 */
#include "files/stats.h"

static void line(struct buf *b, const char *name, uint64_t value)
{
    buf_printf(b, "%s %llu\n", name, (unsigned long long)value);
}

static uint64_t count_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void stats_render(const struct stats *s, const struct view *v, struct buf *b)
{
    uint64_t used = 0;
    uint64_t failed = 0;
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        if (v->catalog->shards[i].base) {
            break; /* files come first */
        }
        used += v->catalog->shards[i].used;
        failed += atomic_load(&v->catalog->shards[i].failed);
    }
    line(b, "opens", count_of(&s->opens));
    line(b, "reads", count_of(&s->reads));
    line(b, "bytes", count_of(&s->bytes));
    line(b, "errors", count_of(&s->errors));
    line(b, "tensors", v->catalog->count);
    line(b, "targets", v->plan->count);
    line(b, "nodes", v->tree->count);
    line(b, "shards", used);
    line(b, "shards.failed", failed);
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        const struct shard *shard = &v->catalog->shards[i];
        if (shard->used && !shard->base) {
            buf_printf(b, "shard.%u.failed %d\n", shard->number, atomic_load(&shard->failed));
        }
    }
}
