/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/handle.h"

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

struct handle {
    struct handle_list *list;
    struct handle *next;
    enum text what;
    struct buf text; /* of stats and faults: all, as it was at the open; of report.json: from byte
                        `from` on, up to where `report` is */
    pthread_mutex_t lock; /* of report.json: over all that follows, and `text` */
    uint64_t from;
    struct report_json report;
};

static void destroy(struct handle *h)
{
    if (h->what == TEXT_REPORT_JSON) {
        report_json_fini(&h->report);
    }
    pthread_mutex_destroy(&h->lock);
    buf_fini(&h->text);
    free(h);
}

/* What changes is rendered at the open, so that one reader sees one state; it is short. */
static errint prepare(struct handle *h)
{
    const struct handle_list *from = h->list;
    if (h->what == TEXT_REPORT_JSON) {
        report_json_begin(&h->report, from->view, from->diag);
    } else if (h->what == TEXT_STATS) {
        stats_render(from->stats, from->view, &h->text);
    } else if (h->what == TEXT_FAULTS) {
        read_errors_render(from->read_errors, &h->text);
    }
    return buf_check(&h->text);
}

errint handle_open(struct handle_list *list, enum text what, struct handle **out)
{
    *out = NULL;
    struct handle *h = calloc(1, sizeof(*h));
    if (!h) {
        return -ENOMEM;
    }
    h->what = what;
    h->list = list;
    pthread_mutex_init(&h->lock, NULL);
    errint rc = prepare(h);
    if (rc < 0) {
        destroy(h);
        return rc;
    }
    pthread_mutex_lock(&list->lock);
    h->next = list->first;
    list->first = h;
    pthread_mutex_unlock(&list->lock);
    *out = h;
    return 0;
}

void handle_close(struct handle *h)
{
    if (!h) {
        return;
    }
    struct handle_list *list = h->list;
    pthread_mutex_lock(&list->lock);
    struct handle **at = &list->first;
    while (*at != h) {
        at = &(*at)->next;
    }
    *at = h->next;
    pthread_mutex_unlock(&list->lock);
    destroy(h);
}

void handle_close_all(struct handle_list *list)
{
    while (list->first) {
        struct handle *h = list->first;
        list->first = h->next;
        destroy(h);
    }
    free(list->marks);
    list->marks = NULL;
    buf_fini(&list->text);
}

/* ---- report.json ----------------------------------------------------------------------------- */

/* Notes where the report is, if that is far enough behind the last mark. Without memory there are
 * fewer marks. */
static void add_mark(struct handle_list *list, uint64_t off, const struct report_position *at)
{
    pthread_mutex_lock(&list->lock);
    uint64_t last = list->mark_count ? list->marks[list->mark_count - 1].off : 0;
    if (off >= last + MARK_BYTES &&
        grow(&list->marks, &list->mark_cap, list->mark_count, sizeof(*list->marks))) {
        list->marks[list->mark_count++] = (struct mark){off, *at};
    }
    pthread_mutex_unlock(&list->lock);
}

/* The last mark at or before `off`; false if there is none. */
static bool find_mark(struct handle_list *list, uint64_t off, struct mark *out)
{
    pthread_mutex_lock(&list->lock);
    size_t after = LOWER_BOUND(i, 0, list->mark_count, list->marks[i].off <= off);
    if (after) {
        *out = list->marks[after - 1];
    }
    pthread_mutex_unlock(&list->lock);
    return after > 0;
}

/* Renders until `end` bytes of the report are there, or all of it; what stands before `keep` is
 * dropped on the way. */
static errint render_to(struct handle_list *list, struct report_json *report, struct buf *text,
                        uint64_t *from, uint64_t keep, uint64_t end)
{
    uint64_t marked = 0; /* where it was looked whether there should be a mark */
    for (unsigned steps = 1; *from + text->len < end; steps++) {
        if (steps % STEPS_UNASKED == 0 && once_interrupted()) {
            return -EINTR;
        }
        if (*from + text->len <= keep) {
            *from += text->len;
            text->len = 0;
        }
        if (*from + text->len >= marked + MARK_BYTES / 16) {
            marked = *from + text->len;
            add_mark(list, marked, &report->at);
        }
        if (!report_json_next(report, text)) {
            break;
        }
    }
    return buf_check(text);
}

/* All of it once, for the marks: who wants what is far from all of them would hold its worker for
 * long. */
static errint survey(void *context)
{
    struct handle_list *list = context;
    CLEANUP_BUF struct buf text = {0};
    struct report_json report;
    uint64_t from = 0;
    report_json_begin(&report, list->view, list->diag);
    errint rc = render_to(list, &report, &text, &from, UINT64_MAX, UINT64_MAX);
    report_json_fini(&report);
    return rc;
}

/* Puts the report where rendering what is at `off` begins, and drops what is rendered and stands
 * before that. h->lock is held. */
static void go_to(struct handle *h, uint64_t off)
{
    struct mark mark = {0};
    bool found = find_mark(h->list, off, &mark);
    uint64_t end = h->from + h->text.len;
    if (off < h->from || (found && mark.off > end)) {
        report_json_fini(&h->report);
        report_json_begin(&h->report, h->list->view, h->list->diag);
        h->text.len = 0;
        h->from = mark.off;
        if (found) {
            h->report.at = mark.at;
        }
    } else if (off > h->from && off < end) {
        h->text.len = (size_t)(end - off);
        memmove(h->text.data, h->text.data + (off - h->from), h->text.len);
        h->from = off;
    }
}

static ssize_t copy(struct str text, uint64_t from, uint64_t off, size_t size, char *buf)
{
    struct str part =
        off - from > text.len ? STR("") : str_head(str_from_pos(text, (size_t)(off - from)), size);
    memcpy(buf, part.ptr, part.len);
    return (ssize_t)part.len;
}

static ssize_t read_json(struct handle *h, uint64_t off, size_t size, char *buf)
{
    pthread_mutex_lock(&h->lock);
    go_to(h, off);
    bool far = off > h->from + h->text.len + 2 * (uint64_t)MARK_BYTES;
    errint rc = 0;
    if (far) {
        pthread_mutex_unlock(&h->lock);
        rc = once_need(&h->list->surveyed, survey, h->list);
        pthread_mutex_lock(&h->lock);
        go_to(h, off);
    }
    rc = rc < 0 ? rc : render_to(h->list, &h->report, &h->text, &h->from, off, off + size);
    ssize_t got = rc < 0 ? rc : copy(buf_view(&h->text), h->from, off, size, buf);
    if (rc == -ENOMEM) { /* the next read begins anew */
        buf_fini(&h->text);
        h->from = UINT64_MAX / 2;
    }
    pthread_mutex_unlock(&h->lock);
    return got;
}

/* ---- report.txt ------------------------------------------------------------------------------ */

static errint render_text(void *context)
{
    struct handle_list *list = context;
    buf_fini(&list->text);
    report_text(list->view, list->diag, &list->text);
    return buf_check(&list->text);
}

ssize_t handle_read(struct handle *h, uint64_t off, size_t size, char *buf)
{
    if (h->what == TEXT_REPORT_JSON) {
        return read_json(h, off, size, buf);
    }
    if (h->what == TEXT_REPORT_TEXT) {
        errint rc = once_need(&h->list->rendered, render_text, h->list);
        return rc < 0 ? rc : copy(buf_view(&h->list->text), 0, off, size, buf);
    }
    return copy(buf_view(&h->text), 0, off, size, buf);
}
