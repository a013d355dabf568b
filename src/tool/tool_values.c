/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a target as text, a window of bytes at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "render/render.h"
#include "render/string_cursor.h"
#include "render/text.h"
#include "tool/tool.h"

enum { VALUES_BYTES = 64 << 10 }; /* a multiple of every element size */

static errint print_window(struct reader *r, const struct target *t, struct text_printer *p,
                           char *bytes, struct tool_out *o)
{
    uint64_t size = target_bytes(t);
    for (uint64_t off = 0; off < size && o->rc == 0;) {
        size_t len = size - off < VALUES_BYTES ? (size_t)(size - off) : VALUES_BYTES;
        ssize_t got = render_read(r, t, off, len, bytes);
        if (got < 0 || (size_t)got != len) {
            return got < 0 ? (errint)got : -EIO;
        }
        if (!text_add(p, bytes, len, &o->text)) {
            return 0;
        }
        out_settle(o);
        off += len;
    }
    return 0;
}

/* Goes over the bytes of an element. With `p` NULL, only looks which quotes are among them. */
static errint over_string(const struct string_element *e, const struct text_printer *p, char *bytes,
                          bool *has_single, bool *has_double, struct tool_out *o)
{
    for (uint64_t off = 0; off < e->len && o->rc == 0;) {
        size_t len = e->len - off < VALUES_BYTES ? (size_t)(e->len - off) : VALUES_BYTES;
        errint rc = shard_read(e->shard, NULL, e->off + off, len, bytes);
        if (rc < 0) {
            return rc;
        }
        if (p) {
            text_string_bytes(p, bytes, len, &o->text);
            out_settle(o);
        } else {
            *has_single |= memchr(bytes, '\'', len) != NULL;
            *has_double |= memchr(bytes, '"', len) != NULL;
        }
        off += len;
    }
    return 0;
}

static errint print_strings(struct reader *r, const struct target *t, struct text_printer *p,
                            char *bytes, struct tool_out *o)
{
    CLEANUP_FREE struct string_cursor *cursor = malloc(sizeof(*cursor));
    errint rc = cursor ? string_cursor_to(cursor, r, t, 0) : -ENOMEM;
    struct string_element e;
    int got = 0;
    while (rc == 0 && o->rc == 0 && (got = string_cursor_next(cursor, &e)) > 0) {
        bool has_single = false;
        bool has_double = false;
        rc = over_string(&e, NULL, bytes, &has_single, &has_double, o);
        if (rc == 0 && !text_string_open(p, has_single, has_double, &o->text)) {
            return 0;
        }
        if (rc == 0) {
            rc = over_string(&e, p, bytes, &has_single, &has_double, o);
            text_string_close(p, &o->text);
        }
    }
    return rc == 0 && got < 0 ? got : rc;
}

errint tool_values(struct reader *r, const struct target *t, uint64_t limit, struct tool_out *o)
{
    struct text_printer printer;
    CLEANUP_FREE char *bytes = malloc(VALUES_BYTES);
    if (!bytes) {
        return -ENOMEM;
    }
    /* All of what strings are made of is verified before any of it is written. */
    uint64_t size;
    errint rc = render_size(r, t, &size);
    if (rc < 0) {
        return rc;
    }
    text_begin(&printer, target_dtype(t), target_shape(t), limit, &o->text);
    rc = target_sized(t) ? print_window(r, t, &printer, bytes, o)
                         : print_strings(r, t, &printer, bytes, o);
    rc = rc == -ESTALE
             ? -EIO
             : rc; /* a doubt arose: what is written cannot be taken back, and done again */
    if (rc == 0) {
        text_end(&printer, &o->text);
    } else {
        buf_char(&o->text, '\n');
    }
    return rc;
}
