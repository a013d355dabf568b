/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file_watch.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/trouble.h"
#include "io/file_look.h"

/* Guards what was accepted of all files: taken only when a time moved, which is rare. */
static pthread_mutex_t accepted_lock = PTHREAD_MUTEX_INITIALIZER;

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

static struct file_links links_of(const struct stat *st, int fd)
{
    return (struct file_links){st->st_nlink, st->st_mode, st->st_uid, st->st_gid, name_hash(fd)};
}

static bool same_links(const struct file_links *a, const struct file_links *b)
{
    return a->links == b->links && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
           a->name_hash == b->name_hash;
}

static void accept_state(struct file_watch *w, const struct stat *st,
                         const struct file_links *links)
{
    w->accepted_as = *links;
    atomic_store(&w->mtime, nanoseconds(st->st_mtim));
    atomic_store(&w->ctime, nanoseconds(st->st_ctim));
}

static bool same_file(const struct file_watch *w, const struct stat *st)
{
    const struct stat *first = w->io->st;
    return first->st_dev == st->st_dev && first->st_ino == st->st_ino &&
           first->st_size == st->st_size;
}

static bool same_mtime(const struct file_watch *w, const struct stat *st)
{
    return nanoseconds(st->st_mtim) == atomic_load(&w->mtime);
}

static bool same_times(const struct file_watch *w, const struct stat *st)
{
    return same_mtime(w, st) && nanoseconds(st->st_ctim) == atomic_load(&w->ctime);
}

/* What moved, with what came with it. The lock is held. A doubt is there before the times are
 * accepted, so that whoever finds them accepted finds the doubt, too. */
static errint accept_change(struct file_watch *w, const struct stat *st, int fd)
{
    struct file_links now = links_of(st, fd);
    bool explained = same_mtime(w, st) && !same_links(&now, &w->accepted_as) && !w->io->strict;
    errint rc = explained ? 0 : io_add_doubt(w->io);
    accept_state(w, st, &now);
    return rc;
}

/* Something moved. It is looked at anew: another thread may have accepted a later state than our
 * caller saw. Whoever has just written may go on writing, so what is accepted is no younger than a
 * tick. */
static errint look_closer(struct file_watch *w, int fd)
{
    struct stat st;
    pthread_mutex_lock(&accepted_lock);
    errint rc = file_look_settled(fd, &st);
    if (rc < 0) {
        rc = io_blame(w->io, rc);
    } else if (!same_file(w, &st)) {
        rc = io_fail(w->io);
    } else if (!same_times(w, &st)) {
        rc = accept_change(w, &st, fd);
    }
    pthread_mutex_unlock(&accepted_lock);
    return rc;
}

void file_watch_begin(struct file_watch *w, struct io *io, int fd, const char *real_path)
{
    w->io = io;
    struct file_links links = links_of(io->st, fd);
    if (fd < 0) {
        links.name_hash = hash_of(real_path, strlen(real_path));
    }
    accept_state(w, io->st, &links);
}

/* What the file is: by the kernel's attributes, or those of the file system. */
static errint look_at_file(const struct file_watch *w, int fd, bool anew, struct stat *st)
{
    if (anew) {
        return file_look(fd, st);
    }
    return fstat(fd, st) == 0 ? 0 : trouble_note(w->io->name, -errno);
}

errint file_watch_check(struct file_watch *w, int fd, bool anew, uint32_t doubt)
{
    struct stat st;
    errint rc = look_at_file(w, fd, anew, &st);
    if (rc < 0) {
        /* The server has no such file any more; anything else may pass. */
        return rc == -ESTALE ? io_fail(w->io) : io_blame(w->io, rc);
    }
    if (!same_file(w, &st) || !same_times(w, &st)) {
        rc = look_closer(w, fd);
    }
    if (rc == 0 && io_doubt(w->io) != doubt) {
        rc = -ESTALE;
    }
    return rc;
}
