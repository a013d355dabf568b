/* SPDX-License-Identifier: Apache-2.0 */
/* What an object graph calls the tensors, made names that each have one owner (catalog_names.h). */
#include <stdlib.h>

#include "base/grow.h"
#include "source/catalog_names.h"
#include "source/tf_v2/objects.h"
#include "source/tf_v2/objects_path.h"

/* A name and who would have it. */
struct claim {
    struct str name;
    uint32_t tensor;
};

enum naming_state {
    NAMING_OPEN,
    NAMING_SHARED,  /* its first choice is others' too */
    NAMING_SETTLED, /* what it is called stays */
};

struct naming {
    struct catalog *c;
    const struct object_name *recorded;
    struct str *names;             /* the result; in the catalog's arena */
    struct claim *claims;          /* owns: room for two each */
    uint32_t claim_count;          /* sorted by name once they are counted */
    uint8_t *state;                /* owns: by tensor, enum naming_state */
    struct catalog_alias *aliases; /* owns until it is copied */
    size_t alias_cap;
    uint32_t alias_count;
    uint64_t text_left;
};

static int by_claim(const void *a, const void *b)
{
    const struct claim *left = a;
    const struct claim *right = b;
    int order = str_cmp(left->name, right->name);
    return order ? order : (left->tensor > right->tensor) - (left->tensor < right->tensor);
}

static void sort_claims(struct naming *n)
{
    if (n->claim_count) {
        qsort(n->claims, n->claim_count, sizeof(*n->claims), by_claim);
    }
}

static void claim_name(struct naming *n, struct str name, uint32_t tensor)
{
    n->claims[n->claim_count++] = (struct claim){name, tensor};
}

static errint add_alias(struct naming *n, struct str name, uint32_t tensor)
{
    if (!grow(&n->aliases, &n->alias_cap, n->alias_count, sizeof(*n->aliases))) {
        return -ENOMEM;
    }
    n->aliases[n->alias_count++] = (struct catalog_alias){name, tensor};
    return 0;
}

static struct str key_of(const struct naming *n, uint32_t tensor)
{
    return tensor_name(&n->c->tensors[tensor]);
}

static bool is_others_key(const struct naming *n, struct str name, uint32_t tensor)
{
    const struct tensor *t = catalog_find(n->c, name);
    return t && t != &n->c->tensors[tensor];
}

/* The recorded name, else the path, else the key. */
static errint name_alone(struct naming *n, uint32_t tensor, struct str *out)
{
    *out = n->recorded[tensor].full;
    errint rc = out->len ? 0 : objects_path(key_of(n, tensor), &n->c->arena, out);
    if (rc == 0 && (!out->len || !catalog_name_fits(*out))) {
        *out = key_of(n, tensor);
    }
    return rc;
}

/* variable/slot; empty where that would be too long. */
static errint name_slot(struct naming *n, struct str variable, struct str slot, struct str *out)
{
    *out = STR("");
    size_t len = variable.len + 1 + slot.len;
    if (len > CATALOG_NAME_MOST || len > n->text_left) {
        return 0;
    }
    char *text = arena_bytes(&n->c->arena, len);
    if (!text) {
        return -ENOMEM;
    }
    memcpy(text, variable.ptr, variable.len);
    text[variable.len] = '/';
    memcpy(text + variable.len + 1, slot.ptr, slot.len);
    n->text_left -= len;
    *out = catalog_name_fits(str_of(text, len)) ? str_of(text, len) : STR("");
    return 0;
}

/* What each tensor that is no slot would be called if it were alone; slots have no name yet. */
static errint choose_variables(struct naming *n)
{
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < n->c->count; i++) {
        n->names[i] = STR("");
        if (!n->recorded[i].slot.len) {
            rc = name_alone(n, i, &n->names[i]);
        }
    }
    return rc;
}

/* Slots after what their variables are called. */
static errint choose_slots(struct naming *n)
{
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < n->c->count; i++) {
        const struct object_name *o = &n->recorded[i];
        if (!o->slot.len) {
            continue;
        }
        struct str variable = n->names[o->slot_of];
        struct str name = STR("");
        if (n->state[o->slot_of] != NAMING_SETTLED) { /* a slot of a slot */
            rc = name_alone(n, o->slot_of, &variable);
        }
        if (rc == 0) {
            rc = name_slot(n, variable, o->slot, &name);
        }
        if (rc == 0 && name.len && o->full.len && !str_eq(o->full, name)) {
            rc = add_alias(n, o->full, i);
        }
        if (rc == 0 && !name.len) {
            rc = name_alone(n, i, &name);
        }
        n->names[i] = name;
    }
    return rc;
}

/* Who keeps the name that claims [low, high) are for: whoever has it already, else the first, if
 * all of them hold the same. Keras 3 saves a variable under each path that leads to it.
 * OBJECT_NONE: none of them, since they differ or the name is another tensor's key. */
static uint32_t keeper_of(const struct naming *n, uint32_t low, uint32_t high)
{
    uint32_t keeper = n->claims[low].tensor;
    for (uint32_t i = low; i < high; i++) {
        if (is_others_key(n, n->claims[i].name, n->claims[i].tensor)) {
            return OBJECT_NONE;
        }
        keeper = n->state[n->claims[i].tensor] == NAMING_SETTLED ? n->claims[i].tensor : keeper;
    }
    for (uint32_t i = low; i < high; i++) {
        if (n->claims[i].tensor != keeper &&
            !tensor_agrees(&n->c->tensors[keeper], &n->c->tensors[n->claims[i].tensor])) {
            return OBJECT_NONE;
        }
    }
    return keeper;
}

/* Claims [low, high) are for one name: those who cannot have it, look for another. Unless all of
 * them hold the same, it is an alias of these: an exact source that has it is told whom it may
 * mean. */
static errint share_name(struct naming *n, uint32_t low, uint32_t high)
{
    uint32_t keeper = keeper_of(n, low, high);
    for (uint32_t i = low; i < high; i++) {
        const struct claim *at = &n->claims[i];
        if (at->tensor == keeper || n->state[at->tensor] == NAMING_SETTLED ||
            str_eq(at->name, key_of(n, at->tensor))) {
            continue;
        }
        n->state[at->tensor] = NAMING_SHARED;
        if (keeper == OBJECT_NONE && add_alias(n, at->name, at->tensor) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* Finds those whose first choice is not theirs. */
static errint find_shared(struct naming *n)
{
    n->claim_count = 0;
    for (uint32_t i = 0; i < n->c->count; i++) {
        if (n->names[i].len) {
            claim_name(n, n->names[i], i);
        }
    }
    sort_claims(n);
    errint rc = 0;
    for (uint32_t low = 0, high; rc == 0 && low < n->claim_count; low = high) {
        high = low + 1;
        while (high < n->claim_count && str_eq(n->claims[high].name, n->claims[low].name)) {
            high++;
        }
        rc = share_name(n, low, high);
    }
    return rc;
}

/* Those try their paths: next to all first choices, and each other. All that have a name then keep
 * it. */
static errint choose_second(struct naming *n)
{
    uint32_t paths = 0;
    for (uint32_t i = 0; i < n->c->count; i++) {
        struct str path = STR("");
        if (n->state[i] != NAMING_SHARED) {
            continue;
        }
        errint rc = objects_path(key_of(n, i), &n->c->arena, &path);
        if (rc < 0) {
            return rc;
        }
        n->names[i] = key_of(n, i);
        if (path.len && catalog_name_fits(path) && !is_others_key(n, path, i)) {
            claim_name(n, path, i);
            paths++;
        }
    }
    if (paths) {
        sort_claims(n);
    }
    for (uint32_t i = 0; paths && i < n->claim_count; i++) {
        const struct claim *at = &n->claims[i];
        bool same = (i > 0 && str_eq(at->name, at[-1].name)) ||
                    (i + 1 < n->claim_count && str_eq(at->name, at[1].name));
        if (!same && n->state[at->tensor] == NAMING_SHARED) {
            struct str path;
            errint rc = objects_path(key_of(n, at->tensor), &n->c->arena, &path);
            if (rc < 0) {
                return rc;
            }
            if (str_eq(path, at->name) && !is_others_key(n, path, at->tensor)) {
                n->names[at->tensor] = at->name;
            }
        }
    }
    for (uint32_t i = 0; i < n->c->count; i++) {
        n->state[i] = n->names[i].len ? NAMING_SETTLED : NAMING_OPEN;
    }
    return 0;
}

/* Of tensors that have the same name so far. */
static errint settle_shared(struct naming *n)
{
    errint rc = find_shared(n);
    return rc < 0 ? rc : choose_second(n);
}

static int by_alias(const void *a, const void *b)
{
    const struct catalog_alias *left = a;
    const struct catalog_alias *right = b;
    int order = str_cmp(left->name, right->name);
    return order ? order : (left->tensor > right->tensor) - (left->tensor < right->tensor);
}

/* The table of what was chosen. */
static errint keep_names(struct naming *n)
{
    struct catalog *c = n->c;
    struct catalog_names *names = ARENA_NEW(&c->arena, struct catalog_names);
    uint32_t *order = ARENA_ARRAY(&c->arena, uint32_t, c->count);
    struct catalog_alias *aliases = ARENA_ARRAY(&c->arena, struct catalog_alias, n->alias_count);
    if (!names || !order || !aliases) {
        return -ENOMEM;
    }
    n->claim_count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        claim_name(n, n->names[i], i);
    }
    sort_claims(n);
    for (uint32_t i = 0; i < c->count; i++) {
        order[i] = n->claims[i].tensor;
    }
    if (n->alias_count) {
        memcpy(aliases, n->aliases, n->alias_count * sizeof(*aliases));
        qsort(aliases, n->alias_count, sizeof(*aliases), by_alias);
    }
    *names = (struct catalog_names){
        .other = n->names, .by_other = order, .aliases = aliases, .alias_count = n->alias_count};
    c->names = names;
    return 0;
}

/* A name for each tensor. */
static errint choose_all(struct naming *n)
{
    errint rc = choose_variables(n);
    if (rc < 0 || (rc = settle_shared(n)) < 0 || (rc = choose_slots(n)) < 0) {
        return rc;
    }
    return settle_shared(n);
}

errint catalog_names_build(struct catalog *c, const struct object_name *recorded)
{
    struct naming n = {
        .c = c,
        .recorded = recorded,
        .names = ARENA_ARRAY(&c->arena, struct str, c->count),
        .claims = calloc(2 * (size_t)c->count + 1, sizeof(*n.claims)),
        .state = calloc((size_t)c->count + 1, sizeof(*n.state)),
        .text_left = catalog_names_text_most(c),
    };
    errint rc = n.names && n.claims && n.state ? choose_all(&n) : -ENOMEM;
    if (rc == 0) {
        rc = keep_names(&n);
    }
    free(n.claims);
    free(n.state);
    free(n.aliases);
    return rc;
}
