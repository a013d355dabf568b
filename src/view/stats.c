/* SPDX-License-Identifier: Apache-2.0 */
#include "view/stats.h"

#include "base/once.h"
#include "render/verified.h"
#include "source/catalog_join.h"
#include "source/source.h"
#include "source/tf/strings.h"

static void add_line(struct buf *b, const char *name, uint64_t value)
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
    add_line(b, "tables", made.tables);
    add_line(b, "tables.bytes", made.table_bytes);
    add_line(b, "tables.damaged", made.bad_tables);
    add_line(b, "strings.sized", strings.sized);
    add_line(b, "strings.bytes", strings.bytes);
    add_line(b, "strings.damaged", strings.damaged);
    add_line(b, "blocks.bytes", made.blocks.bytes);
    add_line(b, "blocks.limit", made.blocks.most);
    add_line(b, "blocks.hits", made.blocks.hits);
    add_line(b, "blocks.misses", made.blocks.misses);
    add_line(b, "blocks.evicted", made.blocks.evicted);
    add_line(b, "waiting", once_busy());
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
            continue;
        }
        used += v->catalog->shards[i].used;
        failed += shard_failed(&v->catalog->shards[i]);
        doubted += shard_doubt(&v->catalog->shards[i]) != 0;
    }
    add_line(b, "opens", count_of(&s->opens));
    add_line(b, "reads", count_of(&s->reads));
    add_line(b, "bytes", count_of(&s->bytes));
    add_line(b, "errors", count_of(&s->errors));
    add_line(b, "faults", count_of(&s->faults));
    add_line(b, "faults.repeated", count_of(&s->repeated));
    add_line(b, "mount.tensors", v->spots.tensors);
    add_line(b, "mount.bytes", v->spots.bytes);
    add_line(b, "tensors", catalog_all(v->catalog));
    add_line(b, "targets", v->plan->count);
    add_line(b, "nodes", v->tree->count);
    if (v->verified) {
        struct verified_counts counts = verified_counts(v->verified);
        add_line(b, "tensors.verified", counts.verified);
        add_line(b, "tensors.damaged", counts.damaged);
    }
    add_made(v->catalog, b);
    add_files(v, b);
    add_line(b, "shards", used);
    add_line(b, "shards.failed", failed);
    add_line(b, "shards.doubted", doubted);
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        const struct shard *shard = &v->catalog->shards[i];
        if (shard->used && !shard->base) {
            const char *label = catalog_of_shard(v->catalog, i)->joined.label;
            buf_printf(b, "shard.%s%s%u.failed %d\n", label ? label : "", label ? "." : "",
                       shard->number, shard_failed(shard));
        }
    }
}
