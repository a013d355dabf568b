/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/locate_v1.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/glob.h"
#include "codec/sstable_block.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/io_file.h"
#include "source/tf/locate_glob.h"

struct v1_search {
    const char *argument;
    struct arena *a;
    struct location *out;
    struct diag *d;
};

bool locate_is_table(const char *path)
{
    CLEANUP_IO struct io *io = NULL;
    struct stat st;
    return file_stat(path, &st) == 0 && S_ISREG(st.st_mode) && io_open(path, &io) == 0 &&
           file_ends_as_table(io);
}

const char *locate_shard_count(const char *path)
{
    const char *digits = path + strlen(path);
    while (digits > path && digits[-1] >= '0' && digits[-1] <= '9') {
        digits--;
    }
    return *digits && digits - path >= 4 && memcmp(digits - 4, "-of-", 4) == 0 ? digits : NULL;
}

const char *locate_shard_pattern(const char *name, struct arena *a)
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

/* Says so if the shards that were found are not as many as their names say: TensorFlow takes what
 * is there, too. */
static errint check_shards(struct v1_search *s, const char *pattern)
{
    const struct location *out = s->out;
    const char *count = locate_shard_count(out->files[0]);
    for (uint32_t i = 1; count && i < out->file_count; i++) {
        const char *other = locate_shard_count(out->files[i]);
        if (other && strcmp(other, count) != 0) {
            return diag_error(
                s->d, DIAG_UNSUPPORTED, s->argument, str_from(pattern),
                "shards of several V1 checkpoints match: give a pattern that ends in -of-%s or "
                "in -of-%s",
                count, other);
        }
    }
    if (count && strtoull(count, NULL, 10) != out->file_count) {
        diag_warn(s->d, DIAG_FILE_UNREADABLE, s->argument, str_from(pattern),
                  "the names of the V1 shards say -of-%s, but %u match", count,
                  (unsigned)out->file_count);
    }
    return 0;
}

/* The V1 files among those in `head` whose names match `glob`, if one of them at least is a table:
 * 0, -ENOENT without words, or an error in d; `name` is what they are called together. With `named`
 * only those that have the name of a shard. */
static errint try_shards(struct v1_search *s, struct str head, const char *glob, const char *name,
                         bool named)
{
    const char **files;
    uint32_t found;
    errint rc = glob && name ? locate_glob(head, str_from(glob), s->a, &files, &found) : -ENOMEM;
    if (rc == -EOVERFLOW) {
        return diag_error(s->d, DIAG_LIMIT, s->argument, str_from(name), "more than %d files match",
                          LOCATE_MATCHES_MOST);
    }
    if (rc < 0) {
        return rc == -ENOMEM ? diag_no_memory(s->d)
                             : file_complain(s->d, DIAG_FILE_UNREADABLE, name, rc);
    }
    bool table = false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < found; i++) {
        if (!named || locate_shard_count(files[i])) {
            table = table || locate_is_table(files[i]);
            files[count++] = files[i];
        }
    }
    if (!table) {
        return -ENOENT;
    }
    *s->out = (struct location){
        .prefix = name, .driver = LOCATION_V1, .files = files, .file_count = count};
    return check_shards(s, name);
}

/* `base` as a pattern that matches what it is to: NULL if it is none, or, with *rc set, if memory
 * is short. */
static const char *pattern_in(struct str base, enum locate_wild wild, struct arena *a, errint *rc)
{
    static const struct str ending = {"-\?\?\?\?\?", 6};
    const char *text = arena_cstr(a, base);
    const char *glob = text;
    *rc = text ? 0 : -ENOMEM;
    if (text && wild == LOCATE_WILD_ENDING) {
        const char *count = locate_shard_count(text);
        struct str stem = str_head(base, count ? (size_t)(count - 4 - text) : 0);
        if (!str_ends(stem, ending)) {
            return NULL;
        }
        const char *escaped = glob_escaped(str_head(stem, stem.len - ending.len), a);
        glob = escaped ? arena_printf(a, "%s" STR_FMT "-of-%s", escaped, STR_ARG(ending), count)
                       : NULL;
        *rc = glob ? 0 : -ENOMEM;
    }
    return text && glob_is_pattern(base) ? glob : NULL;
}

/* One file. */
static errint take_file(struct v1_search *s, const char *path)
{
    const char **files = ARENA_ARRAY(s->a, const char *, 1);
    const char *copy = arena_cstr(s->a, str_from(path));
    if (!files || !copy) {
        return diag_no_memory(s->d);
    }
    files[0] = copy;
    *s->out =
        (struct location){.prefix = copy, .driver = LOCATION_V1, .files = files, .file_count = 1};
    return 0;
}

errint locate_v1(const char *path, enum locate_wild wild, const char *argument, struct arena *a,
                 struct location *out, struct diag *d)
{
    struct v1_search s = {argument, a, out, d};
    if (locate_is_table(path)) {
        return take_file(&s, path);
    }
    struct str head = locate_head(str_from(path));
    struct str base = str_from_pos(str_from(path), head.len);
    if (base.len == 0) {
        return -ENOENT;
    }
    errint rc;
    const char *glob = pattern_in(base, wild, a, &rc);
    if (rc < 0) {
        return diag_no_memory(d);
    }
    rc = glob ? try_shards(&s, head, glob, arena_cstr(a, str_from(path)), false) : -ENOENT;
    if (rc != -ENOENT) {
        return rc;
    }
    const char *stem = glob_escaped(base, a);
    return try_shards(&s, head, stem ? arena_printf(a, "%s-[0-9]*-of-[0-9]*", stem) : NULL,
                      arena_printf(a, "%s-\?\?\?\?\?-of-\?\?\?\?\?", path), true);
}

/* The bytes as a file has them, one after the other. */
static void add_hex(struct buf *b, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf_printf(b, "%02x", (unsigned char)bytes[i]);
    }
}

errint locate_complain_no_table(const char *path, struct diag *d)
{
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(path, &io);
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    const char *shown = diag_visible(d, str_from(path));
    const struct file_kind *kind = file_kind_of(io);
    if (io->size == 0) {
        return diag_error(
            d, DIAG_CHECKPOINT_NOT_FOUND, path, str_from(path),
            "the file is empty: it has 0 bytes, a V1 checkpoint has at least %d; and there is no "
            "%s.index",
            SSTABLE_FOOTER, shown);
    }
    if (kind->group != FILE_KIND_UNKNOWN) {
        CLEANUP_BUF struct buf expected = {0};
        buf_printf(&expected, "a checkpoint, and there is no %s.index", shown);
        return file_kind_complain(d, DIAG_CHECKPOINT_NOT_FOUND, path, kind,
                                  expected.data ? expected.data : "a checkpoint");
    }
    char ends[2][8] = {0};
    size_t len = io->size < 8 ? (size_t)io->size : 8;
    if (io_read(io, NULL, 0, len, ends[0]) < 0 ||
        io_read(io, NULL, io->size - len, len, ends[1]) < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, -EIO);
    }
    CLEANUP_BUF struct buf hex = {0};
    add_hex(&hex, ends[1], len);
    return diag_error(
        d, DIAG_CHECKPOINT_NOT_FOUND, path, str_from(path),
        "the file is of no known kind: it has %lld bytes, begins with '%s' and ends in %s, a V1 "
        "checkpoint has at least %d and ends in " FILE_TABLE_MAGIC_HEX "; and there is no %s.index",
        (long long)io->size, diag_visible(d, str_of(ends[0], len)), hex.data ? hex.data : "nothing",
        SSTABLE_FOOTER, shown);
}
