/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/shadow_names.h"

#include <stdlib.h>

#include "base/lower_bound.h"
#include "source/catalog_names.h"

static const struct str tf1 = {"/ExponentialMovingAverage", 25};
static const struct str average = {"/average", 8};
static const struct str flat_average = {"_average", 8};
static const struct str value = {"/.ATTRIBUTES/VARIABLE_VALUE", 27};
static const struct str slot = {"/.OPTIMIZER_SLOT/", 17};

/* The tensors of one name with '_' for '/'. */
struct flat_name {
    struct str text;
    const struct tensor *tensor;
};

struct str shadow_base(struct str name)
{
    bool ends = name.len > tf1.len && str_ends(name, tf1);
    return ends ? str_head(name, name.len - tf1.len) : (struct str){NULL, 0};
}

bool shadow_belongs(struct str name)
{
    return str_search(name, STR("/ExponentialMovingAverage/")) > 0;
}

/* ---- one name -------------------------------------------------------------------------------- */

static bool fits(const struct tensor *weight, const struct tensor *t)
{
    return weight && weight != t && shape_eq(tensor_shape(weight), tensor_shape(t));
}

/* The tensor of that name, whichever of its names that is, if t may be its average. */
static const struct tensor *find_weight(const struct catalog *c, struct str name,
                                        const struct tensor *t)
{
    const struct tensor *found[1];
    uint32_t count = name.len ? catalog_resolve(c, name, found, 1) : 0;
    return count == 1 && fits(found[0], t) ? found[0] : NULL;
}

static struct str below_first(struct str name)
{
    long slash = str_find(name, '/');
    return slash < 0 ? STR("") : str_from_pos(name, (size_t)slash + 1);
}

/* `S/S/X` for the weight `S/X`. */
static const struct tensor *of_doubled_scope(const struct catalog *c, struct str base,
                                             const struct tensor *t)
{
    for (size_t i = 0; i < base.len; i++) {
        struct str scope = str_head(base, i + 1);
        struct str rest = str_from_pos(base, i + 1);
        if (base.ptr[i] == '/' && str_starts(rest, scope)) {
            return find_weight(c, rest, t);
        }
    }
    return NULL;
}

static const struct tensor *of_tf1(const struct catalog *c, struct str name, const struct tensor *t)
{
    struct str base = shadow_base(name);
    const struct tensor *weight = base.ptr ? find_weight(c, base, t) : NULL;
    return weight || !base.ptr ? weight : of_doubled_scope(c, base, t);
}

/* `K/.OPTIMIZER_SLOT/O/average/.ATTRIBUTES/VARIABLE_VALUE` */
static errint of_slot(struct shadow_names *n, struct str key, const struct tensor *t,
                      const struct tensor **out)
{
    long at = str_search(key, slot);
    bool ends = str_ends(key, value);
    struct str path = str_head(key, key.len - (ends ? value.len : 0));
    if (at < 0 || !ends || !str_ends(path, average)) {
        return 0;
    }
    const char *weight =
        arena_printf(n->arena, STR_FMT STR_FMT, STR_ARG(str_head(key, (size_t)at)), STR_ARG(value));
    if (!weight) {
        return -ENOMEM;
    }
    const struct tensor *found = catalog_by_key(n->catalog, str_from(weight));
    *out = fits(found, t) ? found : NULL;
    return 0;
}

/* `W/average`, `O/W/average`, `O/average/W` */
static const struct tensor *of_named_slot(const struct catalog *c, struct str name,
                                          const struct tensor *t)
{
    const struct tensor *weight = NULL;
    struct str rest = below_first(name);
    if (str_ends(name, average)) {
        struct str base = str_head(name, name.len - average.len);
        weight = find_weight(c, base, t);
        weight = weight ? weight : find_weight(c, below_first(base), t);
    }
    if (!weight && str_starts(rest, STR("average/"))) {
        weight = find_weight(c, below_first(rest), t);
    }
    return weight;
}

/* ---- names with '_' -------------------------------------------------------------------------- */

static int shape_order(struct shape a, struct shape b)
{
    int order = (a.rank > b.rank) - (a.rank < b.rank);
    for (unsigned k = 0; order == 0 && k < a.rank; k++) {
        order = (a.dims[k] > b.dims[k]) - (a.dims[k] < b.dims[k]);
    }
    return order;
}

/* By name, then by shape: what one average may be of stands together. */
static int by_text(const void *left, const void *right)
{
    const struct flat_name *a = left;
    const struct flat_name *b = right;
    int order = str_cmp(a->text, b->text);
    return order ? order : shape_order(tensor_shape(a->tensor), tensor_shape(b->tensor));
}

static errint flatten(struct shadow_names *n)
{
    const struct catalog *c = n->catalog;
    n->flat = ARENA_ARRAY(n->arena, struct flat_name, (size_t)c->count + 1);
    for (uint32_t i = 0; n->flat && i < c->count; i++) {
        struct str name = catalog_friendly(c, &c->tensors[i]);
        char *text = arena_bytes(n->arena, name.len);
        if (!text) {
            return -ENOMEM;
        }
        for (size_t k = 0; k < name.len; k++) {
            text[k] = name.ptr[k] == '/' ? '_' : name.ptr[k];
        }
        n->flat[n->flat_count++] = (struct flat_name){str_of(text, name.len), &c->tensors[i]};
    }
    if (n->flat_count) {
        qsort(n->flat, n->flat_count, sizeof(*n->flat), by_text);
    }
    return n->flat ? 0 : -ENOMEM;
}

/* `O/W_average`; not where that may be the average of several. */
static errint of_flat(struct shadow_names *n, struct str name, const struct tensor *t,
                      const struct tensor **out)
{
    struct str rest = below_first(name);
    if (!str_ends(rest, flat_average)) {
        return 0;
    }
    errint rc = n->flat ? 0 : flatten(n);
    if (rc < 0) {
        return rc;
    }
    const struct flat_name key = {str_head(rest, rest.len - flat_average.len), t};
    uint32_t at = LOWER_BOUND(i, 0, n->flat_count, by_text(&n->flat[i], &key) < 0);
    bool one = at < n->flat_count && by_text(&n->flat[at], &key) == 0;
    bool more = at + 1 < n->flat_count && by_text(&n->flat[at + 1], &key) == 0;
    *out = one && !more ? n->flat[at].tensor : *out;
    return 0;
}

errint shadow_weight(struct shadow_names *n, const struct tensor *t, const struct tensor **out)
{
    const struct catalog *c = n->catalog;
    struct str key = catalog_key(c, t);
    struct str name = catalog_friendly(c, t);
    *out = of_tf1(c, key, t);
    if (!*out) {
        *out = of_tf1(c, name, t);
    }
    errint rc = *out ? 0 : of_slot(n, key, t, out);
    if (rc == 0 && !*out) {
        *out = of_named_slot(c, name, t);
    }
    return rc < 0 || *out ? rc : of_flat(n, name, t, out);
}
