/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/differences.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "compare/read.h"
#include "compare/spans.h"
#include "compare/string_difference.h"
#include "tensor/dtype.h"

/* What all threads share. `take` alone writes to it. */
struct shared {
    const struct differences *of;
    uint64_t bytes; /* of both sides */
    uint64_t done;
    struct pair_difference whole; /* of the pair at hand, as far as its spans were taken */
    bool any;                     /* a span of it was */
};

/* What a thread has. */
struct own {
    const struct differences *of;
    struct reader readers[2];
    char *bytes[2]; /* own READ_BYTES each */
    struct difference_room room;
};

static void own_end(void *data)
{
    struct own *own = data;
    for (unsigned side = 0; side < 2; side++) {
        reader_fini(&own->readers[side]);
        free(own->bytes[side]);
    }
    free(own);
}

static void *own_begin(void *context)
{
    const struct shared *s = context;
    struct own *own = calloc(1, sizeof(*own));
    if (!own) {
        return NULL;
    }
    own->of = s->of;
    own->readers[0] = view_reader(s->of->a);
    own->readers[1] = view_reader(s->of->b);
    own->bytes[0] = pages_alloc(READ_BYTES);
    own->bytes[1] = pages_alloc(READ_BYTES);
    if (!own->bytes[0] || !own->bytes[1]) {
        own_end(own);
        return NULL;
    }
    return own;
}

static const struct target *target_of(const struct pair *p, unsigned side)
{
    return side ? p->b : p->a;
}

/* Reads the range of both sides; the first failure is noted in d. */
static errint read_both(struct own *own, const struct pair *p, uint64_t off, size_t len,
                        struct pair_difference *d)
{
    for (unsigned side = 0; side < 2 && d->rc == 0; side++) {
        d->rc = read_bytes(&own->readers[side], target_of(p, side), off, len, own->bytes[side]);
        if (d->rc < 0) {
            d->unreadable_b = side == 1;
            read_why(own->readers[side].catalog, d->rc, d->why, sizeof(d->why));
        }
    }
    return d->rc;
}

/* Holds `len` bytes that were read against each other. */
static void compare_bytes(struct own *own, size_t len, struct difference *d)
{
    size_t size = dtype_bytes(own->room.numbers.dtype);
    for (size_t at = 0; at < len;) {
        size_t left = (len - at) / size;
        size_t count = left < NUMBERS_BLOCK ? left : NUMBERS_BLOCK;
        difference_add(d, &own->room, own->bytes[0] + at, own->bytes[1] + at, count);
        at += count * size;
    }
}

/* Where only equality is asked for. */
static void compare_equal(struct own *own, size_t len, struct difference *d)
{
    if (memcmp(own->bytes[0], own->bytes[1], len) == 0) {
        d->count += len / dtype_bytes(own->room.numbers.dtype);
    } else {
        own->room.numeric = false;
        compare_bytes(own, len, d);
    }
}

static void work_strings(struct own *own, const struct pair *p, struct pair_difference *d)
{
    int side = string_difference(own->readers, p, own->of->values, &d->difference, &d->rc);
    if (d->rc < 0) {
        d->unreadable_b = side == 1;
        read_why(own->readers[side].catalog, d->rc, d->why, sizeof(d->why));
    }
}

static void work(void *data, const struct span *span, void *result)
{
    struct own *own = data;
    struct pair_difference *d = result;
    const struct pair *p = own->of->pairs[span->item];
    if (!target_sized(p->a)) {
        work_strings(own, p, d);
        return;
    }
    difference_begin(&own->room, (enum dtype)target_dtype(p->a), own->of->tolerance);
    for (uint64_t at = 0; at < span->bytes; at += READ_BYTES) {
        size_t len = span->bytes - at < READ_BYTES ? (size_t)(span->bytes - at) : READ_BYTES;
        if (read_both(own, p, span->off + at, len, d) < 0) {
            return;
        }
        if (own->of->values) {
            compare_bytes(own, len, &d->difference);
        } else {
            compare_equal(own, len, &d->difference);
        }
        if (!own->of->values && d->difference.unequal) {
            return;
        }
    }
}

static enum span_verdict take(void *context, const struct span *span, void *result)
{
    struct shared *s = context;
    const struct differences *of = s->of;
    const struct pair_difference *more = result;
    struct pair_difference *whole = &s->whole;
    s->done += 2 * span->bytes;
    if (!s->any) {
        memset(whole, 0, sizeof(*whole));
    }
    bool settled = whole->rc < 0 || (!of->values && whole->difference.unequal);
    s->any = !span->last;
    if (!settled) {
        difference_merge(&whole->difference, &more->difference);
        if (more->rc < 0) {
            whole->rc = more->rc;
            whole->unreadable_b = more->unreadable_b;
            memcpy(whole->why, more->why, sizeof(whole->why));
        }
    }
    bool settles = whole->rc < 0 || (!of->values && whole->difference.unequal);
    if (!settled && (span->last || settles)) {
        of->take(of->context, span->item, whole);
    }
    of->progress(of->context, s->done, s->bytes);
    return settles ? SPAN_SKIP_ITEM : SPAN_NEXT;
}

static uint64_t bytes_of(void *context, uint32_t item)
{
    const struct shared *s = context;
    return target_bytes(s->of->pairs[item]->a);
}

errint differences_run(const struct differences *of)
{
    struct shared s = {.of = of};
    for (uint32_t i = 0; i < of->count; i++) {
        s.bytes += 2 * target_bytes(of->pairs[i]->a);
    }
    const struct span_work w = {
        .items = of->count,
        .context = &s,
        .result_bytes = sizeof(struct pair_difference),
        .bytes = bytes_of,
        .begin = own_begin,
        .end = own_end,
        .work = work,
        .take = take,
    };
    _Static_assert(sizeof(struct pair_difference) <= SPAN_RESULT_MOST, "it is a span's result");
    unsigned a = read_threads(of->a);
    unsigned b = read_threads(of->b);
    return spans_run(&w, a < b ? a : b);
}
