/* SPDX-License-Identifier: Apache-2.0 */
/* An open file of the mount: made by OPEN, given to each READ of it, gone with RELEASE.
 *
 * It has the file's layout, so that a read is a look-up in that. A layout that follows from the
 * plan is made at the open. One that takes reading or building (of strings, of an index with its
 * checksums) is made by the first read, which may wait for it, or fail; then the next read tries
 * again. A text that is rendered has no layout (rendered_text.h).
 *
 * A raw tensor takes one allocation, of 104 bytes. */
#ifndef CKPTFS_FUSE_OPEN_FILE_H
#define CKPTFS_FUSE_OPEN_FILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errint.h"
#include "fuse/rendered_text.h"
#include "render/reader.h"
#include "view/layout.h"
#include "view/view.h"

struct open_file;

/* All that are open, to be freed at the end: the kernel need not release them before. */
struct open_files {
    const struct view *view;     /* borrows */
    struct rendered_texts texts; /* what they are rendered from is the caller's to set */
    pthread_mutex_t lock;        /* PTHREAD_MUTEX_INITIALIZER; over the list */
    struct open_file *first;
};

/* open_file_make: opens `file`, a number of view/content.h that is no directory's. `r` is only used
 * meanwhile. *out is among `all`, and to be given to open_file_close. -ENOMEM. */
MUST_CHECK errint open_file_make(struct open_files *all, uint32_t file, struct reader *r,
                                 struct open_file **out);

/* open_file_close: frees o, of which no read is under way. */
void open_file_close(struct open_file *o);

/* open_files_close: frees all that are open, when no request can come any more. */
void open_files_close(struct open_files *all);

/* open_file_is_rendered: whether it is a rendered text, whose size is not known before its end. */
bool open_file_is_rendered(const struct open_file *o);

/* open_file_read: bytes [off, off + size) of o, to `buf`; returns how many there are, less at the
 * end. Any thread. Errors as of content_open and layout_read, or as of rendered_text_read. */
MUST_CHECK ssize_t open_file_read(struct open_file *o, struct reader *r, uint64_t off, size_t size,
                                  char *buf);

/* open_file_range: layout_file_range of o; false also while it has no layout. */
bool open_file_range(const struct open_file *o, struct file_range *out);

/* In fuse_file_info.fh. */
static inline uint64_t open_file_to_fh(const struct open_file *o)
{
    return (uintptr_t)o;
}

static inline struct open_file *open_file_from_fh(uint64_t fh)
{
    return (struct open_file *)(uintptr_t)fh;
}

#endif
