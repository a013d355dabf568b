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

static bool any_open(const struct matching *m)
{
    const struct matching_side *to = &m->sides[PROPOSAL_TO];
    for (uint32_t i = 0; i < to->count; i++) {
        if (matching_is_open(&to->tensors[i])) {
            return true;
        }
    }
    return false;
}

/* What no fingerprint was needed for is left out at first: few tensors are in two pairs. */
static errint pair_by_fingerprints(struct matching *m, bool paired)
{
    bool any = false;
    errint rc = any_open(m) ? matching_sum(m, paired, &any) : 0;
    if (rc < 0 || !any) {
        return rc;
    }
    rc = matching_pair_singles(m);
    return rc < 0 ? rc : matching_pair_parts(m);
}

static errint pair_all(struct matching *m)
{
    errint rc = matching_pair_equal(m);
    if (rc == 0) {
        rc = matching_pair_sampled(m);
    }
    if (rc == 0) {
        rc = pair_by_fingerprints(m, false);
    }
    return rc < 0 ? rc : pair_by_fingerprints(m, true);
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
