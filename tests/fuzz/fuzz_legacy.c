/* SPDX-License-Identifier: Apache-2.0 */
/* A V1 file, made a catalog, and all of its values read: decoded, unpacked, and its blocks verified. */
#include <stdlib.h>

#include "bytes/verify.h"
#include "format/dtype.h"
#include "format/strings.h"
#include "format/legacy.h"
#include "format/legacy_blocks.h"
#include "fuzz/fuzz.h"

enum { READ_MOST = 1 << 20, PART = 4096 };

/* The first bytes of a run, its last, and some in pieces: the same bytes every time. */
static void read_run(const struct catalog *c, uint32_t shard, uint64_t off, uint64_t bytes)
{
    struct shard *s = &c->shards[shard];
    size_t len = bytes < READ_MOST ? (size_t)bytes : READ_MOST;
    uint8_t *whole = malloc(len + 1);
    uint8_t part[PART];
    FUZZ_CHECK(whole);
    errint rc = shard_read(s, off, len, whole);
    errint again = shard_read(s, off, len, whole);
    FUZZ_CHECK(rc <= 0 && rc == again);
    errint checked = shard_check(s, true);
    FUZZ_CHECK(rc < 0 || !len || checked == 0);
    if (rc == 0) {
        fuzz_sum(whole, len);
    }
    uint32_t random = (uint32_t)bytes;
    for (unsigned i = 0; i < 4 && len && rc == 0; i++) {
        size_t at = fuzz_random(&random) % len;
        size_t n = len - at < PART ? len - at : PART;
        FUZZ_CHECK(shard_read(s, off + at, n, part) == 0 && memcmp(part, whole + at, n) == 0);
    }
    if (bytes && rc == 0) {
        FUZZ_CHECK(shard_read(s, off + bytes - 1, 1, part) == 0);
    }
    free(whole);
}

/* A tensor, or a slice of one. Of strings, all elements are looked at, and where they are. */
static void read_stored(const struct catalog *c, const struct tensor *t, const struct stored_slice *slice)
{
    uint32_t shard = slice ? slice->shard : t->shard;
    uint64_t off = slice ? slice->off : t->off;
    if (t->dtype == DTYPE_STRING) {
        errint rc = strings_need(&c->shards[shard], off);
        FUZZ_CHECK(rc <= 0);
        return;
    }
    read_run(c, shard, off, verify_stored_bytes(c, t, slice));
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
            read_stored(c, t, slice);
        }
        if (!s) {
            FUZZ_CHECK(t->shard < c->shard_count);
            read_stored(c, t, NULL);
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
        verify_print(c, v.units[i].tensor, v.units[i].slice, &v.units[i].result, &b);
        FUZZ_CHECK(buf_check(&b) == 0 && v.units[i].block != LEGACY_NO_BLOCK);
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
    struct location where = {.prefix = "input", .format = LOCATION_V1, .files = files, .file_count = 1};
    struct catalog *c = NULL;
    errint rc = legacy_open(&where, &d, &c);
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
