/* SPDX-License-Identifier: Apache-2.0 */
/* The files that say what a checkpoint is, as they were just before they were read. Private to
 * view.c.
 *
 * A save may go on while a checkpoint is opened. The index, or a V1 file, must be what it was when
 * all is open: else data files may be those of the next save. A state file that was replaced
 * matters where something could not be opened: what it named may be gone. */
#ifndef CKPTFS_VIEW_VIEW_SEEN_H
#define CKPTFS_VIEW_VIEW_SEEN_H

#include <stdbool.h>

#include "base/errint.h"
#include "io/file_states.h"
#include "source/tf/locate.h"

struct seen {
    struct file_states state;
    struct file_states files; /* the index, or those of all parts; of V1, all files */
};

void seen_init(struct seen *s);
void seen_fini(struct seen *s);

/* seen_state: to be called before the checkpoint is looked for; seen_files: before what was found
 * is read. -ENOMEM. */
MUST_CHECK errint seen_state(struct seen *s, const char *checkpoint);
MUST_CHECK errint seen_files(struct seen *s, const struct location *where);

/* seen_changed: the path, borrowed from s, of a file because of which all has to be opened anew;
 * NULL. `failed`: something could not be opened. */
const char *seen_changed(const struct seen *s, bool failed);

#endif
