/* SPDX-License-Identifier: Apache-2.0 */
/* The recurring parts of a message about a line of the map. */
#ifndef CKPTFS_MAP_MESSAGE_H
#define CKPTFS_MAP_MESSAGE_H

#include <stddef.h>

#include "base/diag.h"
#include "base/str.h"

/* message_shown: s fit for a message, a long one cut with "..."; for %s. Costs nothing once d keeps
 * no more. */
const char *message_shown(struct diag *d, struct str s);

/* message_place: where `other` is, for a message at `at`: "in line 3" of the same file, "at
 * base.ini:3" of another one. Costs nothing once d keeps no more. */
const char *message_place(struct diag *d, struct position other, struct position at);

/* message_nearest: adds to d's newest entry those of the known words that `word` may have meant,
 * the nearest first. */
void message_nearest(struct diag *d, struct str word, const char *const *known, size_t count);

/* message_nearest_dtype: adds to d's newest entry those of the names of dtypes, which a variable
 * may have, that `word` may have meant, the nearest first. */
void message_nearest_dtype(struct diag *d, struct str word);

#endif
