/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/selection.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/glob.h"
#include "plan/nearest_name.h"
#include "view/report.h"

bool selection_matches(struct str pattern, struct str name)
{
    return glob_is_pattern(pattern) ? glob_match(pattern, name) : str_search(name, pattern) >= 0;
}

static struct str target_name_at(const void *context, uint32_t i)
{
    const struct plan *p = context;
    return target_name(&p->targets[i]);
}

static void complain(const struct plan *p, struct str pattern, struct diag *d)
{
    struct nearest_budget budget = {.left = 100 * 1000 * 1000};
    struct str nearest[DIAG_NEAREST];
    diag_error(d, DIAG_VARIABLE_NOT_FOUND, "--only", pattern, "no target matches '%s'",
               diag_visible(d, pattern));
    if (!glob_is_pattern(pattern)) {
        const struct nearest_list list = {target_name_at, p, p->count};
        unsigned count = nearest_names(pattern, list, &budget, nearest);
        for (unsigned i = 0; i < count; i++) {
            diag_nearest(d, nearest[i]);
        }
    }
}

/* Whether the pattern selects any target; those are marked. -ENOMEM. */
static errint mark(const struct view *v, struct str pattern, uint8_t *marks, bool *any)
{
    CLEANUP_BUF struct buf path = {0};
    *any = false;
    for (uint32_t i = 0; i < v->plan->count; i++) {
        path.len = 0;
        report_path(v, i, &path);
        if (path.failed) {
            return -ENOMEM;
        }
        if (selection_matches(pattern, target_name(&v->plan->targets[i])) ||
            selection_matches(pattern, buf_view(&path))) {
            marks[i] = 1;
            *any = true;
        }
    }
    return 0;
}

errint selection_targets(const struct view *v, const char *const *patterns, size_t count,
                         struct diag *d, uint8_t **out)
{
    errint rc = 0;
    *out = calloc((size_t)v->plan->count + 1, 1);
    if (!*out) {
        return diag_no_memory(d);
    }
    for (size_t i = 0; i < count; i++) {
        bool any;
        if (mark(v, str_from(patterns[i]), *out, &any) < 0) {
            return diag_no_memory(d);
        }
        if (!any) {
            complain(v->plan, str_from(patterns[i]), d);
            rc = -EINVAL;
        }
    }
    return rc;
}
