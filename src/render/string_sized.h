/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be known of a string target before any of its bytes can be given: that what it is
 * made of is undamaged, how long its file is, and where some of its elements are. It is found out
 * at the first look, kept in the plan (struct strings_file), and found out again after a doubt
 * about one of the files (io/io.h): then it must be the same. */
#ifndef CKPTFS_RENDER_STRING_SIZED_H
#define CKPTFS_RENDER_STRING_SIZED_H

#include <stdbool.h>
#include <stdint.h>

#include "render/render.h"

/* string_line: how many bytes stand after each element in STRING_LINES: a newline, but nothing
 * after that of a scalar. */
static inline unsigned string_line(const struct target *t)
{
    return t->form->shape.rank != 0;
}

/* string_need_sized: all of that is known, and in no doubt, and r has a cursor. Fails as
 * string_cursor_next and verified_need; -EOVERFLOW; -ESTALE: to be asked again. */
MUST_CHECK errint string_need_sized(struct reader *r, const struct target *t);

/* string_blame: notes (base/cause.h) that t is damaged, or its pieces too entangled, if `rc` says
 * so and nothing was noted before. Returns rc. */
errint string_blame(const struct target *t, errint rc);

/* What has to be done while no file of a string target is doubted, as with shard_attempt
 * (io/shard.h):
 *
 *     struct string_attempt a = string_attempt(c, t);
 *     do {
 *         rc = ...
 *     } while (string_again(&a, &rc)); */
struct string_attempt {
    const struct catalog *catalog;
    const struct target *target;
    uint32_t since; /* shard_doubts() when this try began */
    unsigned tries;
};

struct string_attempt string_attempt(const struct catalog *c, const struct target *t);

/* string_again: whether it is to be done again; then, or after some times, *rc is not -ESTALE. */
bool string_again(struct string_attempt *a, ssize_t *rc);

#endif
