/* SPDX-License-Identifier: Apache-2.0 */
/* How a value came to be, in words, for whoever asks a plan: its sources, each operation, and each
 * shape that is another than the one before.
 *
 *     q [64, 64] float32, k [64, 64] float32 -> transpose -> concat 0 -> [128, 64] */
#ifndef CKPTFS_PLAN_EXPLAINED_H
#define CKPTFS_PLAN_EXPLAINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/op.h"
#include "source/catalog.h"

struct op_result;
struct value;

/* All of it lives as long as the plan. */
struct explained {
    struct str text;  /* one line */
    uint32_t sources; /* how many it has */
    uint32_t rule;    /* index into map.rules */
    struct str step;  /* the name of the step that this is, without its `~`; "": of none */
    const struct explained *const *steps; /* those among its sources */
    uint32_t step_count;
};

/* An explanation in the making. Zeroed, nobody wants one, and nothing below does anything. */
struct explaining {
    bool wanted;
    bool failed; /* memory was short */
    struct buf text;
    struct buf said; /* the shapes that were said last */
    uint32_t sources;
    const struct explained **steps; /* owns (malloc) */
    size_t step_count;
    size_t step_cap;
};

void explaining_fini(struct explaining *e);

/* explaining_begin: of the next value. */
void explaining_begin(struct explaining *e);

/* explaining_tensor, explaining_step: the next source, which is v. */
void explaining_tensor(struct explaining *e, const struct catalog *c, const struct tensor *t);
void explaining_step(struct explaining *e, struct str name, const struct value *v);

/* explaining_operation: `op` was applied, and gave `values`; explaining_sources: what it is applied
 * to, once all sources were said. */
void explaining_sources(struct explaining *e, const struct op_result *values);
void explaining_operation(struct explaining *e, const struct op *op,
                          const struct op_result *values);

/* explaining_end: gives each of the values, which rule number `rule` has made, its explanation,
 * allocated in `a`. -ENOMEM. */
MUST_CHECK errint explaining_end(struct explaining *e, struct arena *a, uint32_t rule,
                                 struct op_result *values);

/* explained_step: that of a step of this name. explained_more: with " -> " and `what` behind it.
 * Either is NULL if `e` is NULL, or memory is short. */
const struct explained *explained_step(const struct explained *e, struct str name, struct arena *a);
FORMAT(3, 4)
const struct explained *explained_more(const struct explained *e, struct arena *a, const char *what,
                                       ...);

#endif
