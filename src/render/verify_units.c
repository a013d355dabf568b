/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to be verified, in the order of the files. */
#include <stdlib.h>

#include "render/verify.h"
#include "source/tf/strings.h"
#include "source/tf_v1/tf_v1_blocks.h"
#include "tensor/dtype.h"

uint64_t verify_stored_bytes(const struct catalog *c, const struct tensor *t,
                             const struct stored_slice *s)
{
    const struct strings_run *run =
        strings_run_at(&c->shards[verify_stored_shard(t, s)], verify_stored_off(t, s));
    if (run) {
        return run->bytes;
    }
    if (!s && !dtype_bytes(t->dtype)) { /* nothing that says so has looked at the file */
        const struct shard *shard = &c->shards[t->shard];
        uint64_t size = (uint64_t)shard->st.st_size;
        uint64_t left = t->off < size ? size - t->off : 0;
        return t->dtype != DTYPE_VARIANT ? 0 : t->bytes < left ? t->bytes : left;
    }
    if (!s) {
        return t->bytes;
    }
    uint64_t bytes; /* the reader has checked that it fits */
    return shape_bytes((struct shape){s->len, t->rank}, t->dtype, &bytes) < 0 ? 0 : bytes;
}

static int by_place(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    uint32_t left_shard = verify_stored_shard(left->tensor, left->slice);
    uint32_t right_shard = verify_stored_shard(right->tensor, right->slice);
    if (left_shard != right_shard) {
        return left_shard < right_shard ? -1 : 1;
    }
    uint64_t left_off = verify_stored_off(left->tensor, left->slice);
    uint64_t right_off = verify_stored_off(right->tensor, right->slice);
    return (left_off > right_off) - (left_off < right_off);
}

/* Blocks are numbered in the order of the files; within one, names are in order. */
static int by_block(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    if (left->block != right->block) {
        return left->block < right->block ? -1 : 1;
    }
    if (left->tensor != right->tensor) {
        return left->tensor < right->tensor ? -1 : 1;
    }
    return (left->slice > right->slice) - (left->slice < right->slice);
}

static bool is_legacy(const struct catalog *c)
{
    return c->shard_count && c->shards[0].blocks;
}

/* All blocks; first[i] becomes the number of file i's first. */
static errint list_blocks(struct verify *v, uint32_t *first)
{
    const struct catalog *c = v->catalog;
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        count += c->shards[i].block_count;
    }
    v->blocks = count < TF_V1_NO_BLOCK ? calloc(count + 1, sizeof(*v->blocks)) : NULL;
    if (!v->blocks) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->shard_count; i++) {
        first[i] = v->block_count;
        for (uint32_t k = 0; k < c->shards[i].block_count; k++) {
            v->blocks[v->block_count++] = (struct verify_block){.file = i, .number = k};
            v->bytes += c->shards[i].blocks[k].handle.bytes + 1; /* with the type */
        }
    }
    return 0;
}

/* Units find their blocks, blocks their units. */
static errint assign_blocks(struct verify *v)
{
    const struct catalog *c = v->catalog;
    uint32_t *first = calloc((size_t)c->shard_count + 1, sizeof(*first));
    errint rc = first ? list_blocks(v, first) : -ENOMEM;
    for (uint32_t i = 0; rc == 0 && i < v->count; i++) {
        struct verify_unit *u = &v->units[i];
        struct shard *s = &c->shards[verify_stored_shard(u->tensor, u->slice)];
        struct shard *file = shard_file(s);
        uint32_t number =
            tf_v1_block_at(file, shard_origin(s, verify_stored_off(u->tensor, u->slice)));
        u->block = number == TF_V1_NO_BLOCK ? TF_V1_NO_BLOCK : first[file - c->shards] + number;
        u->result.outcome = VERIFY_UNREADABLE; /* until its block was looked at */
    }
    free(first);
    if (rc < 0) {
        return rc;
    }
    qsort(v->units, v->count, sizeof(*v->units), by_block);
    for (uint32_t i = 0; i < v->count && v->units[i].block != TF_V1_NO_BLOCK; i++) {
        struct verify_block *b = &v->blocks[v->units[i].block];
        b->first = b->count ? b->first : i;
        b->count++;
    }
    return 0;
}

errint verify_init(struct verify *v, const struct catalog *c)
{
    *v = (struct verify){.catalog = c};
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct slices *s = tensor_slices(c, &c->tensors[i]);
        count += s ? s->count : 1;
    }
    v->units = count < UINT32_MAX ? calloc(count + 1, sizeof(*v->units)) : NULL;
    if (!v->units) {
        return -ENOMEM;
    }
    bool legacy = is_legacy(c);
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        for (uint32_t k = 0; k < (s ? s->count : 1); k++) {
            if (s ? s->fault == SLICES_MISSING : t->shard == TENSOR_NO_SHARD) {
                continue; /* the plan reports it; there are no bytes to be read */
            }
            struct verify_unit *u = &v->units[v->count++];
            *u = (struct verify_unit){
                .tensor = t, .slice = s ? &s->slices[k] : NULL, .block = TF_V1_NO_BLOCK};
            v->bytes += legacy ? 0 : verify_stored_bytes(c, t, u->slice);
        }
    }
    if (legacy) {
        return assign_blocks(v);
    }
    qsort(v->units, v->count, sizeof(*v->units), by_place);
    return 0;
}

void verify_fini(struct verify *v)
{
    free(v->units);
    free(v->blocks);
    *v = (struct verify){0};
}
