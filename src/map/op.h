/* SPDX-License-Identifier: Apache-2.0 */
/* An operation of a rule as it is written, such as `transpose 1,0`. What it does to values is known
 * above: the table of operations (plan/ops) begins each of its rows with such a syntax, and is
 * handed down to the parser of rules. */
#ifndef CKPTFS_MAP_OP_H
#define CKPTFS_MAP_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/position.h"
#include "base/str.h"

/* What stands after the name of an operation, and where. */
struct op_text {
    struct str text; /* trimmed */
    struct position at;
    struct arena *arena; /* for arguments */
    struct diag *d;
};

struct op_syntax {
    const char *name;
    const char *form; /* as messages and manuals show it: "transpose [AXIS,AXIS,...]" */

    /* Arguments from their text, allocated in its arena. -EINVAL, and the error is in its diag
     * (op_refuse); -ENOMEM. NULL: the operation has none. */
    errint (*parse)(const struct op_text *t, const struct op_syntax *self, const void **arguments);

    /* Adds " 1,0" to b. NULL: the operation has no arguments. */
    void (*print)(const void *arguments, struct buf *b);

    bool makes_targets; /* it makes several values of one, so that targets may have any names */
};

struct op {
    const struct op_syntax *syntax;
    const void *arguments;
};

struct op_table {
    const struct op_syntax *const *rows;
    uint32_t count;
};

/* op_parse: the operation that `text` is, trimmed, with its arguments in `a`. -EINVAL or -ENOMEM,
 * and the error is in d. */
MUST_CHECK errint op_parse(const struct op_table *table, struct str text, struct position at,
                           struct arena *a, struct op *out, struct diag *d);

/* op_print: adds the operation as a map says it to b. */
void op_print(const struct op *op, struct buf *b);

/* op_refuse: adds the error of arguments that are not of the syntax's form; -EINVAL. */
errint op_refuse(const struct op_text *t, const struct op_syntax *syntax);

/* op_integers: integers with or without a sign, with blanks or commas between them, to out; their
 * number, or -1: some word is no integer, or they are more than `most`. */
int op_integers(struct str text, int64_t *out, unsigned most);

/* op_integer: one integer, to out; false for anything else. */
bool op_integer(struct str word, int64_t *out);

#endif
