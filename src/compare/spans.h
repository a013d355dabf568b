/* SPDX-License-Identifier: Apache-2.0 */
/* Many tensors, cut into spans of bytes, by several threads: each span is worked on by one thread,
 * and what came of it is taken in order, by one thread at a time. So what is made of all does not
 * depend on how many threads there are. Memory does not grow with the tensors. */
#ifndef CKPTFS_COMPARE_SPANS_H
#define CKPTFS_COMPARE_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"

enum {
    SPAN_BYTES = 1 << 20,    /* at most; a multiple of what is read at once, and of all elements */
    SPAN_RESULT_MOST = 1024, /* bytes of a result */
};

struct span {
    uint32_t item; /* of which it is a part */
    bool last;     /* of its item */
    uint64_t off;
    uint64_t bytes; /* 0: the item has none, or they are not counted; it has this span alone */
};

enum span_verdict {
    SPAN_NEXT,      /* go on */
    SPAN_SKIP_ITEM, /* no more is wanted of this item: its other spans may be left out */
    SPAN_END,       /* nothing more is wanted */
};

struct span_work {
    uint32_t items;
    void *context;
    size_t result_bytes; /* at most SPAN_RESULT_MOST */

    /* How many bytes the item has: it is cut into spans of SPAN_BYTES. In order of items, by one
     * thread at a time. */
    uint64_t (*bytes)(void *context, uint32_t item);

    /* What a thread needs for itself, freed by `end`; NULL when memory is short. */
    void *(*begin)(void *context);
    void (*end)(void *own);

    /* The result of a span to `result`, which is all zero: by any of the threads. */
    void (*work)(void *own, const struct span *s, void *result);

    /* Takes the result of a span, in order, by one thread at a time. After SPAN_SKIP_ITEM it may
     * get more spans of the item. */
    enum span_verdict (*take)(void *context, const struct span *s, void *result);
};

/* spans_run: with `threads` threads, of which the caller's is one; fewer are enough. -ENOMEM. */
MUST_CHECK errint spans_run(const struct span_work *w, unsigned threads);

#endif
