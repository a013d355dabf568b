/* SPDX-License-Identifier: Apache-2.0 */
/* What `${NAME}` stands for in the lines of a map: values of its [parameters], of those of the
 * files that it includes, and of the command line. A value is text as it is: it has no parameters
 * itself. */
#ifndef CKPTFS_MAP_PARAMETERS_H
#define CKPTFS_MAP_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/position.h"
#include "base/str.h"

enum {
    PARAMETERS_MOST = 1000,
    PARAMETERS_TEXT_MOST = 64 << 20, /* bytes that values may add to the lines of a map */
    PARAMETERS_USES_MOST = 10000,    /* in paths of included files */
};

struct parameter {
    struct str name;
    struct str value; /* never empty */
    struct position at;
    uint32_t file; /* the caller's number of what gives it */
    bool used;
};

/* Zeroed, there are none. */
struct parameters {
    struct parameter *list; /* in the arena of what was set */
    uint32_t count;
    size_t cap;
    uint64_t added; /* bytes, by all values that were put into lines */
};

/* parameters_find: the one of that name, or NULL. */
struct parameter *parameters_find(const struct parameters *p, struct str name);

/* parameter_check: -EINVAL, and the error is in d: it has no name, or a value that is empty or that
 * no line may have. */
MUST_CHECK errint parameter_check(const struct parameter *p, struct diag *d);

/* parameters_set: gives a parameter that value, in place of another one; both are copied to `a`.
 * -EINVAL as parameter_check; -EOVERFLOW, and the error is in d: there are too many. -ENOMEM. */
MUST_CHECK errint parameters_set(struct parameters *p, struct parameter parameter, struct arena *a,
                                 struct diag *d);

/* parameters_set_text: the same of `NAME=VALUE`. */
MUST_CHECK errint parameters_set_text(struct parameters *p, struct str text, struct position at,
                                      uint32_t file, struct arena *a, struct diag *d);

/* parameters_wanted: whether `text` has a parameter. */
bool parameters_wanted(struct str text);

/* parameters_next: cuts from *text all up to the end of its first parameter, whose name goes to
 * *name; false: there is none. */
bool parameters_next(struct str *text, struct str *name);

/* parameters_expand: adds `text` to b, with values in the place of its parameters, which are used
 * then. -EINVAL, and the error is in d: one is not known, or not closed. -EOVERFLOW: the text would
 * be longer than a line may be, or all lines together than PARAMETERS_TEXT_MOST. -ENOMEM. */
MUST_CHECK errint parameters_expand(struct parameters *p, struct str text, struct position at,
                                    struct buf *b, struct diag *d);

/* parameters_warn: the warnings of those that are used nowhere. */
void parameters_warn(const struct parameters *p, struct diag *d);

#endif
