/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long command is: one line on the terminal, drawn over. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/tool.h"

enum { BAR_CELLS = 30, RATE_SECONDS = 5 /* how far back the rate looks */, QUIET_SECONDS = 1 };

/* What a line consists of, from left to right. */
enum part { PART_CELLS, PART_SHARE, PART_SIZES, PART_RATE, PART_TIME, PARTS };

/* What is left out first where the terminal is narrow. */
static const enum part dispensable[] = {PART_CELLS, PART_TIME, PART_RATE, PART_SIZES};

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
        buf_printf(line, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, left / 3600, left / 60 % 60,
                   left % 60);
    } else {
        buf_printf(line, "%" PRIu64 ":%02" PRIu64, left / 60, left % 60);
    }
}

static void add_cells(struct buf *line, double share)
{
    int cells = (int)(share * BAR_CELLS);
    buf_char(line, '[');
    for (int i = 0; i < BAR_CELLS; i++) {
        char tip = i == cells ? '>' : ' ';
        buf_char(line, i < cells ? '=' : tip);
    }
    buf_char(line, ']');
}

/* `note` stands for rate and time. */
static void add_part(const struct tool_bar *b, enum part part, const char *note, struct buf *text)
{
    double share = b->bytes ? (double)b->done / (double)b->bytes : 1;
    double rate = b->window_seconds > 0 && !note ? b->window_bytes / b->window_seconds : 0;
    if (part == PART_CELLS) {
        add_cells(text, share);
    } else if (part == PART_SHARE) {
        buf_printf(text, "%3d%%", (int)(share * 100));
    } else if (part == PART_SIZES) {
        table_size(text, b->done, true);
        buf_text(text, " of ");
        table_size(text, b->bytes, true);
    } else if (part == PART_RATE && rate > 0) {
        table_size(text, (uint64_t)rate, true);
        buf_text(text, "/s");
    } else if (part == PART_TIME && note) {
        buf_text(text, note);
    } else if (part == PART_TIME && rate > 0 && b->done < b->bytes) {
        add_time(text, (double)(b->bytes - b->done) / rate);
        buf_text(text, " left");
    }
}

/* The parts one after the other in `text`; each ends at its ends[]. Before it is known how much
 * there is to do, the note alone. */
static void add_parts(const struct tool_bar *b, const char *note, struct buf *text,
                      size_t ends[PARTS])
{
    for (enum part part = 0; part < PARTS; part++) {
        if (b->started || part == PART_TIME) {
            add_part(b, part, note, text);
        }
        ends[part] = text->len;
    }
}

/* Chosen parts with two spaces between them; returns how long that is. */
static size_t join(const struct buf *text, const size_t ends[PARTS], unsigned chosen,
                   struct buf *line)
{
    size_t len = 0;
    for (enum part part = 0; part < PARTS; part++) {
        size_t from = part ? ends[part - 1] : 0;
        if (chosen & 1u << part && ends[part] > from) {
            const char *gap = len ? "  " : "";
            len += strlen(gap) + ends[part] - from;
            if (line) {
                buf_text(line, gap);
                buf_str(line, str_of(text->data + from, ends[part] - from));
            }
        }
    }
    return len;
}

/* A line that fills the last column may wrap. */
static size_t room(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col - 1u : SIZE_MAX;
}

static void draw(struct tool_bar *b, double now, const char *note)
{
    CLEANUP_BUF struct buf text = {0};
    CLEANUP_BUF struct buf line = {0};
    size_t ends[PARTS];
    unsigned chosen = (1u << PARTS) - 1;
    size_t most = room();
    add_parts(b, note, &text, ends);
    for (size_t i = 0; i < ARRAY_LEN(dispensable) && join(&text, ends, chosen, NULL) > most; i++) {
        chosen &= ~(1u << dispensable[i]);
    }
    buf_char(&line, '\r');
    if (!text.failed && join(&text, ends, chosen, NULL) <= most) {
        join(&text, ends, chosen, &line);
    }
    buf_text(&line, "\033[K");
    if (!line.failed) {
        fwrite(line.data, 1, line.len, stderr);
        b->shown = true;
        b->drawn = now;
    }
}

/* What was written lately, and how long that took: both fade. The time of other work is not among
 * it. */
static void measure(struct tool_bar *b, double now, uint64_t done)
{
    double took = now - b->moved;
    if (done > b->done && b->started && !b->waiting) {
        double kept = RATE_SECONDS / (RATE_SECONDS + took);
        b->window_bytes = b->window_bytes * kept + (double)(done - b->done);
        b->window_seconds = b->window_seconds * kept + took;
    }
    if (done > b->done || !b->started) {
        b->moved = now;
        b->waiting = false;
    }
    b->done = done;
    b->started = true;
}

static bool is_due(const struct tool_bar *b, double now)
{
    return !b->shown || now - b->drawn >= 0.1;
}

void bar_draw(struct tool_bar *b, uint64_t done, uint64_t bytes)
{
    double now = bar_seconds(b);
    bool first = !b->started;
    if (b->wanted) {
        b->bytes = bytes;
        measure(b, now, done);
        if (first || done >= bytes || is_due(b, now)) {
            draw(b, now, NULL);
        }
    }
}

void bar_wait(struct tool_bar *b, const char *what)
{
    double now = bar_seconds(b);
    if (!b->wanted || now - b->moved < QUIET_SECONDS || !is_due(b, now)) {
        return;
    }
    CLEANUP_BUF struct buf note = {0};
    buf_printf(&note, "%s  ", what);
    add_time(&note, now - b->moved);
    b->waiting = true;
    draw(b, now, note.failed ? what : note.data);
}

void bar_say(struct tool_bar *b, const char *what)
{
    if (b->wanted) {
        draw(b, bar_seconds(b), what);
    }
}

void bar_end(struct tool_bar *b)
{
    if (b->shown) {
        fputs("\r\033[K", stderr);
        b->shown = false;
    }
}
