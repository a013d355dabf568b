/* SPDX-License-Identifier: Apache-2.0 */
/* A string target as bytes, in one of three forms:
 *
 *   STRING_LINES   the raw file: of a scalar, exactly its bytes; else each element followed by a
 *                  newline. Callers ask render_read and render_size for it
 *   STRING_JOINED  all elements, and nothing between them: what follows the lengths in a bundle
 *   STRING_FIXED   each element padded with NULs to the length of the longest: NumPy's arrays of
 *                  bytes
 *
 * What is needed to find an element in any of them (8 bytes for each STRINGS_STEP-th) is found at
 * the first look: one thread goes over all elements while the others wait (once.h). From then on a
 * read costs what it asks for. Any thread, each with a reader of its own. */
#ifndef CKPTFS_RENDER_STRING_READ_H
#define CKPTFS_RENDER_STRING_READ_H

#include "render/render.h"

enum string_form { STRING_LINES, STRING_JOINED, STRING_FIXED };

/* string_size: how many bytes t, whose target_sized() is false, has in that form. Fails as
 * string_cursor_next; with -EUCLEAN as verified_need; with -EOVERFLOW for more than fit 64 bits. */
MUST_CHECK errint string_size(struct reader *r, const struct target *t, enum string_form form,
                              uint64_t *bytes);

/* string_width: how many bytes an element has in STRING_FIXED, 1 or more. Only after string_size of
 * t has succeeded. */
uint64_t string_width(const struct target *t);

/* string_read: as render_read, of t, whose target_sized() is false, in that form. */
MUST_CHECK ssize_t string_read(struct reader *r, const struct target *t, enum string_form form,
                               uint64_t off, size_t len, void *buf);

#endif
