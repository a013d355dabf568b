/* SPDX-License-Identifier: Apache-2.0 */
#include "source/catalog_build.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "io/swap.h"
#include "source/tf/strings.h"
#include "tensor/dtype.h"

/* Shapes seen of late, by hash: the tensors of a model have few, so most share their dims with an
 * earlier one. */
enum { INTERNED = 4096 };

struct interned_shape {
    const int64_t *dims;
    uint8_t rank;
};

struct shard_use {
    uint64_t need_bytes;
    uint32_t index;      /* in catalog.shards */
    uint32_t first_swap; /* index in catalog.shards of its first swapped shard */
    uint32_t strings; /* index in catalog.shards of its shard of strings, if it has runs of them */
    uint32_t runs;
    uint64_t strings_numbers;
    bool named;
    uint16_t swaps; /* a bit for each derived shard (swap.h) that it needs */
};

struct strings_noted {
    struct strings_run run;
    uint32_t shard; /* number */
};

errint catalog_build_init(struct catalog_build *b, struct catalog *c)
{
    *b = (struct catalog_build){
        .c = c,
        .shapes = calloc(INTERNED, sizeof(*b->shapes)),
        .uses = calloc((size_t)c->file_count + 1, sizeof(*b->uses)),
    };
    return b->shapes && b->uses ? 0 : -ENOMEM;
}

/* The dims, allocated in the catalog's arena, or NULL when memory is short. */
static const int64_t *intern_dims(struct catalog_build *b, const int64_t *dims, uint8_t rank)
{
    uint64_t hash = rank;
    for (unsigned i = 0; i < rank; i++) {
        hash = (hash ^ (uint64_t)dims[i]) * 0x9e3779b97f4a7c15u;
    }
    struct interned_shape *slot = &b->shapes[(hash >> 32) % INTERNED];
    if (slot->dims &&
        shape_eq((struct shape){slot->dims, slot->rank}, (struct shape){dims, rank})) {
        return slot->dims;
    }
    int64_t *copy = arena_alloc(&b->c->arena, rank * sizeof(*copy));
    if (copy) {
        memcpy(copy, dims, rank * sizeof(*copy));
        *slot = (struct interned_shape){copy, rank};
    }
    return copy;
}

/* Which derived shard (swap.h) bytes of that dtype at that offset are read from. */
static unsigned swap_of(const struct catalog_build *b, unsigned dtype, uint64_t off)
{
    return b->big_endian ? swap_kind(dtype, off) : SWAP_NONE;
}

errint catalog_build_add(struct catalog_build *b, struct str name, const int64_t *dims,
                         const struct tensor *t)
{
    struct catalog *c = b->c;
    struct str copy = arena_str(&c->arena, name);
    const int64_t *shape = t->rank ? intern_dims(b, dims, t->rank) : NULL;
    if (!copy.ptr || (t->rank && !shape) ||
        !grow(&b->tensors, &b->cap, c->count, sizeof(*b->tensors))) {
        return -ENOMEM;
    }
    struct tensor *added = &b->tensors[c->count];
    *added = *t;
    added->name_ptr = copy.ptr;
    added->name_len = (uint32_t)copy.len;
    added->dims = shape;
    c->count++;
    c->hidden_count += t->hidden != TENSOR_SHOWN;
    if (t->shard != TENSOR_NO_SHARD && !b->own_shards && t->dtype != DTYPE_STRING) {
        if (swap_of(b, t->dtype, t->off) != SWAP_NONE) {
            added->no_crc = true;
        }
        catalog_build_use(b, t->dtype, t->shard, t->off, t->hidden == TENSOR_SHOWN ? t->bytes : 0);
    }
    return 0;
}

void catalog_build_use(struct catalog_build *b, unsigned dtype, uint32_t shard, uint64_t off,
                       uint64_t bytes)
{
    struct shard_use *use = &b->uses[shard];
    unsigned swap = swap_of(b, dtype, off);
    use->named = true;
    if (swap != SWAP_NONE) {
        use->swaps = (uint16_t)(use->swaps | 1u << swap);
    }
    if (bytes && off + bytes > use->need_bytes) {
        use->need_bytes = off + bytes;
    }
}

errint catalog_build_strings(struct catalog_build *b, uint32_t shard, const struct strings_run *run,
                             uint64_t *index)
{
    uint64_t numbers;
    if (!checked_add_u64(b->strings_numbers, strings_numbers(run->elements), &numbers) ||
        numbers > INT64_MAX) {
        return -EOVERFLOW;
    }
    if (!grow(&b->strings, &b->strings_cap, b->strings_count, sizeof(*b->strings))) {
        return -ENOMEM;
    }
    struct shard_use *use = &b->uses[shard];
    *index = b->strings_count++;
    struct strings_noted *noted = &b->strings[*index];
    *noted = (struct strings_noted){.run = *run, .shard = shard};
    noted->run.first = use->strings_numbers;
    noted->run.coding = b->big_endian ? STRINGS_BUNDLE_BIG_ENDIAN : STRINGS_BUNDLE;
    b->strings_numbers = numbers;
    use->strings_numbers += strings_numbers(run->elements);
    use->runs++;
    catalog_build_use(b, DTYPE_STRING, shard, run->off, run->bytes);
    return 0;
}

uint64_t catalog_build_strings_bytes(const struct catalog_build *b, uint64_t index)
{
    return b->strings[index].run.bytes;
}

errint catalog_build_slices(struct catalog_build *b, const struct slices *s, uint64_t *index)
{
    if (!grow(&b->sliced, &b->sliced_cap, b->sliced_count, sizeof(*b->sliced))) {
        return -ENOMEM;
    }
    *index = b->sliced_count;
    struct slices *added = &b->sliced[b->sliced_count++];
    *added = *s;
    added->first = *index ? added[-1].first + added[-1].count : 0;
    return 0;
}

/* The list moves into the catalog's arena. */
static errint keep_slices(struct catalog_build *b)
{
    struct catalog *c = b->c;
    struct slices *list = ARENA_ARRAY(&c->arena, struct slices, b->sliced_count);
    if (!list) {
        return -ENOMEM;
    }
    if (b->sliced_count) {
        memcpy(list, b->sliced, b->sliced_count * sizeof(*list));
    }
    c->sliced = list;
    c->sliced_count = b->sliced_count;
    return 0;
}

/* A derived shard for each data file that has runs of strings. */
static errint make_strings(struct catalog_build *b)
{
    struct catalog *c = b->c;
    CLEANUP_FREE struct strings_run *runs = malloc((b->strings_count + 1) * sizeof(*runs));
    CLEANUP_FREE size_t *place = malloc(((size_t)c->file_count + 1) * sizeof(*place));
    if (!runs || !place) {
        return -ENOMEM;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < c->file_count; i++) {
        place[i] = count;
        count += b->uses[i].runs;
    }
    for (size_t i = 0; i < b->strings_count; i++) {
        runs[place[b->strings[i].shard]++] = b->strings[i].run;
    }
    for (uint32_t i = 0; i < c->file_count; i++) {
        struct shard_use *use = &b->uses[i];
        use->strings = c->shard_count;
        if (use->runs) {
            struct shard *base = &c->shards[use->index];
            struct io *io;
            errint rc = strings_io(base->io, runs + place[i] - use->runs, use->runs, &io);
            if (rc < 0) {
                return rc;
            }
            shard_derive(&c->shards[c->shard_count++], base, io);
        }
    }
    return 0;
}

/* The derived shards of big-endian data files, each for its kinds of units. */
static errint make_swaps(struct catalog_build *b)
{
    struct catalog *c = b->c;
    for (uint32_t i = 0; i < c->file_count; i++) {
        struct shard *base = &c->shards[b->uses[i].index];
        b->uses[i].first_swap = c->shard_count;
        for (unsigned kind = 0; kind < SWAP_KINDS; kind++) {
            struct io *io;
            if (!(b->uses[i].swaps >> kind & 1)) {
                continue;
            }
            errint rc = swap_io(base->io, kind, &io);
            if (rc < 0) {
                return rc;
            }
            shard_derive(&c->shards[c->shard_count++], base, io);
        }
    }
    return 0;
}

static errint make_shards(struct catalog_build *b)
{
    struct catalog *c = b->c;
    uint32_t named = 0;
    uint32_t derived = 0;
    for (uint32_t i = 0; i < c->file_count; i++) {
        b->uses[i].index = named;
        named += b->uses[i].named;
        derived += (uint32_t)__builtin_popcount(b->uses[i].swaps) + (b->uses[i].runs > 0);
    }
    c->shards = ARENA_ARRAY(&c->arena, struct shard, (size_t)named + derived);
    if (!c->shards) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->file_count; i++) {
        if (b->uses[i].named) {
            /* %05d is the least width: more shards make longer names (naming.cc, DataFilename). */
            const char *path = b->data_paths ? b->data_paths[i]
                                             : arena_printf(&c->arena, "%s.data-%05u-of-%05u",
                                                            c->prefix, i, c->file_count);
            struct shard *s = &c->shards[c->shard_count];
            if (!path || shard_init(s, path, i) < 0) {
                return -ENOMEM;
            }
            c->shard_count++;
            s->need_bytes = b->uses[i].need_bytes;
        }
    }
    errint rc = make_swaps(b);
    return rc < 0 || !b->strings_count ? rc : make_strings(b);
}

/* Number of a data file and offset become index in catalog.shards and, of strings, number of the
 * first element. */
static void resolve_place(const struct catalog_build *b, unsigned dtype, uint32_t *shard,
                          uint64_t *off)
{
    const struct shard_use *use = &b->uses[*shard];
    if (dtype == DTYPE_STRING) {
        *shard = use->strings;
        *off = b->strings[*off].run.first;
        return;
    }
    unsigned kind = swap_of(b, dtype, *off);
    *shard = kind == SWAP_NONE
                 ? use->index
                 : use->first_swap + (uint32_t)__builtin_popcount(use->swaps & ((1u << kind) - 1));
}

static void resolve_shards(struct catalog_build *b, struct tensor *t)
{
    if (t->shard != TENSOR_NO_SHARD) {
        resolve_place(b, t->dtype, &t->shard, &t->off);
    }
    const struct slices *s = t->sliced ? &b->sliced[t->off] : NULL;
    for (uint32_t k = 0; s && s->fault != SLICES_MISSING && k < s->count; k++) {
        struct stored_slice *slice = (struct stored_slice *)(uintptr_t)&s->slices[k];
        resolve_place(b, t->dtype, &slice->shard, &slice->off);
    }
}

errint catalog_build_finish(struct catalog_build *b)
{
    struct catalog *c = b->c;
    errint rc = b->own_shards ? 0 : make_shards(b);
    for (uint32_t i = 0; rc == 0 && i < c->count && !b->own_shards; i++) {
        resolve_shards(b, &b->tensors[i]);
    }
    if (rc == 0) {
        rc = keep_slices(b);
    }
    if (rc < 0) {
        return rc;
    }
    if (c->count) {
        struct tensor *exact = realloc(b->tensors, c->count * sizeof(*exact));
        b->tensors = exact ? exact : b->tensors;
    }
    c->tensors = c->tensors_block = b->tensors;
    b->tensors = NULL;
    return 0;
}

void catalog_build_fini(struct catalog_build *b)
{
    free(b->tensors);
    free(b->shapes);
    free(b->uses);
    free(b->sliced);
    free(b->strings);
    *b = (struct catalog_build){0};
}
