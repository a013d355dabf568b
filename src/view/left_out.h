/* SPDX-License-Identifier: Apache-2.0 */
/* What files of some kind cannot show: tensors of the checkpoint that nothing can, and variables of
 * the view that a format has no place for. It is said in the reports, never dropped silently. */
#ifndef CKPTFS_VIEW_LEFT_OUT_H
#define CKPTFS_VIEW_LEFT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "view/view.h"

struct left_out {
    struct str name; /* of the tensor, or of the variable */
    unsigned files;  /* set of FORMAT_BITs: the kinds that lack it */
    const char *reason;
};

struct left_out_cursor {
    const struct view *view;
    uint32_t tensor;                       /* of the catalog, the next one */
    struct variable_cursor next;           /* variable */
    struct left_out waiting[FORMAT_COUNT]; /* of the variable before, for other reasons */
    unsigned waiting_count;
};

/* left_out_first: a walk over all of a view, which may be incomplete after errors. */
struct left_out_cursor left_out_first(const struct view *v);

/* left_out_next: the next one; false at the end. A variable comes once for each reason. */
bool left_out_next(struct left_out_cursor *at, struct left_out *out);

/* left_out_kinds: adds the names of the kinds, as in [view] files: "npy, safetensors". */
void left_out_kinds(struct buf *b, unsigned files);

/* left_out_json: adds the names of the kinds, as an array. */
void left_out_json(struct json *j, unsigned files);

#endif
