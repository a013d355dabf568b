/* SPDX-License-Identifier: Apache-2.0 */
#include "render/strided.h"

#include <string.h>

enum {
    LINE = 64, /* bytes of a cache line: a tile has so many on either side */
    AHEAD = 16 /* steps that memory is asked for before it is read */
};

#define INLINE static inline __attribute__((always_inline))

/* `run` is a constant where these are called, so that a copy is a move. */
INLINE void copy_line(char *to, const char *from, struct strided_axis axis, size_t run)
{
    for (size_t i = 0; i < axis.count; i++) {
        __builtin_prefetch(from + AHEAD * axis.from);
        memcpy(to, from, run);
        from += axis.from;
        to += axis.to;
    }
}

/* A tile of n * n runs, which are dense on `outer` there and on `inner` here. It is turned in a
 * buffer, so that lines which lie 4096 bytes apart do not drive each other out of the cache. */
INLINE void copy_tile(char *to, const char *from, int64_t inner_from, int64_t outer_to, size_t run)
{
    const size_t n = LINE / run;
    _Alignas(LINE) char turned[LINE * LINE];
    for (size_t i = 0; i < n; i++) {
        const char *line = from + (int64_t)i * inner_from;
        for (size_t k = 0; k < n; k++) {
            memcpy(turned + k * LINE + i * run, line + k * run, run);
        }
    }
    for (size_t k = 0; k < n; k++) {
        memcpy(to + (int64_t)k * outer_to, turned + k * LINE, LINE);
    }
}

/* Few runs on `outer`: those that are near in `from` at once. */
INLINE void copy_across(char *to, const char *from, struct strided_axis inner,
                        struct strided_axis outer, size_t run)
{
    for (size_t i = 0; i < inner.count; i++) {
        __builtin_prefetch(from + AHEAD * inner.from);
        for (size_t k = 0; k < outer.count; k++) {
            memcpy(to + (int64_t)k * outer.to, from + (int64_t)k * outer.from, run);
        }
        from += inner.from;
        to += inner.to;
    }
}

INLINE void copy_lines(char *to, const char *from, struct strided_axis inner,
                       struct strided_axis outer, size_t run)
{
    for (size_t k = 0; k < outer.count; k++) {
        copy_line(to + (int64_t)k * outer.to, from + (int64_t)k * outer.from, inner, run);
    }
}

/* Whole tiles first; what is left at their edges after them. */
INLINE void copy_tiles(char *to, const char *from, struct strided_axis inner,
                       struct strided_axis outer, size_t run)
{
    const size_t n = LINE / run;
    const size_t tiled = inner.count / n * n;
    const size_t outer_tiled = outer.count / n * n;
    for (size_t i = 0; i < tiled; i += n) {
        for (size_t ahead = 0; ahead < n; ahead++) {
            __builtin_prefetch(from + (int64_t)(i + n + ahead) * inner.from);
        }
        for (size_t k = 0; k < outer_tiled; k += n) {
            copy_tile(to + i * run + (int64_t)k * outer.to,
                      from + (int64_t)i * inner.from + k * run, inner.from, outer.to, run);
        }
    }
    struct strided_axis edge = {outer.count - outer_tiled, outer.from, outer.to};
    struct strided_axis most = {tiled, inner.from, inner.to};
    copy_across(to + (int64_t)outer_tiled * outer.to, from + outer_tiled * run, most, edge, run);
    struct strided_axis rest = {inner.count - tiled, inner.from, inner.to};
    copy_lines(to + tiled * run, from + (int64_t)tiled * inner.from, rest, outer, run);
}

INLINE void copy_box(char *to, const char *from, struct strided_axis inner,
                     struct strided_axis outer, size_t run)
{
    if (run < LINE && outer.from == (int64_t)run && inner.to == (int64_t)run) {
        copy_tiles(to, from, inner, outer, run);
    } else {
        copy_lines(to, from, inner, outer, run);
    }
}

void strided_copy(char *to, const char *from, struct strided_axis inner, struct strided_axis outer,
                  size_t run)
{
    switch (run) {
    case 1:
        copy_box(to, from, inner, outer, 1);
        break;
    case 2:
        copy_box(to, from, inner, outer, 2);
        break;
    case 4:
        copy_box(to, from, inner, outer, 4);
        break;
    case 8:
        copy_box(to, from, inner, outer, 8);
        break;
    case 16:
        copy_box(to, from, inner, outer, 16);
        break;
    default:
        copy_lines(to, from, inner, outer, run);
        break;
    }
}
