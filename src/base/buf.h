/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text buffer with a sticky failure: once memory is short every further call does nothing,
 * and the caller asks once, at the end. */
#ifndef CKPTFS_BASE_BUF_H
#define CKPTFS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/errint.h"
#include "base/str.h"

struct buf {
    char *data; /* owns; NUL-terminated when len > 0 */
    size_t len;
    size_t cap;
    bool failed; /* memory was short, or a format was bad */
};

/* buf_fini: frees the data; fit for CLEANUP(). The buffer is empty and usable again. */
void buf_fini(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
FORMAT(2, 3) void buf_printf(struct buf *b, const char *fmt, ...);

/* buf_visible: s as it may be shown on a terminal or in a log: control characters (below 0x20, 0x7f,
 * U+0080 to U+009F) and bytes that are not valid UTF-8 are written \xHH, a backslash is doubled. */
void buf_visible(struct buf *b, struct str s);

/* buf_check: 0, or -ENOMEM if any call before failed. */
MUST_CHECK errint buf_check(const struct buf *b);

/* buf_view: the bytes so far, borrowed until the next call on b. */
static inline struct str buf_view(const struct buf *b)
{
    return str_of(b->data ? b->data : "", b->len);
}

#define CLEANUP_BUF __attribute__((cleanup(buf_fini)))

#endif
