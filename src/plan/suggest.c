/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/suggest.h"

#include "base/edit.h"
#include "format/catalog_names.h"

struct best {
    struct str name[DIAG_NEAREST];
    unsigned distance[DIAG_NEAREST];
    unsigned count;
};

/* The list stays sorted; among equals the first found stays first. */
static void insert(struct best *b, struct str name, unsigned distance)
{
    unsigned pos = b->count;
    while (pos > 0 && b->distance[pos - 1] > distance) {
        pos--;
    }
    if (pos == DIAG_NEAREST) {
        return;
    }
    if (b->count < DIAG_NEAREST) {
        b->count++;
    }
    for (unsigned i = b->count - 1; i > pos; i--) {
        b->name[i] = b->name[i - 1];
        b->distance[i] = b->distance[i - 1];
    }
    b->name[pos] = name;
    b->distance[pos] = distance;
}

/* How many of the last components are the same in both. *looked: how many bytes it took to see that. */
static unsigned common_ending(struct str a, struct str b, size_t *looked)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t same = 0;
    unsigned components = 0;
    while (same < shorter && a.ptr[a.len - 1 - same] == b.ptr[b.len - 1 - same]) {
        components += a.ptr[a.len - 1 - same] == '/';
        same++;
    }
    *looked = same + 1;
    bool a_begins = same == a.len || a.ptr[a.len - 1 - same] == '/';
    bool b_begins = same == b.len || b.ptr[b.len - 1 - same] == '/';
    return components + (a_begins && b_begins);
}

/* Nothing is spelt like the name: then what ends in the same components, in another scope, the most of them first. */
static void same_ending(struct best *best, struct str name, suggest_name at, const void *context,
                        uint32_t count, struct suggest_budget *budget)
{
    for (uint32_t i = 0; i < count && budget->left > 0; i++) {
        struct str candidate = at(context, i);
        size_t looked = 0;
        unsigned components = candidate.len ? common_ending(name, candidate, &looked) : 0;
        budget->left -= budget->left < 4 + looked ? budget->left : 4 + looked;
        if (components) {
            insert(best, candidate, 1000 - (components < 999 ? components : 999));
        }
    }
}

void suggest_nearest(struct diag *d, struct str name, suggest_name at, const void *context, uint32_t count,
                     struct suggest_budget *budget)
{
    struct best best = {.count = 0};
    unsigned most = name.len < 6 ? 2 : name.len > 300 ? 100 : (unsigned)(name.len / 3);

    if (!d || d->kept == DIAG_KEPT) {
        return; /* nobody would see it */
    }
    for (uint32_t i = 0; i < count; i++) {
        struct str candidate = at(context, i);
        size_t apart = candidate.len > name.len ? candidate.len - name.len : name.len - candidate.len;
        uint64_t cost = apart > most ? 1 : 8 + name.len * (2 * (uint64_t)most + 1);
        if (cost > budget->left) {
            break;
        }
        budget->left -= cost;
        if (!candidate.len || apart > most) {
            continue;
        }
        unsigned distance = edit_distance(name, candidate, most);
        if (distance <= most) {
            insert(&best, candidate, distance);
            if (best.count == DIAG_NEAREST && best.distance[DIAG_NEAREST - 1] < most) {
                most = best.distance[DIAG_NEAREST - 1];
            }
        }
    }
    if (best.count == 0) {
        same_ending(&best, name, at, context, count, budget);
    }
    for (unsigned i = 0; i < best.count; i++) {
        diag_nearest(d, best.name[i]);
    }
}

/* The names that tensors are known by, then the others that they have. */
static struct str tensor_name_at(const void *context, uint32_t i)
{
    const struct catalog *c = context;
    if (i < c->count) {
        return tensor_name(&c->tensors[i]);
    }
    const struct tensor *t = &c->tensors[i - c->count];
    struct str other = c->names->friendly ? catalog_key(c, t) : catalog_friendly(c, t);
    return str_eq(other, tensor_name(t)) ? STR("") : other;
}

void suggest_tensors(struct diag *d, struct str name, const struct catalog *c, struct suggest_budget *budget)
{
    suggest_nearest(d, name, tensor_name_at, c, c->names ? 2 * c->count : c->count, budget);
}
