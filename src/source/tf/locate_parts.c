/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes by a pattern: one checkpoint, or the parts of a sharded save that was interrupted before
 * they were merged (tensorflow/core/kernels/save_restore_v2_ops.cc). */
#include <stdlib.h>

#include "base/glob.h"
#include "io/file.h"
#include "io/nearest_file.h"
#include "source/tf/locate_glob.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

/* The indexes that the pattern matches, with or without its `.index`. */
static errint find_indexes(struct search *s, struct str path, const char ***files, uint32_t *count)
{
    static const struct str suffix = {".index", 6};
    struct str head = locate_head(path);
    struct str base = str_from_pos(path, head.len);
    const char *glob =
        arena_printf(s->a, STR_FMT "%s", STR_ARG(base), str_ends(base, suffix) ? "" : suffix.ptr);
    errint rc = glob ? locate_glob(head, str_from(glob), s->a, files, count) : -ENOMEM;
    if (rc == -EOVERFLOW) {
        return diag_error(s->d, DIAG_LIMIT, s->argument, path, "more than %d files match",
                          LOCATE_MATCHES_MOST);
    }
    if (rc < 0) {
        return rc == -ENOMEM ? diag_no_memory(s->d)
                             : file_complain(s->d, DIAG_FILE_UNREADABLE, s->argument, rc);
    }
    return 0;
}

const char *locate_parts_pattern(struct str prefix, struct arena *a)
{
    const char *name = arena_cstr(a, prefix);
    const char *whole = name ? locate_shard_count(name) : NULL;
    return whole && strtoull(whole, NULL, 10) > 1 ? locate_shard_pattern(name, a) : NULL;
}

static const char *pattern_of(struct search *s, const char *index)
{
    return locate_parts_pattern(locate_without_suffix(str_from(index)), s->a);
}

/* Whether all are parts of one save: *pattern is what they are called together. */
static bool is_one_save(struct search *s, const char **files, uint32_t count, const char **pattern)
{
    *pattern = pattern_of(s, files[0]);
    for (uint32_t i = 1; *pattern && i < count; i++) {
        const char *other = pattern_of(s, files[i]);
        *pattern = other && strcmp(other, *pattern) == 0 ? *pattern : NULL;
    }
    return *pattern != NULL;
}

static errint complain_several(struct search *s, const char **files, uint32_t count)
{
    errint rc = diag_error(s->d, DIAG_UNSUPPORTED, s->argument, str_from(s->argument),
                           "%u checkpoints match: name one of them", count);
    for (uint32_t i = 0; i < count && i < NEAREST_FILES_MOST; i++) {
        diag_nearest(s->d, locate_without_suffix(str_from(files[i])));
    }
    return rc;
}

static void warn_count(struct search *s, const char *pattern, uint32_t count)
{
    const char *whole = locate_shard_count(pattern);
    if (strtoull(whole, NULL, 10) != count) {
        diag_warn(s->d, DIAG_FILE_UNREADABLE, s->argument, str_from(pattern),
                  "the names of the parts say -of-%s, but %u match: what was saved in the others "
                  "is missing",
                  whole, (unsigned)count);
    }
}

errint locate_try_pattern(struct search *s, const char *path)
{
    struct str whole = str_from(path);
    const char **files;
    uint32_t count;
    if (!glob_is_pattern(str_from_pos(whole, locate_head(whole).len))) {
        return -ENOENT;
    }
    errint rc = find_indexes(s, whole, &files, &count);
    if (rc < 0 || count == 0) {
        return rc < 0 ? rc : -ENOENT;
    }
    const char *pattern;
    bool parts = is_one_save(s, files, count, &pattern);
    if (count == 1 && !parts) {
        return locate_try_prefix(s, locate_without_suffix(str_from(files[0])));
    }
    if (!parts) {
        return complain_several(s, files, count);
    }
    *s->out = (struct location){.prefix = pattern,
                                .driver = LOCATION_V2,
                                .index_path = files[0],
                                .files = files,
                                .file_count = count};
    warn_count(s, pattern, count);
    return 0;
}
