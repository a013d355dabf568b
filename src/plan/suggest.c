/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/suggest.h"

#include "base/edit.h"

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

void suggest_nearest(struct diag *d, struct str name, suggest_name at, const void *context, uint32_t count,
                     struct suggest_budget *budget)
{
    struct best best = {.count = 0};
    unsigned most = name.len < 6 ? 2 : name.len > 300 ? 100 : (unsigned)(name.len / 3);

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
    for (unsigned i = 0; i < best.count; i++) {
        diag_nearest(d, best.name[i]);
    }
}
