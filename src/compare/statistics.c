/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/statistics.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "compare/numbers.h"
#include "compare/read.h"
#include "compare/spans.h"

/* What all threads share. `take` alone writes to it. */
struct shared {
    const struct statistics *of;
    uint64_t bytes;
    uint64_t done;
    struct statistic whole; /* of the target at hand, as far as its spans were taken */
    bool any;               /* a span of it was */
};

/* What a thread has. */
struct own {
    const struct statistics *of;
    struct reader reader;
    char *bytes; /* owns, READ_BYTES */
    double numbers[2 * NUMBERS_BLOCK + MOMENTS_PADDING];
};

static void own_end(void *data)
{
    struct own *own = data;
    reader_fini(&own->reader);
    free(own->bytes);
    free(own);
}

static void *own_begin(void *context)
{
    const struct shared *s = context;
    struct own *own = calloc(1, sizeof(*own));
    if (own) {
        own->of = s->of;
        own->reader = view_reader(s->of->view);
        own->bytes = pages_alloc(READ_BYTES);
    }
    if (own && !own->bytes) {
        own_end(own);
        return NULL;
    }
    return own;
}

/* Whether a is less than b: of 64 bits, with a sign or without. */
static bool is_less(enum dtype dtype, uint64_t a, uint64_t b)
{
    return dtype == DTYPE_INT64 ? (int64_t)a < (int64_t)b : a < b;
}

static bool is_wide(enum dtype dtype)
{
    return dtype == DTYPE_INT64 || dtype == DTYPE_UINT64;
}

/* Extends the exact range by that of others; `any`: there is one. */
static void extend(struct statistic *s, enum dtype dtype, bool any, uint64_t least, uint64_t most)
{
    s->least = any && !is_less(dtype, least, s->least) ? s->least : least;
    s->most = any && !is_less(dtype, s->most, most) ? s->most : most;
}

/* That of elements, of which there are some. */
static void find_range(struct statistic *s, enum dtype dtype, const char *bytes, size_t count)
{
    uint64_t least;
    memcpy(&least, bytes, sizeof(least));
    uint64_t most = least;
    for (size_t i = 1; i < count; i++) {
        uint64_t x;
        memcpy(&x, bytes + i * sizeof(x), sizeof(x));
        least = is_less(dtype, x, least) ? x : least;
        most = is_less(dtype, most, x) ? x : most;
    }
    extend(s, dtype, s->moments.count > 0, least, most);
}

/* `len` bytes that were read. */
static void add_bytes(struct own *own, const struct numbers *n, size_t len, struct statistic *s)
{
    unsigned size = dtype_bytes(n->dtype);
    for (size_t at = 0; at < len;) {
        size_t count = (len - at) / size < NUMBERS_BLOCK ? (len - at) / size : NUMBERS_BLOCK;
        numbers_read(n, own->bytes + at, count, own->numbers);
        if (numbers_each(n->dtype) == 2) {
            numbers_magnitudes(own->numbers, count, own->numbers);
        }
        if (is_wide(n->dtype)) {
            find_range(s, n->dtype, own->bytes + at, count);
        }
        moments_add(&s->moments, own->numbers, count);
        at += count * size;
    }
}

static void work(void *data, const struct span *span, void *result)
{
    struct own *own = data;
    struct statistic *s = result;
    const struct target *t = own->of->targets[span->item];
    struct numbers n;
    if (!span->bytes) {
        return;
    }
    numbers_begin(&n, (enum dtype)target_dtype(t));
    for (uint64_t at = 0; at < span->bytes && s->rc == 0;) {
        size_t len = span->bytes - at < READ_BYTES ? (size_t)(span->bytes - at) : READ_BYTES;
        s->rc = read_bytes(&own->reader, t, span->off + at, len, own->bytes);
        if (s->rc < 0) {
            read_why(own->of->view->catalog, s->rc, s->why, sizeof(s->why));
        } else {
            add_bytes(own, &n, len, s);
        }
        at += len;
    }
}

static bool is_bad(const struct statistic *s)
{
    return s->moments.nans + s->moments.infinities > 0;
}

static enum span_verdict take(void *context, const struct span *span, void *result)
{
    struct shared *s = context;
    const struct statistics *of = s->of;
    const struct statistic *more = result;
    enum dtype dtype = (enum dtype)target_dtype(of->targets[span->item]);
    s->done += span->bytes;
    if (s->any && s->whole.rc < 0) {
        s->any = !span->last; /* told already */
        return SPAN_SKIP_ITEM;
    }
    if (!s->any) {
        memset(&s->whole, 0, sizeof(s->whole));
    }
    if (more->moments.count && is_wide(dtype)) {
        extend(&s->whole, dtype, s->whole.moments.count > 0, more->least, more->most);
    }
    moments_merge(&s->whole.moments, &more->moments);
    s->any = !span->last;
    bool ends = of->check && is_bad(&s->whole);
    if (more->rc < 0) {
        s->whole.rc = more->rc;
        memcpy(s->whole.why, more->why, sizeof(s->whole.why));
    }
    if (span->last || ends || more->rc < 0) {
        of->take(of->context, span->item, &s->whole);
    }
    if (of->progress) {
        of->progress(of->context, s->done, s->bytes);
    }
    if (ends) {
        return SPAN_END;
    }
    return more->rc < 0 ? SPAN_SKIP_ITEM : SPAN_NEXT;
}

static uint64_t bytes_of(void *context, uint32_t item)
{
    const struct shared *s = context;
    return target_bytes(s->of->targets[item]);
}

uint64_t statistics_bytes(const struct statistics *s)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        bytes += target_bytes(s->targets[i]);
    }
    return bytes;
}

errint statistics_run(const struct statistics *of)
{
    struct shared s = {.of = of, .bytes = statistics_bytes(of)};
    const struct span_work w = {
        .items = of->count,
        .context = &s,
        .result_bytes = sizeof(struct statistic),
        .bytes = bytes_of,
        .begin = own_begin,
        .end = own_end,
        .work = work,
        .take = take,
    };
    _Static_assert(sizeof(struct statistic) <= SPAN_RESULT_MOST, "it is the result of a span");
    return spans_run(&w, read_threads(of->view));
}
