/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule says beyond `source = target` with `partition` and one `cast`: several sources or
 * targets, wildcards, steps, other operations. Syntax only. */
#ifndef CKPTFS_MAP_EXPRESSION_H
#define CKPTFS_MAP_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "map/ini.h"
#include "map/named_checkpoint.h"
#include "map/op.h"
#include "map/pattern.h"
#include "map/template.h"
#include "tensor/dtype.h"

struct expression_source {
    struct str text;     /* as written, for messages */
    struct str name;     /* decoded, where it is no pattern; a step's without its `~` */
    uint32_t checkpoint; /* number of the map's named one, from 1; 0: of the one without a name */
    struct pattern pattern;
    bool is_pattern; /* it has wildcards, or is a scope */
    bool is_step;    /* begins with `~` */
};

struct expression_target {
    struct str text;
    struct template template;
    bool is_step;
};

struct expression {
    const struct expression_source *sources;
    uint32_t source_count; /* 0: the left side is `~` alone */
    const struct expression_target *targets;
    uint32_t target_count;
    const struct op *ops; /* in the order written */
    uint32_t op_count;
    bool exact;      /* names single tensors only */
    enum dtype cast; /* of the first `cast`; DTYPE_INVALID without one */
    bool cast_all;   /* `cast DTYPE all` */
    bool named;      /* a source is of a checkpoint with a name */
};

/* expression_wanted: whether the item says more than `source = target` with `partition` and one
 * `cast`. */
bool expression_wanted(const struct ini_item *item);

/* expression_parse: the expression of an item, allocated in `a`, with the operations of `table` and
 * sources of the checkpoints `named`, whose `used` it sets. Errors (DIAG_MAP_SYNTAX, DIAG_LIMIT)
 * are in d: -EINVAL, -EOVERFLOW; -ENOMEM. */
MUST_CHECK errint expression_parse(const struct ini_item *item, const struct op_table *table,
                                   const struct named_checkpoints *named, struct arena *a,
                                   const struct expression **out, struct diag *d);

/* expression_print_operations: adds " | transpose | cast float16" to b. */
void expression_print_operations(struct buf *b, const struct expression *e);

#endif
