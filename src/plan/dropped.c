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

static errint complain_match(struct dropping *p, const struct name_filter *filter, struct str name,
                             errint rc)
{
    const char *key = filter->keeps ? "keep" : "drop";
    if (rc == -ENOMEM) {
        return diag_no_memory(p->d);
    }
    return diag_error_at(p->d, DIAG_LIMIT, filter->at, filter->text,
                         "to match '%s' of '%s' against '%s' takes too long",
                         diag_visible(p->d, filter->text), key, diag_visible(p->d, name));
}

/* What `prefer` has hidden is hidden already, and a filter that matches it is not idle. */
static errint note_acts(struct dropping *p, struct str name, struct pattern_scratch *scratch)
{
    for (uint32_t i = 0; i < p->filters->count; i++) {
        const struct name_filter *filter = &p->filters->list[i];
        int rc = p->acts[i] ? 0 : name_filter_matches(filter, name, scratch);
        if (rc < 0) {
            return complain_match(p, filter, name, rc);
        }
        p->acts[i] |= rc > 0;
    }
    return 0;
}

/* The names of averages, which stand where weights stood. */
static errint note_averages(struct dropping *p, const struct shadows *shadows,
                            struct pattern_scratch *scratch)
{
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < shadows->count; i++) {
        rc = note_acts(p, shadows->list[i].from, scratch);
    }
    return rc;
}

static errint filter_all(struct dropping *p, const struct shadows *shadows)
{
    CLEANUP(pattern_scratch_fini) struct pattern_scratch scratch = {0};
    uint32_t count = 0;
    errint noted = note_averages(p, shadows, &scratch);
    for (uint32_t i = 0; noted == 0 && i < p->c->count; i++) {
        const struct name_filter *filter;
        struct str name = tensor_name(&p->c->tensors[i]);
        if (p->bits[i / 64] >> (i % 64) & 1) {
            p->by[count++] = p->prefer;
            noted = note_acts(p, name, &scratch);
            continue;
        }
        int rc = name_filters_hide(p->filters, name, &scratch, &filter);
        if (rc < 0) {
            return complain_match(p, filter, name, rc);
        }
        if (rc) {
            p->bits[i / 64] |= 1ull << (i % 64);
            p->by[count++] = filter;
            if (filter) {
                p->acts[filter - p->filters->list] = true;
            }
        }
    }
    if (noted < 0) {
        return noted;
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
    return rc < 0 ? rc : filter_all(&p, &out->shadows);
}
