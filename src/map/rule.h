/* SPDX-License-Identifier: Apache-2.0 */
/* One line of [assignment_map]: `sources = targets | operation | operation`. Syntax only: a rule
 * knows no tensors.
 *
 * A rule that has one source, one target or a list of parts of one, and as operations `partition`
 * and `cast`, each at most once and in whichever order, is all in its own fields. What says more
 * (wildcards, several sources, steps, other operations) is an expression (expression.h). */
#ifndef CKPTFS_MAP_RULE_H
#define CKPTFS_MAP_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/expression.h"
#include "map/ini.h"
#include "map/partitioner.h"
#include "tensor/dtype.h"

struct rule {
    struct str source; /* decoded name; "" never; a scope keeps its final '/' */
    struct str target; /* decoded name; "" never; a scope keeps its final '/'. For a list of parts,
                          the NAME before /part_N */
    /* Written with a final '/' that is no escaped one. The root is "/" with the flag: a tensor may
     * be called "/" too. */
    bool source_is_scope;
    bool target_is_scope;
    struct partitioner
        partitioner; /* from `| partition`; then neither side is a scope and there is no list */
    struct part_list parts; /* a list of targets; its name is `target` */
    enum dtype cast;        /* from `| cast`; DTYPE_INVALID without it */
    enum cast_mode cast_mode;
    bool optional; /* begins with `?`: what is not there is no error */
    bool cast_all; /* `cast DTYPE all`: a scope's cast takes every numeric tensor, not those of one
                      kind */
    const struct expression
        *expression;    /* NULL: all is said by the above. Else nothing but `source`,
                                            `target` and `optional` is: names as written, for
                                            messages */
    struct position at; /* of the map file, or the command line's: "assign", and its number there.
                           Line 0: no map has the rule */
    uint32_t number;    /* in the order in which rules were written, those of the command line
                           last */
};

/* rule_is_plain: whether the rule is of init_from_checkpoint's own language. Plain rules come
 * first, in TensorFlow's order; then all others, in the order in which they were written. */
static inline bool rule_is_plain(const struct rule *r)
{
    return r->cast == DTYPE_INVALID && !r->expression;
}

/* rule_is_exact: whether it names single tensors only. */
static inline bool rule_is_exact(const struct rule *r)
{
    return r->expression ? r->expression->exact : !r->source_is_scope;
}

/* rule_overrides: whether rule `later` takes a target from `holder`, a rule that applies before it.
 * As in TensorFlow it does where both are plain. Else an exact rule gives way only to an exact
 * one. */
static inline bool rule_overrides(const struct rule *later, const struct rule *holder)
{
    return rule_is_exact(later) || !rule_is_exact(holder) ||
           (rule_is_plain(later) && rule_is_plain(holder));
}

/* What a cast is to, and whether it takes every numeric tensor. */
struct rule_cast {
    enum dtype dtype; /* DTYPE_INVALID: there is no cast */
    bool all;
};

/* rule_cast: the rule's cast, or the first one of its expression. */
static inline struct rule_cast rule_cast(const struct rule *r)
{
    return r->expression ? (struct rule_cast){r->expression->cast, r->expression->cast_all}
                         : (struct rule_cast){r->cast, r->cast_all};
}

/* rule_cast_takes: whether a cast said of a scope or of wildcards is for tensors of dtype `from`:
 * see rule_casts. */
bool rule_cast_takes(struct rule_cast cast, enum dtype from);

/* rule_casts: whether the rule's cast is for tensors of that dtype. That of an exact source is for
 * whatever the tensor is. That of a scope is for the floating tensors if it is to a float or
 * complex dtype, else for the integers; with `all` for these and bool. Complex and quantized
 * tensors, strings and the like stay as they are under any scope's cast. */
bool rule_casts(const struct rule *r, enum dtype dtype);

/* rule_read_cast_words: what follows the dtype of a cast: `all`, and `saturate` or `wrap`, each
 * once at most. *all is false before. False for anything else. */
bool rule_read_cast_words(struct str text, bool *all, enum cast_mode *mode);

/* rule_cast_words: what the cast of a scope takes, in words for a message: "floating tensors". */
const char *rule_cast_words(const struct rule *r);

/* rule_print_operations: adds " | cast float16 | partition 5,1" to b; nothing for a rule without
 * operations. */
void rule_print_operations(struct buf *b, const struct rule *r);

/* rule_parse: the rule of one item, texts allocated in `a`. `table` has the operations that an
 * expression may have. The checkpoints `named` that its
 * sources are of are `used` then. Errors (DIAG_MAP_SYNTAX, DIAG_LIMIT) are in d,
 * with the line and what was expected; -EINVAL or -EOVERFLOW. The position's file is
 * borrowed. */
MUST_CHECK errint rule_parse(const struct ini_item *item, const struct op_table *table,
                             const struct named_checkpoints *named, struct arena *a,
                             struct rule *out, struct diag *d);

#endif
