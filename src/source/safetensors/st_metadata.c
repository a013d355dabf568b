/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_metadata.h"

#include <stdlib.h>

#include "base/grow.h"

struct names {
    struct str *items; /* owns */
    size_t count;
    size_t cap;
};

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static errint find_twice(const struct names *n, struct str *twice)
{
    if (n->count) {
        qsort(n->items, n->count, sizeof(*n->items), by_bytes);
    }
    for (size_t i = 1; i < n->count; i++) {
        if (str_eq(n->items[i - 1], n->items[i])) {
            *twice = n->items[i];
            return -EEXIST;
        }
    }
    return 0;
}

static errint read_members(struct json_read *r, struct arena *a, struct names *n)
{
    struct str name;
    int more = 0;
    errint rc = json_read_object(r);
    while (rc == 0 && (more = json_read_member(r, &name)) > 0) {
        struct str kept = arena_str(a, name);
        if (!kept.ptr || !grow(&n->items, &n->cap, n->count, sizeof(*n->items))) {
            return -ENOMEM;
        }
        n->items[n->count++] = kept;
        rc = json_read_skip_string(r);
    }
    return first_failure(rc, more);
}

errint st_metadata_check(struct json_read *r, struct arena *a, struct str *twice)
{
    struct names names = {0};
    errint rc = read_members(r, a, &names);
    if (rc == 0) {
        rc = find_twice(&names, twice);
    }
    free(names.items);
    return rc;
}
