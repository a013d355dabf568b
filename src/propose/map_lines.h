/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that a proposal comes to: pairs that differ in numbers alone are one line of a map,
 * with `{i}` for what differs, where that line gives exactly these pairs and no other. What cannot
 * be known of them is the same, too. */
#ifndef CKPTFS_PROPOSE_MAP_LINES_H
#define CKPTFS_PROPOSE_MAP_LINES_H

#include "propose/proposal.h"

/* A rule. */
struct map_line {
    const char *text;                  /* as a map has it: "layer_{i}/w = blocks.{i}.w" */
    const struct proposal_pair *first; /* of its pairs, which agree in certainty */
    uint32_t pairs;
};

struct map_lines {
    struct map_line *lines; /* owns (malloc); in the order of their first pairs */
    size_t count;
    size_t cap;
};

/* map_lines_find: the lines of all pairs of p; texts are in p's arena. -ENOMEM. */
MUST_CHECK errint map_lines_find(struct proposal *p, struct map_lines *out);

void map_lines_fini(struct map_lines *l);

#endif
