/* SPDX-License-Identifier: Apache-2.0 */
#include "render/spot_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "render/verified.h"
#include "render/verify.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "source/stored.h"
#include "tensor/dtype.h"

/* The tensors of a file that are looked at, the smallest first. */
struct spots {
    const struct tensor *tensors[SPOT_CHECK_MOST];
    unsigned count;
};

/* What all files are looked at with. */
struct checking {
    const struct catalog *catalog;
    struct verified *verified;
    struct diag *diag;
    char *buf; /* of verify_buffer */
    struct spot_check *out;
};

/* Whether t is one of those that may be looked at. */
static bool is_small(const struct tensor *t)
{
    return t->hidden == TENSOR_SHOWN && t->shard != TENSOR_NO_SHARD && !t->no_crc && t->bytes > 0 &&
           t->bytes <= SPOT_CHECK_BYTES;
}

/* Whether t, which is small, can be looked at in its data file. The record of the object graph,
 * which was verified when it was read, is the same in each save. */
static bool is_there(const struct catalog *c, const struct tensor *t, const struct shard *file)
{
    struct shard *s = &c->shards[t->shard];
    uint64_t off = shard_origin(s, t->off);
    if (!file->used || !file->opened || str_eq(catalog_key(c, t), STR(OBJECTS_KEY))) {
        return false;
    }
    uint64_t size = file->io->size; /* it may have been cut */
    return off < size && stored_bytes(c, t, NULL) <= size - off;
}

/* Whether it may be a counter. */
static bool is_integer(const struct tensor *t)
{
    return t->dtype == DTYPE_INT64 || t->dtype == DTYPE_INT32 || t->dtype == DTYPE_UINT64 ||
           t->dtype == DTYPE_UINT32;
}

static bool is_better(const struct tensor *a, const struct tensor *b)
{
    return a->bytes != b->bytes ? a->bytes < b->bytes : is_integer(a) && !is_integer(b);
}

/* Whether there is room for t, or it takes the place of another. Of equal ones the first stays. */
static bool wants_spot(const struct spots *s, const struct tensor *t)
{
    return s->count < SPOT_CHECK_MOST || is_better(t, s->tensors[SPOT_CHECK_MOST - 1]);
}

/* Tensors come in the order of their names. */
static void add_spot(struct spots *s, const struct tensor *t)
{
    unsigned at = s->count < SPOT_CHECK_MOST ? s->count++ : SPOT_CHECK_MOST;
    for (; at > 0 && is_better(t, s->tensors[at - 1]); at--) {
        if (at < SPOT_CHECK_MOST) {
            s->tensors[at] = s->tensors[at - 1];
        }
    }
    if (at < SPOT_CHECK_MOST) {
        s->tensors[at] = t;
    }
}

/* What cannot be read is told when it is asked for. */
static bool is_wrong(const struct verify_result *r)
{
    return r->outcome != VERIFY_GOOD && r->outcome != VERIFY_UNKNOWN &&
           r->outcome != VERIFY_UNREADABLE;
}

/* "2026-01-31 23:59:59 +0100" */
static const char *time_text(const struct stat *st, char text[40])
{
    struct tm at;
    if (!localtime_r(&st->st_mtim.tv_sec, &at) ||
        !strftime(text, 40, "%Y-%m-%d %H:%M:%S %z", &at)) {
        return "an unknown time";
    }
    return text;
}

/* That of the data file: of a checkpoint in parts, each has its own. */
static const struct catalog_index *index_of(const struct catalog *all, const struct shard *file)
{
    const struct catalog *c = catalog_of_shard(all, (uint32_t)(file - all->shards));
    struct str path = str_from(file->path);
    for (uint32_t i = 1; i < c->index_count; i++) {
        size_t prefix = strlen(c->indexes[i].path) - strlen("index"); /* with the dot */
        if (prefix < path.len && memcmp(path.ptr, c->indexes[i].path, prefix) == 0) {
            return &c->indexes[i];
        }
    }
    return &c->indexes[0];
}

/* All of them are wrong. */
static errint complain_of_all(const struct checking *k, const struct shard *file,
                              const struct spots *s)
{
    struct diag *d = k->diag;
    const struct catalog_index *index = index_of(k->catalog, file);
    char index_time[40];
    char data_time[40];
    char others[40] = "";
    if (s->count > 1) {
        snprintf(others, sizeof(others), ", nor do %u other small ones", s->count - 1);
    }
    return diag_error(d, DIAG_CHECKPOINT_CORRUPT, file->path, str_from(file->path),
                      "'%s' does not have the checksum that the index says%s: most likely the "
                      "index is of one save, and "
                      "this file of another; the index %s is of %s, this file of %s; if a save is "
                      "under way, try again "
                      "when it is done; `ckptool verify` looks at every tensor, ckptfs -o noverify "
                      "shows what is there",
                      diag_visible(d, tensor_name(s->tensors[0])), others,
                      diag_visible(d, str_from(index->path)), time_text(&index->st, index_time),
                      time_text(file->io->st, data_time));
}

/* Those that are wrong, of which there are others. */
static errint refuse_wrong(const struct checking *k, struct shard *file, const struct spots *s,
                           const struct verify_result *found)
{
    struct diag *d = k->diag;
    const struct catalog_index *index = index_of(k->catalog, file);
    char index_time[40];
    char data_time[40];
    file->suspect = true;
    for (unsigned i = 0; i < s->count; i++) {
        const struct tensor *t = s->tensors[i];
        CLEANUP_BUF struct buf line = {0};
        if (!is_wrong(&found[i])) {
            continue;
        }
        verify_words(&found[i], &line);
        diag_warn(d, DIAG_CHECKPOINT_CORRUPT, file->path, tensor_name(t),
                  "'%s': %s: all reads of it fail, and what else is in the file is verified when "
                  "it is first "
                  "read, since it may "
                  "be of another save than the index: it is of %s, the index of %s",
                  diag_visible(d, tensor_name(t)), line.failed ? "damaged" : line.data,
                  time_text(file->io->st, data_time), time_text(&index->st, index_time));
        if (verified_mark(k->verified, t, NULL, &found[i]) == -ENOMEM) {
            return diag_no_memory(d);
        }
    }
    return 0;
}

/* The kernel must not read ahead for these few bytes. */
static void advise_kernel(const struct shard *file, int advice)
{
    uint64_t from;
    int fd = io_backing(file->io, 0, &from);
    if (fd >= 0) {
        posix_fadvise(fd, (off_t)from, 0, advice);
    }
}

static errint check_file(const struct checking *k, struct shard *file, const struct spots *s)
{
    const struct catalog *c = k->catalog;
    struct verify_result found[SPOT_CHECK_MOST];
    unsigned wrong = 0;
    unsigned right = 0;
    errint rc = 0;
    advise_kernel(file, POSIX_FADV_RANDOM);
    for (unsigned i = 0; rc == 0 && i < s->count; i++) {
        struct source_check check;
        rc = source_check_find(c, s->tensors[i], NULL, &check)
                 ? verify_check(c, NULL, &check, k->buf, NULL, &found[i])
                 : -EBADMSG;
        wrong += rc == 0 && is_wrong(&found[i]);
        right += rc == 0 && found[i].outcome == VERIFY_GOOD;
        k->out->tensors++;
        k->out->bytes += stored_bytes(c, s->tensors[i], NULL);
    }
    advise_kernel(file, POSIX_FADV_NORMAL);
    if (rc < 0) {
        return rc == -ENOMEM ? diag_no_memory(k->diag) : rc;
    }
    if (wrong == 0) {
        return 0;
    }
    return right == 0 ? complain_of_all(k, file, s) : refuse_wrong(k, file, s, found);
}

errint spot_check_run(const struct catalog *c, struct verified *verified, struct diag *d,
                      struct spot_check *out)
{
    *out = (struct spot_check){0};
    CLEANUP_FREE struct spots *files = calloc((size_t)c->shard_count + 1, sizeof(*files));
    CLEANUP_FREE char *buf = verify_buffer();
    if (!files || !buf) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < catalog_all(c); i++) {
        const struct tensor *t = &c->tensors[i];
        if (!is_small(t)) {
            continue;
        }
        const struct shard *file = shard_file(&c->shards[t->shard]);
        struct spots *spots = &files[file - c->shards];
        if (wants_spot(spots, t) && is_there(c, t, file)) {
            add_spot(spots, t);
        }
    }
    const struct checking k = {c, verified, d, buf, out};
    errint first = 0;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        first = first_failure(first, files[i].count ? check_file(&k, s, &files[i]) : 0);
    }
    return first;
}
