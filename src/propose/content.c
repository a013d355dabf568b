/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/content.h"

#include "propose/matching.h"
#include "render/render.h"

/* What could not be read is told. */
static void tell_unread(const struct matching *m, enum proposal_end end)
{
    const struct matching_side *s = &m->sides[end];
    for (uint32_t i = 0; i < s->count; i++) {
        errint rc = s->tensors[i].rc;
        if (rc < 0) {
            diag_warn(m->diag, DIAG_FILE_UNREADABLE, NULL, matching_name(m, end, i),
                      "cannot be read, so its content says nothing: %s", render_why(rc));
        }
    }
}

static errint pair_all(struct matching *m)
{
    errint (*const steps[])(struct matching *) = {matching_pair_equal, matching_sum,
                                                  matching_pair_singles, matching_pair_parts};
    errint rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++) {
        rc = steps[i](m);
    }
    return rc;
}

errint propose_content(struct proposal *p, const struct content_request *r, struct diag *d)
{
    struct matching m;
    errint rc = matching_init(&m, p, r, d);
    if (rc == 0) {
        rc = pair_all(&m);
    }
    tell_unread(&m, PROPOSAL_FROM);
    tell_unread(&m, PROPOSAL_TO);
    matching_fini(&m);
    return rc < 0 ? diag_no_memory(d) : 0;
}
