/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: which targets there are, and the pieces that each is made of. Rules x catalog x graph,
 * resolved once, then const.
 *
 * Semantics are those of init_from_checkpoint (tensorflow/python/training/checkpoint_utils.py):
 * assign.c says how with a target graph, infer.c without one. A target that is a whole tensor of
 * the checkpoint under another name, as nearly all are, keeps no pieces and no shape of its own
 * (`form` is NULL): with a million variables that is most of the memory. */
#ifndef CKPTFS_PLAN_PLAN_H
#define CKPTFS_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/once.h"
#include "base/str.h"
#include "map/map.h"
#include "plan/piece.h"
#include "source/catalog.h"

/* What is known of the file of a string target. It is found out when the file is first looked at
 * (render/string_read.h), so this alone of a plan is not const. */
struct strings_file {
    struct once once;
    atomic_uint found_in; /* number of a doubt (io.h): what is known holds unless a file of the
                             target has a newer one */
    atomic_bool complete; /* it was filled once: the rest does not change any more */
    bool entangled;   /* it could not be found out: nothing is damaged, but it would take too long
                         (render/string_cursor.h) */
    uint64_t bytes;   /* of the file */
    uint64_t longest; /* bytes of the longest element */
    uint64_t *starts; /* owns (malloc): where in it each STRINGS_STEP-th element begins */
};

/* What there is to say of a target that is not one whole tensor unchanged, or that has strings. */
struct explained;
struct target_form {
    struct shape shape; /* of the target itself: for a part, the part's */
    uint8_t dtype;
    struct str variable;        /* the full name; for a part, what stands before /part_N */
    struct shape full;          /* of the whole variable */
    const int64_t *slice_start; /* where in it the part begins; NULL if this is no part */
    int64_t part;               /* N of /part_N; -1 if this is no part */
    bool into_part;             /* a rule named the part, which takes all of its source */
    const struct piece
        *pieces; /* tile the target, sorted by start; none for a target without elements */
    uint32_t piece_count;
    const uint64_t *ends; /* of many pieces (piece_ends), else NULL */
    struct partition
        partition; /* as declared or asked for, for the report; rank 0 for a list of parts */
    enum cast_mode cast_mode;          /* of the cast, where `dtype` is not the source's */
    struct strings_file *strings;      /* of a string target, else NULL */
    const struct explained *explained; /* how a computed one came to be (explained.h); NULL where no
                                          operation made it, and where nobody asks */
};

struct target {
    const char *name_ptr;           /* exact name: variable, or variable/part_N */
    const struct tensor *source;    /* the first tensor that it is made of */
    const struct target_form *form; /* NULL: all of `source`, unchanged */
    uint32_t name_len;
    uint32_t rule; /* index into map.rules */
};

struct override {
    struct str name; /* of the target (a variable's full name) */
    uint32_t rule;   /* that lost */
    uint32_t by;     /* that won */
};

struct plan {
    struct arena arena;            /* owns all below but what it borrows from catalog and map */
    const struct catalog *catalog; /* borrows */
    const struct map *map;         /* borrows */
    const struct target *targets;  /* sorted by name bytewise, except that parts of one variable are
                                      in order of number */
    uint32_t count;
    const uint64_t *used; /* a bit per tensor of the catalog: some target uses it */
    const struct override *overrides;
    uint32_t override_count;
    const struct variable *const *unassigned; /* declared variables that no rule assigns */
    uint32_t unassigned_count;
};

static inline struct str target_name(const struct target *t)
{
    return str_of(t->name_ptr, t->name_len);
}

static inline struct str target_variable(const struct target *t)
{
    return t->form ? t->form->variable : target_name(t);
}

static inline unsigned target_dtype(const struct target *t)
{
    return t->form ? t->form->dtype : t->source->dtype;
}

static inline struct shape target_shape(const struct target *t)
{
    return t->form ? t->form->shape : tensor_shape(t->source);
}

/* target_is_left: whether the target is as its source although its rule casts a scope: the cast is
 * not for tensors of this type (rule_casts). */
static inline bool target_is_left(const struct map *m, const struct target *t)
{
    const struct rule *rule = &m->rules[t->rule];
    return t->source && rule_cast(rule).dtype && !rule_casts(rule, (enum dtype)t->source->dtype) &&
           target_dtype(t) == t->source->dtype;
}

/* target_sized: whether its size follows from dtype and shape. That of strings needs the data:
 * render_size() finds it. */
static inline bool target_sized(const struct target *t)
{
    return !t->form || !t->form->strings;
}

/* target_visit: calls visit for each piece that t's bytes come from a file by, also those behind
 * computed tensors; not for fills. A piece may come several times. t has a form. */
typedef void piece_visit(void *context, const struct piece *p);
void target_visit(const struct target *t, piece_visit *visit, void *context);

/* target_index_pieces: sets form->ends, allocated in `a`, of a form whose pieces are set; does
 * nothing for strings. Returns 0 or -ENOMEM. */
MUST_CHECK errint target_index_pieces(struct target_form *form, struct arena *a);

/* target_bytes: size of the target's bytes; 0 for strings. */
uint64_t target_bytes(const struct target *t);

static inline bool plan_uses(const struct plan *p, uint32_t tensor)
{
    return p->used[tensor / 64] >> (tensor % 64) & 1;
}

/* plan_resolve: makes targets of the rules of `m`, the tensors of `c` and the variables of `graph`,
 * all borrowed for as long as the plan. Sets `used` of the shards that targets read. `how` is a set
 * of PLAN_... bits:
 *
 *   PLAN_GRAPH_BROKEN  the graph is not all there: only the sources of rules are looked for
 *   PLAN_EXPLAINED     targets that operations make are explained
 *
 * Everything in the map that does not go with the checkpoint is an error in d. Then *out is an
 * incomplete plan, fit for a report, but not for reading; it is NULL only when memory is short. The
 * caller closes it in any case. */
enum { PLAN_GRAPH_BROKEN = 1, PLAN_EXPLAINED = 2 };
MUST_CHECK errint plan_resolve(struct catalog *c, const struct map *m, const struct graph *graph,
                               unsigned how, struct diag *d, struct plan **out);

void plan_close(struct plan *p);

/* plan_lower: the number of the first target whose variable does not sort before `name`; p->count
 * if there is none. */
uint32_t plan_lower(const struct plan *p, struct str name);

/* plan_find: the target of exactly that name, or NULL. */
const struct target *plan_find(const struct plan *p, struct str name);

#endif
