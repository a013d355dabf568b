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
    struct member_names n = {member_of_source(c, &e->sources[i]), UINT32_MAX};
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

struct expand_names member_names_listed(const struct member_names *n)
{
    return (struct expand_names){name_at, n, n->member->count - (n->graph != UINT32_MAX)};
}
