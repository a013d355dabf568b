/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/handle.h"

#include <stdlib.h>

#include "base/buf.h"
#include "files/report.h"

struct handle {
    struct buf text;
    struct handle_list *list;
    struct handle *prev;
    struct handle *next;
};

static void enlist(struct handle_list *list, struct handle *h)
{
    pthread_mutex_lock(&list->lock);
    h->list = list;
    h->next = list->first;
    if (h->next) {
        h->next->prev = h;
    }
    list->first = h;
    pthread_mutex_unlock(&list->lock);
}

static void unlist(struct handle *h)
{
    struct handle_list *list = h->list;
    if (!list) {
        return;
    }
    pthread_mutex_lock(&list->lock);
    *(h->prev ? &h->prev->next : &list->first) = h->next;
    if (h->next) {
        h->next->prev = h->prev;
    }
    pthread_mutex_unlock(&list->lock);
}

errint handle_open(const struct view *v, const struct diag *d, const struct stats *s, enum node_kind kind,
                   struct handle_list *list, struct handle **out)
{
    *out = NULL;
    struct handle *h = calloc(1, sizeof(*h));
    if (!h) {
        return -ENOMEM;
    }
    if (kind == NODE_REPORT_JSON) {
        report_json(v, d, &h->text);
    } else if (kind == NODE_REPORT_TEXT) {
        report_text(v, d, &h->text);
    } else {
        stats_render(s, v, &h->text);
    }
    errint rc = buf_check(&h->text);
    if (rc < 0) {
        handle_close(h);
        return rc;
    }
    enlist(list, h);
    *out = h;
    return 0;
}

void handle_close(struct handle *h)
{
    if (h) {
        unlist(h);
        buf_fini(&h->text);
        free(h);
    }
}

void handle_close_all(struct handle_list *list)
{
    while (list->first) {
        handle_close(list->first);
    }
}

struct str handle_text(const struct handle *h)
{
    return buf_view(&h->text);
}
