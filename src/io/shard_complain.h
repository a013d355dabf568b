/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a data file that is missing, or that is another file than it should be. */
#ifndef CKPTFS_IO_SHARD_COMPLAIN_H
#define CKPTFS_IO_SHARD_COMPLAIN_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "io/shard.h"

/* shard_print_beside: adds which data files lie beside a missing one, "; beside it there are: a,
 * b": of the same checkpoint, else those of others with that number, the ones of the right size
 * first, since index and data may have been renamed apart. Else those that a sharded save,
 * interrupted after that, had moved to the folder above. Adds nothing if there are none. */
void shard_print_beside(const struct shard *s, struct buf *b);

/* shard_complain_missing: the error of a data file that is not there, with that. */
errint shard_complain_missing(const struct shard *s, struct diag *d);

/* shard_check_length: whether the file, which its io holds, has the bytes that its tensors need,
 * and is no pointer to them; the error says which kind of file it is, if that is known. */
MUST_CHECK errint shard_check_length(const struct shard *s, struct diag *d);

#endif
