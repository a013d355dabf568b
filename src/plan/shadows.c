/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/shadows.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "map/optimizer_names.h"
#include "plan/shadow_names.h"
#include "source/catalog_names.h"

struct preferring {
    struct catalog *c;
    struct tensor *tensors; /* of c */
    struct arena *a;
    struct diag *d;
    uint64_t *bits;
    struct shadow *list; /* room for all tensors */
    uint32_t count;
    const struct tensor **shadow; /* of each tensor that has one; else NULL */
};

static void hide(struct preferring *p, const struct tensor *t)
{
    size_t i = (size_t)(t - p->c->tensors);
    p->bits[i / 64] |= 1ull << (i % 64);
}

static bool is_hidden(const struct preferring *p, uint32_t i)
{
    return p->bits[i / 64] >> (i % 64) & 1;
}

static void note(struct preferring *p, struct str name, struct str from)
{
    p->list[p->count++] = (struct shadow){name, from};
}

static int by_tensor_name(const void *left, const void *right)
{
    return str_cmp(tensor_name(left), tensor_name(right));
}

static int by_name(const void *left, const void *right)
{
    const struct shadow *a = left;
    const struct shadow *b = right;
    return str_cmp(a->name, b->name);
}

/* ---- averages alone -------------------------------------------------------------------------- */

/* A checkpoint of TF1 may have averages without their weights, whose names are free then. */
static errint name_orphans(struct preferring *p, struct shadow_names *names)
{
    struct catalog *c = p->c;
    CLEANUP_FREE uint32_t *orphans = malloc(((size_t)c->count + 1) * sizeof(*orphans));
    uint32_t count = 0;
    if (!orphans) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; !c->names && i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct tensor *weight;
        struct str base = shadow_base(tensor_name(t));
        errint rc = base.ptr ? shadow_weight(names, t, &weight) : 0;
        if (rc < 0) {
            return rc;
        }
        if (base.ptr && !weight && !catalog_find(c, base)) {
            orphans[count++] = i;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct tensor *t = &p->tensors[orphans[i]];
        struct str base = shadow_base(tensor_name(t));
        note(p, base, tensor_name(t));
        t->name_len = (uint32_t)base.len;
    }
    if (count) {
        qsort(p->tensors, c->count, sizeof(*p->tensors), by_tensor_name);
    }
    return 0;
}

/* ---- averages and weights -------------------------------------------------------------------- */

static errint refuse_two(struct preferring *p, const struct tensor *weight, const struct tensor *t)
{
    const struct tensor *other = p->shadow[weight - p->c->tensors];
    return diag_error(p->d, DIAG_NAME_AMBIGUOUS, p->c->prefix, tensor_name(weight),
                      "'%s' has two moving averages, '%s' and '%s': 'prefer' cannot choose",
                      diag_visible(p->d, tensor_name(weight)),
                      diag_visible(p->d, tensor_name(other)), diag_visible(p->d, tensor_name(t)));
}

static errint find_pair(struct preferring *p, struct shadow_names *names, const struct tensor *t)
{
    const struct tensor *weight;
    errint rc = shadow_weight(names, t, &weight);
    if (rc < 0 || !weight) {
        if (rc == 0 && shadow_belongs(tensor_name(t))) {
            hide(p, t);
        }
        return rc;
    }
    const struct tensor **shadow = &p->shadow[weight - p->c->tensors];
    if (*shadow && !tensor_agrees(*shadow, t)) {
        return refuse_two(p, weight, t);
    }
    *shadow = *shadow ? *shadow : t;
    hide(p, t);
    return 0;
}

/* The average goes where its weight was, and the weight where the average was, which is hidden. */
static void change_places(struct preferring *p, uint32_t weight)
{
    struct tensor *at = &p->tensors[weight];
    struct tensor *from = &p->tensors[p->shadow[weight] - p->c->tensors];
    struct tensor raw = *at;
    note(p, tensor_name(at), tensor_name(from));
    *at = *from;
    at->name_ptr = raw.name_ptr;
    at->name_len = raw.name_len;
    *from = raw;
}

static errint pair(struct preferring *p)
{
    struct shadow_names names = {.catalog = p->c, .arena = p->a};
    errint rc = name_orphans(p, &names);
    names = (struct shadow_names){.catalog = p->c, .arena = p->a}; /* they were sorted anew */
    for (uint32_t i = 0; rc == 0 && i < p->c->count; i++) {
        rc = find_pair(p, &names, &p->c->tensors[i]);
    }
    for (uint32_t i = 0; rc == 0 && i < p->c->count; i++) {
        if (p->shadow[i] && !is_hidden(p, i)) {
            change_places(p, i);
        }
    }
    return rc;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static bool is_listed(const struct preferring *p, struct str name)
{
    const struct shadow key = {.name = name};
    return bsearch(&key, p->list, p->count, sizeof(*p->list), by_name) != NULL;
}

static bool is_unaveraged(const struct preferring *p, uint32_t i)
{
    struct str key = catalog_key(p->c, &p->c->tensors[i]);
    return !is_hidden(p, i) && !is_listed(p, tensor_name(&p->c->tensors[i])) &&
           !optimizer_owns(key) && !str_eq(key, STR(OBJECTS_KEY));
}

static errint list_all(struct preferring *p, struct shadows *out)
{
    struct str *unaveraged = ARENA_ARRAY(p->a, struct str, (size_t)p->c->count + 1);
    if (!unaveraged) {
        return -ENOMEM;
    }
    if (p->count) {
        qsort(p->list, p->count, sizeof(*p->list), by_name);
    }
    *out = (struct shadows){.list = p->list, .count = p->count, .unaveraged = unaveraged};
    for (uint32_t i = 0; i < p->c->count; i++) {
        if (is_unaveraged(p, i)) {
            unaveraged[out->unaveraged_count++] = tensor_name(&p->c->tensors[i]);
        }
    }
    return 0;
}

errint shadows_prefer(struct catalog *c, struct position at, struct arena *a, uint64_t *bits,
                      struct shadows *out, struct diag *d)
{
    CLEANUP_FREE const struct tensor **shadow = calloc((size_t)c->count + 1, sizeof(*shadow));
    struct preferring p = {.c = c,
                           .tensors = (struct tensor *)(uintptr_t)c->tensors,
                           .a = a,
                           .d = d,
                           .bits = bits,
                           .list = ARENA_ARRAY(a, struct shadow, (size_t)c->count + 1),
                           .shadow = shadow};
    if (!shadow || !p.list) {
        return diag_no_memory(d);
    }
    errint rc = pair(&p);
    if (rc == 0) {
        rc = list_all(&p, out);
    }
    if (rc == 0 && !p.count) {
        diag_warn_at(d, DIAG_EMPTY_SCOPE, at, STR("ema"),
                     "'ema' of 'prefer': the checkpoint has no moving averages of its variables");
    }
    return rc == -ENOMEM ? diag_no_memory(d) : rc;
}
