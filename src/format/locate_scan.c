/* SPDX-License-Identifier: Apache-2.0 */
#include "format/locate_scan.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/grow.h"
#include "format/locate_v1.h"

struct scan {
    const char *dir;
    struct arena *a;
    struct str *names; /* owns */
    size_t cap;
    uint32_t count;
    unsigned indexes; /* that were opened */
    unsigned others;
};

/* The pattern of all shards, of the name of one; NULL for any other name. */
static const char *pattern_of(const char *name, struct arena *a)
{
    const char *count = locate_shard_count(name);
    if (!count) {
        return NULL;
    }
    const char *end = count - 4; /* of the shard's own number */
    const char *digits = end;
    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9') {
        digits--;
    }
    if (digits == end || digits - name < 2 || digits[-1] != '-') {
        return NULL;
    }
    return arena_printf(a, "%.*s\?\?\?\?\?-of-%s", (int)(digits - name), name, count);
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
        (!index && stat(beside, &st) == 0 && S_ISREG(st.st_mode))) {
        return 0;
    }
    s->indexes += index;
    s->others += !index;
    if (!locate_is_table(path)) {
        return 0;
    }
    const char *pattern = index ? NULL : pattern_of(name, s->a);
    struct str found = pattern ? str_from(pattern) : str_head(text, index ? text.len - 6 : text.len);
    found = arena_str(s->a, found);
    if (!found.ptr || !grow(&s->names, &s->cap, s->count, sizeof(*s->names))) {
        return -ENOMEM;
    }
    s->names[s->count++] = found;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Sorted, each once, in the arena. */
static errint settle(struct scan *s, struct str **names, uint32_t *count)
{
    if (s->count) {
        qsort(s->names, s->count, sizeof(*s->names), by_name);
    }
    *names = ARENA_ARRAY(s->a, struct str, s->count);
    for (uint32_t i = 0; *names && i < s->count; i++) {
        if (i == 0 || !str_eq(s->names[i], s->names[i - 1])) {
            (*names)[(*count)++] = s->names[i];
        }
    }
    return *names ? 0 : -ENOMEM;
}

errint locate_scan(const char *dir, struct arena *a, struct str **names, uint32_t *count)
{
    *names = NULL;
    *count = 0;
    struct scan s = {.dir = dir, .a = a};
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    errint rc = 0;
    while (rc == 0 && stream && (entry = readdir(stream))) {
        bool file = entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
        rc = file ? look_at(&s, entry->d_name) : 0;
    }
    if (stream) {
        closedir(stream);
    }
    rc = rc < 0 ? rc : settle(&s, names, count);
    free(s.names);
    return rc;
}
