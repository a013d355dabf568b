/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of several runs: targets, and data files as they are, whose bytes are those of
 * whatever tensors are there. */
#include <stdlib.h>

#include "base/lower_bound.h"
#include "render/verified.h"
#include "render/verify.h"
#include "source/stored.h"

static int by_place(const void *a, const void *b)
{
    const struct verified_run *left = a;
    const struct verified_run *right = b;
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return (left->off > right->off) - (left->off < right->off);
}

static errint make_runs(void *context)
{
    const struct reader *r = context;
    const struct catalog *c = r->catalog;
    struct verified_runs *out = verified_runs(r->verified);
    struct verify all;
    bool ready = verify_init(&all, c) == 0;
    struct verified_run *runs = ready ? calloc((size_t)all.count + 1, sizeof(*runs)) : NULL;
    if (!runs) {
        verify_fini(&all);
        return -ENOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < all.count; i++) {
        const struct verify_unit *u = &all.units[i];
        if (!u->tensor) {
            continue;
        }
        struct shard *s = &c->shards[stored_shard(u->tensor, u->slice)];
        uint64_t off = shard_origin(s, stored_off(u->tensor, u->slice));
        runs[count++] = (struct verified_run){
            .tensor = u->tensor,
            .slice = u->slice,
            .off = off,
            .end = off + stored_bytes(c, u->tensor, u->slice),
            .file = (uint32_t)(shard_file(s) - c->shards),
        };
    }
    qsort(runs, count, sizeof(*runs), by_place);
    for (uint32_t i = 0; i < count; i++) {
        bool goes_on = i && runs[i - 1].file == runs[i].file && runs[i - 1].ends > runs[i].end;
        runs[i].ends = goes_on ? runs[i - 1].ends : runs[i].end;
    }
    free(out->runs);
    out->runs = runs;
    out->count = count;
    verify_fini(&all);
    return 0;
}

/* The first run of the file that may reach beyond byte `off`. */
static size_t first_after(const struct verified_runs *all, uint32_t file, uint64_t off)
{
    return LOWER_BOUND(i, 0, all->count,
                       all->runs[i].file < file ||
                           (all->runs[i].file == file && all->runs[i].ends <= off));
}

static errint need_range(const struct reader *r, uint32_t file, uint64_t off, uint64_t end)
{
    struct verified_runs *all = verified_runs(r->verified);
    errint rc = once_need(&all->once, r->waiter, make_runs, (void *)(uintptr_t)r);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = first_after(all, file, off); rc == 0 && i < all->count; i++) {
        const struct verified_run *run = &all->runs[i];
        if (run->file != file || run->off >= end) {
            break;
        }
        rc = run->end > off ? verified_need(r, run->tensor, run->slice) : 0;
    }
    return rc;
}

struct ensuring {
    const struct reader *reader;
    errint rc;
};

static void ensure_piece(void *context, const struct piece *p)
{
    struct ensuring *e = context;
    if (e->rc == 0 && p->source) {
        e->rc = verified_ensure(e->reader, p->source, p->slice);
    }
}

errint verified_ensure_target(const struct reader *r, const struct target *t)
{
    if (!r->verified) {
        return 0;
    }
    const struct target_form *f = t->form;
    struct ensuring e = {r, 0};
    bool whole = t->source && (!f || (f->piece_count == 0 && !t->source->sliced)); /* no elements,
                                                                    but maybe a checksum */
    if (whole && t->source->shard != TENSOR_NO_SHARD) {
        e.rc = verified_ensure(r, t->source, NULL);
    }
    if (f) {
        target_visit(t, ensure_piece, &e);
    }
    return e.rc;
}

/* Whether it is known which runs the bytes of the shard are of. */
static bool has_runs(const struct reader *r, const struct shard *file)
{
    const struct catalog *c = r->catalog;
    return r->verified && c->shard_count && file >= c->shards &&
           file < c->shards + c->shard_count && !file->base;
}

errint verified_read(const struct reader *r, struct shard *file, uint64_t off, size_t len,
                     void *buf)
{
    struct shard_attempt a = shard_attempt(file);
    errint rc;
    do {
        rc = 0;
        if (!has_runs(r, file)) {
            rc = a.doubt ? shard_doubted(file) : 0;
        } else if (verified_wary(r->verified)) {
            rc = need_range(r, (uint32_t)(file - r->catalog->shards), off, off + len);
        }
        if (rc == 0) {
            rc = shard_read(file, r->waiter, off, len, buf);
        }
    } while (shard_again(&a, &rc));
    return rc;
}
