/* SPDX-License-Identifier: Apache-2.0 */
/* What start-up found wrong: every error and warning of one run, in the order found.
 *
 * Library code adds entries and returns the errint that diag_error() gives back; it goes on where
 * it can, so that one run reports everything. Programs print the list; the report holds it as JSON.
 * All entries are counted, the first DIAG_KEPT of them are kept. */
#ifndef CKPTFS_BASE_DIAG_H
#define CKPTFS_BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/position.h"
#include "base/str.h"

enum {
    DIAG_KEPT = 1000,
    DIAG_NEAREST = 3,
    DIAG_SHOWN_MOST = 1024, /* bytes of a name that a message shows */
};

/* The codes of the report (an interface: scripts rely on the texts of diag_code_name()). */
enum diag_code {
    DIAG_CHECKPOINT_NOT_FOUND,
    DIAG_CHECKPOINT_CORRUPT,
    DIAG_MAP_SYNTAX,
    DIAG_TENSOR_NOT_FOUND,
    DIAG_VARIABLE_NOT_FOUND,
    DIAG_TENSOR_UNUSED,
    DIAG_SHAPE_MISMATCH,
    DIAG_DTYPE_MISMATCH,
    DIAG_SLICES_MISSING,
    DIAG_SLICES_OVERLAP,
    DIAG_PARTS_DIFFER,
    DIAG_GRAPH_INVALID,
    DIAG_UNSUPPORTED,
    DIAG_FILE_UNREADABLE,
    DIAG_NAME_COLLISION,
    DIAG_NAME_AMBIGUOUS,
    DIAG_LIMIT,
    DIAG_EMPTY_VIEW,
    DIAG_NO_MEMORY,
    DIAG_EMPTY_SCOPE, /* warnings from here on */
    DIAG_CUT_TARGET,
    DIAG_OVERRIDDEN,
    DIAG_SHARD_UNUSED,
    DIAG_MOVED,
    DIAG_NO_STATE,
    DIAG_INTEGERS_ROUNDED,
    DIAG_CAST_UNUSED,
    DIAG_STEP_UNUSED,
    DIAG_PARAMETER_UNUSED,
    DIAG_CHECKPOINT_UNUSED,
    DIAG_CODE_COUNT,
};

struct diag_entry {
    enum diag_code code;
    bool warning;
    struct position at;  /* its file is never NULL, but may be "" */
    struct str subject;  /* the name that it is about, raw bytes; may be empty */
    const char *message; /* lower case, no full stop, names already made visible */
    struct str nearest[DIAG_NEAREST];
    struct str written[DIAG_NEAREST]; /* how the user would write each; ptr is NULL: as it is */
    unsigned nearest_count;
};

struct diag {
    struct arena arena; /* holds all texts */
    struct diag_entry *entries;
    size_t cap;
    unsigned kept; /* entries held */
    uint64_t errors;
    uint64_t warnings;
    bool forgotten;     /* memory was too short to keep an entry */
    const char *denied; /* borrowed: as whom files are opened, for where that is denied; NULL:
                           nothing to say */
};

/* How much there was at some time. */
struct diag_mark {
    unsigned kept;
    uint64_t errors;
    uint64_t warnings;
};

void diag_init(struct diag *d);
void diag_fini(struct diag *d);

/* diag_mark: what there is now. diag_forget: takes away what was added since then; its texts stay
 * in the arena. */
static inline struct diag_mark diag_mark(const struct diag *d)
{
    return (struct diag_mark){d->kept, d->errors, d->warnings};
}

static inline void diag_forget(struct diag *d, const struct diag_mark *then)
{
    d->kept = then->kept;
    d->errors = then->errors;
    d->warnings = then->warnings;
}

/* diag_error: adds an error about the file `file` (NULL or "": about none) and returns the errint
 * of its code (-EINVAL, -ENOENT, -EBADMSG, ...). `file` and `subject` are copied; the format makes
 * `message`. d may be NULL: nothing is kept. diag_error_at: an error about a position. */
FORMAT(5, 6)
errint diag_error(struct diag *d, enum diag_code code, const char *file, struct str subject,
                  const char *fmt, ...);
FORMAT(5, 6)
errint diag_error_at(struct diag *d, enum diag_code code, struct position at, struct str subject,
                     const char *fmt, ...);

/* diag_warn, diag_warn_at: add a warning. */
FORMAT(5, 6)
void diag_warn(struct diag *d, enum diag_code code, const char *file, struct str subject,
               const char *fmt, ...);
FORMAT(5, 6)
void diag_warn_at(struct diag *d, enum diag_code code, struct position at, struct str subject,
                  const char *fmt, ...);

/* diag_take_errors: adds the errors of `from` to d; its warnings are left out. */
void diag_take_errors(struct diag *d, const struct diag *from);

/* diag_nearest: adds a name that may have been meant to the newest entry; does nothing if that
 * entry was not kept, or the name is too long to be shown. The name is copied.
 *
 * diag_nearest_written: the same, where people are shown `written`, also copied, in place of the
 * name. */
void diag_nearest(struct diag *d, struct str name);
void diag_nearest_written(struct diag *d, struct str name, struct str written);

/* diag_no_memory: the error of a failed allocation; returns -ENOMEM. */
errint diag_no_memory(struct diag *d);

/* diag_visible: s made fit for a message, as buf_visible_head with DIAG_SHOWN_MOST, allocated in
 * d's arena; for %s. It costs nothing once d keeps no more entries: then it is "". */
const char *diag_visible(struct diag *d, struct str s);

/* diag_place: a position for a message, "map.ini:3", allocated in d's arena; for %s. It costs
 * nothing once d keeps no more entries: then it is "". */
const char *diag_place(struct diag *d, struct position at);

const char *diag_code_name(enum diag_code code);

#endif
