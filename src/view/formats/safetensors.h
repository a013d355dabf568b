/* SPDX-License-Identifier: Apache-2.0 */
/* The view as safetensors: one file, or several with an index, as the Hugging Face Hub has them.
 *
 *   u64 length of the header, little-endian | header, JSON, padded with blanks | bytes of the
 *   tensors, without gaps
 *
 * The header is {"__metadata__": {"format": "pt"}, NAME: {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [begin, end]}, ...}, offsets counted from its end (the format's own README;
 * safetensors/src/tensor.rs). It is padded so that the data begin at a multiple of 64, and tensors
 * stand in the order of their element sizes, the largest first, so each is aligned. How many files
 * there are is decided when the view is opened; header and layout of each are made when it is first
 * asked for. */
#ifndef CKPTFS_VIEW_FORMATS_SAFETENSORS_H
#define CKPTFS_VIEW_FORMATS_SAFETENSORS_H

#include "base/diag.h"
#include "base/errint.h"
#include "view/formats/format.h"

extern const struct view_format safetensors_format;

struct safetensors;

/* safetensors_open: decides which files there are: one, unless the options give a size that one may
 * have, or its header would be longer than the 100,000,000 bytes that readers take (then with a
 * warning). Borrows all for as long as *out. -ENOMEM. */
MUST_CHECK errint safetensors_open(const struct catalog *c, const struct view_variables *l,
                                   const struct view_options *options, struct diag *d,
                                   struct safetensors **out);
void safetensors_close(struct safetensors *s); /* NULL is legal */

/* safetensors_refusal: why the variable cannot be in such a file; NULL if it can. */
const char *safetensors_refusal(const struct view_variable *l);

/* The names in the mount; borrowed. safetensors_index_name is NULL where there is one file. */
uint32_t safetensors_count(const struct safetensors *s);
const char *safetensors_name(const struct safetensors *s, uint32_t i);
const char *safetensors_index_name(const struct safetensors *s);

/* Whether the header of file i, and the index of several files, were made; and, for statistics, how
 * many headers. */
bool safetensors_is_built(const struct safetensors *s, uint32_t i);
bool safetensors_is_indexed(const struct safetensors *s);
uint32_t safetensors_built(const struct safetensors *s);

/* safetensors_file: the layout of file i, borrowed from s. Any thread; the first one works, and
 * others wait as w says (base/once.h), whose errors these are. */
MUST_CHECK errint safetensors_file(struct safetensors *s, uint32_t i, struct once_waiter *w,
                                   struct layout *out);

/* safetensors_index: the layout of the index of several files, borrowed from s and *own. Waits, and
 * fails, as safetensors_file. */
MUST_CHECK errint safetensors_index(struct safetensors *s, struct once_waiter *w,
                                    struct extent *own, struct layout *out);

#endif
