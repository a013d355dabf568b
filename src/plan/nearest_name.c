/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/nearest_name.h"

#include <string.h>

#include "base/buf.h"
#include "base/compose.h"
#include "base/edit_distance.h"
#include "base/escape.h"
#include "source/catalog_names.h"

struct best {
    struct str name[DIAG_NEAREST];
    unsigned distance[DIAG_NEAREST];
    unsigned count;
};

/* The list stays sorted; among equals the first found stays first. */
static void insert_best(struct best *b, struct str name, unsigned distance)
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

/* How many of the last components are the same in both. *looked: how many bytes it took to see
 * that. */
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

/* Nothing is spelt like the name: then what ends in the same components, in another scope, the most
 * of them first. */
static void same_ending(struct best *best, struct str name, struct nearest_list list,
                        struct nearest_budget *budget)
{
    for (uint32_t i = 0; i < list.count && budget->left > 0; i++) {
        struct str candidate = list.at(list.context, i);
        size_t looked = 0;
        unsigned components = candidate.len ? common_ending(name, candidate, &looked) : 0;
        budget->left -= budget->left < 4 + looked ? budget->left : 4 + looked;
        if (components && !str_eq(candidate, name)) {
            insert_best(best, candidate, 1000 - (components < 999 ? components : 999));
        }
    }
}

/* How many edits a name of that length may be away. */
static unsigned edits_most(size_t len)
{
    if (len < 6) {
        return 2;
    }
    return len > 300 ? 100 : (unsigned)(len / 3);
}

unsigned nearest_names(struct str name, struct nearest_list list, struct nearest_budget *budget,
                       struct str out[DIAG_NEAREST])
{
    struct best best = {.count = 0};
    unsigned most = edits_most(name.len);

    for (uint32_t i = 0; i < list.count; i++) {
        struct str candidate = list.at(list.context, i);
        size_t apart =
            candidate.len > name.len ? candidate.len - name.len : name.len - candidate.len;
        uint64_t cost = apart > most ? 1 : 8 + name.len * (2 * (uint64_t)most + 1);
        if (cost > budget->left) {
            break;
        }
        budget->left -= cost;
        if (!candidate.len || apart > most || str_eq(candidate, name)) {
            continue;
        }
        unsigned distance = edit_distance(name, candidate, most);
        if (distance <= most) {
            insert_best(&best, candidate, distance);
            if (best.count == DIAG_NEAREST && best.distance[DIAG_NEAREST - 1] < most) {
                most = best.distance[DIAG_NEAREST - 1];
            }
        }
    }
    if (best.count == 0) {
        same_ending(&best, name, list, budget);
    }
    memcpy(out, best.name, best.count * sizeof(*out));
    return best.count;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

struct str nearest_alike(struct str name, struct nearest_list list, struct nearest_budget *budget)
{
    for (uint32_t i = 0; !is_ascii(name) && i < list.count; i++) {
        struct str candidate = list.at(list.context, i);
        uint64_t cost = 1 + candidate.len / 8;
        if (cost > budget->left) {
            break;
        }
        budget->left -= cost;
        if (!is_ascii(candidate) && compose_alike(name, candidate)) {
            return candidate;
        }
    }
    return (struct str){NULL, 0};
}

void nearest_in_map(struct diag *d, struct str name, bool is_scope, bool plain)
{
    CLEANUP_BUF struct buf text = {0};
    escape_name(&text, name, is_scope, plain);
    diag_nearest_written(d, name, text.failed ? (struct str){NULL, 0} : buf_view(&text));
}

/* The names that tensors are known by, then the others that they have. */
static struct str any_name_at(const void *context, uint32_t i)
{
    const struct catalog *c = context;
    if (i < c->count) {
        return tensor_name(&c->tensors[i]);
    }
    const struct tensor *t = &c->tensors[i - c->count];
    struct str other = c->names->friendly ? catalog_key(c, t) : catalog_friendly(c, t);
    return str_eq(other, tensor_name(t)) ? STR("") : other;
}

struct nearest_list nearest_list_of(const struct catalog *c, bool known)
{
    return (struct nearest_list){any_name_at, c, c->names && !known ? 2 * c->count : c->count};
}
