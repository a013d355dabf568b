/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/handle.h"

#include <stdlib.h>

#include "base/buf.h"
#include "files/report.h"

struct handle {
    struct buf text;
};

errint handle_open(const struct view *v, const struct diag *d, const struct stats *s, enum node_kind kind,
                   struct handle **out)
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
    *out = h;
    return 0;
}

void handle_close(struct handle *h)
{
    if (h) {
        buf_fini(&h->text);
        free(h);
    }
}

struct str handle_text(const struct handle *h)
{
    return buf_view(&h->text);
}
