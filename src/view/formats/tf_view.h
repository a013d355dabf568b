/* SPDX-License-Identifier: Apache-2.0 */
/* The view as a V2 checkpoint that TensorFlow loads: a state file, an index, data files.
 *
 * A tensor whose bytes stand in a data file of the source keeps its place: the view's data file is
 * that file, and the new index points into it with the stored checksum. All else is laid out in one
 * more data file. How many data files there are is part of their names, so that is decided when the
 * view is opened; the index and the layout of the extra file are made when they are first asked
 * for, and the checksums that are not known when the index is first read: its size does not depend
 * on them. */
#ifndef CKPTFS_VIEW_FORMATS_TF_VIEW_H
#define CKPTFS_VIEW_FORMATS_TF_VIEW_H

#include "base/diag.h"
#include "base/errint.h"
#include "base/once.h"
#include "view/formats/format.h"

extern const struct view_format tensorflow_format;

struct tf_view;

/* tf_view_open: decides what there is. Borrows all for as long as *out. Reads nothing. -ENOMEM,
 * -EOVERFLOW. */
MUST_CHECK errint tf_view_open(struct catalog *c, const struct view_variables *l,
                               const struct view_options *options, struct diag *d,
                               struct tf_view **out);
void tf_view_close(struct tf_view *v); /* NULL is legal */

/* tf_view_refusal: why the variable is not in the checkpoint; NULL if it is. */
const char *tf_view_refusal(const struct tf_view *v, const struct view_variable *l);

/* tf_view_stale: whether the view has an object graph that is not in the checkpoint, since not all
 * that it may name is. */
bool tf_view_stale(const struct tf_view *v);

/* tf_view_keeps: whether `t`, a hidden tensor of the source, is in the checkpoint as it is: a
 * variant. */
bool tf_view_keeps(const struct tf_view *v, const struct tensor *t);

/* The paths in the mount, and the content of the state file; borrowed from v. tf_view_state_path is
 * NULL where the layout has none. */
const char *tf_view_state_path(const struct tf_view *v);
struct str tf_view_state(const struct tf_view *v);
const char *tf_view_index_path(const struct tf_view *v);
uint32_t tf_view_data_count(const struct tf_view *v);
const char *tf_view_data_path(const struct tf_view *v, uint32_t i);

/* tf_view_source: the source's file that data file i is; NULL for the one that is the view's
 * own. */
struct shard *tf_view_source(const struct tf_view *v, uint32_t i);

/* tf_view_index: the layout of the index, borrowed from v and *own. Any thread; the first one
 * works, and others wait (base/once.h), whose errors these are. -EBADMSG for good, when a tensor
 * that checksums are made of is damaged, or a value does not fit its cast: which, is noted
 * (base/cause.h). */
MUST_CHECK errint tf_view_index(struct tf_view *v, enum content_need need, struct reader *r,
                                struct extent *own, struct layout *out);

/* tf_view_state_of: whether the index was built, and whether its checksums were found: for
 * statistics. */
void tf_view_state_of(const struct tf_view *v, enum once_state *built, enum once_state *summed);

/* tf_view_data: the layout of data file i, borrowed from v and *own. Waits, and fails, as
 * tf_view_index. */
MUST_CHECK errint tf_view_data(struct tf_view *v, uint32_t i, struct reader *r, struct extent *own,
                               struct layout *out);

#endif
