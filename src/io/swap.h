/* SPDX-License-Identifier: Apache-2.0 */
/* A big-endian data file as if a little-endian machine had written it: a derived io (io.h) with the
 * same offsets, in which the bytes of each unit stand the other way round.
 *
 * TensorFlow does not align tensors in a data file, so units of 2, 4 or 8 bytes may begin at any
 * offset: there is an io for each unit and each remainder of it that some tensor begins at, at most
 * SWAP_KINDS for a file. Complex elements are two units. */
#ifndef CKPTFS_IO_SWAP_H
#define CKPTFS_IO_SWAP_H

#include "io/io.h"

enum { SWAP_KINDS = 2 + 4 + 8, SWAP_NONE = SWAP_KINDS };

/* swap_unit: bytes of the units of a dtype that are to be swapped; 1 if there is nothing to
 * swap. */
unsigned swap_unit(unsigned dtype);

/* swap_kind: which io of a file a tensor of that dtype at `off` is read from: below
 * SWAP_KINDS, or SWAP_NONE. */
unsigned swap_kind(unsigned dtype, uint64_t off);

/* swap_io: the io of that kind over `base`, to be given to io_close. Reads never go beyond the
 * units of the bytes that are asked for, so whoever reads within a tensor reads only that tensor of
 * the base. -ENOMEM. */
MUST_CHECK errint swap_io(struct io *base, unsigned kind, struct io **out);

#endif
