/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a V2 checkpoint, made a catalog, and all of that looked at. */
#include "fuzz/fuzz.h"
#include "source/tf/strings.h"
#include "source/tf_v2/bundle.h"
#include "tensor/dtype.h"

static void look(const struct catalog *c)
{
    uint32_t hidden = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        FUZZ_CHECK(i == 0 || str_cmp(tensor_name(t - 1), tensor_name(t)) < 0);
        FUZZ_CHECK(catalog_find(c, tensor_name(t)) == t);
        FUZZ_CHECK(!t->hidden == !tensor_hidden_reason(t));
        hidden += t->hidden != TENSOR_SHOWN;
        fuzz_sum(t->name_ptr, t->name_len);
        fuzz_sum(t->dims, t->rank * sizeof(*t->dims));
        uint64_t bytes;
        const struct strings_run *run = t->dtype == DTYPE_STRING && t->shard < c->shard_count
                                            ? strings_run_at(c->shards[t->shard].io, t->off)
                                            : NULL;
        if (t->hidden == TENSOR_SHOWN && t->dtype == DTYPE_STRING) {
            FUZZ_CHECK(t->sliced || (run && run->first == t->off && run->bytes == t->bytes));
            FUZZ_CHECK(!run || run->bytes == 0 ||
                       shard_file(&c->shards[t->shard])->need_bytes >= run->off + run->bytes);
        } else if (t->hidden == TENSOR_SHOWN) {
            FUZZ_CHECK(shape_bytes(tensor_shape(t), t->dtype, &bytes) == 0 && bytes == t->bytes);
            const struct slices *s = tensor_slices(c, t);
            for (uint32_t k = 0; s && k < s->count; k++) {
                FUZZ_CHECK(s->slices[k].shard < c->shard_count && s->fault == SLICES_WHOLE);
            }
            FUZZ_CHECK(s ? t->off < c->sliced_count
                         : t->shard < c->shard_count && t->off + t->bytes >= t->off);
            FUZZ_CHECK(s || t->bytes == 0 ||
                       shard_file(&c->shards[t->shard])->need_bytes >= t->off + t->bytes);
        }
    }
    FUZZ_CHECK(hidden == c->hidden_count);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        FUZZ_CHECK(c->shards[i].number < c->file_count && c->shards[i].path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    diag_init(&d);
    fuzz_file(data, size);
    struct location where = {.prefix = "input", .index_path = fuzz_path()};
    struct catalog *c = NULL;
    errint rc = bundle_open(&where, &d, &c);
    fuzz_said(rc, &d);
    if (rc == 0) {
        look(c);
        catalog_close(c);
    }
    diag_fini(&d);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_table(data, size, most, seed);
}
