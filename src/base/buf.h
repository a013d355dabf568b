/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text buffer with a sticky failure: once memory is short every further call does
 * nothing, and the caller asks once, at the end. */
#ifndef CKPTFS_BASE_BUF_H
#define CKPTFS_BASE_BUF_H

#include <stdarg.h>
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
FORMAT(2, 0) void buf_vprintf(struct buf *b, const char *fmt, va_list args);

/* buf_list: words as a sentence has them: "a, b" and `last`, as " or ", and "c". */
void buf_list(struct buf *b, const char *const *words, size_t count, const char *last);

/* buf_visible: adds a name as it may be shown on a terminal or in a log. Bytes that are not valid
 * UTF-8, and those of characters that a terminal does not show as themselves (utf8_shown: controls,
 * U+202E, U+200B and their like), are written \xHH. A backslash is doubled: what is shown says what
 * the bytes are. */
void buf_visible(struct buf *b, struct str s);

/* buf_visible_head: adds the first `most` bytes of a name, as buf_visible does, or some less so
 * that no character is cut; and "..." if that is not all. */
void buf_visible_head(struct buf *b, struct str s, size_t most);

/* buf_safe: adds a text of ours, which may hold names that are visible already: as buf_visible, but
 * backslashes stay as they are. */
void buf_safe(struct buf *b, struct str text);

/* buf_check: 0, or -ENOMEM if any call before failed. */
MUST_CHECK errint buf_check(const struct buf *b);

/* buf_view: the bytes so far, borrowed until the next call on b. */
static inline struct str buf_view(const struct buf *b)
{
    return str_of(b->data ? b->data : "", b->len);
}

#define CLEANUP_BUF __attribute__((cleanup(buf_fini)))

#endif
