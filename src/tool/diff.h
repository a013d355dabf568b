/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool diff` found, and the forms in which it is told. */
#ifndef CKPTFS_TOOL_DIFF_H
#define CKPTFS_TOOL_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "compare/difference.h"
#include "compare/pairs.h"
#include "tool/tool.h"

/* A pair that was read. */
struct diff_row {
    uint32_t pair; /* index into the pairs */
    struct difference difference;
    const char *fault; /* why a side could not be read; NULL */
    bool fault_b;      /* that side is B */
};

/* The largest difference of all pairs. */
struct diff_most {
    double value;
    uint32_t pair;
    uint64_t at;
};

struct diff_list {
    const struct view *a; /* borrow; NULL where indexes alone were compared, never with --json */
    const struct view *b;
    struct buf paths[2];   /* own: of the checkpoints of both, in words */
    uint64_t hidden;       /* tensors of both that cannot be shown */
    struct pairs pairs;    /* all of them, or those alone that are told */
    uint64_t count;        /* of all */
    struct diff_row *rows; /* owns; in order of pairs: of those that were read, all that are told */
    uint32_t row_count;
    size_t row_cap;
    uint64_t states[PAIR_STATE_COUNT]; /* how many pairs there are of each */
    struct difference total; /* of all that were read as numbers; its places are of no meaning */
    struct diff_most absolute;
    struct diff_most relative;
    bool values;
    bool tolerant;  /* a tolerance was given */
    uint64_t bytes; /* that were read */
    double seconds;
};

/* diff_is_equal: whether nothing differs, all of which could be read. */
bool diff_is_equal(const struct diff_list *l);

/* diff_note_view: what is said of A, or B, at the end. */
void diff_note_view(struct diff_list *l, const struct view *v, bool b);

/* diff_list_clear: frees what it owns; it is as before anything was compared. */
void diff_list_clear(struct diff_list *l);

/* diff_table: a row for each pair that is not equal, then what there is in all. diff_json: one
 * document, with all pairs. */
void diff_table(const struct diff_list *l, struct tool_out *o);
void diff_json(const struct diff_list *l, struct tool_out *o);

#endif
