/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a map that says what a proposal has found: its lines, how sure each is, and what is
 * left over. */
#ifndef CKPTFS_PROPOSE_MAP_TEXT_H
#define CKPTFS_PROPOSE_MAP_TEXT_H

#include "base/buf.h"
#include "propose/map_lines.h"

/* map_text_found: the map from one model to the other. */
void map_text_found(const struct proposal *p, const struct map_lines *l, struct buf *b);

/* map_text_begun: a map to begin with, whose targets are called like their sources; `slots` of the
 * checkpoint's variables are an optimizer's, and are left out. */
void map_text_begun(const struct proposal *p, const struct map_lines *l, uint32_t slots,
                    struct buf *b);

/* map_text_open: how many variables that are wanted have no pair. */
uint32_t map_text_open(const struct proposal *p);

#endif
