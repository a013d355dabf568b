/* SPDX-License-Identifier: Apache-2.0 */
/* Errors and warnings as lines for a terminal. */
#include "view/report.h"

/* What the message is about, unless that is said in it or stands before it. */
static void add_subject(const struct diag_entry *e, struct buf *b)
{
    CLEANUP_BUF struct buf quoted = {0};
    buf_char(&quoted, '\'');
    buf_visible_head(&quoted, e->subject, DIAG_SHOWN_MOST);
    buf_char(&quoted, '\'');
    bool is_place = !e->at.line && str_eq(e->subject, str_from(e->at.file));
    if (e->subject.len && !is_place && str_search(str_from(e->message), buf_view(&quoted)) < 0) {
        buf_str(b, buf_view(&quoted));
        buf_text(b, ": ");
    }
}

/* What stands before the i-th of `count` names. A message may end in a question of its own. */
static const char *before_nearest(unsigned i, unsigned count, bool asked)
{
    if (i == 0) {
        return asked ? " or did you mean '" : "; did you mean '";
    }
    return i + 1 == count ? " or '" : ", '";
}

static void add_nearest(const struct diag_entry *e, struct buf *b)
{
    bool asked = str_ends(str_from(e->message), STR("?"));
    for (unsigned i = 0; i < e->nearest_count; i++) {
        buf_text(b, before_nearest(i, e->nearest_count, asked));
        buf_visible(b, e->written[i].ptr ? e->written[i] : e->nearest[i]);
        buf_char(b, '\'');
    }
    buf_text(b, e->nearest_count ? "?" : "");
}

static void add_entry(const struct diag_entry *e, const char *program, struct buf *b)
{
    if (program) {
        buf_printf(b, "%s: ", program);
    }
    if (e->at.file[0]) {
        position_visible(b, e->at);
        buf_text(b, ": ");
    }
    buf_text(b, e->warning ? "warning: " : "");
    add_subject(e, b);
    buf_safe(b, str_from(e->message));
    add_nearest(e, b);
    buf_char(b, '\n');
}

static uint64_t add_kind(const struct diag *d, bool warnings, const char *program, unsigned most,
                         struct buf *b)
{
    uint64_t shown = 0;
    for (unsigned i = 0; i < d->kept && shown < most; i++) {
        if (d->entries[i].warning == warnings) {
            add_entry(&d->entries[i], program, b);
            shown++;
        }
    }
    return (warnings ? d->warnings : d->errors) - shown;
}

static void add_all(const struct diag *d, bool quiet, const char *program, unsigned most,
                    struct buf *b)
{
    if (d->forgotten) {
        buf_printf(b, "%s%sout of memory: not all that is wrong can be said\n",
                   program ? program : "", program ? ": " : "");
    }
    uint64_t warnings = quiet ? 0 : add_kind(d, true, program, most, b);
    uint64_t errors = add_kind(d, false, program, most, b);
    if (warnings + errors == 0) {
        return;
    }
    if (program) {
        buf_printf(b, "%s: ", program);
    }
    buf_text(b, "... and ");
    if (errors) {
        buf_printf(b, "%llu more error%s", (unsigned long long)errors, errors == 1 ? "" : "s");
    }
    if (warnings) {
        buf_printf(b, "%s%llu more warning%s", errors ? ", " : "", (unsigned long long)warnings,
                   warnings == 1 ? "" : "s");
    }
    buf_char(b, '\n');
}

void report_diag(const struct diag *d, const char *program, unsigned most, struct buf *b)
{
    add_all(d, false, program, most, b);
}

void report_errors(const struct diag *d, const char *program, unsigned most, struct buf *b)
{
    add_all(d, true, program, most, b);
}
