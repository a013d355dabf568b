/* SPDX-License-Identifier: Apache-2.0 */
#include "io/nearest_file.h"

#include <dirent.h>
#include <strings.h>

#include "base/edit_distance.h"
#include "base/nearest.h"
#include "base/path.h"
#include "io/file.h"

unsigned nearest_files(const char *dir, struct str prefix, struct str suffix, struct arena *a,
                       struct str names[NEAREST_FILES_MOST])
{
    unsigned count = 0;
    DIR *stream = file_list(dir);
    const struct dirent *entry;
    errint rc; /* these are but suggestions */
    while (stream && (entry = file_next(stream, &rc))) {
        struct str name = str_from(entry->d_name);
        unsigned at = count;
        while (at > 0 && str_cmp(name, names[at - 1]) < 0) {
            at--;
        }
        if (at == NEAREST_FILES_MOST || name.len < prefix.len + suffix.len ||
            !str_starts(name, prefix) || !str_ends(name, suffix)) {
            continue;
        }
        name = arena_str(a, name);
        if (!name.ptr) {
            break;
        }
        count += count < NEAREST_FILES_MOST;
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

const char *nearest_ignoring_case(const char *dir, const char *name, struct arena *a)
{
    const char *found = NULL;
    DIR *stream = file_list(dir);
    const struct dirent *entry;
    errint rc; /* these are but suggestions */
    while (stream && (entry = file_next(stream, &rc))) {
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

/* The name in `dir` that is nearest to `name`. */
static struct str nearest_name(const char *dir, struct str name, struct arena *a)
{
    struct str best = STR("");
    unsigned least = nearest_most(name.len) + 1;
    DIR *stream = file_list(dir);
    const struct dirent *entry;
    errint rc; /* it is but a suggestion */
    while (stream && (entry = file_next(stream, &rc))) {
        struct str other = str_from(entry->d_name);
        unsigned edits = other.ptr[0] == '.' ? least + 1 : edit_distance(name, other, least);
        if (edits < least || (edits == least && best.len && str_cmp(other, best) < 0)) {
            least = edits;
            best = arena_str(a, other);
        }
    }
    if (stream) {
        closedir(stream);
    }
    return best;
}

void nearest_path(struct diag *d, const char *path)
{
    if (!d) {
        return;
    }
    struct arena scratch;
    arena_init(&scratch);
    struct str name = path_base(path);
    const char *dir = path_dir(path, &scratch);
    struct str near = dir && name.len ? nearest_name(dir, name, &scratch) : STR("");
    struct str head = str_head(str_from(path), (size_t)(name.ptr - path));
    const char *whole =
        near.len ? arena_printf(&scratch, STR_FMT STR_FMT, STR_ARG(head), STR_ARG(near)) : NULL;
    if (whole) {
        diag_nearest(d, str_from(whole));
    }
    arena_fini(&scratch);
}
