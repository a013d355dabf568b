/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long command is: one line on the terminal, drawn over. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "serve/tool.h"

enum { BAR_CELLS = 30 };

double bar_seconds(const struct tool_bar *b)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - b->start.tv_sec) + (double)(now.tv_nsec - b->start.tv_nsec) / 1e9;
}

void bar_begin(struct tool_bar *b, bool quiet)
{
    *b = (struct tool_bar){.wanted = isatty(STDERR_FILENO) && !quiet};
    clock_gettime(CLOCK_MONOTONIC, &b->start);
}

/* "1:05", "2:03:10". */
static void add_time(struct buf *line, double seconds)
{
    uint64_t left = seconds > 359999 ? 359999 : (uint64_t)(seconds + 0.5);
    if (left >= 3600) {
        buf_printf(line, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, left / 3600, left / 60 % 60, left % 60);
    } else {
        buf_printf(line, "%" PRIu64 ":%02" PRIu64, left / 60, left % 60);
    }
}

void bar_draw(struct tool_bar *b, uint64_t done, uint64_t bytes)
{
    double seconds = bar_seconds(b);
    if (!b->wanted || (b->shown && done < bytes && seconds - b->drawn < 0.1)) {
        return;
    }
    CLEANUP_BUF struct buf line = {0};
    double share = bytes ? (double)done / (double)bytes : 1;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    int cells = (int)(share * BAR_CELLS);
    buf_text(&line, "\r[");
    for (int i = 0; i < BAR_CELLS; i++) {
        buf_char(&line, i < cells ? '=' : i == cells ? '>' : ' ');
    }
    buf_printf(&line, "] %3d%%  ", (int)(share * 100));
    table_size(&line, done, true);
    buf_text(&line, " of ");
    table_size(&line, bytes, true);
    buf_text(&line, "  ");
    table_size(&line, (uint64_t)rate, true);
    buf_text(&line, "/s");
    if (rate > 0 && done < bytes) {
        buf_text(&line, "  ");
        add_time(&line, (double)(bytes - done) / rate);
        buf_text(&line, " left");
    }
    buf_text(&line, "\033[K");
    if (!line.failed) {
        fwrite(line.data, 1, line.len, stderr);
        b->shown = true;
        b->drawn = seconds;
    }
}

void bar_end(struct tool_bar *b)
{
    if (b->shown) {
        fputs("\r\033[K", stderr);
        b->shown = false;
    }
}
