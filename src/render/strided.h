/* SPDX-License-Identifier: Apache-2.0 */
/* Copying runs of bytes that lie in one order in memory into another. Nothing here allocates,
 * locks or fails. Any thread. */
#ifndef CKPTFS_RENDER_STRIDED_H
#define CKPTFS_RENDER_STRIDED_H

#include <stddef.h>
#include <stdint.h>

/* One axis of a box of runs: how many steps, and how many bytes each is, there and here. */
struct strided_axis {
    size_t count;
    int64_t from;
    int64_t to;
};

/* strided_copy: run (i, k) of `run` bytes, from `from + i * inner.from + k * outer.from` to
 * `to + i * inner.to + k * outer.to`, for each i and k. `inner` is the axis whose steps are smaller
 * in `to`. Where those of `outer` are smaller in `from`, both sides are gone over by tiles, each
 * cache line of either once. */
void strided_copy(char *to, const char *from, struct strided_axis inner, struct strided_axis outer,
                  size_t run);

#endif
