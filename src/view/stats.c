/* SPDX-License-Identifier: Apache-2.0 */
#include "view/stats.h"

#include "base/once.h"
#include "render/verified.h"
#include "source/source.h"
#include "source/tf/strings.h"

static void line(struct buf *b, const char *name, uint64_t value)
{
    buf_printf(b, "%s %llu\n", name, (unsigned long long)value);
}

static uint64_t count_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* What is made at the first read of it. */
static void add_made(const struct catalog *c, struct buf *b)
{
    const struct source_stats made = source_stats(c);
    struct strings_counts strings = {0};
    for (uint32_t i = 0; i < c->shard_count; i++) {
        strings_count(c->shards[i].io, &strings);
    }
    line(b, "tables", made.tables);
    line(b, "tables.bytes", made.table_bytes);
    line(b, "tables.damaged", made.bad_tables);
    line(b, "strings.sized", strings.sized);
    line(b, "strings.bytes", strings.bytes);
    line(b, "strings.damaged", strings.damaged);
    line(b, "blocks.bytes", made.blocks.bytes);
    line(b, "blocks.limit", made.blocks.most);
    line(b, "blocks.hits", made.blocks.hits);
    line(b, "blocks.misses", made.blocks.misses);
    line(b, "blocks.evicted", made.blocks.evicted);
    line(b, "waiting", once_busy());
}

/* The files of frameworks, which are made when their sizes are first asked for. */
static void add_files(const struct view *v, struct buf *b)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (v->formats.state[i] && view_formats[i]->stats) {
            view_formats[i]->stats(v->formats.state[i], b);
        }
    }
}

void stats_render(const struct stats *s, const struct view *v, struct buf *b)
{
    uint64_t used = 0;
    uint64_t failed = 0;
    uint64_t doubted = 0;
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        if (v->catalog->shards[i].base) {
            break; /* files come first */
        }
        used += v->catalog->shards[i].used;
        failed += shard_failed(&v->catalog->shards[i]);
        doubted += shard_doubt(&v->catalog->shards[i]) != 0;
    }
    line(b, "opens", count_of(&s->opens));
    line(b, "reads", count_of(&s->reads));
    line(b, "bytes", count_of(&s->bytes));
    line(b, "errors", count_of(&s->errors));
    line(b, "faults", count_of(&s->faults));
    line(b, "faults.repeated", count_of(&s->repeated));
    line(b, "mount.tensors", v->spots.tensors);
    line(b, "mount.bytes", v->spots.bytes);
    line(b, "tensors", v->catalog->count);
    line(b, "targets", v->plan->count);
    line(b, "nodes", v->tree->count);
    if (v->verified) {
        struct verified_counts counts = verified_counts(v->verified);
        line(b, "tensors.verified", counts.verified);
        line(b, "tensors.damaged", counts.damaged);
    }
    add_made(v->catalog, b);
    add_files(v, b);
    line(b, "shards", used);
    line(b, "shards.failed", failed);
    line(b, "shards.doubted", doubted);
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        const struct shard *shard = &v->catalog->shards[i];
        if (shard->used && !shard->base) {
            buf_printf(b, "shard.%u.failed %d\n", shard->number, shard_failed(shard));
        }
    }
}
