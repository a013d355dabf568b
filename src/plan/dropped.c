/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/dropped.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "source/catalog_hide.h"

void dropped_warn_idle(const struct view_options *view, const bool *acts, struct diag *d)
{
    const struct name_filters *f = &view->filters;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct name_filter *filter = &f->list[i];
        if (!acts[i] && !filter->keeps && !filter->is_optimizer && !filter->is_optional) {
            diag_warn_at(d, DIAG_EMPTY_SCOPE, filter->at, filter->text,
                         "'%s' of 'drop' matches no tensor of the checkpoint",
                         diag_visible(d, filter->text));
        }
    }
}

/* Which filters hide what, one bit a tensor; those that are set already are of `prefer`. */
struct dropping {
    struct catalog *c;
    const struct name_filters *filters;
    uint64_t *bits;
    bool *acts;                    /* by filter */
    const struct name_filter **by; /* of each that is hidden, in order */
    const struct name_filter *prefer;
    struct diag *d;
};

static errint filter_all(struct dropping *p)
{
    CLEANUP(pattern_scratch_fini) struct pattern_scratch scratch = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->c->count; i++) {
        const struct name_filter *filter;
        struct str name = tensor_name(&p->c->tensors[i]);
        if (p->bits[i / 64] >> (i % 64) & 1) {
            p->by[count++] = p->prefer;
            continue;
        }
        int rc = name_filters_hide(p->filters, name, &scratch, &filter);
        if (rc < 0) {
            return rc == -ENOMEM ? diag_no_memory(p->d)
                                 : diag_error(p->d, DIAG_LIMIT, "", name,
                                              "to match 'drop' against '%s' takes too long",
                                              diag_visible(p->d, name));
        }
        if (rc) {
            p->bits[i / 64] |= 1ull << (i % 64);
            p->by[count++] = filter;
            if (filter) {
                p->acts[filter - p->filters->list] = true;
            }
        }
    }
    return count && catalog_hide(p->c, p->bits) < 0 ? diag_no_memory(p->d) : 0;
}

errint dropped_hide(struct catalog *c, const struct view_options *view, struct arena *a, bool *acts,
                    struct dropped *out, struct diag *d)
{
    const struct name_filters *f = &view->filters;
    CLEANUP_FREE uint64_t *bits = calloc((size_t)c->count / 64 + 1, sizeof(*bits));
    const struct name_filter **filters =
        ARENA_ARRAY(a, const struct name_filter *, (size_t)c->count + 1);
    struct name_filter *prefer = ARENA_NEW(a, struct name_filter);
    if (!bits || !filters || !prefer) {
        return diag_no_memory(d);
    }
    out->by = filters;
    *prefer = (struct name_filter){.text = STR("prefer = ema"), .at = view->prefer_at};
    struct dropping p = {c, f, bits, acts, filters, prefer, d};
    errint rc =
        view->prefer_ema ? shadows_prefer(c, view->prefer_at, a, bits, &out->shadows, d) : 0;
    return rc < 0 ? rc : filter_all(&p);
}
