/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/locate_scan.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/grow.h"
#include "io/file.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

struct scan {
    const char *dir;
    struct arena *a;
    struct locate_found *found; /* owns */
    size_t cap;
    uint32_t count;
    unsigned indexes; /* that were opened */
    unsigned others;
};

/* A V2 prefix, a V1 file, or all shards, or parts, of the one that has that name. */
static errint add_found(struct scan *s, struct str name, bool index)
{
    const char *text = arena_cstr(s->a, name);
    const char *pattern = index ? locate_parts_pattern(name, s->a) : NULL;
    pattern = text && !index ? locate_shard_pattern(text, s->a) : pattern;
    if (!text || !grow(&s->found, &s->cap, s->count, sizeof(*s->found))) {
        return -ENOMEM;
    }
    s->found[s->count++] =
        (struct locate_found){str_from(pattern ? pattern : text), index && pattern};
    return 0;
}

/* One entry of the directory. */
static errint look_at(struct scan *s, const char *name)
{
    struct str text = str_from(name);
    bool index = str_ends(text, STR(".index")) && text.len > 6;
    struct stat st;
    const char *path = arena_printf(s->a, "%s/%s", s->dir, name);
    const char *beside = path ? arena_printf(s->a, "%s.index", path) : NULL;
    if (!beside) {
        return -ENOMEM;
    }
    if (str_search(text, STR(".tempstate")) >= 0 ||
        (index ? s->indexes == LOCATE_INDEXES_MOST : s->others == LOCATE_OTHERS_MOST) ||
        (!index && file_stat(beside, &st) == 0 && S_ISREG(st.st_mode))) {
        return 0;
    }
    s->indexes += index;
    s->others += !index;
    if (!locate_is_table(path)) {
        return 0;
    }
    return add_found(s, str_head(text, index ? text.len - 6 : text.len), index);
}

static int by_name(const void *a, const void *b)
{
    const struct locate_found *left = a;
    const struct locate_found *right = b;
    int order = str_cmp(left->name, right->name);
    return order ? order : (left->parts > right->parts) - (left->parts < right->parts);
}

/* Sorted, each once, in the arena; `parts` are counted. */
static errint merge_found(struct scan *s, struct locate_found **found, uint32_t *count)
{
    if (s->count) {
        qsort(s->found, s->count, sizeof(*s->found), by_name);
    }
    *found = ARENA_ARRAY(s->a, struct locate_found, s->count);
    for (uint32_t i = 0; *found && i < s->count; i++) {
        if (i == 0 || by_name(&s->found[i], &s->found[i - 1]) != 0) {
            (*found)[(*count)++] = s->found[i];
        } else {
            (*found)[*count - 1].parts += s->found[i].parts;
        }
    }
    return *found ? 0 : -ENOMEM;
}

errint locate_scan(const char *dir, struct arena *a, struct locate_found **found, uint32_t *count)
{
    *found = NULL;
    *count = 0;
    struct scan s = {.dir = dir, .a = a};
    DIR *stream = file_list(dir);
    if (!stream) {
        return -errno;
    }
    const struct dirent *entry;
    errint rc = 0;
    while (rc == 0 && (entry = file_next(stream, &rc))) {
        bool file =
            entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
        rc = file ? look_at(&s, entry->d_name) : 0;
    }
    closedir(stream);
    if (rc == 0) {
        rc = merge_found(&s, found, count);
    }
    free(s.found);
    return rc;
}
