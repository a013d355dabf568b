/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the mount as a list of byte ranges (design 3, third idea): literal bytes, or bytes of a target. Extents are
 * contiguous from 0, none is empty. A raw tensor is one extent; a header before a tensor is two. All files are read by layout_read. */
#ifndef CKPTFS_FILES_LAYOUT_H
#define CKPTFS_FILES_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/errint.h"
#include "bytes/render.h"

enum extent_kind { EXTENT_BYTES, EXTENT_TARGET };

struct extent {
    uint64_t off; /* in the file */
    uint64_t len;
    enum extent_kind kind;
    const char *bytes;           /* EXTENT_BYTES: borrows `len` bytes */
    const struct target *target; /* EXTENT_TARGET */
    uint64_t target_off;         /* first byte in the target */
};

struct layout {
    const struct extent *extents; /* borrows */
    uint32_t count;
    uint64_t size; /* bytes of the file */
};

/* layout_of_target / layout_of_bytes: the layout of a whole target, of literal bytes; *extent is the caller's storage and must outlive
 * the layout. The size of a target is found as by render_size, and that may fail. */
MUST_CHECK errint layout_of_target(const struct catalog *c, const struct target *t,
                                   struct render_scratch *scratch, struct extent *extent, struct layout *out);
struct layout layout_of_bytes(struct str bytes, struct extent *extent);

/* layout_read: bytes [off, off+len) of the file into buf; result as render_read. */
MUST_CHECK ssize_t layout_read(const struct layout *l, const struct catalog *c, uint64_t off, size_t len,
                               void *buf, struct render_scratch *scratch);

#endif
