/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a target as text, a window of bytes at a time. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "bytes/render.h"
#include "bytes/text.h"
#include "serve/tool.h"

enum { VALUES_BYTES = 64 << 10 }; /* a multiple of every element size */

static errint print_window(const struct catalog *c, const struct target *t, struct text_printer *p,
                           char *bytes, struct render_scratch *scratch, struct tool_out *o)
{
    uint64_t size = target_bytes(t);
    for (uint64_t off = 0; off < size && o->rc == 0;) {
        size_t len = size - off < VALUES_BYTES ? (size_t)(size - off) : VALUES_BYTES;
        ssize_t got = render_read(c, t, off, len, bytes, scratch);
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

errint tool_values(const struct catalog *c, const struct target *t, uint64_t limit, struct tool_out *o)
{
    struct text_printer printer;
    struct render_scratch scratch = {0};
    CLEANUP_FREE char *bytes = malloc(VALUES_BYTES);
    if (!bytes) {
        return -ENOMEM;
    }
    text_begin(&printer, target_dtype(t), target_shape(t), limit, &o->text);
    errint rc = print_window(c, t, &printer, bytes, &scratch, o);
    if (rc == 0) {
        text_end(&printer, &o->text);
    } else {
        buf_char(&o->text, '\n');
    }
    render_scratch_fini(&scratch);
    return rc;
}
