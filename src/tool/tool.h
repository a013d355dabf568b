/* SPDX-License-Identifier: Apache-2.0 */
/* What the sub-commands of ckptool share: their arguments, the way to standard output, opening the
 * view, tables.
 *
 * A command opens all it needs, and reports all that is wrong, before its first byte of output. It
 * returns an exit status; main writes what is left in `out` and leaves. */
#ifndef CKPTFS_TOOL_TOOL_H
#define CKPTFS_TOOL_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "sandbox/sandbox.h"
#include "view/view.h"

/* Exit statuses, but where a command's row says otherwise. */
enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

enum { TOOL_DIAG_MOST = 100 }; /* errors, and warnings, printed; all are counted */

struct tool_args {
    const char *map;        /* -m, the path of a ready one; NULL: the map `/ = /` */
    const char *graph;      /* -g; NULL: none */
    struct map_extra extra; /* -a, -D, --drop ...: as many as there are; -n */
    bool json;
    bool summary;
    bool human;
    bool text;
    bool npy;
    bool details;
    bool force;
    bool list;
    bool names_only; /* of a map: read no data */
    bool quiet;
    uint64_t limit;          /* elements of --text; UINT64_MAX: all */
    uint64_t depth;          /* of scopes that are summed; UINT64_MAX: not given */
    const char *sort;        /* "size" or "name"; NULL: not given */
    const char *const *only; /* patterns of the targets that a plan shows */
    uint32_t only_count;
    const char *format; /* of an export; NULL: not given */
    bool check;         /* of a stat: look for what is not finite */
    const char *html;   /* of a stat: where its page goes; NULL: none */
    const char *map_b;  /* -M of a diff, as `map`: of the second checkpoint */
    bool values;        /* of a diff: read all */
    double atol, rtol;  /* of a diff; negative: not given */
    bool no_sandbox;
    struct sandbox
        *sandbox; /* in which the command runs: to be narrowed when all is found and open */
    char **operands;
    int operand_count;
};

/* ---- output */

/* Standard output: text gathers in `text`; out_settle writes it once there is enough. The first
 * failure stays, and later writes do nothing. */
struct tool_out {
    struct buf text;
    errint rc;
    const char *done; /* what is done however much of the text is written, in words: it decides,
                         then; else NULL */
    bool terminal;
    bool colour;
    int trouble; /* the exit status when the output is not complete */
};

enum { TOOL_OUT_BYTES = 256 << 10 };

/* out_init: looks at what standard output is. */
void out_init(struct tool_out *o);

/* out_settle: writes `text` if it has TOOL_OUT_BYTES or more. */
errint out_settle(struct tool_out *o);

/* out_flush: writes all of `text`. */
errint out_flush(struct tool_out *o);

/* out_bytes: writes `text`, then these bytes without copying them. */
errint out_bytes(struct tool_out *o, const void *bytes, size_t len);

/* out_finish: writes the rest and closes standard output. Says on stderr what went wrong, unless
 * the reader just left (EPIPE). Returns status, or `trouble` if that is higher and the output is
 * not complete, unless something is `done`. */
int out_finish(struct tool_out *o, int status);

/* tool_complain: prints the diag's warnings and errors on stderr, each kind up to TOOL_DIAG_MOST;
 * with `quiet` errors alone. `rc` is how the command ends. A failure without an error gets a
 * reason. What the system could not do (base/trouble.h) is told, too. Returns rc, or -ENOMEM. */
MUST_CHECK errint tool_complain(struct diag *d, bool quiet, errint rc);

/* tool_usage: "ckptool: MESSAGE; try 'ckptool -h'" on stderr. Returns TOOL_USAGE. */
FORMAT(1, 2) int tool_usage(const char *fmt, ...);

/* tool_usage_choice: the usage error of an option whose `value` is none of the `count` known ones,
 * with the one that was meant, if one is near. Returns TOOL_USAGE. */
int tool_usage_choice(const char *option, const char *value, const char *const *known,
                      size_t count);

/* tool_request: what the command line asks view_open for: the first operand as CHECKPOINT, where
 * `none` is [checkpoint] path of the map, the map, the graph, and the other operands as words.
 * Borrows from args. */
struct view_request tool_request(const struct tool_args *args, enum view_depth depth);

/* ---- tables */

enum { TABLE_COLUMNS_MOST = 12 };

/* Fills the cells of row i, which are empty: text that is fit for a terminal, without tabs. */
typedef void (*table_row)(const void *context, uint32_t i, struct buf cells[]);

struct table {
    unsigned columns;
    const char *const *head; /* NULL: none */
    unsigned right;          /* bit c: column c is aligned to the right */
    bool tabs; /* for programs: cells separated by one tab, no head, nothing aligned */
    const char *indent;
    void (*below)(const void *context, uint32_t i, struct buf *b); /* adds lines that stand below
                                                                      row i; NULL: none do */
};

/* table_print: all rows, in two passes over row() when columns are aligned, so that memory does not
 * grow with the rows. */
void table_print(const struct table *t, table_row row, const void *context, uint32_t count,
                 struct tool_out *o);

/* table_size: adds a size, "1234" or for people, as `ls -h` has it, "1.3K". */
void table_size(struct buf *b, uint64_t bytes, bool human);

/* ---- how far it is */

struct tool_bar {
    struct timespec start;
    double drawn; /* seconds after `start`: when the line was drawn */
    double moved; /* seconds after `start`: when `done` became what it is */
    uint64_t done;
    uint64_t bytes;
    double window_bytes; /* of the last seconds, fading: what was done, and in how long */
    double window_seconds;
    bool wanted;
    bool shown;
    bool started; /* bar_draw was called */
    bool waiting; /* bar_wait has drawn since `done` moved */
};

/* bar_begin: a bar on standard error, if that is a terminal and `quiet` is not set. */
void bar_begin(struct tool_bar *b, bool quiet);

/* bar_draw: "[=====>    ]  43%  1.2G of 2.8G  3.1G/s  0:05 left", of `done` of all `bytes`. It is
 * drawn at the first call, at the end, and in between ten times a second at most. Rate and time are
 * those of the last seconds. A narrow terminal gets less of it, in one line. */
void bar_draw(struct tool_bar *b, uint64_t done, uint64_t bytes);

/* bar_wait: to be called again and again while something is done that moves no bytes. After a
 * second without any, "what  0:07" stands in the place of rate and time. Those seconds are not in
 * the rate. */
void bar_wait(struct tool_bar *b, const char *what);

/* bar_say: `what` stands in the place of rate and time, at once. */
void bar_say(struct tool_bar *b, const char *what);

/* bar_end: takes the bar away. */
void bar_end(struct tool_bar *b);

/* bar_seconds: since bar_begin. */
double bar_seconds(const struct tool_bar *b);

/* ---- commands */

int tool_list(const struct tool_args *args, struct tool_out *o);
int tool_plan(const struct tool_args *args, struct tool_out *o);
int tool_verify(const struct tool_args *args, struct tool_out *o);
int tool_cat(const struct tool_args *args, struct tool_out *o);
int tool_export(const struct tool_args *args, struct tool_out *o);
int tool_map(const struct tool_args *args, struct tool_out *o);
int tool_stat(const struct tool_args *args, struct tool_out *o);
int tool_diff(const struct tool_args *args, struct tool_out *o);

/* tool_export_output: the directory that an export to the second operand writes to, as a borrowed
 * word or in `a`: of one that ends in .safetensors and so is the file, all before its name. NULL:
 * there is none, or memory is short. */
const char *tool_export_output(const struct tool_args *args, struct arena *a);

/* tool_list_summary: totals of the chosen tensors (indices into the catalog, ascending), as
 * --summary and --depth say. */
void tool_list_summary(const struct view *v, const uint32_t *chosen, uint32_t count,
                       const struct tool_args *args, struct tool_out *o);

/* tool_values: the values of t as text on o; limit: at most so many. Fails as render_read does. */
MUST_CHECK errint tool_values(struct reader *r, const struct target *t, uint64_t limit,
                              struct tool_out *o);

#endif
