/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/locate_glob.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/grow.h"
#include "io/file.h"

struct matches {
    struct str head;
    struct arena *a;
    const char **files; /* owns */
    size_t cap;
    uint32_t count;
};

struct str locate_head(struct str path)
{
    return str_head(path, (size_t)(str_rfind(path, '/') + 1));
}

static bool is_regular(DIR *dir, const struct dirent *entry)
{
    struct stat st;
    return entry->d_type == DT_REG ||
           ((entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) &&
            fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode));
}

static errint add_match(struct matches *m, const char *name)
{
    if (m->count == LOCATE_MATCHES_MOST) {
        return -EOVERFLOW;
    }
    const char *path = arena_printf(m->a, STR_FMT "%s", STR_ARG(m->head), name);
    if (!path || !grow(&m->files, &m->cap, m->count, sizeof(*m->files))) {
        return -ENOMEM;
    }
    m->files[m->count++] = path;
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, in the arena. */
static errint keep_matches(struct matches *m, const char ***files, uint32_t *count)
{
    const char **kept = ARENA_ARRAY(m->a, const char *, m->count);
    if (!kept) {
        return -ENOMEM;
    }
    if (m->count) {
        qsort(m->files, m->count, sizeof(*m->files), by_bytes);
        memcpy(kept, m->files, m->count * sizeof(*kept));
    }
    *files = kept;
    *count = m->count;
    return 0;
}

errint locate_glob(struct str head, struct str glob, struct arena *a, const char ***files,
                   uint32_t *count)
{
    *files = NULL;
    *count = 0;
    struct matches m = {.head = head, .a = a};
    const char *folder = head.len ? arena_cstr(a, head) : ".";
    DIR *dir = folder ? file_list(folder) : NULL;
    errint rc = folder ? 0 : -ENOMEM;
    const struct dirent *entry;
    while (rc == 0 && dir && (entry = file_next(dir, &rc))) {
        struct str name = str_from(entry->d_name);
        bool hidden = name.ptr[0] == '.' && (glob.len == 0 || glob.ptr[0] != '.');
        if (!hidden && glob_match(glob, name) && is_regular(dir, entry)) {
            rc = add_match(&m, entry->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (rc == 0) {
        rc = keep_matches(&m, files, count);
    }
    free(m.files);
    return rc;
}
