/* SPDX-License-Identifier: Apache-2.0 */
/* A file of the mount as a list of byte ranges, its extents: literal bytes, bytes of a target,
 * bytes of a real file. Extents are contiguous from 0, none is empty. A raw tensor is one extent; a
 * header before a tensor is two. All files that have a layout are read by layout_read. */
#ifndef CKPTFS_VIEW_LAYOUT_H
#define CKPTFS_VIEW_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/errint.h"
#include "render/render.h"

enum extent_kind {
    EXTENT_BYTES,          /* literal */
    EXTENT_TARGET,         /* of a target, as render_read gives them */
    EXTENT_STRINGS_JOINED, /* of a target of strings, as string_read does */
    EXTENT_STRINGS_FIXED,
    EXTENT_SHARD, /* of a real file */
};

/* It reaches to where the next one begins, or to the end of the file. */
struct extent {
    uint64_t off;      /* in the file */
    uint64_t from_off; /* of its first byte in what it is from */
    union {
        const char *bytes;           /* EXTENT_BYTES: borrowed */
        const struct target *target; /* EXTENT_TARGET, EXTENT_STRINGS_*: borrowed */
        struct shard *shard;         /* EXTENT_SHARD: borrowed, open */
    };
    enum extent_kind kind;
};

struct layout {
    const struct extent *extents; /* borrows */
    uint32_t count;
    uint64_t size; /* bytes of the file */
};

/* layout_of_target, layout_of_bytes, layout_of_shard: the layout of a whole target, of literal
 * bytes, of a whole source file. *extent is the caller's storage, and must outlive the layout.
 * layout_of_target finds the size, and fails, as render_size. */
MUST_CHECK errint layout_of_target(struct reader *r, const struct target *t, struct extent *extent,
                                   struct layout *out);
struct layout layout_of_bytes(struct str bytes, struct extent *extent);
struct layout layout_of_shard(struct shard *s, struct extent *extent);

/* layout_read: bytes [off, off+len) of the file, to buf. Returns, and fails, as render_read. Any
 * thread, each with a reader of its own. */
MUST_CHECK ssize_t layout_read(const struct layout *l, struct reader *r, uint64_t off, size_t len,
                               void *buf);

/* A run of bytes of a real file. */
struct file_range {
    struct shard *file; /* borrowed; not derived */
    uint64_t off;       /* of its first byte */
};

/* layout_file_range: whether all bytes of the file of the mount, which has some, follow each other
 * in one real file, as they are: where. It does not say whether they may be served (verified.h). */
bool layout_file_range(const struct layout *l, const struct catalog *c, struct file_range *out);

/* A layout in the making: extents appended in order, those that go on in each other as one. */
struct layout_build {
    struct extent *extents; /* owns */
    size_t count;
    size_t cap;
    uint64_t size;
    bool failed;   /* memory was short, or it is too_long */
    bool too_long; /* the file would have more bytes than a file can have */
};

/* layout_add: the next `len` bytes of the file, of the extent's kind, from, from_off; its off is
 * set here. */
void layout_add(struct layout_build *b, struct extent e, uint64_t len);

/* layout_build_check: 0; -EOVERFLOW: too_long; -ENOMEM: failed. */
MUST_CHECK errint layout_build_check(const struct layout_build *b);

/* layout_made: the layout so far, which borrows from b. */
struct layout layout_made(const struct layout_build *b);
void layout_build_fini(struct layout_build *b);

#endif
