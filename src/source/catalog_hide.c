/* SPDX-License-Identifier: Apache-2.0 */
#include "source/catalog_hide.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/catalog_names.h"

static bool is_hidden(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* Both names again for the tensors that stay; `number` is what each is now, by what it was. */
static errint renumber_names(struct catalog *c, const uint32_t *number, uint32_t left)
{
    struct catalog_names *names = c->names;
    struct str *other = ARENA_ARRAY(&c->arena, struct str, (size_t)left + 1);
    uint32_t *by_other = ARENA_ARRAY(&c->arena, uint32_t, (size_t)left + 1);
    if (!other || !by_other) {
        return -ENOMEM;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (number[i] != UINT32_MAX) {
            other[number[i]] = names->other[i];
        }
        if (number[names->by_other[i]] != UINT32_MAX) {
            by_other[kept++] = number[names->by_other[i]];
        }
    }
    uint32_t aliases = 0;
    for (uint32_t i = 0; i < names->alias_count; i++) {
        struct catalog_alias alias = names->aliases[i];
        if (number[alias.tensor] != UINT32_MAX) {
            alias.tensor = number[alias.tensor];
            names->aliases[aliases++] = alias;
        }
    }
    *names = (struct catalog_names){names->friendly, other, by_other, names->aliases, aliases};
    return 0;
}

errint catalog_hide(struct catalog *c, const uint64_t *bits)
{
    CLEANUP_FREE uint32_t *number = malloc(((size_t)c->count + 1) * sizeof(*number));
    struct tensor *tensors = (struct tensor *)(uintptr_t)c->tensors;
    uint32_t left = 0;
    if (!number) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        number[i] = is_hidden(bits, i) ? UINT32_MAX : left++;
    }
    struct tensor *dropped = ARENA_ARRAY(&c->arena, struct tensor, (size_t)(c->count - left) + 1);
    errint rc = dropped ? 0 : -ENOMEM;
    if (rc == 0 && c->names) {
        rc = renumber_names(c, number, left);
    }
    if (rc < 0) {
        return rc;
    }
    uint32_t gone = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        struct tensor t = tensors[i];
        if (number[i] == UINT32_MAX) {
            dropped[gone++] = t;
            c->hidden_count -= t.hidden != TENSOR_SHOWN;
        } else {
            tensors[number[i]] = t;
        }
    }
    c->count = left;
    c->dropped = dropped;
    c->dropped_count = gone;
    return 0;
}
