/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to be verified, in the order of the files. */
#include <stdlib.h>

#include "render/verify.h"
#include "source/catalog_join.h"
#include "source/stored.h"

static int by_place(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    uint32_t left_shard = stored_shard(left->tensor, left->slice);
    uint32_t right_shard = stored_shard(right->tensor, right->slice);
    if (left_shard != right_shard) {
        return left_shard < right_shard ? -1 : 1;
    }
    uint64_t left_off = stored_off(left->tensor, left->slice);
    uint64_t right_off = stored_off(right->tensor, right->slice);
    return (left_off > right_off) - (left_off < right_off);
}

/* Shared checks are numbered in the order of the files; within one, names are in order. */
static int by_check(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    if (left->check != right->check) {
        return left->check < right->check ? -1 : 1;
    }
    if (left->tensor != right->tensor) {
        return left->tensor < right->tensor ? -1 : 1;
    }
    return (left->slice > right->slice) - (left->slice < right->slice);
}

static void add_unit(struct verify *v, const struct tensor *t, const struct stored_slice *s)
{
    struct verify_unit *u = &v->units[v->count++];
    struct source_check check = {0};
    bool found = source_check_find(v->catalog, t, s, &check);
    *u = (struct verify_unit){
        .tensor = t, .slice = s, .check = found ? check.number : VERIFY_NO_CHECK};
    u->result.outcome = VERIFY_UNREADABLE; /* until it was looked at */
    v->bytes += source_check_shared(v->catalog, t) ? 0 : check.bytes;
}

static void add_tensors(struct verify *v)
{
    const struct catalog *c = v->catalog;
    for (uint32_t i = 0; i < catalog_all(c); i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        for (uint32_t k = 0; k < (s ? s->count : 1); k++) {
            if (s ? s->fault == SLICES_MISSING : t->shard == TENSOR_NO_SHARD) {
                continue; /* the plan reports it; there are no bytes to be read */
            }
            add_unit(v, t, s ? &s->slices[k] : NULL);
        }
    }
}

/* Units for shared checks that no tensor is in, or in which there is more than tensors. */
static errint add_others(struct verify *v)
{
    uint64_t checks = source_check_count(v->catalog);
    bool *has_tensor = calloc((size_t)checks + 1, sizeof(*has_tensor));
    if (!has_tensor) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->units[i].check != VERIFY_NO_CHECK) {
            has_tensor[v->units[i].check] = true;
        }
    }
    for (uint64_t i = 0; i < checks; i++) {
        struct source_check check;
        source_check_at(v->catalog, i, &check);
        v->bytes += check.bytes;
        if (!has_tensor[i] || check.besides) {
            v->units[v->count++] = (struct verify_unit){.check = i};
        }
    }
    free(has_tensor);
    return 0;
}

errint verify_init(struct verify *v, const struct catalog *c)
{
    *v = (struct verify){.catalog = c};
    bool shared = !c->member_count && source_check_shared(c, NULL);
    uint64_t count = shared ? source_check_count(c) : 0;
    for (uint32_t i = 0; i < catalog_all(c); i++) {
        const struct slices *s = tensor_slices(c, &c->tensors[i]);
        count += s ? s->count : 1;
    }
    v->units = count < UINT32_MAX ? calloc(count + 1, sizeof(*v->units)) : NULL;
    if (!v->units) {
        return -ENOMEM;
    }
    add_tensors(v);
    if (shared && add_others(v) < 0) {
        return -ENOMEM;
    }
    qsort(v->units, v->count, sizeof(*v->units), shared ? by_check : by_place);
    return 0;
}

void verify_fini(struct verify *v)
{
    free(v->units);
    *v = (struct verify){0};
}
