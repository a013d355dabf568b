/* SPDX-License-Identifier: Apache-2.0 */
/* The cause of a failed read (base/cause.h) in words. */
#ifndef CKPTFS_RENDER_WHY_H
#define CKPTFS_RENDER_WHY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cause.h"
#include "source/catalog.h"

/* why_print: adds "SUBJECT: what is wrong with it" to b, visibly, the subject being a tensor or a
 * file of c, from whose reads the cause is, or a target. False, and nothing is added, for
 * CAUSE_NONE. */
bool why_print(const struct catalog *c, const struct cause *cause, struct buf *b);

#endif
