/* SPDX-License-Identifier: Apache-2.0 */
/* The data files of a view, and what is known of the tensors in them. Private to view.c. */
#ifndef CKPTFS_VIEW_VIEW_DATA_H
#define CKPTFS_VIEW_VIEW_DATA_H

#include "view/view.h"

/* view_open_data: opens those that `request` asks for, and looks at them; `rc` is what all else has
 * come to. Returns the first failure, which is in d. */
MUST_CHECK errint view_open_data(const struct view_request *request, errint rc, struct view *v,
                                 struct diag *d);

/* view_changed_data: the path of one that changed since it was opened; NULL. */
const char *view_changed_data(const struct view *v);

#endif
