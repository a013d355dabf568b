/* SPDX-License-Identifier: Apache-2.0 */
#include "source/catalog_names.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/lower_bound.h"
#include "source/catalog_join.h"

enum { WARNED_MOST = 50, LISTED_MOST = 5 };

bool catalog_name_fits(struct str name)
{
    unsigned components = 1;
    for (size_t i = 0; name.len >= CATALOG_COMPONENTS_MOST && i < name.len; i++) {
        components += name.ptr[i] == '/';
    }
    return name.len <= CATALOG_NAME_MOST && components <= CATALOG_COMPONENTS_MOST;
}

uint64_t catalog_names_text_most(const struct catalog *c)
{
    uint64_t bytes = c->index_count ? 0 : (uint64_t)c->index_st.st_size;
    for (uint32_t i = 0; i < c->index_count; i++) {
        bytes += (uint64_t)c->indexes[i].st.st_size;
    }
    return (UINT64_C(64) << 20) + 64 * bytes;
}

static struct str other_name(const struct catalog *c, const struct tensor *t)
{
    return c->names ? c->names->other[t - c->tensors] : tensor_name(t);
}

struct str catalog_key(const struct catalog *c, const struct tensor *t)
{
    c = catalog_of(c, t);
    return c->names && c->names->friendly ? other_name(c, t) : tensor_name(t);
}

struct str catalog_friendly(const struct catalog *c, const struct tensor *t)
{
    c = catalog_of(c, t);
    return c->names && c->names->friendly ? tensor_name(t) : other_name(c, t);
}

/* Of the tensors in the order of their other names, the first one whose is not below `name`. */
static uint32_t first_other(const struct catalog *c, struct str name)
{
    return LOWER_BOUND(i, 0, c->count,
                       str_cmp(other_name(c, &c->tensors[c->names->by_other[i]]), name) < 0);
}

static const struct tensor *find_other(const struct catalog *c, struct str name)
{
    uint32_t at = first_other(c, name);
    const struct tensor *t = at < c->count ? &c->tensors[c->names->by_other[at]] : NULL;
    return t && str_eq(other_name(c, t), name) ? t : NULL;
}

const struct tensor *catalog_by_key(const struct catalog *c, struct str key)
{
    return c->names && c->names->friendly ? find_other(c, key) : catalog_find(c, key);
}

bool catalog_has_other(const struct catalog *c, struct str prefix)
{
    uint32_t at = c->names ? first_other(c, prefix) : c->count;
    return at < c->count && str_starts(other_name(c, &c->tensors[c->names->by_other[at]]), prefix);
}

static uint32_t first_alias(const struct catalog_names *names, struct str name)
{
    return LOWER_BOUND(i, 0, names->alias_count, str_cmp(names->aliases[i].name, name) < 0);
}

uint32_t catalog_resolve(const struct catalog *c, struct str name, const struct tensor *found[],
                         uint32_t most)
{
    const struct tensor *known = catalog_find(c, name);
    const struct tensor *other = c->names ? find_other(c, name) : NULL;
    bool friendly = c->names && c->names->friendly;
    const struct tensor *t = friendly ? other : known; /* whose key it is */
    uint32_t count = 0;
    if (t || !c->names) {
        found[0] = t;
        return t != NULL;
    }
    t = friendly ? known : other;
    if (t) {
        found[count++] = t;
    }
    for (uint32_t i = first_alias(c->names, name);
         i < c->names->alias_count && str_eq(c->names->aliases[i].name, name); i++) {
        const struct tensor *alias = &c->tensors[c->names->aliases[i].tensor];
        if (alias == t) {
            continue;
        }
        if (count < most) {
            found[count] = alias;
        }
        count++;
    }
    return count;
}

void catalog_warn_ambiguous(const struct catalog *c, struct diag *d)
{
    const struct catalog_names *names = c->names;
    uint32_t more = 0;
    uint32_t warned = 0;
    uint32_t next;
    for (uint32_t i = 0; names && i < names->alias_count; i = next) {
        struct str name = names->aliases[i].name;
        for (next = i + 1; next < names->alias_count && str_eq(names->aliases[next].name, name);
             next++) {
        }
        const struct tensor *found[LISTED_MOST];
        uint32_t count = catalog_resolve(c, name, found, LISTED_MOST);
        if (count < 2) {
            continue;
        }
        if (warned == WARNED_MOST) {
            more++;
            continue;
        }
        warned++;
        CLEANUP_BUF struct buf list = {0};
        for (uint32_t k = 0; k < count && k < LISTED_MOST; k++) {
            buf_text(&list, k ? ", '" : "'");
            buf_visible(&list, catalog_friendly(c, found[k]));
            buf_char(&list, '\'');
        }
        buf_text(&list, count > LISTED_MOST ? ", ..." : "");
        diag_warn(d, DIAG_NAME_AMBIGUOUS, c->prefix, name,
                  "'%s' is recorded as the name of %u tensors, which are called %s",
                  diag_visible(d, name), count, buf_check(&list) < 0 ? "otherwise" : list.data);
    }
    if (more) {
        diag_warn(d, DIAG_NAME_AMBIGUOUS, c->prefix, STR(""),
                  "%u more names are recorded for several tensors", more);
    }
}

errint catalog_use_friendly(struct catalog *c, struct diag *d)
{
    if (c->names_fault) {
        return diag_error(d, DIAG_CHECKPOINT_CORRUPT, c->index_path, STR(OBJECTS_KEY),
                          "friendly names are asked for, but the object graph cannot be read: %s",
                          c->names_fault);
    }
    if (!c->names || c->names->friendly) {
        return 0;
    }
    struct catalog_names *names = c->names;
    struct tensor *tensors = malloc(((size_t)c->count + 1) * sizeof(*tensors));
    struct str *keys = ARENA_ARRAY(&c->arena, struct str, c->count);
    uint32_t *by_key = ARENA_ARRAY(&c->arena, uint32_t, c->count);
    if (!tensors || !keys || !by_key) {
        free(tensors);
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t old = names->by_other[i];
        keys[i] = tensor_name(&c->tensors[old]);
        tensors[i] = c->tensors[old];
        tensors[i].name_ptr = names->other[old].ptr;
        tensors[i].name_len = (uint32_t)names->other[old].len;
        by_key[old] = i; /* the old order is that of the keys */
    }
    for (uint32_t i = 0; i < names->alias_count; i++) {
        names->aliases[i].tensor = by_key[names->aliases[i].tensor];
    }
    free(c->tensors_block);
    c->tensors = c->tensors_block = tensors;
    *names = (struct catalog_names){true, keys, by_key, names->aliases, names->alias_count};
    catalog_warn_ambiguous(c, d);
    return 0;
}
