/* SPDX-License-Identifier: Apache-2.0 */
#include "base/position.h"

static void print_line(struct buf *b, struct position at)
{
    if (at.line) {
        buf_printf(b, ":%u", at.line);
    }
}

void position_print(struct buf *b, struct position at)
{
    if (at.file) {
        buf_text(b, at.file);
        print_line(b, at);
    }
}

void position_visible(struct buf *b, struct position at)
{
    if (at.file) {
        buf_visible(b, str_from(at.file));
        print_line(b, at);
    }
}
