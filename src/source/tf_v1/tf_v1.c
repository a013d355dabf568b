/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "source/catalog_build.h"
#include "source/tf/check_table.h"
#include "source/tf/strings.h"
#include "source/tf_v1/tf_v1_checks.h"
#include "source/tf_v1/tf_v1_read.h"
#include "source/tf_v1/tf_v1_state.h"
#include "tensor/dtype.h"

enum { TENSORS_MOST = 16 << 20 };

/* A tensor as one file has it. */
struct listed {
    struct tf_v1_tensor *tensor;
    const struct tf_v1_file *file;
};

struct unite {
    struct tf_v1_reader *r;
    struct catalog *c;
    struct catalog_build build;
};

#define BAD(u, file, name, ...)                                                                    \
    diag_error((u)->r->d, DIAG_CHECKPOINT_CORRUPT, (file)->path, (name), __VA_ARGS__)

/* By name, then by file. */
static int by_name(const void *left, const void *right)
{
    const struct listed *a = left;
    const struct listed *b = right;
    int order = str_cmp(a->tensor->name, b->tensor->name);
    return order ? order : (a->file > b->file) - (a->file < b->file);
}

/* Index in catalog.shards: files, blocks, decoded values. */
static uint32_t final_shard(const struct tf_v1_reader *r, uint32_t shard)
{
    uint32_t number = shard & TF_V1_NUMBER;
    if (shard & TF_V1_IN_VALUES) {
        return r->file_count + (uint32_t)r->block_count + number;
    }
    return shard & TF_V1_IN_BLOCK ? r->file_count + number : number;
}

/* The shard and the blocks of the file of that number. */
static errint add_file(struct unite *u, uint32_t number)
{
    struct catalog *c = u->c;
    struct tf_v1_state *state = c->state;
    const struct tf_v1_file *f = &u->r->files[number];
    const char *path = arena_cstr(&c->arena, str_from(f->path));
    struct sstable_stored *blocks = ARENA_ARRAY(&c->arena, struct sstable_stored, f->block_count);
    struct stat *known = ARENA_NEW(&c->arena, struct stat);
    struct shard *s = &c->shards[c->shard_count];
    if (!path || !blocks || !known || shard_init(s, path, number) < 0) {
        return -ENOMEM;
    }
    c->shard_count++;
    if (f->block_count) {
        memcpy(blocks, f->blocks, f->block_count * sizeof(*blocks));
    }
    *known = f->st;
    s->known = known;
    s->need_bytes = s->used_bytes = (uint64_t)f->st.st_size;
    const struct tf_v1_blocks *before = number ? &state->files[number - 1] : NULL;
    uint64_t first = before ? before->first + before->count : 0;
    state->files[state->file_count++] = (struct tf_v1_blocks){blocks, f->block_count, first};
    return 0;
}

static errint add_unpacked(struct unite *u, const struct tf_v1_block *b)
{
    struct catalog *c = u->c;
    const struct tf_v1_state *state = c->state;
    struct shard *base = &c->shards[b->file];
    struct io *io;
    errint rc = sstable_cache_io(state->cache, base->io, b->stored, b->bytes, &c->arena, &io);
    if (rc == 0) {
        shard_derive(&c->shards[c->shard_count++], base, io);
    }
    return rc;
}

static errint add_decoded(struct unite *u, const struct tf_v1_decoded *v)
{
    struct catalog *c = u->c;
    struct shard *base = &c->shards[final_shard(u->r, v->base)];
    const struct strings_run run = {.elements = v->count,
                                    .off = v->record.off,
                                    .bytes = wire_len(v->record),
                                    .coding = STRINGS_TF_V1};
    struct io *io;
    errint rc = v->coding.bytes ? tf_v1_values_io(base->io, v->record, &v->coding, v->count, &io)
                                : strings_io(base->io, &run, 1, &io);
    if (rc == 0) {
        shard_derive(&c->shards[c->shard_count++], base, io);
    }
    return rc;
}

/* Room for all shards, and the state. */
static errint make_state(struct unite *u)
{
    const struct tf_v1_reader *r = u->r;
    struct catalog *c = u->c;
    struct tf_v1_state *state = c->state = ARENA_NEW(&c->arena, struct tf_v1_state);
    c->shards =
        ARENA_ARRAY(&c->arena, struct shard, r->file_count + r->block_count + r->decoded_count);
    if (!state || !c->shards) {
        return -ENOMEM;
    }
    state->files = ARENA_ARRAY(&c->arena, struct tf_v1_blocks, r->file_count);
    state->cache = r->block_count ? sstable_cache_new(SSTABLE_CACHE_MOST) : NULL;
    return state->files && (state->cache || !r->block_count) ? 0 : -ENOMEM;
}

/* Files, then unpacked blocks, then decoded values: as final_shard numbers them. */
static errint make_shards(struct unite *u)
{
    const struct tf_v1_reader *r = u->r;
    errint rc = make_state(u);
    for (uint32_t i = 0; rc == 0 && i < r->file_count; i++) {
        rc = add_file(u, i);
    }
    for (size_t i = 0; rc == 0 && i < r->block_count; i++) {
        rc = add_unpacked(u, &r->blocks[i]);
    }
    for (size_t i = 0; rc == 0 && i < r->decoded_count; i++) {
        rc = add_decoded(u, &r->decoded[i]);
    }
    return rc;
}

static enum tensor_hidden hidden_reason(int64_t dtype)
{
    enum tensor_hidden hidden = tensor_hidden_dtype(dtype);
    return hidden == TENSOR_SHOWN && !tf_v1_coding((unsigned)dtype).field ? TENSOR_NOT_IN_V1
                                                                          : hidden;
}

/* Whether the files agree on a tensor. */
static errint check_agreement(struct unite *u, const struct listed *same, uint32_t count)
{
    const struct tf_v1_tensor *first = same[0].tensor;
    struct shape shape = {first->dims, (uint8_t)first->rank};
    for (uint32_t i = 1; i < count; i++) {
        const struct tf_v1_tensor *t = same[i].tensor;
        struct shape other = {t->dims, (uint8_t)t->rank};
        if (t->dtype != first->dtype || !shape_eq(shape, other)) {
            return BAD(u, same[i].file, t->name, "it is %s %s here, but %s %s in %s",
                       dtype_name((unsigned)t->dtype), shape_text(other).text,
                       dtype_name((unsigned)first->dtype), shape_text(shape).text,
                       diag_visible(u->r->d, str_from(same[0].file->path)));
        }
    }
    return 0;
}

/* The slices of all files, from here on with whole axes as numbers, and final shards. */
static errint resolve_slices(struct unite *u, const struct listed *same, uint32_t count,
                             uint64_t *total, const struct tf_v1_slice **one, bool *passed)
{
    *total = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tf_v1_tensor *t = same[i].tensor;
        for (uint32_t k = 0; k < t->slice_count; k++) {
            struct tf_v1_slice *s = &t->slices[k];
            if (!s->found && same[i].file->passed) {
                *passed = true;
            } else if (!s->found) {
                CLEANUP_BUF struct buf text = {0};
                int64_t dims[SHAPE_RANK_MOST];
                slices_print(&text, s->start, tf_v1_slice_shape(t, s, dims).dims, s->rank);
                return BAD(u, same[i].file, t->name, "the file has no values of its slice %s",
                           text.data ? text.data : "");
            }
            for (uint32_t axis = 0; axis < s->rank; axis++) {
                s->len[axis] = s->len[axis] < 0 ? t->dims[axis] : s->len[axis];
            }
            s->shard = final_shard(u->r, s->shard);
            *one = s;
            ++*total;
        }
    }
    return 0;
}

static bool covers(const struct tf_v1_slice *s, const struct tf_v1_tensor *t)
{
    return shape_eq((struct shape){s->len, (uint8_t)s->rank},
                    (struct shape){t->dims, (uint8_t)t->rank});
}

static int64_t *copy_numbers(struct arena *a, const int64_t *numbers, uint32_t count)
{
    int64_t *copy = ARENA_ARRAY(a, int64_t, count);
    if (copy && count) {
        memcpy(copy, numbers, count * sizeof(*copy));
    }
    return copy;
}

/* A tensor of `total` slices, none of them all of it. */
static errint assemble_slices(struct unite *u, const struct listed *same, uint32_t count,
                              uint64_t total, struct tensor *t)
{
    struct arena *a = &u->c->arena;
    const struct tf_v1_tensor *first = same[0].tensor;
    struct stored_slice *list =
        total <= UINT32_MAX ? ARENA_ARRAY(a, struct stored_slice, (size_t)total) : NULL;
    struct slices slices = {.slices = list};
    for (uint32_t i = 0; list && i < count; i++) {
        for (uint32_t k = 0; k < same[i].tensor->slice_count; k++) {
            const struct tf_v1_slice *s = &same[i].tensor->slices[k];
            const int64_t *start = copy_numbers(a, s->start, s->rank);
            const int64_t *len = copy_numbers(a, s->len, s->rank);
            if (!start || !len) {
                return diag_no_memory(u->r->d);
            }
            list[slices.count++] = (struct stored_slice){start, len, s->off, s->shard, 0};
        }
    }
    errint rc = list ? slices_check(&slices, (struct shape){first->dims, (uint8_t)first->rank}, a)
                     : -ENOMEM;
    if (rc == -EOVERFLOW) {
        return diag_error(u->r->d, DIAG_LIMIT, same[0].file->path, first->name,
                          "its %u slices are too many, or too entangled, to be put together",
                          slices.count);
    }
    if (rc < 0 || catalog_build_slices(&u->build, &slices, &t->off) < 0) {
        return diag_no_memory(u->r->d);
    }
    t->sliced = 1;
    if (slices.fault) {
        t->hidden = slices.fault == SLICES_MISSING ? TENSOR_SLICES_MISSING : TENSOR_SLICES_OVERLAP;
    }
    u->c->slice_records += (uint32_t)total;
    return 0;
}

/* The bytes that the records of a string tensor have. */
static uint64_t stored_strings(const struct unite *u, const struct listed *same, uint32_t count)
{
    uint64_t bytes = 0; /* of records that lie in files: no overflow */
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < same[i].tensor->slice_count; k++) {
            const struct tf_v1_slice *s = &same[i].tensor->slices[k];
            const struct strings_run *run = strings_run_at(u->c->shards[s->shard].io, s->off);
            bytes += run ? run->bytes : 0; /* none of a slice that is bad */
        }
    }
    return bytes;
}

/* The tensor that same[0 .. count) are. */
static errint add_tensor(struct unite *u, const struct listed *same, uint32_t count)
{
    const struct tf_v1_tensor *first = same[0].tensor;
    uint64_t total;
    const struct tf_v1_slice *one = NULL;
    bool passed = false;
    errint rc = check_agreement(u, same, count);
    if (rc < 0 || (rc = resolve_slices(u, same, count, &total, &one, &passed)) < 0) {
        return rc;
    }
    bool known = dtype_known((uint64_t)first->dtype);
    struct tensor t = {
        .shard = TENSOR_NO_SHARD,
        .crc32c = known ? 0 : (uint32_t)first->dtype,
        .dtype = known ? (uint8_t)first->dtype : DTYPE_INVALID,
        .rank = (uint8_t)first->rank,
        .hidden = (uint8_t)hidden_reason(first->dtype),
        .no_crc = true,
    };
    if (shape_bytes((struct shape){first->dims, t.rank}, t.dtype, &t.bytes) < 0) {
        return -EBADMSG; /* cannot be: it was checked */
    }
    if (t.dtype == DTYPE_STRING && t.hidden == TENSOR_SHOWN && !passed) {
        t.bytes = stored_strings(u, same, count);
    }
    if (total == 1 && covers(one, first) && !passed) {
        t.shard = one->shard;
        t.off = one->off;
    } else if (t.hidden == TENSOR_SHOWN && passed) {
        t.hidden = TENSOR_BLOCK_TOO_LARGE;
    } else if (t.hidden == TENSOR_SHOWN) {
        rc = assemble_slices(u, same, count, total, &t);
        if (rc < 0) {
            return rc;
        }
    }
    return catalog_build_add(&u->build, first->name, first->dims, &t) < 0 ? diag_no_memory(u->r->d)
                                                                          : 0;
}

static errint add_tensors(struct unite *u, struct listed *all, size_t count)
{
    struct tf_v1_reader *r = u->r;
    for (size_t i = 0; i < count;) {
        uint32_t same = 1;
        while (i + same < count && str_eq(all[i].tensor->name, all[i + same].tensor->name)) {
            same++;
        }
        if (u->c->count == TENSORS_MOST) {
            return diag_error(r->d, DIAG_LIMIT, u->c->prefix, STR(""), "more than %d tensors",
                              TENSORS_MOST);
        }
        errint rc = tf_v1_note_bad(r, add_tensor(u, &all[i], same));
        if (rc < 0) {
            return rc;
        }
        i += same;
    }
    return r->rc;
}

/* What all files list, by name. */
static errint unite_files(struct unite *u)
{
    struct tf_v1_reader *r = u->r;
    size_t count = 0;
    for (uint32_t i = 0; i < r->file_count; i++) {
        count += r->files[i].meta.count;
    }
    CLEANUP_FREE struct listed *all = calloc(count + 1, sizeof(*all));
    if (!all || catalog_build_init(&u->build, u->c) < 0 || make_shards(u) < 0) {
        return diag_no_memory(r->d);
    }
    u->build.own_shards = true;
    count = 0;
    for (uint32_t i = 0; i < r->file_count; i++) {
        for (uint32_t k = 0; k < r->files[i].meta.count; k++) {
            all[count++] = (struct listed){&r->files[i].meta.tensors[k], &r->files[i]};
        }
    }
    qsort(all, count, sizeof(*all), by_name);
    errint rc = add_tensors(u, all, count);
    if (rc < 0) {
        return rc;
    }
    return catalog_build_finish(&u->build) < 0 ? diag_no_memory(r->d) : 0;
}

static errint read_all(struct unite *u, const struct location *where)
{
    struct tf_v1_reader *r = u->r;
    struct catalog *c = u->c;
    c->driver = &tf_v1_driver;
    c->format = "v1";
    c->prefix = arena_cstr(&c->arena, str_from(where->prefix));
    c->index_path = c->prefix;
    c->file_count = where->file_count;
    r->files = ARENA_ARRAY(&r->arena, struct tf_v1_file, where->file_count);
    if (!c->prefix || !r->files) {
        return diag_no_memory(r->d);
    }
    if (where->file_count > TF_V1_FILES_MOST) {
        return diag_error(r->d, DIAG_LIMIT, c->prefix, STR(""), "%u files, the limit is %d",
                          where->file_count, TF_V1_FILES_MOST);
    }
    r->file_count = where->file_count;
    errint first = 0;
    for (uint32_t i = 0; i < r->file_count; i++) {
        r->files[i].path = where->files[i];
        errint rc = tf_v1_read_file(r, i);
        first = first_failure(first, rc);
        if (rc == -ENOMEM) {
            return rc;
        }
    }
    if (first < 0) {
        return first;
    }
    c->index_st = r->files[0].st;
    return unite_files(u);
}

errint tf_v1_open(const struct location *where, struct diag *d, struct catalog **out)
{
    *out = NULL;
    struct tf_v1_reader r = {.d = d};
    struct unite u = {.r = &r, .c = calloc(1, sizeof(*u.c))};
    if (!u.c) {
        return diag_no_memory(d);
    }
    arena_init(&u.c->arena);
    arena_init(&r.arena);
    errint rc = read_all(&u, where);
    catalog_build_fini(&u.build);
    free(r.blocks);
    free(r.decoded);
    arena_fini(&r.arena);
    if (rc < 0) {
        catalog_close(u.c);
        return rc;
    }
    *out = u.c;
    return 0;
}

/* ---- the driver ------------------------------------------------------------------------------ */

static const char *input(const struct catalog *c, uint32_t i)
{
    const struct tf_v1_state *state = c->state;
    return i < state->file_count ? c->shards[c->joined.first_shard + i].path : NULL;
}

static void add_blocks(struct sstable_cache_stats s, struct sstable_cache_stats *out)
{
    out->most += s.most;
    out->bytes += s.bytes;
    out->hits += s.hits;
    out->misses += s.misses;
    out->evicted += s.evicted;
}

/* Added to what *out has. */
static void add_stats(const struct catalog *c, struct source_stats *out)
{
    const struct tf_v1_state *state = c->state;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        uint64_t bytes;
        const struct shard *s = &c->shards[c->joined.first_shard + i];
        enum once_state table = tf_v1_values_table(s->io, &bytes);
        out->tables += table == ONCE_FULL;
        out->bad_tables += table == ONCE_BAD;
        out->table_bytes += table == ONCE_FULL ? bytes : 0;
    }
    add_blocks(sstable_cache_stats(state->cache), &out->blocks);
}

static size_t readers(const struct catalog *c)
{
    const struct tf_v1_state *state = c->state;
    return sstable_cache_readers(state->cache);
}

static void shrink(const struct catalog *c, uint64_t most)
{
    const struct tf_v1_state *state = c->state;
    sstable_cache_shrink(state->cache, most);
}

static void close_state(struct catalog *c)
{
    const struct tf_v1_state *state = c->state;
    sstable_cache_free(state ? state->cache : NULL);
}

const struct source_driver tf_v1_driver = {
    .name = LOCATION_V1,
    .shared_checks = true,
    .open = tf_v1_open,
    .check_count = tf_v1_check_count,
    .check_find = tf_v1_check_find,
    .check_at = tf_v1_check_at,
    .check_sum = tf_v1_check_sum,
    .check_print = tf_v1_check_print,
    .input = input,
    .check_input = tf_check_table,
    .stats = add_stats,
    .readers = readers,
    .shrink = shrink,
    .close = close_state,
};
