/* SPDX-License-Identifier: Apache-2.0 */
#include "format/nearby.h"

#include <dirent.h>
#include <strings.h>

unsigned nearby_files(const char *dir, struct str prefix, struct str suffix, struct arena *a,
                      struct str names[NEARBY_MOST])
{
    unsigned count = 0;
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        struct str name = str_from(entry->d_name);
        unsigned at = count;
        while (at > 0 && str_cmp(name, names[at - 1]) < 0) {
            at--;
        }
        if (at == NEARBY_MOST || name.len < prefix.len + suffix.len || !str_starts(name, prefix) ||
            !str_ends(name, suffix)) {
            continue;
        }
        name = arena_str(a, name);
        if (!name.ptr) {
            break;
        }
        count += count < NEARBY_MOST;
        for (unsigned i = count - 1; i > at; i--) {
            names[i] = names[i - 1];
        }
        names[at] = name;
    }
    if (stream) {
        closedir(stream);
    }
    return count;
}

const char *nearby_ignoring_case(const char *dir, const char *name, struct arena *a)
{
    const char *found = NULL;
    DIR *stream = opendir(dir);
    const struct dirent *entry;
    while (stream && (entry = readdir(stream))) {
        if (strcasecmp(entry->d_name, name) == 0 && strcmp(entry->d_name, name) != 0 &&
            (!found || strcmp(entry->d_name, found) < 0)) {
            found = arena_cstr(a, str_from(entry->d_name));
        }
    }
    if (stream) {
        closedir(stream);
    }
    return found;
}

const char *path_dir(const char *path, struct arena *a)
{
    struct str whole = str_from(path);
    long slash = str_rfind(whole, '/');
    return arena_cstr(a, slash < 0 ? STR(".") : str_head(whole, slash == 0 ? 1 : (size_t)slash));
}

struct str path_base(const char *path)
{
    struct str whole = str_from(path);
    return str_from_pos(whole, (size_t)(str_rfind(whole, '/') + 1));
}
