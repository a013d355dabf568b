/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/rendered_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/lower_bound.h"

enum {
    MARK_BYTES = 1 << 20, /* of report.json between two marks, and the farthest that a read renders
                             for nothing */
    STEPS_UNASKED = 1024, /* between two questions whether to go on */
};

/* Where in report.json a position is. */
struct mark {
    uint64_t off;
    struct report_position at;
};

/* What is rendered of a text: from byte `from` on. */
struct part {
    struct buf text; /* owns */
    uint64_t from;
    struct report_json report; /* of report.json: stands where `text` ends */
};

struct rendered_text {
    struct rendered_texts *all;
    enum text what;
    pthread_mutex_t lock; /* of report.json: over its part */
    struct part part;     /* of stats and faults: all, as it was at the open */
};

/* What changes is rendered at the open, so that one reader sees one state; it is short. */
static errint render_changing(struct rendered_text *t)
{
    const struct rendered_texts *all = t->all;
    if (t->what == TEXT_REPORT_JSON) {
        report_json_begin(&t->part.report, all->view, all->diag);
    } else if (t->what == TEXT_STATS) {
        stats_render(all->stats, all->view, &t->part.text);
    } else if (t->what == TEXT_FAULTS) {
        read_errors_render(all->read_errors, &t->part.text);
    }
    return buf_check(&t->part.text);
}

errint rendered_text_open(struct rendered_texts *all, enum text what, struct rendered_text **out)
{
    *out = NULL;
    struct rendered_text *t = calloc(1, sizeof(*t));
    if (!t) {
        return -ENOMEM;
    }
    t->what = what;
    t->all = all;
    pthread_mutex_init(&t->lock, NULL);
    errint rc = render_changing(t);
    if (rc < 0) {
        rendered_text_close(t);
        return rc;
    }
    *out = t;
    return 0;
}

void rendered_text_close(struct rendered_text *t)
{
    if (!t) {
        return;
    }
    if (t->what == TEXT_REPORT_JSON) {
        report_json_fini(&t->part.report);
    }
    pthread_mutex_destroy(&t->lock);
    buf_fini(&t->part.text);
    free(t);
}

void rendered_texts_fini(struct rendered_texts *all)
{
    free(all->marks);
    all->marks = NULL;
    all->mark_count = all->mark_cap = 0;
    buf_fini(&all->text);
}

/* ---- report.json ----------------------------------------------------------------------------- */

/* Notes where the report is, if that is far enough behind the last mark. Without memory there are
 * fewer marks. */
static void add_mark(struct rendered_texts *all, uint64_t off, const struct report_position *at)
{
    pthread_mutex_lock(&all->lock);
    uint64_t last = all->mark_count ? all->marks[all->mark_count - 1].off : 0;
    if (off >= last + MARK_BYTES &&
        grow(&all->marks, &all->mark_cap, all->mark_count, sizeof(*all->marks))) {
        all->marks[all->mark_count++] = (struct mark){off, *at};
    }
    pthread_mutex_unlock(&all->lock);
}

/* The last mark at or before `off`; false if there is none. */
static bool find_mark(struct rendered_texts *all, uint64_t off, struct mark *out)
{
    pthread_mutex_lock(&all->lock);
    size_t after = LOWER_BOUND(i, 0, all->mark_count, all->marks[i].off <= off);
    if (after) {
        *out = all->marks[after - 1];
    }
    pthread_mutex_unlock(&all->lock);
    return after > 0;
}

static uint64_t end_of(const struct part *p)
{
    return p->from + p->text.len;
}

/* Renders p on until byte `end` of the report is there, or all of it; what stands before `keep` is
 * dropped on the way. */
static errint render_to(struct rendered_texts *all, const struct once_waiter *w, struct part *p,
                        uint64_t keep, uint64_t end)
{
    uint64_t marked = 0; /* where it was looked whether there should be a mark */
    for (unsigned steps = 1; end_of(p) < end; steps++) {
        if (steps % STEPS_UNASKED == 0 && once_interrupted(w)) {
            return -EINTR;
        }
        if (end_of(p) <= keep) {
            p->from += p->text.len;
            p->text.len = 0;
        }
        if (end_of(p) >= marked + MARK_BYTES / 16) {
            marked = end_of(p);
            add_mark(all, marked, &p->report.at);
        }
        if (!report_json_next(&p->report, &p->text)) {
            break;
        }
    }
    return buf_check(&p->text);
}

/* All of it once, for the marks: who wants what is far from all of them would hold its worker for
 * long. */
struct surveying {
    struct rendered_texts *all;
    struct once_waiter *waiter;
};

static errint survey_report(void *context)
{
    const struct surveying *s = context;
    struct rendered_texts *all = s->all;
    struct part p = {0};
    report_json_begin(&p.report, all->view, all->diag);
    errint rc = render_to(all, s->waiter, &p, UINT64_MAX, UINT64_MAX);
    report_json_fini(&p.report);
    buf_fini(&p.text);
    return rc;
}

/* Puts t's part where rendering what is at `off` begins, and drops what is rendered and stands
 * before that. t->lock is held. */
static void move_part(struct rendered_text *t, uint64_t off)
{
    struct part *p = &t->part;
    struct mark mark = {0};
    bool found = find_mark(t->all, off, &mark);
    uint64_t end = end_of(p);
    if (off < p->from || (found && mark.off > end)) {
        report_json_fini(&p->report);
        report_json_begin(&p->report, t->all->view, t->all->diag);
        p->text.len = 0;
        p->from = mark.off;
        if (found) {
            p->report.at = mark.at;
        }
    } else if (off > p->from && off < end) {
        p->text.len = (size_t)(end - off);
        memmove(p->text.data, p->text.data + (off - p->from), p->text.len);
        p->from = off;
    }
}

/* Bytes [off, off + size) of a text, of which `part` is there from byte `from` on. */
static ssize_t copy_part(struct str part, uint64_t from, uint64_t off, size_t size, char *buf)
{
    bool past = off - from > part.len;
    struct str wanted = past ? STR("") : str_head(str_from_pos(part, (size_t)(off - from)), size);
    memcpy(buf, wanted.ptr, wanted.len);
    return (ssize_t)wanted.len;
}

/* t->lock is held. */
static ssize_t read_part(struct rendered_text *t, const struct once_waiter *w, uint64_t off,
                         size_t size, char *buf)
{
    struct part *p = &t->part;
    errint rc = render_to(t->all, w, p, off, off + size);
    if (rc == -ENOMEM) { /* the next read begins anew */
        buf_fini(&p->text);
        p->from = UINT64_MAX / 2;
    }
    return rc < 0 ? rc : copy_part(buf_view(&p->text), p->from, off, size, buf);
}

static ssize_t read_json(struct rendered_text *t, struct once_waiter *w, uint64_t off, size_t size,
                         char *buf)
{
    pthread_mutex_lock(&t->lock);
    move_part(t, off);
    errint rc = 0;
    if (off > end_of(&t->part) + 2 * (uint64_t)MARK_BYTES) {
        pthread_mutex_unlock(&t->lock);
        struct surveying s = {t->all, w};
        rc = once_need(&t->all->surveyed, w, survey_report, &s);
        pthread_mutex_lock(&t->lock);
        move_part(t, off);
    }
    ssize_t got = rc < 0 ? rc : read_part(t, w, off, size, buf);
    pthread_mutex_unlock(&t->lock);
    return got;
}

/* ---- report.txt ------------------------------------------------------------------------------ */

static errint render_text(void *context)
{
    struct rendered_texts *all = context;
    buf_fini(&all->text);
    report_text(all->view, all->diag, &all->text);
    return buf_check(&all->text);
}

ssize_t rendered_text_read(struct rendered_text *t, struct once_waiter *w, uint64_t off,
                           size_t size, char *buf)
{
    if (t->what == TEXT_REPORT_JSON) {
        return read_json(t, w, off, size, buf);
    }
    struct buf *text = &t->part.text;
    if (t->what == TEXT_REPORT_TEXT) {
        errint rc = once_need(&t->all->rendered, w, render_text, t->all);
        if (rc < 0) {
            return rc;
        }
        text = &t->all->text;
    }
    return copy_part(buf_view(text), 0, off, size, buf);
}
