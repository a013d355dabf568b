/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the checkpoints of a view: the one of the command line or of [checkpoint], and those that
 * the map names and whose tensors it uses. Private to view.c. */
#ifndef CKPTFS_VIEW_VIEW_CHECKPOINTS_H
#define CKPTFS_VIEW_VIEW_CHECKPOINTS_H

#include "view/view.h"
#include "view/view_seen.h"

/* view_open_catalog: the checkpoint that the word leads to. `seen` is NULL where no data files will
 * belong to it. */
MUST_CHECK errint view_open_catalog(const char *checkpoint, struct seen *seen, struct diag *d,
                                    struct catalog **out);

/* view_open_checkpoints: v->members, and v->catalog, which is all of them, with the names and
 * without the tensors that request and v->map (which may be NULL) say. One without a name need not
 * be there where each source of the map is of another. All that can be opened is; v->catalog is
 * NULL where one without a name is needed and not there, or nothing is. Errors are in d. */
MUST_CHECK errint view_open_checkpoints(const struct view_request *request, struct seen *seen,
                                        struct diag *d, struct view *v);

void view_close_checkpoints(struct view *v);

#endif
