/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/proposal.h"

#include <stdlib.h>

#include "base/grow.h"

errint proposal_add(struct proposal *p, const struct proposal_pair *pair)
{
    if (!grow(&p->pairs, &p->pair_cap, p->pair_count, sizeof(*p->pairs))) {
        return -ENOMEM;
    }
    p->pairs[p->pair_count++] = *pair;
    for (uint32_t i = 0; i < pair->source_count; i++) {
        p->from.variables[pair->sources[i]].pairs++;
    }
    for (uint32_t i = 0; i < pair->target_count; i++) {
        p->to.variables[pair->targets[i]].pairs++;
    }
    return 0;
}

void proposal_fini(struct proposal *p)
{
    free(p->from.variables);
    free(p->to.variables);
    free(p->pairs);
    arena_fini(&p->arena);
    *p = (struct proposal){0};
}
