/* SPDX-License-Identifier: Apache-2.0 */
/* What a SavedModel has beside its variables. */
#ifndef CKPTFS_VIEW_SAVED_MODEL_H
#define CKPTFS_VIEW_SAVED_MODEL_H

#include "map/map.h"
#include "view/sidecar_list.h"
#include "view/view.h"

/* saved_model_add: the graph, the assets and the rest of the SavedModel whose variables have that
 * prefix, as far as they are there: files and folders of the directory above them, or of the one
 * that they are in. One whose name `m` gives to another is not shown, nor, with a warning, what
 * cannot be read. */
MUST_CHECK errint saved_model_add(struct sidecar_list *l, const struct map *m, const char *prefix);

/* saved_model_folder: the folder of the SavedModel whose variables have that prefix, a path in `a`
 * or a constant; NULL: they are no SavedModel's, or memory is short. */
const char *saved_model_folder(struct arena *a, const char *prefix);

/* saved_model_warn: the warning that TensorFlow will not load the view as the SavedModel that its
 * checkpoint is of, and why: a tensor is not in TensorFlow's files under its key, or with another
 * dtype or shape. None where [files] names the graph, or there is none. */
void saved_model_warn(const struct view *v, struct diag *d);

#endif
