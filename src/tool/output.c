/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/output.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "tool/output_made.h"

enum {
    NEW_FILE = O_WRONLY | O_CLOEXEC,
    NAMES_TRIED = 100,
    DESCRIPTORS_LEFT = 64, /* for what is read, or a quarter of all if that is less */
};

static errint complain(const struct output *o, const char *path, const char *what, int error)
{
    diag_error(o->diag, DIAG_FILE_UNREADABLE, path, str_from(path), "%s: %s", what,
               strerror(error));
    return -error;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* How many bytes of the path lead to the directory that holds what it names. */
static size_t above(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    return len;
}

static unsigned descriptors_most(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) {
        return getrlimit(RLIMIT_NOFILE, &limit) != 0 ? 0 : INT_MAX;
    }
    unsigned most = (unsigned)limit.rlim_cur;
    return most - (most / 4 < DESCRIPTORS_LEFT ? most / 4 : DESCRIPTORS_LEFT);
}

static void print_link(int fd, char link[static 64])
{
    snprintf(link, 64, "/proc/self/fd/%d", fd);
}

/* Whether there is a way from a descriptor to a name. */
static bool has_links(int fd)
{
    char link[64];
    struct stat st;
    print_link(fd, link);
    return fstatat(AT_FDCWD, link, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

errint output_find(const char *directory, struct diag *d, struct output *out)
{
    size_t len = strlen(directory);
    *out = (struct output){
        .diag = d, .directory = directory, .top = -1, .descriptors = descriptors_most()};
    out->below = len + (len > 0 && directory[len - 1] != '/');
    CLEANUP_FREE char *way = strdup(directory);
    if (!way) {
        return diag_no_memory(d);
    }
    while ((out->top = open(*way ? way : ".", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        if (errno != ENOENT || !*way) {
            return complain(out, directory, "cannot be opened", errno);
        }
        len = above(way, len);
        way[len] = '\0';
    }
    out->missing = directory + len;
    out->in_place = !has_links(out->top);
    return 0;
}

const char *output_name(const struct output *o, const char *path)
{
    return path + o->below;
}

errint output_stat(const struct output *o, const char *path, struct stat *st)
{
    return *o->missing                                                           ? -ENOENT
           : fstatat(o->top, output_name(o, path), st, AT_SYMLINK_NOFOLLOW) != 0 ? -errno
                                                                                 : 0;
}

void output_remove_made(struct output *o)
{
    output_made_remove(o->made, o->made_count, o->top);
    o->made_count = 0;
}

void output_close(struct output *o)
{
    output_made_drop(o->made, o->made_count);
    cleanup_close(&o->top);
    *o = (struct output){.top = -1};
}

/* ---- making directories ---------------------------------------------------------------------- */

/* Makes o->top/name and remembers it: 1 if it was not there before. */
static int make_directory(struct output *o, const char *name)
{
    if (mkdirat(o->top, name, 0777) != 0) {
        return errno == EEXIST ? 0 : -errno;
    }
    errint rc = output_made_add(&o->made, &o->made_count, &o->made_cap, name);
    if (rc < 0) {
        unlinkat(o->top, name, AT_REMOVEDIR);
    }
    return rc < 0 ? rc : 1;
}

/* One more directory of those that are missing, and into it. */
static errint enter(struct output *o, const char *name)
{
    int made = make_directory(o, name);
    int next = made < 0 ? -1 : openat(o->top, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (next < 0) {
        return made < 0 ? made : -errno;
    }
    errint rc = made ? output_made_hold(&o->made[o->made_count - 1], o->top, next) : 0;
    if (rc < 0) { /* what cannot be found again is not made */
        unlinkat(o->top, name, AT_REMOVEDIR);
        close(next);
        return rc;
    }
    cleanup_close(&o->top);
    o->top = next;
    return 0;
}

/* From now on nothing is missing. */
static errint make_missing(struct output *o)
{
    while (*o->missing) {
        size_t len = strcspn(o->missing, "/");
        CLEANUP_FREE char *name = strndup(o->missing, len);
        errint rc = name ? enter(o, name) : -ENOMEM;
        if (rc < 0) {
            CLEANUP_FREE char *path =
                strndup(o->directory, (size_t)(o->missing - o->directory) + len);
            return rc == -ENOMEM || !path ? diag_no_memory(o->diag)
                                          : complain(o, path, "cannot make the directory", -rc);
        }
        o->missing += len;
        o->missing += strspn(o->missing, "/");
    }
    return 0;
}

/* The directories above a file. */
static errint make_above(struct output *o, const char *path)
{
    errint rc = make_missing(o);
    CLEANUP_FREE char *text = strdup(path);
    if (rc < 0 || !text) {
        return rc < 0 ? rc : diag_no_memory(o->diag);
    }
    char *name = text + o->below;
    for (char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        int made = make_directory(o, name);
        if (made < 0) {
            return made == -ENOMEM ? diag_no_memory(o->diag)
                                   : complain(o, text, "cannot make the directory", -made);
        }
        *at = '/';
    }
    return 0;
}

/* ---- files without a name -------------------------------------------------------------------- */

/* In the nearest directory that is there: what will be made between is on its file system. -1 if
 * there is no such file. */
static int open_unnamed(const struct output *o, const char *path)
{
    CLEANUP_FREE char *folder = strdup(*o->missing ? "" : output_name(o, path));
    int fd = -1;
    for (char *slash = folder; slash && fd < 0;) {
        slash = strrchr(folder, '/');
        if (slash) {
            *slash = '\0';
        }
        fd = openat(o->top, slash ? folder : ".", NEW_FILE | O_TMPFILE, 0600);
        if (fd < 0 && errno != ENOENT) {
            break;
        }
    }
    return fd;
}

static int create_unnamed(struct output *o, const char *path)
{
    CLEANUP_CLOSE int fd = o->in_place ? -1 : open_unnamed(o, path);
    if (fd >= 0 && (unsigned)fd >= o->descriptors) {
        o->in_place = true; /* none is given back before all are written */
        return -1;
    }
    return STEAL_FD(fd);
}

static errint link_unnamed(const struct output *o, int fd, const char *name)
{
    char link[64];
    print_link(fd, link);
    return linkat(AT_FDCWD, link, o->top, name, AT_SYMLINK_FOLLOW) != 0 ? -errno : 0;
}

/* ---- files with a name for the time being ---------------------------------------------------- */

/* Beside `name`; NULL when memory is short. */
static char *temporary_beside(const char *name)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    struct str text = str_from(name);
    CLEANUP_BUF struct buf b = {0};
    unsigned char random[6];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return NULL;
    }
    buf_str(&b, str_head(text, (size_t)(str_rfind(text, '/') + 1)));
    buf_text(&b, OUTPUT_TEMPORARY);
    for (size_t i = 0; !b.failed && i < sizeof(random); i++) {
        b.data[b.len - sizeof(random) + i] = digits[random[i] % 32];
    }
    return b.failed ? NULL : STEAL(b.data);
}

/* A name for f, which is unnamed so far, or for a new file. */
static errint make_temporary(const struct output *o, const char *path, struct output_file *f)
{
    bool new = f->fd < 0;
    errint rc = -EEXIST;
    for (unsigned i = 0; rc == -EEXIST && i < NAMES_TRIED; i++) {
        CLEANUP_FREE char *name = temporary_beside(output_name(o, path));
        if (!name) {
            return -ENOMEM;
        }
        if (new) {
            f->fd = openat(o->top, name, NEW_FILE | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
            rc = f->fd < 0 ? -errno : 0;
        } else {
            rc = link_unnamed(o, f->fd, name);
        }
        f->temporary = rc == 0 ? STEAL(name) : NULL;
    }
    return rc;
}

/* ---- one file -------------------------------------------------------------------------------- */

errint output_create(struct output *o, const char *path, struct output_file *out)
{
    *out = (struct output_file){.fd = create_unnamed(o, path)};
    if (out->fd >= 0) {
        return 0;
    }
    errint rc = make_above(o, path);
    if (rc == 0) {
        rc = make_temporary(o, path, out);
        return rc < 0 ? complain(o, path, "cannot be made", -rc) : 0;
    }
    return rc;
}

void output_written(struct output_file *f)
{
    if (f->temporary) {
        cleanup_close(&f->fd);
        f->fd = -1;
    }
}

errint output_sync(const struct output *o, const char *path, const struct output_file *f)
{
    CLEANUP_CLOSE int own = f->temporary ? openat(o->top, f->temporary, NEW_FILE | O_NOFOLLOW) : -1;
    int fd = f->temporary ? own : f->fd;
    return fd < 0 || syncfs(fd) != 0 ? complain(o, path, "cannot be written", errno) : 0;
}

/* Its temporary name becomes the name. */
static errint rename_to(const struct output *o, const char *name, bool replace,
                        const struct output_file *f)
{
    int rc = replace ? renameat(o->top, f->temporary, o->top, name)
                     : renameat2(o->top, f->temporary, o->top, name, RENAME_NOREPLACE);
    if (rc != 0 && !replace &&
        (errno == EINVAL || errno == ENOSYS)) { /* a file system without it */
        rc = linkat(o->top, f->temporary, o->top, name, 0);
        if (rc == 0) {
            unlinkat(o->top, f->temporary, 0);
        }
    }
    return rc != 0 ? -errno : 0;
}

static errint try_name(struct output *o, const char *path, bool replace, struct output_file *f)
{
    const char *name = output_name(o, path);
    errint rc = f->temporary ? 0 : link_unnamed(o, f->fd, name);
    if (rc == -EEXIST && replace) {
        rc = make_temporary(o, path, f);
    }
    return rc == 0 && f->temporary ? rename_to(o, name, replace, f) : rc;
}

errint output_give_name(struct output *o, const char *path, bool replace, struct output_file *f)
{
    errint rc = *o->missing ? -ENOENT : try_name(o, path, replace, f);
    if (rc == -ENOENT) { /* as long as there is no such directory */
        rc = make_above(o, path);
        if (rc < 0) {
            return rc;
        }
        rc = try_name(o, path, replace, f);
    }
    if (rc < 0) {
        return complain(o, path, "cannot be given its name", -rc);
    }
    output_drop(f);
    f->named = true;
    return 0;
}

void output_take_back(const struct output *o, const char *path, bool keep, struct output_file *f)
{
    if (f->temporary) {
        unlinkat(o->top, f->temporary, 0);
    } else if (f->named && !keep) {
        unlinkat(o->top, output_name(o, path), 0);
    }
    output_drop(f);
}

void output_drop(struct output_file *f)
{
    cleanup_close(&f->fd);
    free(f->temporary);
    *f = (struct output_file){.fd = -1, .named = f->named};
}
