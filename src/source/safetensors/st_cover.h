/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the tensors of a safetensors file lie one after the other, and are all of it. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_COVER_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_COVER_H

#include "source/safetensors/st_header.h"

/* st_cover_check: the tensors from `first` on are those of `file`, whose bytes from `data` on are
 * to be theirs; sorts them by their places if they are not. -EBADMSG: they overlap, or there is a
 * hole; the error, in d, names the first that does not begin where another ends. */
MUST_CHECK errint st_cover_check(struct st_list *l, size_t first, const struct st_file *file,
                                 uint64_t data, struct diag *d);

#endif
