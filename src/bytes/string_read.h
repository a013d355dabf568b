/* SPDX-License-Identifier: Apache-2.0 */
/* The raw file of a string target (design 2.2): of a scalar, exactly its bytes; else each element followed by a newline. Behind
 * render_read and render_size, which are for callers.
 *
 * Its size, and where each STRINGS_STEP-th element begins in it (8 bytes each), are found at the first look: one thread goes over all
 * elements while the others wait (cell.h). Then a read costs what it asks for. */
#ifndef CKPTFS_BYTES_STRING_READ_H
#define CKPTFS_BYTES_STRING_READ_H

#include "bytes/render.h"

/* string_size: the size of the file of t, whose target_sized() is false. Fails as string_cursor_next, and with -EUCLEAN as checked_need. */
MUST_CHECK errint string_size(const struct catalog *c, const struct target *t, struct render_scratch *scratch,
                              uint64_t *bytes);

/* string_read: as render_read, of such a target. */
MUST_CHECK ssize_t string_read(const struct catalog *c, const struct target *t, uint64_t off, size_t len,
                               void *buf, struct render_scratch *scratch);

#endif
