/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the mount and what is in them, whichever kind they are: what is below FUSE and below
 * `ckptool export`.
 *
 * A file is a node of the tree, or the .npy file beside a tensor's node, or beside the directory of
 * a partitioned variable's parts, which has none of its own: with a million tensors that would be
 * much for what is seldom asked for. File number = node, or tree.count + the node beside it. */
#ifndef CKPTFS_VIEW_CONTENT_H
#define CKPTFS_VIEW_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/escape.h"
#include "view/formats/format.h"
#include "view/layout.h"
#include "view/view.h"

/* content_files: numbers below it may be files. */
static inline uint32_t content_files(const struct view *v)
{
    return 2 * v->tree->count;
}

/* content_is_npy: whether the number is that of a file beside a node, and content_node: that node,
 * or the file's own. */
static inline bool content_is_npy(const struct view *v, uint32_t file)
{
    return file >= v->tree->count;
}

static inline uint32_t content_node(const struct view *v, uint32_t file)
{
    return content_is_npy(v, file) ? file - v->tree->count : file;
}

static inline enum node_kind content_kind(const struct view *v, uint32_t file)
{
    return content_is_npy(v, file) ? NODE_TARGET : (enum node_kind)v->tree->nodes[file].kind;
}

/* content_format: the row (enum format) of the kind that the file is of; -1: it is a directory, a
 * text or a sidecar, which are always there. */
static inline int content_format(const struct view *v, uint32_t file)
{
    const struct node *n = &v->tree->nodes[content_node(v, file)];
    if (content_is_npy(v, file)) {
        return FORMAT_NPY;
    }
    if (n->kind == NODE_TARGET) {
        return FORMAT_RAW;
    }
    return n->kind == NODE_FORMAT ? n->format : -1;
}

/* content_npy_listed: whether directories list .npy files beside nodes. */
static inline bool content_npy_listed(const struct view *v)
{
    return v->listed & FORMAT_BIT(FORMAT_NPY);
}

/* content_npy: the number of the .npy file beside `node`, or -ENOENT: it is nothing that NumPy
 * could hold, or the place is taken. */
int64_t content_npy(const struct view *v, uint32_t node);

/* content_lookup: the file of that name in directory `dir`, or -ENOENT, -ENOTDIR. */
int64_t content_lookup(const struct view *v, uint32_t dir, struct str name);

/* content_name: the file's name, to `name`. */
void content_name(const struct view *v, uint32_t file, char name[static COMPONENT_MOST + 1]);

/* content_path: adds the file's path from the root, without a leading slash, to b. */
void content_path(const struct view *v, uint32_t file, struct buf *b);

/* content_format_file: what the file's kind says of it; it is one of NODE_FORMAT. */
struct format_file content_format_file(const struct view *v, uint32_t file);

/* content_listed: whether directories list it. The others can be opened by their names all the
 * same. */
bool content_listed(const struct view *v, uint32_t file);

/* content_target: the target that a raw or .npy file shows; NULL for other files. */
const struct target *content_target(const struct view *v, uint32_t file);

/* content_shards: calls visit for each shard that bytes of the file come from; one may come several
 * times. */
typedef void content_visit(void *context, struct shard *shard);
void content_shards(const struct view *v, uint32_t file, content_visit *visit, void *context);

/* content_sized: whether content_open finds the size at once: without reading or building anything,
 * or since that was done already. */
bool content_sized(const struct view *v, uint32_t file);

/* content_planned: whether content_open goes by the plan alone: it waits for nothing, and does not
 * fail. */
bool content_planned(const struct view *v, uint32_t file);

/* content_open: the layout of a file, to *out. Rendered texts (fuse/rendered_text.h) are empty.
 * What is built once for all may take its time: others wait for it, with -EINTR and -EAGAIN as
 * once_need. -EBADMSG for damage, -EIO, -ENOMEM, -EOVERFLOW. Any thread. */
MUST_CHECK errint content_open(const struct view *v, uint32_t file, enum content_need need,
                               struct reader *r, struct content *out);

/* content_open_made: content_open of one of v->made, also where a variable hides it from the
 * tree. */
MUST_CHECK errint content_open_made(const struct view *v, const struct made_file *f,
                                    enum content_need need, struct reader *r, struct content *out);

/* content_keep: a copy of c's layout in `room`, which has content_kept_bytes() bytes and is aligned
 * as struct layout is, with the extents and the header that were made for it alone. What it borrows
 * from the view it goes on to borrow. Returns `room`. */
size_t content_kept_bytes(const struct content *c);
struct layout *content_keep(const struct content *c, void *room);

#endif
