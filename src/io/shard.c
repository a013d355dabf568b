/* SPDX-License-Identifier: Apache-2.0 */
#include "io/shard.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/trouble.h"
#include "io/file.h"
#include "io/shard_complain.h"

/* Descriptors that shards leave to others: the reads of shards that are opened for each read,
 * reports, FUSE. */
enum { DESCRIPTORS_LEFT = 64 };

/* Guards what was accepted of all shards: taken only when a time moved, which is rare. */
static pthread_mutex_t accepted_lock = PTHREAD_MUTEX_INITIALIZER;

static atomic_uint newest_doubt;

uint32_t shard_doubts(void)
{
    return atomic_load_explicit(&newest_doubt, memory_order_acquire);
}

static int64_t nanoseconds(struct timespec t)
{
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* FNV-1a. */
static uint64_t hash_of(const char *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

/* Of the path that the kernel knows for the descriptor: it follows renames, and ends in "
 * (deleted)" after the last unlink. */
static uint64_t name_hash(int fd)
{
    char proc[64];
    char name[PATH_MAX];
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(proc, name, sizeof(name));
    return len < 0 ? 0 : hash_of(name, (size_t)len);
}

static struct shard_links links_of(const struct stat *st, int fd)
{
    return (struct shard_links){st->st_nlink, st->st_mode, st->st_uid, st->st_gid, name_hash(fd)};
}

static bool same_links(const struct shard_links *a, const struct shard_links *b)
{
    return a->links == b->links && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
           a->name_hash == b->name_hash;
}

static void accept_state(struct shard *s, const struct stat *st, const struct shard_links *links)
{
    s->accepted_as = *links;
    atomic_store(&s->mtime, nanoseconds(st->st_mtim));
    atomic_store(&s->ctime, nanoseconds(st->st_ctim));
}

static bool same_file(const struct shard *s, const struct stat *st)
{
    return s->st.st_dev == st->st_dev && s->st.st_ino == st->st_ino && s->st.st_size == st->st_size;
}

static bool same_mtime(const struct shard *s, const struct stat *st)
{
    return nanoseconds(st->st_mtim) == atomic_load(&s->mtime);
}

static bool same_times(const struct shard *s, const struct stat *st)
{
    return same_mtime(s, st) && nanoseconds(st->st_ctim) == atomic_load(&s->ctime);
}

errint shard_blame(struct shard *s, errint rc)
{
    cause_note((struct cause){.kind = CAUSE_FILE, .rc = rc, .what = shard_file(s)});
    return -EIO;
}

errint shard_doubted(const struct shard *s)
{
    while (s->base) {
        s = s->base;
    }
    cause_note((struct cause){.kind = CAUSE_DOUBT, .rc = -EIO, .what = s});
    return -EIO;
}

static errint fail(struct shard *s)
{
    atomic_store(&s->failed, true);
    return shard_blame(s, -ESTALE);
}

/* The lock is held. The number is there before the times are, so that whoever finds the times
 * accepted finds the doubt, too; and who finds that number the newest finds the file that has
 * it. */
static errint add_doubt(struct shard *s)
{
    uint32_t number = atomic_load(&newest_doubt) + 1;
    if (number == 0) {
        return fail(s); /* there are no more numbers */
    }
    atomic_store(&s->doubt, number);
    atomic_store(&newest_doubt, number);
    return 0;
}

/* Something moved (shard.h). It is looked at anew: another thread may have accepted a later state
 * than our caller saw. Whoever has just written may go on writing, so what is accepted is no
 * younger than a tick. */
static errint look_closer(struct shard *s, int fd)
{
    struct stat st;
    pthread_mutex_lock(&accepted_lock);
    errint rc = file_look_settled(fd, &st);
    if (rc < 0) {
        rc = shard_blame(s, rc);
    } else if (!same_file(s, &st)) {
        rc = fail(s);
    } else if (!same_times(s, &st)) {
        struct shard_links now = links_of(&st, fd);
        bool explained = same_mtime(s, &st) && !same_links(&now, &s->accepted_as) && !s->strict;
        rc = explained ? 0 : add_doubt(s);
        accept_state(s, &st, &now);
    }
    pthread_mutex_unlock(&accepted_lock);
    return rc;
}

/* 0 if the file is what it was, or may be; else -EIO, or -ESTALE if there is a doubt that is newer
 * than `doubt`. */
static errint check_unchanged(struct shard *s, int fd, bool anew, uint32_t doubt)
{
    struct stat st;
    errint rc = anew ? file_look(fd, &st) : 0;
    if (!anew && fstat(fd, &st) != 0) {
        rc = trouble_note(s->path, -errno);
    }
    if (rc < 0) {
        /* The server has no such file any more; anything else may pass. */
        return rc == -ESTALE ? fail(s) : shard_blame(s, rc);
    }
    rc = same_file(s, &st) && same_times(s, &st) ? 0 : look_closer(s, fd);
    if (rc == 0 && shard_doubt(s) != doubt) {
        rc = -ESTALE;
    }
    return rc;
}

/* Whether holding fd would leave too few descriptors. */
static bool last_descriptors(int fd)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return false;
    }
    rlim_t left = limit.rlim_cur / 4 < DESCRIPTORS_LEFT ? limit.rlim_cur / 4 : DESCRIPTORS_LEFT;
    return (rlim_t)fd >= limit.rlim_cur - left;
}

/* No descriptor to be had: what can be known by path. The file is looked at more closely when it is
 * opened. */
static errint look_by_path(struct shard *s)
{
    errint rc = file_look_at(s->path, &s->st);
    if (rc == 0 && !S_ISREG(s->st.st_mode)) {
        rc = -EINVAL;
    }
    return rc;
}

errint shard_open(struct shard *s, struct arena *a, struct diag *d)
{
    if (s->base) {
        s->st = s->base->st;
        s->opened = s->base->opened;
        return 0;
    }
    const struct stat known = s->st;
    CLEANUP_CLOSE int fd = -1;
    errint rc = file_open(s->path, &fd, &s->st);
    if (rc == -EMFILE || rc == -ENFILE) {
        rc = look_by_path(s);
    }
    if (rc == -ENOENT) {
        return shard_complain_missing(s, d);
    }
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, s->path, rc);
    }
    rc = shard_check_length(s, fd, d);
    if (rc < 0) {
        return rc;
    }
    if (s->known && !file_same(&known, &s->st)) {
        return diag_error(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                          "the file changed while the checkpoint was being opened");
    }
    CLEANUP_FREE char *real = realpath(s->path, NULL);
    s->real_path = arena_cstr(a, str_from(real ? real : s->path));
    if (!s->real_path) {
        return diag_no_memory(d);
    }
    struct shard_links links = links_of(&s->st, fd);
    if (fd < 0) {
        links.name_hash = hash_of(s->real_path, strlen(s->real_path)); /* what /proc will say */
    }
    accept_state(s, &s->st, &links);
    if (fd >= 0 && !last_descriptors(fd)) {
        s->fd = STEAL_FD(fd);
    }
    s->opened = true;
    return 0;
}

/* The descriptor to read from; *own is to be closed after it. */
static errint acquire(struct shard *s, int *own, int *fd)
{
    *fd = s->fd;
    if (s->fd >= 0) {
        return 0;
    }
    struct stat st;
    errint rc = s->opened ? file_open(s->real_path, own, &st) : -EIO;
    *fd = *own;
    /* Gone, or no regular file any more: it will not come back as the same file. */
    if (rc == -ENOENT || rc == -ENOTDIR || rc == -EISDIR || rc == -EINVAL) {
        atomic_store(&s->failed, true);
        rc = -ESTALE;
    }
    return rc < 0 ? shard_blame(s, rc) : 0;
}

errint shard_read(struct shard *s, uint64_t off, size_t len, void *buf)
{
    if (s->base) {
        return s->derive->read(s, off, len, buf);
    }
    if (atomic_load(&s->failed)) {
        return shard_blame(s, -ESTALE);
    }
    CLEANUP_CLOSE int own = -1;
    int fd;
    uint32_t doubt = shard_doubt(s);
    errint rc = acquire(s, &own, &fd);
    if (rc < 0 || (rc = check_unchanged(s, fd, false, doubt)) < 0) {
        return rc;
    }
    errint got = file_read_at(fd, off, len, buf);
    rc = check_unchanged(s, fd, true, doubt);
    return rc < 0 || got == 0 ? rc : shard_blame(s, got);
}

bool shard_again_after(struct shard_attempt *a, errint *rc)
{
    if (*rc == -EINTR || *rc == -EAGAIN || *rc == -ENOMEM || *rc == -EIO) {
        return false; /* as it would be at the next try, or there were enough of them */
    }
    cause_clear(); /* whatever was found, it was out of two states */
    if (++a->tries < SHARD_TRIES) {
        a->doubt = shard_doubt(a->shard);
        return true;
    }
    *rc = shard_doubted(a->shard);
    return false;
}

errint shard_check(struct shard *s, bool keep)
{
    return s->base && s->derive->check ? s->derive->check(s, keep) : 0;
}

uint64_t shard_origin(const struct shard *s, uint64_t off)
{
    for (; s->base; s = s->base) {
        off = s->derive->origin ? s->derive->origin(s, off) : off;
    }
    return off;
}

void shard_close(struct shard *s)
{
    if (s->base && s->derive->close) {
        s->derive->close(s);
        s->state = NULL;
    }
    cleanup_close(&s->fd);
    s->fd = -1;
    s->opened = false;
}
