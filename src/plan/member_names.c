/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/member_names.h"

#include "source/catalog_names.h"

const struct catalog *member_of_source(const struct catalog *c,
                                       const struct expression_source *source)
{
    return source->checkpoint ? catalog_numbered(c, source->checkpoint) : c;
}

struct member_names member_names_of(const struct catalog *c, const struct expression *e, uint32_t i)
{
    struct member_names n = {.member = member_of_source(c, &e->sources[i])};
    const struct tensor *graph = e->named ? catalog_by_key(n.member, STR(OBJECTS_KEY)) : NULL;
    n.graph = graph ? (uint32_t)(graph - n.member->tensors) : UINT32_MAX;
    return n;
}

const struct tensor *member_names_tensor(const struct member_names *n, uint32_t i)
{
    return &n->member->tensors[i + (i >= n->graph)];
}

static struct str name_at(const void *context, uint32_t i)
{
    return tensor_name(member_names_tensor(context, i));
}

static uint32_t find_end(const void *context, struct str suffix, uint32_t i)
{
    const struct member_names *n = context;
    uint32_t found = name_tails_find(n->tails, suffix, i + (i >= n->graph));
    if (found == n->graph) {
        found = name_tails_find(n->tails, suffix, found + 1);
    }
    return found - (found > n->graph);
}

struct expand_names member_names_listed(const struct member_names *n)
{
    return (struct expand_names){.name = name_at,
                                 .find = n->tails ? find_end : NULL,
                                 .context = n,
                                 .count = n->member->count - (n->graph != UINT32_MAX)};
}
