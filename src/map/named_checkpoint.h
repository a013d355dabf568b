/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoints of a map that have a name: sections [checkpoint NAME], and NAME@ in sources.
 *
 *     [checkpoint a]
 *     path = runs/1/model.ckpt-1000
 *
 *     w@a        the tensor w of checkpoint a
 *     w@{a,b}    that of a, then that of b
 *     w@*        that of each, in the order of the sections
 *
 * A name has letters, digits, '_', '.' and '-'. The checkpoint without a name is that of the
 * command line or of [checkpoint]. */
#ifndef CKPTFS_MAP_NAMED_CHECKPOINT_H
#define CKPTFS_MAP_NAMED_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/position.h"
#include "base/str.h"
#include "map/ini.h"

enum { NAMED_CHECKPOINTS_MOST = 64 };

struct named_checkpoint {
    struct str name;
    const char *path;   /* resolved against the folder of the file that gives it; NULL: none was
                                understood */
    struct position at; /* of the header */
    struct position path_at; /* of `path`; line 0: there is none */
    bool used;               /* a source names it */
};

/* Zeroed, there are none. */
struct named_checkpoints {
    struct named_checkpoint *list; /* in an arena; room for NAMED_CHECKPOINTS_MOST */
    uint32_t count;
};

/* named_checkpoint_header: whether a section's header is `checkpoint NAME`; *name is trimmed, and
 * may be no name. */
bool named_checkpoint_header(struct str section, struct str *name);

/* named_checkpoints_declare: the checkpoint of a header, appended to c; the name is copied to `a`.
 * -EINVAL: it is no name, or has been declared; -EOVERFLOW: there are too many; both are in d.
 * -ENOMEM. */
MUST_CHECK errint named_checkpoints_declare(struct named_checkpoints *c, struct str name,
                                            struct position at, struct arena *a, struct diag *d);

/* named_checkpoint_read: a line of its section; a relative path is against the file of item->at.
 * -EINVAL, and the error is in d; -ENOMEM. */
MUST_CHECK errint named_checkpoint_read(struct named_checkpoint *c, const struct ini_item *item,
                                        struct arena *a, struct diag *d);

/* named_checkpoint_at: the checkpoint whose header is there, or NULL: it was refused. */
struct named_checkpoint *named_checkpoint_at(const struct named_checkpoints *c, struct position at);

/* named_checkpoints_finish: the errors of those without a path, and the warnings of those that no
 * source names. -EINVAL. */
MUST_CHECK errint named_checkpoints_finish(const struct named_checkpoints *c, struct diag *d);

/* What a source names: numbers of checkpoints, from 1; 0 is the one without a name. */
struct checkpoint_choice {
    uint32_t numbers[NAMED_CHECKPOINTS_MOST];
    uint32_t count;
};

/* named_checkpoints_choose: which checkpoints the source `text` is of; *name is what stands before
 * the '@'. They are `used` then. -EINVAL, and the error is in d; -ENOMEM. */
MUST_CHECK errint named_checkpoints_choose(const struct named_checkpoints *c, struct str text,
                                           struct position at, struct str *name,
                                           struct checkpoint_choice *out, struct diag *d);

#endif
