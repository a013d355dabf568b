/* SPDX-License-Identifier: Apache-2.0 */
/* A V1 file, made a catalog, and all of its values read: decoded, unpacked, and its blocks
 * verified. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "render/verify.h"
#include "source/stored.h"
#include "source/tf/strings.h"
#include "source/tf_v1/tf_v1.h"
#include "tensor/dtype.h"

enum { READ_MOST = 1 << 20, PART = 4096 };

/* The first bytes of a run, its last, and some in pieces: the same bytes every time. */
static void read_run(const struct catalog *c, uint32_t shard, uint64_t off, uint64_t bytes)
{
    struct shard *s = &c->shards[shard];
    size_t len = bytes < READ_MOST ? (size_t)bytes : READ_MOST;
    uint8_t *whole = malloc(len + 1);
    uint8_t part[PART];
    FUZZ_CHECK(whole);
    errint rc = shard_read(s, NULL, off, len, whole);
    errint again = shard_read(s, NULL, off, len, whole);
    FUZZ_CHECK(rc <= 0 && rc == again);
    errint checked = shard_check(s, NULL, true);
    FUZZ_CHECK(rc < 0 || !len || checked == 0);
    if (rc == 0) {
        fuzz_sum(whole, len);
    }
    uint32_t random = (uint32_t)bytes;
    for (unsigned i = 0; i < 4 && len && rc == 0; i++) {
        size_t at = fuzz_random(&random) % len;
        size_t n = len - at < PART ? len - at : PART;
        FUZZ_CHECK(shard_read(s, NULL, off + at, n, part) == 0 && memcmp(part, whole + at, n) == 0);
    }
    if (bytes && rc == 0) {
        FUZZ_CHECK(shard_read(s, NULL, off + bytes - 1, 1, part) == 0);
    }
    free(whole);
}

/* All elements of a run of strings, in one walk and from any place. */
static void read_strings(struct shard *s, uint64_t first)
{
    const struct strings_run *run = strings_run_at(s->io, first);
    struct strings_walk *w = malloc(sizeof(*w));
    uint64_t off;
    uint64_t len;
    uint64_t end;
    FUZZ_CHECK(w && run && run->first == first);
    errint rc = strings_need(s->io, NULL, first);
    errint checked = shard_check(s, NULL, false);
    FUZZ_CHECK(rc <= 0 && rc == checked);
    for (uint64_t i = 0; rc == 0 && i < run->elements; i++) {
        uint64_t alone;
        strings_walk_init(w);
        rc = strings_walk_to(w, s->io, NULL, first + (i * 7) % run->elements);
        rc = rc < 0 ? rc : strings_walk_next(w, &off, &alone, &end);
        FUZZ_CHECK(rc == 0 && alone <= end && off <= end - alone && end == run->off + run->bytes);
    }
    strings_walk_init(w);
    for (uint64_t i = 0; rc == 0 && i < run->elements; i++) {
        rc = strings_walk_to(w, s->io, NULL, first + i);
        rc = rc < 0 ? rc : strings_walk_next(w, &off, &len, &end);
        FUZZ_CHECK(rc == 0 && len <= end && off <= end - len);
    }
    FUZZ_CHECK(strings_walk_to(w, s->io, NULL, first + run->elements) < 0);
    free(w);
}

static void look(const struct catalog *c)
{
    uint32_t hidden = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        FUZZ_CHECK(i == 0 || str_cmp(tensor_name(t - 1), tensor_name(t)) < 0);
        FUZZ_CHECK(catalog_find(c, tensor_name(t)) == t);
        FUZZ_CHECK(!t->hidden == !tensor_hidden_reason(t));
        hidden += t->hidden != TENSOR_SHOWN;
        const struct slices *s = tensor_slices(c, t);
        if (t->hidden != TENSOR_SHOWN) {
            continue;
        }
        for (uint32_t k = 0; s && k < s->count; k++) {
            const struct stored_slice *slice = &s->slices[k];
            FUZZ_CHECK(slice->shard < c->shard_count);
            if (t->dtype == DTYPE_STRING) {
                read_strings(&c->shards[slice->shard], slice->off);
            } else {
                read_run(c, slice->shard, slice->off, stored_bytes(c, t, slice));
            }
        }
        if (!s) {
            FUZZ_CHECK(t->shard < c->shard_count);
        }
        if (!s && t->dtype == DTYPE_STRING) {
            read_strings(&c->shards[t->shard], t->off);
        } else if (!s) {
            read_run(c, t->shard, t->off, t->bytes);
        }
    }
    FUZZ_CHECK(hidden == c->hidden_count);
}

static void verify_all(const struct catalog *c)
{
    struct verify v;
    errint rc = verify_init(&v, c);
    FUZZ_CHECK(rc == 0);
    rc = verify_run(&v, 1, NULL, NULL);
    FUZZ_CHECK(rc == 0);
    for (uint32_t i = 0; i < v.count; i++) {
        struct buf b = {0};
        if (!v.units[i].tensor) {
            continue;
        }
        verify_print(c, v.units[i].tensor, v.units[i].slice, &v.units[i].result, &b);
        FUZZ_CHECK(buf_check(&b) == 0 && v.units[i].check != VERIFY_NO_CHECK);
        buf_fini(&b);
    }
    verify_fini(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    diag_init(&d);
    fuzz_file(data, size);
    const char *files[] = {fuzz_path()};
    struct location where = {
        .prefix = "input", .driver = LOCATION_V1, .files = files, .file_count = 1};
    struct catalog *c = NULL;
    errint rc = tf_v1_open(&where, &d, &c);
    fuzz_said(rc, &d);
    for (uint32_t i = 0; c && i < c->shard_count; i++) {
        c->shards[i].used = true;
    }
    if (rc == 0 && catalog_open_shards(c, &d) == 0) {
        look(c);
        verify_all(c);
    }
    catalog_close(c);
    diag_fini(&d);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_table(data, size, most, seed);
}
