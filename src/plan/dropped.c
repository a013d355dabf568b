/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/dropped.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "source/catalog_hide.h"

static void warn_idle(const struct name_filters *f, const bool *acts, struct diag *d)
{
    for (uint32_t i = 0; i < f->count; i++) {
        if (!acts[i] && !f->list[i].keeps && !f->list[i].is_optimizer) {
            diag_warn_at(d, DIAG_EMPTY_SCOPE, f->list[i].at, f->list[i].text,
                         "'%s' of 'drop' matches no tensor of the checkpoint",
                         diag_visible(d, f->list[i].text));
        }
    }
}

errint dropped_hide(struct catalog *c, const struct name_filters *f, struct arena *a,
                    const struct name_filter *const **by, struct diag *d)
{
    CLEANUP_FREE uint64_t *bits = calloc((size_t)c->count / 64 + 1, sizeof(*bits));
    CLEANUP_FREE bool *acts = calloc((size_t)f->count + 1, sizeof(*acts));
    CLEANUP(pattern_scratch_fini) struct pattern_scratch scratch = {0};
    const struct name_filter **filters =
        ARENA_ARRAY(a, const struct name_filter *, (size_t)c->count + 1);
    uint32_t count = 0;
    if (!bits || !acts || !filters) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; f->count && i < c->count; i++) {
        const struct name_filter *filter;
        int rc = name_filters_hide(f, tensor_name(&c->tensors[i]), &scratch, &filter);
        if (rc < 0) {
            return rc == -ENOMEM ? diag_no_memory(d)
                                 : diag_error(d, DIAG_LIMIT, "", tensor_name(&c->tensors[i]),
                                              "to match 'drop' against '%s' takes too long",
                                              diag_visible(d, tensor_name(&c->tensors[i])));
        }
        if (rc) {
            bits[i / 64] |= 1ull << (i % 64);
            filters[count++] = filter;
            if (filter) {
                acts[filter - f->list] = true;
            }
        }
    }
    warn_idle(f, acts, d);
    *by = filters;
    return count && catalog_hide(c, bits) < 0 ? diag_no_memory(d) : 0;
}
