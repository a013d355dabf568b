/* SPDX-License-Identifier: Apache-2.0 */
#include "format/locate_v1.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/file.h"
#include "format/sstable_block.h"

struct v1_search {
    const char *argument;
    struct arena *a;
    struct location *out;
    struct diag *d;
};

bool locate_is_table(const char *path)
{
    CLEANUP_CLOSE int fd = -1;
    struct stat st;
    return file_open(path, &fd, &st) == 0 && sstable_ends(fd, (uint64_t)st.st_size);
}

const char *locate_shard_count(const char *path)
{
    const char *digits = path + strlen(path);
    while (digits > path && digits[-1] >= '0' && digits[-1] <= '9') {
        digits--;
    }
    return *digits && digits - path >= 4 && memcmp(digits - 4, "-of-", 4) == 0 ? digits : NULL;
}

const char *locate_escaped(const char *path, struct arena *a)
{
    char *text = arena_bytes(a, 2 * strlen(path) + 1);
    char *end = text;
    for (; text && *path; path++) {
        if (strchr("*?[\\", *path)) {
            *end++ = '\\';
        }
        *end++ = *path;
    }
    if (text) {
        *end = '\0';
    }
    return text;
}

/* Says so if the shards that were found are not as many as their names say: TensorFlow takes what is there, too. */
static errint check_shards(struct v1_search *s, const char *pattern)
{
    const struct location *out = s->out;
    const char *count = locate_shard_count(out->files[0]);
    for (uint32_t i = 1; count && i < out->file_count; i++) {
        const char *other = locate_shard_count(out->files[i]);
        if (other && strcmp(other, count) != 0) {
            return diag_error(s->d, DIAG_UNSUPPORTED, s->argument, str_from(pattern),
                              "shards of several V1 checkpoints match: give a pattern that ends in -of-%s or "
                              "in -of-%s",
                              count, other);
        }
    }
    if (count && strtoull(count, NULL, 10) != out->file_count) {
        diag_warn(s->d, DIAG_FILE_UNREADABLE, s->argument, str_from(pattern),
                  "the names of the V1 shards say -of-%s, but %u match", count, (unsigned)out->file_count);
    }
    return 0;
}

/* The V1 files that `pattern` matches, if one of them at least is a table: 0, -ENOENT without words, or an error in d. With `named` only those
 * that have the name of a shard. */
static errint try_shards(struct v1_search *s, const char *pattern, const char *name, bool named)
{
    glob_t hits;
    if (!pattern || !name) {
        return diag_no_memory(s->d);
    }
    if (glob(pattern, 0, NULL, &hits) != 0) {
        return -ENOENT;
    }
    bool table = false;
    const char **files = ARENA_ARRAY(s->a, const char *, hits.gl_pathc);
    uint32_t count = 0;
    for (size_t i = 0; files && i < hits.gl_pathc; i++) {
        if (named && !locate_shard_count(hits.gl_pathv[i])) {
            continue;
        }
        files[count] = arena_cstr(s->a, str_from(hits.gl_pathv[i]));
        files = files[count++] ? files : NULL;
        table = table || locate_is_table(hits.gl_pathv[i]);
    }
    globfree(&hits);
    if (!files) {
        return diag_no_memory(s->d);
    }
    if (!table) {
        return -ENOENT;
    }
    *s->out = (struct location){.prefix = name, .format = LOCATION_V1, .files = files, .file_count = count};
    return check_shards(s, pattern);
}

errint locate_v1(const char *path, const char *argument, struct arena *a, struct location *out,
                 struct diag *d)
{
    struct v1_search search = {argument, a, out, d};
    struct v1_search *s = &search;
    if (locate_is_table(path)) {
        const char **files = ARENA_ARRAY(s->a, const char *, 1);
        const char *copy = arena_cstr(s->a, str_from(path));
        if (!files || !copy) {
            return diag_no_memory(s->d);
        }
        files[0] = copy;
        *s->out = (struct location){.prefix = copy, .format = LOCATION_V1, .files = files, .file_count = 1};
        return 0;
    }
    errint rc =
        strpbrk(path, "*?[\\") ? try_shards(s, path, arena_cstr(s->a, str_from(path)), false) : -ENOENT;
    if (rc != -ENOENT) {
        return rc;
    }
    const char *prefix = locate_escaped(path, s->a);
    return try_shards(s, prefix ? arena_printf(s->a, "%s-[0-9]*-of-[0-9]*", prefix) : NULL,
                      arena_printf(s->a, "%s-\?\?\?\?\?-of-\?\?\?\?\?", path), true);
}

errint locate_complain_no_table(const char *path, struct diag *d)
{
    CLEANUP_CLOSE int fd = -1;
    struct stat st;
    char tail[8] = {0};
    errint rc = file_open(path, &fd, &st);
    if (rc == 0 && st.st_size >= SSTABLE_FOOTER) {
        rc = file_read_at(fd, (uint64_t)st.st_size - sizeof(tail), sizeof(tail), tail);
    }
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    struct cursor c = cursor_over(tail, sizeof(tail));
    char found[64];
    if (st.st_size < SSTABLE_FOOTER) {
        snprintf(found, sizeof(found), "has %lld bytes", (long long)st.st_size);
    } else {
        snprintf(found, sizeof(found), "ends in %016" PRIx64, cursor_le64(&c));
    }
    return diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, path, str_from(path),
                      "the file %s, a V1 checkpoint has at least %d bytes and ends in %016" PRIx64
                      "; and there is no %s.index",
                      found, SSTABLE_FOOTER, SSTABLE_MAGIC, diag_visible(d, str_from(path)));
}
