/* SPDX-License-Identifier: Apache-2.0 */
/* What files were when they were looked at, by path, and whether they still are: for what is read
 * from several files that somebody may be replacing meanwhile.
 *
 *     file_states_look(&f, "model.index");        before it is read
 *     ... all is read ...
 *     file_states_changed(&f)                     NULL, or the path of one that is not what it was:
 *                                                 what was read may not belong together
 *
 * Device, inode, size, mtime and ctime are compared; so is whether there is a file at all. One
 * thread. */
#ifndef CKPTFS_IO_FILE_STATES_H
#define CKPTFS_IO_FILE_STATES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/errint.h"

struct file_state;

struct file_states {
    struct arena arena;        /* of paths */
    struct file_state *states; /* owns */
    size_t count;
    size_t cap;
};

void file_states_init(struct file_states *f);
void file_states_fini(struct file_states *f);

/* file_states_look: remembers what is at `path`, which is copied. -ENOMEM. */
MUST_CHECK errint file_states_look(struct file_states *f, const char *path);

/* file_states_changed: looks at all of them again: the path, borrowed from f, of the first that
 * changed, or NULL. */
const char *file_states_changed(const struct file_states *f);

#endif
