/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/handle.h"

#include <stdlib.h>

#include "base/buf.h"
#include "files/report.h"

/* A rendered text and how many opens it serves. All opens of a report share one: it never changes, and with a million variables it
 * has 200 MB. Stats and faults change, so each open has its own. */
struct handle {
    struct buf text;
    struct handle_list *list;
    struct handle *next;
    enum node_kind kind;
    unsigned opens;
};

static errint render(struct handle *h)
{
    const struct handle_list *from = h->list;
    if (h->kind == NODE_REPORT_JSON) {
        report_json(from->view, from->diag, &h->text);
    } else if (h->kind == NODE_REPORT_TEXT) {
        report_text(from->view, from->diag, &h->text);
    } else if (h->kind == NODE_STATS) {
        stats_render(from->stats, from->view, &h->text);
    } else {
        faults_render(from->faults, &h->text);
    }
    return buf_check(&h->text);
}

static struct handle *find_shared(const struct handle_list *list, enum node_kind kind)
{
    bool changes = kind == NODE_STATS || kind == NODE_FAULTS;
    struct handle *h = changes ? NULL : list->first;
    while (h && h->kind != kind) {
        h = h->next;
    }
    return h;
}

static void destroy(struct handle *h)
{
    buf_fini(&h->text);
    free(h);
}

errint handle_open(struct handle_list *list, enum node_kind kind, struct handle **out)
{
    errint rc = 0;
    pthread_mutex_lock(&list->lock);
    struct handle *h = find_shared(list, kind);
    if (!h) {
        h = calloc(1, sizeof(*h));
        rc = h ? 0 : -ENOMEM;
        if (h) {
            h->kind = kind;
            h->list = list;
            rc = render(h);
        }
        if (h && rc == 0) {
            h->next = list->first;
            list->first = h;
        } else if (h) {
            destroy(h);
            h = NULL;
        }
    }
    if (h) {
        h->opens++;
    }
    pthread_mutex_unlock(&list->lock);
    *out = h;
    return rc;
}

void handle_close(struct handle *h)
{
    if (!h) {
        return;
    }
    struct handle_list *list = h->list;
    pthread_mutex_lock(&list->lock);
    bool last = --h->opens == 0;
    if (last) {
        struct handle **at = &list->first;
        while (*at != h) {
            at = &(*at)->next;
        }
        *at = h->next;
    }
    pthread_mutex_unlock(&list->lock);
    if (last) {
        destroy(h);
    }
}

void handle_close_all(struct handle_list *list)
{
    while (list->first) {
        struct handle *h = list->first;
        list->first = h->next;
        destroy(h);
    }
}

struct str handle_text(const struct handle *h)
{
    return buf_view(&h->text);
}
