/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/in_place.h"

#include <string.h>

#include "codec/sstable_block.h"
#include "source/catalog_join.h"
#include "source/tf/strings.h"

/* Whether the bytes of that shard are those of a data file, as they are. */
static bool is_file(const struct catalog *c, uint32_t shard)
{
    return shard < c->shard_count && !c->shards[shard].base;
}

/* Whether TensorFlow's index may point into it. */
static bool is_plain_file(const struct catalog *c, uint32_t shard)
{
    return is_file(c, shard) && catalog_of_shard(c, shard)->plain_files;
}

/* The pieces as one run: each is dense in source and target, and goes on where the one before
 * ended. */
static bool one_run(const struct target_form *f, struct in_place *out)
{
    for (uint32_t i = 0; i < f->piece_count; i++) {
        const struct piece *p = &f->pieces[i];
        uint64_t bytes;
        if (p->more || p->dtype != f->dtype || piece_dense_axis(p, f->shape, &bytes) != 0 ||
            p->shard != f->pieces[0].shard || (i && p->off != out->off + out->bytes)) {
            return false;
        }
        if (i == 0) {
            *out = (struct in_place){.shard = p->shard, .off = p->off};
        }
        out->bytes += bytes;
    }
    return f->piece_count > 0;
}

enum { SLICES_SEARCHED_MOST = 4096 }; /* of one tensor, for each target that is made of it */

/* The stored checksum, if the run is just a tensor or a stored slice. */
static void find_checksum(const struct catalog *c, const struct tensor *t, struct in_place *at)
{
    const struct slices *slices = tensor_slices(c, t);
    if (!slices && !t->no_crc && t->shard == at->shard && t->off == at->off &&
        t->bytes == at->bytes) {
        at->crc32c = t->crc32c;
        at->summed = true;
    }
    for (uint32_t i = 0; slices && slices->count <= SLICES_SEARCHED_MOST && i < slices->count;
         i++) {
        const struct stored_slice *s = &slices->slices[i];
        uint64_t bytes;
        if (s->shard == at->shard && s->off == at->off &&
            shape_bytes((struct shape){s->len, t->rank}, t->dtype, &bytes) == 0 &&
            bytes == at->bytes) {
            at->crc32c = s->crc32c;
            at->summed = true;
        }
    }
}

/* Whether the piece's elements follow each other in the shard, one stride after the other;
 * *elements is how many. */
static bool in_order(const struct piece *p, unsigned rank, uint64_t *elements)
{
    int64_t run = 1;
    for (unsigned axis = rank; axis-- > 0;) {
        if (p->len[axis] != 1 && p->stride[axis] != run) {
            return false;
        }
        run *= p->len[axis];
    }
    *elements = (uint64_t)run;
    return true;
}

/* Strings stand in a file with their lengths before them: only a whole run of them, a tensor or a
 * stored slice, is what a bundle has. */
static bool place_strings(const struct catalog *c, const struct target *t, struct in_place *out)
{
    const struct target_form *f = t->form;
    const struct piece *p = f->pieces;
    uint64_t elements = 0;
    if (f->piece_count > 1 || (p && p->more) || (p && !in_order(p, f->shape.rank, &elements)) ||
        (!p && t->source->sliced)) {
        return false;
    }
    uint32_t shard = p ? p->shard : t->source->shard;
    uint64_t first = p ? p->off : t->source->off;
    const struct strings_run *run =
        shard < c->shard_count ? strings_run_at(c->shards[shard].io, first) : NULL;
    if (!run || run->coding != STRINGS_BUNDLE || run->first != first || run->elements != elements) {
        return false;
    }
    const struct shard *file = c->shards[shard].base;
    *out = (struct in_place){(uint32_t)(file - c->shards), run->off, run->bytes, run->crc32c, true};
    return true;
}

bool in_place_run(const struct catalog *c, const struct target *t, struct in_place *out)
{
    const struct tensor *source = t->source;
    uint64_t elements;
    if (!target_sized(t)) {
        return false;
    }
    if (t->form) {
        return one_run(t->form, out) && is_file(c, out->shard);
    }
    if (shape_elements(tensor_shape(source), &elements) < 0 || elements == 0 ||
        !is_file(c, source->shard)) {
        return false;
    }
    *out = (struct in_place){.shard = source->shard, .off = source->off, .bytes = source->bytes};
    return true;
}

bool in_place_of(const struct catalog *c, const struct target *t, struct in_place *out)
{
    if (!target_sized(t)) {
        return place_strings(c, t, out);
    }
    if (!in_place_run(c, t, out) || !is_plain_file(c, out->shard)) {
        return false;
    }
    find_checksum(c, t->source, out);
    return true;
}

/* The name of a tensor in slices, of which the keys of its slices are made: of up to two bytes for
 * each of its own (slice_key.h), and no longer than readers take. */
enum { PLACE_SLICED_NAME_MOST = SSTABLE_KEY_MOST / 4 };

/* Whether the piece is all of a stored slice, at the slice's place in the tensor. A slice that lies
 * in two of the target's parts makes two pieces; a part may have another source. */
static bool is_slice(const struct piece *p, uint8_t rank)
{
    const struct stored_slice *s = p->slice;
    uint64_t bytes;
    return s && !p->more && p->shard == s->shard && p->off == s->off &&
           (rank == 0 || (memcmp(p->start, s->start, rank * sizeof(*p->start)) == 0 &&
                          memcmp(p->len, s->len, rank * sizeof(*p->len)) == 0)) &&
           piece_dense_axis(p, (struct shape){p->len, rank}, &bytes) == 0;
}

const struct slices *in_place_slices(const struct catalog *c, const struct target *t)
{
    const struct slices *slices = t->source ? tensor_slices(c, t->source) : NULL;
    const struct target_form *f = t->form;
    if (!slices || !f || target_name(t).len > PLACE_SLICED_NAME_MOST ||
        f->dtype != t->source->dtype || f->shape.rank != t->source->rank ||
        memcmp(f->shape.dims, t->source->dims, f->shape.rank * sizeof(*f->shape.dims)) != 0) {
        return NULL;
    }
    uint32_t with_elements = 0;
    for (uint32_t i = 0; i < slices->count; i++) {
        const struct stored_slice *s = &slices->slices[i];
        uint64_t elements;
        if (!is_plain_file(c, s->shard) ||
            shape_elements((struct shape){s->len, f->shape.rank}, &elements) < 0) {
            return NULL;
        }
        with_elements += elements > 0;
    }
    for (uint32_t i = 0; i < f->piece_count; i++) {
        if (f->pieces[i].source != t->source || !is_slice(&f->pieces[i], f->shape.rank)) {
            return NULL;
        }
    }
    return with_elements && with_elements == f->piece_count ? slices : NULL;
}
