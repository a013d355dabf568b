/* SPDX-License-Identifier: Apache-2.0 */
/* A rule amid its expansion (expand.h): which captures it has, and what matches. Private to
 * expand.c and expand_keys.c. */
#ifndef CKPTFS_MAP_EXPANDING_H
#define CKPTFS_MAP_EXPANDING_H

#include "base/arena.h"
#include "map/expand.h"

enum { KEYS_MOST = 2 * PATTERN_CAPTURES_MOST };

/* A capture of the rule: of any of its sources. */
struct key {
    struct str name; /* of a number; ptr is NULL: it has none */
    uint32_t number; /* of those without a name, from 0; of what is below a scope, UINT32_MAX */
    bool taken;
};

/* A name that matches: what it has of each key, in their order. */
struct matched {
    uint32_t name;
    const struct str *texts; /* per key; ptr is NULL: the source has no such capture */
    const uint32_t *choices; /* per key: which of the texts in braces */
};

/* What one source matches. */
struct matches {
    struct matched *list; /* owns */
    size_t count;
    size_t cap;
    uint8_t *joined;           /* owns; per name: it is in an assignment */
    bool has[KEYS_MOST];       /* whether the source has the key */
    uint32_t token[KEYS_MOST]; /* the token that captures it */
    const struct expanding *of;
};

struct expanding {
    const struct expand_rule *rule;
    struct key keys[KEYS_MOST];
    uint32_t key_count;
    uint32_t number_count; /* of keys that are numbers */
    uint64_t kept;         /* matches, and captures of theirs, that may be there or not */
    struct matches sources[EXPAND_SOURCES_MOST];
    struct pattern_scratch scratch;
    struct arena arena; /* of texts and choices */
    struct expand_fault *fault;
    expand_visit *visit;
    void *context;
    struct expand_match *found; /* owns; of the assignment at hand */
    size_t found_count;
    size_t found_cap;
};

static inline errint expanding_refuse(struct expanding *e, struct expand_fault fault)
{
    *e->fault = fault;
    return -EINVAL;
}

static inline bool key_is_number(const struct key *k)
{
    return k->name.ptr != NULL;
}

/* expanding_find_keys: the captures of all sources, and which of them the targets take. -EINVAL,
 * and e->fault says why. */
MUST_CHECK errint expanding_find_keys(struct expanding *e);

#endif
