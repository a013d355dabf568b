/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_shards.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/path.h"
#include "io/file.h"
#include "io/nearest_file.h"

/* The number in ".data-00000-of-00002" after "-of-"; 0 for any other name. */
static uint32_t count_in(struct str name)
{
    long at = str_search(name, STR("-of-"));
    uint32_t count = 0;
    for (size_t i = at < 0 ? name.len : (size_t)at + 4; i < name.len; i++) {
        if (name.ptr[i] < '0' || name.ptr[i] > '9' || count > UINT32_MAX / 10 - 1) {
            return 0;
        }
        count = count * 10 + (uint32_t)(name.ptr[i] - '0');
    }
    return count;
}

/* The one count that the data files beside the index have; 0 if there is none, or more. */
static uint32_t count_beside(const struct catalog *c)
{
    struct arena scratch;
    arena_init(&scratch);
    const char *start = arena_printf(&scratch, STR_FMT ".data-", STR_ARG(path_base(c->prefix)));
    const char *dir = path_dir(c->prefix, &scratch);
    struct str names[NEAREST_FILES_MOST];
    unsigned found =
        start && dir ? nearest_files(dir, str_from(start), STR(""), &scratch, names) : 0;
    uint32_t count = found ? count_in(str_from_pos(names[0], strlen(start))) : 0;
    for (unsigned i = 1; i < found; i++) {
        /* By order of names, files of the same number and different counts follow each other. */
        count = count_in(str_from_pos(names[i], strlen(start))) == count ? count : 0;
    }
    arena_fini(&scratch);
    return count;
}

static bool is_there(const char *path, uint64_t need_bytes)
{
    struct stat st;
    return file_stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size >= need_bytes;
}

static bool all_missing(const struct catalog *c)
{
    struct stat st;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        if (!c->shards[i].base && file_stat(c->shards[i].path, &st) != -ENOENT) {
            return false;
        }
    }
    return c->shard_count > 0;
}

/* *paths: of data files 0 .. count - 1, in the catalog's arena; NULL if one is not there, or too
 * short. */
static errint paths_of(struct catalog *c, uint32_t count, const char ***paths)
{
    const char **all = ARENA_ARRAY(&c->arena, const char *, count);
    *paths = NULL;
    if (!all) {
        return -ENOMEM;
    }
    uint32_t next = 0; /* shards are in the order of their numbers */
    for (uint32_t i = 0; i < count; i++) {
        all[i] = arena_printf(&c->arena, "%s.data-%05u-of-%05u", c->prefix, i, count);
        if (!all[i]) {
            return -ENOMEM;
        }
        bool named = next < c->shard_count && !c->shards[next].base && c->shards[next].number == i;
        if (!is_there(all[i], named ? c->shards[next].need_bytes : 0)) {
            return 0;
        }
        next += named;
    }
    /* None has a number beyond. */
    *paths = next == c->shard_count || c->shards[next].base ? all : NULL;
    return 0;
}

errint bundle_shards_recount(struct catalog *c, struct diag *d)
{
    uint32_t count = all_missing(c) ? count_beside(c) : 0;
    const char **paths = NULL;
    errint rc = count && count < c->file_count ? paths_of(c, count, &paths) : 0;
    if (rc < 0 || !paths) {
        return rc;
    }
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        s->path = s->base ? s->base->path : paths[s->number];
    }
    diag_warn(
        d, DIAG_FILE_UNREADABLE, c->index_path, STR(""),
        "the header says %u shards, but the data files are named -of-%05u: taking them; TensorFlow "
        "cannot read the checkpoint",
        c->file_count, count);
    c->file_count = count;
    return 0;
}
