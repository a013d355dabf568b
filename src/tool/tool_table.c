/* SPDX-License-Identifier: Apache-2.0 */
/* Columns: aligned for people, tabs for programs. */
#include <string.h>

#include "tool/tool.h"

enum { WIDTH_MOST = 72 }; /* a column is not made wider for the sake of a few long names */

/* Characters of UTF-8 text: its bytes but for continuation bytes. */
static unsigned width_of(struct str s)
{
    unsigned width = 0;
    for (size_t i = 0; i < s.len; i++) {
        width += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    }
    return width;
}

static void pad(struct buf *b, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        buf_char(b, ' ');
    }
}

static void add_line(const struct table *t, const struct str *cells, const unsigned *widths,
                     struct buf *out)
{
    unsigned last = 0; /* no blanks or tabs at the end of a line */
    for (unsigned c = 0; c < t->columns; c++) {
        last = cells[c].len ? c : last;
    }
    buf_text(out, t->tabs || !t->indent ? "" : t->indent);
    for (unsigned c = 0; c <= last; c++) {
        unsigned width = t->tabs ? 0 : width_of(cells[c]);
        bool right = t->right >> c & 1;
        if (c > 0) {
            buf_text(out, t->tabs ? "\t" : "  ");
        }
        if (!t->tabs && right) {
            pad(out, width, widths[c]);
        }
        buf_str(out, cells[c]);
        if (!t->tabs && !right && c < last) {
            pad(out, width, widths[c]);
        }
    }
    buf_char(out, '\n');
}

static void fill_cells(const struct table *t, table_row row, const void *context, uint32_t i,
                       struct buf *cells)
{
    for (unsigned c = 0; c < t->columns; c++) {
        cells[c].len = 0;
    }
    row(context, i, cells);
}

static void grow(unsigned *width, struct str cell)
{
    unsigned needed = width_of(cell);
    needed = needed < WIDTH_MOST ? needed : WIDTH_MOST;
    *width = needed > *width ? needed : *width;
}

static void add_head(const struct table *t, const unsigned *widths, struct tool_out *o)
{
    struct str head[TABLE_COLUMNS_MOST];
    for (unsigned c = 0; c < t->columns; c++) {
        head[c] = str_from(t->head[c]);
    }
    buf_text(&o->text, o->colour ? "\033[1m" : "");
    add_line(t, head, widths, &o->text);
    if (o->colour && !o->text.failed) {
        o->text.len--; /* the colour ends before the line does */
        buf_text(&o->text, "\033[0m\n");
    }
}

void table_print(const struct table *t, table_row row, const void *context, uint32_t count,
                 struct tool_out *o)
{
    struct buf cells[TABLE_COLUMNS_MOST] = {0};
    unsigned widths[TABLE_COLUMNS_MOST] = {0};
    bool head = t->head && !t->tabs;
    for (unsigned c = 0; head && c < t->columns; c++) {
        grow(&widths[c], str_from(t->head[c]));
    }
    for (uint32_t i = 0; !t->tabs && i < count; i++) {
        fill_cells(t, row, context, i, cells);
        for (unsigned c = 0; c < t->columns; c++) {
            grow(&widths[c], buf_view(&cells[c]));
        }
    }
    if (head) {
        add_head(t, widths, o);
    }
    for (uint32_t i = 0; i < count && out_settle(o) == 0; i++) {
        struct str line[TABLE_COLUMNS_MOST];
        fill_cells(t, row, context, i, cells);
        for (unsigned c = 0; c < t->columns; c++) {
            o->text.failed |= cells[c].failed;
            line[c] = buf_view(&cells[c]);
        }
        add_line(t, line, widths, &o->text);
        if (t->below) {
            t->below(context, i, &o->text);
        }
    }
    for (unsigned c = 0; c < t->columns; c++) {
        buf_fini(&cells[c]);
    }
}

void table_size(struct buf *b, uint64_t bytes, bool human)
{
    if (!human || bytes < 1024) {
        buf_printf(b, "%llu", (unsigned long long)bytes);
        return;
    }
    static const char units[] = "KMGTPE";
    unsigned unit = 0;
    double scaled = (double)bytes / 1024;
    while (scaled >= 1023.95) {
        scaled /= 1024;
        unit++;
    }
    buf_printf(b, "%.1f%c", scaled, units[unit]);
}
