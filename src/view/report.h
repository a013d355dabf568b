/* SPDX-License-Identifier: Apache-2.0 */
/* What the view says of itself: .ckptfs/report.json, which is also `ckptool plan --json` (an
 * interface), and .ckptfs/report.txt, which is for people. Both are rendered when asked
 * for; the work is linear in what they list.
 *
 * In the JSON, names are exact; one that is no valid UTF-8 is escaped as base/json.h says.
 * `warnings` have the form of `errors`. `uncast` are the targets that a rule's cast is not for,
 * since that is of a scope. The members:
 *
 *   checkpoint.path  the prefix of the files found; what the user gave, if nothing was found (then
 *                    the other members are null)
 *   rule             "map.ini:3", the map's path as given; "(no map)" for the map that is used when
 *                    there is none
 *   targets.bytes    null for strings: their sizes are found when they are first asked for
 *   targets.made     of a target whose bytes are not all in place: how many are, and how many are
 *                    rearranged and computed (made_of.h)
 *   unused           tensors that could be shown, but no target uses
 *   hidden           tensors that cannot be shown at all, whether or not a rule names them
 *   errors, warnings the entries that were kept; if more were found, a last entry (limit-exceeded)
 *   tells how many */
#ifndef CKPTFS_VIEW_REPORT_H
#define CKPTFS_VIEW_REPORT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/json.h"
#include "view/left_out.h"
#include "view/view.h"

enum { REPORT_TEXT_MOST = 50 }; /* lines of one list of report.txt */

/* report_text: adds the whole report to b. The view may be incomplete after errors: members may be
 * NULL. */
void report_text(const struct view *v, const struct diag *d, struct buf *b);

/* How far a report.json is written. A copy of it is a place to go on from later. */
struct report_position {
    struct json json;
    unsigned list; /* of the document's lists, the one at hand */
    bool begun;
    bool in_list;
    uint32_t next;   /* item of what the list is made of */
    uint64_t listed; /* errors or warnings that were written */
    struct left_out_cursor hidden;
};

struct report_json {
    const struct view *view; /* borrows, as the next */
    const struct diag *diag;
    const uint8_t *only; /* borrows; not 0 for each target that is listed; NULL: all are */
    struct buf scratch;  /* owns */
    struct report_position at;
};

/* report_json_begin: a report.json from its beginning. The view may be incomplete after errors:
 * members may be NULL. report_json_next: adds the next piece to b, a line mostly; false at the end,
 * or when memory was short (b->failed). To go on from elsewhere, set `at` to a copy of what it was
 * there. One thread at a time. */
void report_json_begin(struct report_json *r, const struct view *v, const struct diag *d);
bool report_json_next(struct report_json *r, struct buf *b);
void report_json_fini(struct report_json *r);

/* report_checkpoint: the member "checkpoint" of the report, for other documents that are about
 * one. */
void report_checkpoint(struct json *j, const struct view *v);

/* report_entries: the members "warnings" and "errors". */
void report_entries(struct json *j, const struct diag *d);

/* report_linked: the first of the data files of c, a member of the view's catalog, from number `i`
 * on whose path was a symbolic link: its number, the path, and the file that the link led to, both
 * borrowed. c->shard_count: there is none. */
uint32_t report_linked(const struct catalog *c, uint32_t i, const char **path, const char **file);

/* report_named_checkpoints: the member "checkpoints": those that the map names; nothing where there
 * are none. */
void report_named_checkpoints(struct json *j, const struct view *v);

/* Terminal codes around a title; both "" for plain text. */
struct report_style {
    const char *title;
    const char *end;
};

/* report_lists: the lists of report.txt, but for errors and warnings: moved names, unused,
 * unassigned, overridden, uncast, hidden. Each that is not empty is a blank line, a title with the
 * count, and at most `most` lines, then "... and N more" and `more` (say, " (see report.json)"). */
void report_lists(const struct view *v, const struct report_style *style, uint32_t most,
                  const char *more, struct buf *b);

/* report_path: adds the path in the mount of target number i of v's plan. */
void report_path(const struct view *v, uint32_t i, struct buf *b);

/* report_override_path: adds the path in the mount of the variable that an override is about; of a
 * partitioned one, of the directory of its parts. */
void report_override_path(const struct view *v, const struct override *o, struct buf *b);

/* report_prefix: "checkpoint  PREFIX (v2, 1 shard, 7 tensors)", of the view's checkpoint, without
 * an end of line. */
void report_prefix(const struct view *v, struct buf *b);

/* report_paths: "PREFIX", or of several checkpoints "PREFIX, PREFIX (a), PREFIX (b)". */
void report_paths(const struct view *v, struct buf *b);

/* report_size: "3.2 GiB", "512 bytes". */
void report_size(struct buf *b, uint64_t bytes);

/* report_diag: warnings, then errors, one a line: "program: where: message; did you mean 'a' or
 * 'b'?" ("where: warning: message" for a warning), the first `most` of each kind, with a closing
 * line that counts the rest. Control bytes are escaped. It is what programs print on stderr;
 * program NULL leaves the first part out. */
void report_diag(const struct diag *d, const char *program, unsigned most, struct buf *b);

/* report_errors: report_diag, without a word of warnings. */
void report_errors(const struct diag *d, const char *program, unsigned most, struct buf *b);

#endif
