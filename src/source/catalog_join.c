/* SPDX-License-Identifier: Apache-2.0 */
#include "source/catalog_join.h"

#include <stdlib.h>

#include "base/lower_bound.h"
#include "source/source.h"

/* What all parts have together. */
struct totals {
    uint64_t tensors;
    uint64_t shards;
    uint64_t sliced;
};

static struct totals add_up(const struct catalog_part *parts, uint32_t count)
{
    struct totals all = {0};
    for (uint32_t i = 0; i < count; i++) {
        all.tensors += parts[i].catalog->count;
        all.shards += parts[i].catalog->shard_count;
        all.sliced += parts[i].catalog->sliced_count;
    }
    return all;
}

/* Where the next member's own begin. */
struct joining {
    struct catalog *out;
    struct tensor *tensors;
    struct slices *sliced;
    uint32_t first_tensor;
    uint32_t first_sliced;
    uint32_t first_shard;
    uint64_t first_check;
};

/* Bases are among the member's own. */
static void move_shards(struct joining *j, struct catalog *c)
{
    struct shard *moved = j->out->shards + j->first_shard;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        memcpy(&moved[i], &c->shards[i], sizeof(moved[i]));
        if (moved[i].base) {
            moved[i].base = moved + (c->shards[i].base - c->shards);
        }
    }
}

static void move_slices(struct joining *j, struct catalog *c)
{
    for (uint32_t i = 0; i < c->sliced_count; i++) {
        const struct slices *s = &c->sliced[i];
        j->sliced[j->first_sliced + i] = *s;
        for (uint32_t k = 0; s->fault != SLICES_MISSING && k < s->count; k++) {
            struct stored_slice *slice = (struct stored_slice *)(uintptr_t)&s->slices[k];
            slice->shard += j->first_shard;
        }
    }
}

static void move_tensors(struct joining *j, struct catalog *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct tensor *t = &j->tensors[j->first_tensor + i];
        *t = c->tensors[i];
        t->shard += t->shard == TENSOR_NO_SHARD ? 0 : j->first_shard;
        t->off += t->sliced ? j->first_sliced : 0;
    }
}

/* The checks are counted while the member has all its own. */
static void join_member(struct joining *j, const struct catalog_part *part)
{
    struct catalog *c = part->catalog;
    uint64_t checks = source_check_count(c);
    move_shards(j, c);
    move_slices(j, c);
    move_tensors(j, c);
    free(c->tensors_block);
    c->tensors_block = NULL;
    c->tensors = j->tensors + j->first_tensor;
    c->shards = j->out->shards;
    c->sliced = j->sliced;
    c->joined =
        (struct catalog_place){part->label, part->number, j->first_shard, j->first_check, checks};
    j->first_tensor += c->count;
    j->first_sliced += c->sliced_count;
    j->first_shard += c->shard_count;
    j->first_check += checks;
}

/* What is the first member's. */
static void take_head(struct catalog *out, const struct catalog *first)
{
    out->prefix = first->prefix;
    out->index_path = first->index_path;
    out->indexes = first->indexes;
    out->index_count = first->index_count;
    out->driver = first->driver;
    out->format = first->format;
    out->plain_files = first->plain_files;
    out->index_st = first->index_st;
    out->file_count = first->file_count;
    out->slice_records = first->slice_records;
}

/* What only names without an '@' see. */
static void take_unnamed(struct catalog *out, const struct catalog *first)
{
    out->count = first->count;
    out->hidden_count = first->hidden_count;
    out->dropped = first->dropped;
    out->dropped_count = first->dropped_count;
    out->names = first->names;
    out->names_fault = first->names_fault;
}

static errint allocate(struct catalog *out, const struct totals *all, struct joining *j,
                       uint32_t count)
{
    j->tensors = malloc((size_t)(all->tensors + 1) * sizeof(*j->tensors));
    j->sliced = ARENA_ARRAY(&out->arena, struct slices, (size_t)all->sliced + 1);
    out->tensors = out->tensors_block = j->tensors;
    out->shards = ARENA_ARRAY(&out->arena, struct shard, (size_t)all->shards + 1);
    out->members = ARENA_ARRAY(&out->arena, struct catalog *, count);
    return j->tensors && j->sliced && out->shards && out->members ? 0 : -ENOMEM;
}

errint catalog_join(const struct catalog_part *parts, uint32_t count, struct catalog **out)
{
    const struct totals all = add_up(parts, count);
    struct catalog *c = calloc(1, sizeof(*c));
    struct joining j = {.out = c};
    *out = NULL;
    if (!c) {
        return -ENOMEM;
    }
    arena_init(&c->arena);
    errint rc = all.tensors >= UINT32_MAX || all.shards >= UINT32_MAX
                    ? -EOVERFLOW
                    : allocate(c, &all, &j, count);
    if (rc < 0) {
        catalog_close(c);
        return rc;
    }
    c->sliced = j.sliced;
    take_head(c, parts[0].catalog);
    if (!parts[0].label) {
        take_unnamed(c, parts[0].catalog);
    }
    for (uint32_t i = 0; i < count; i++) {
        join_member(&j, &parts[i]);
        c->members[i] = parts[i].catalog;
    }
    c->member_count = count;
    c->all_count = j.first_tensor;
    c->shard_count = j.first_shard;
    c->sliced_count = j.first_sliced;
    source_shrink(c, SSTABLE_CACHE_MOST / count);
    *out = c;
    return 0;
}

const struct catalog *catalog_numbered(const struct catalog *c, uint32_t number)
{
    for (uint32_t i = 0; i < catalog_member_count(c); i++) {
        const struct catalog *member = catalog_member(c, i);
        if (member->joined.number == number) {
            return member;
        }
    }
    return NULL;
}

const struct catalog *catalog_of_joined(const struct catalog *c, const struct tensor *t)
{
    uint32_t at =
        LOWER_BOUND(i, 0, c->member_count - 1, c->members[i]->tensors + c->members[i]->count <= t);
    return c->members[at];
}

const struct catalog *catalog_of_shard(const struct catalog *c, uint32_t shard)
{
    uint32_t last = catalog_member_count(c) - 1;
    uint32_t at = LOWER_BOUND(
        i, 0, last,
        catalog_member(c, i)->joined.first_shard + catalog_member(c, i)->shard_count <= shard);
    return catalog_member(c, at);
}

static void print_label(const struct catalog *c, const struct tensor *t, struct buf *b)
{
    const char *label = catalog_of(c, t)->joined.label;
    buf_text(b, label ? "@" : "");
    buf_text(b, label ? label : "");
}

void catalog_print_name(const struct catalog *c, const struct tensor *t, struct buf *b)
{
    buf_str(b, tensor_name(t));
    print_label(c, t, b);
}

void catalog_visible_name(const struct catalog *c, const struct tensor *t, struct buf *b)
{
    buf_visible(b, tensor_name(t));
    print_label(c, t, b);
}
