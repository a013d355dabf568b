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

/* `path` cannot be come to below the directory. */
static errint complain_way(const struct output *o, const char *path, const char *what, errint rc)
{
    if (rc == -ENOMEM) {
        return diag_no_memory(o->diag);
    }
    if (rc == -ELOOP) {
        return diag_error(o->diag, DIAG_NAME_COLLISION, path, str_from(path),
                          "a directory on the way is a symbolic link, and nothing is written "
                          "through one below '%s': export to where it leads",
                          o->directory);
    }
    return complain(o, path, what, -rc);
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

/* The name of the folder of a file, below the directory, and the name of the file in it. */
static struct str folder_of(const struct output *o, const char *path, const char **last)
{
    struct str name = str_from(path + o->below);
    long slash = str_rfind(name, '/');
    *last = name.ptr + slash + 1;
    return str_head(name, slash < 0 ? 0 : (size_t)slash);
}

errint output_folder(struct output *o, const char *path, const char **last)
{
    struct str folder = folder_of(o, path, last);
    return *o->missing ? -ENOENT : output_folder_enter(&o->folder, o->top, folder);
}

errint output_stat(struct output *o, const char *path, struct stat *st)
{
    const char *last;
    errint rc = output_folder(o, path, &last);
    if (rc == 0) {
        rc = fstatat(o->folder.fd, last, st, AT_SYMLINK_NOFOLLOW) != 0 ? -errno : 0;
    }
    if (rc == 0 || rc == -ENOENT) {
        return rc;
    }
    return rc == -ENOTDIR ? -ENOENT : complain_way(o, path, "cannot be looked at", rc);
}

void output_remove_made(struct output *o)
{
    output_made_remove(o->made, o->made_count, o->top);
    o->made_count = 0;
}

void output_close(struct output *o)
{
    output_made_drop(o->made, o->made_count);
    output_folder_leave(&o->folder);
    cleanup_close(&o->top);
    *o = (struct output){.top = -1};
}

/* ---- making directories ---------------------------------------------------------------------- */

/* Makes the directory `last` of `parent` and remembers it by its name below the export's: 1 if it
 * was not there before. */
static int make_directory(struct output *o, int parent, const char *last, const char *name)
{
    if (mkdirat(parent, last, 0777) != 0) {
        return errno == EEXIST ? 0 : -errno;
    }
    errint rc = output_made_add(&o->made, &o->made_count, &o->made_cap, name);
    if (rc < 0) {
        unlinkat(parent, last, AT_REMOVEDIR);
    }
    return rc < 0 ? rc : 1;
}

/* One more directory of those that are missing, and into it. */
static errint enter_missing(struct output *o, const char *name)
{
    int made = make_directory(o, o->top, name, name);
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
    output_folder_leave(&o->folder);
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
        errint rc = name ? enter_missing(o, name) : -ENOMEM;
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

/* Makes what is missing of the way to `name` below the directory; writes into it. */
static errint make_way(struct output *o, char *name)
{
    CLEANUP_CLOSE int at = openat(o->top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return -errno;
    }
    char *part = name;
    for (char *slash; (slash = strchr(part, '/')) != NULL; part = slash + 1) {
        *slash = '\0';
        int made = make_directory(o, at, part, name);
        int next = made < 0 ? made : output_folder_next(at, part);
        if (next < 0) {
            return next; /* name ends where it failed */
        }
        *slash = '/';
        cleanup_close(&at);
        at = next;
    }
    return 0;
}

/* The directories above a file. */
static errint make_above(struct output *o, const char *path)
{
    const char *last;
    errint rc = make_missing(o);
    if (rc < 0 || output_folder(o, path, &last) == 0) {
        return rc;
    }
    CLEANUP_FREE char *text = strdup(path);
    if (!text) {
        return diag_no_memory(o->diag);
    }
    rc = make_way(o, text + o->below);
    return rc < 0 ? complain_way(o, text, "cannot make the directory", rc) : 0;
}

/* ---- files without a name -------------------------------------------------------------------- */

/* In the nearest directory that is there: what will be made between is on its file system. -1 if
 * there is no such file. It has its mode from the beginning: nobody finds it. */
static int create_unnamed(struct output *o, const char *path, mode_t mode)
{
    const char *last;
    struct str folder = *o->missing ? STR("") : folder_of(o, path, &last);
    if (o->in_place || output_folder_near(&o->folder, o->top, folder) < 0) {
        return -1;
    }
    CLEANUP_CLOSE int fd = openat(o->folder.fd, ".", NEW_FILE | O_TMPFILE, mode);
    if (fd >= 0 && (unsigned)fd >= o->descriptors) {
        o->in_place = true; /* none is given back before all are written */
        return -1;
    }
    return STEAL_FD(fd);
}

/* Gives a file its name in the folder that was entered. */
static errint link_unnamed(const struct output *o, int fd, const char *name)
{
    char link[64];
    print_link(fd, link);
    return linkat(AT_FDCWD, link, o->folder.fd, name, AT_SYMLINK_FOLLOW) != 0 ? -errno : 0;
}

/* ---- files with a name for the time being ---------------------------------------------------- */

/* Another one each time; NULL when memory is short. */
static char *temporary_name(void)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    unsigned char random[6];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return NULL;
    }
    char *name = strdup(OUTPUT_TEMPORARY);
    for (size_t i = 0; name && i < sizeof(random); i++) {
        name[strlen(OUTPUT_TEMPORARY) - sizeof(random) + i] = digits[random[i] % 32];
    }
    return name;
}

/* A name in the folder that was entered, for f, which is unnamed so far, or for a new file. */
static errint make_temporary(const struct output *o, struct output_file *f)
{
    bool new = f->fd < 0;
    errint rc = -EEXIST;
    for (unsigned i = 0; rc == -EEXIST && i < NAMES_TRIED; i++) {
        CLEANUP_FREE char *name = temporary_name();
        if (!name) {
            return -ENOMEM;
        }
        if (new) {
            f->fd = openat(o->folder.fd, name, NEW_FILE | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
            rc = f->fd < 0 ? -errno : 0;
        } else {
            rc = link_unnamed(o, f->fd, name);
        }
        f->temporary = rc == 0 ? STEAL(name) : NULL;
    }
    return rc;
}

/* ---- one file -------------------------------------------------------------------------------- */

/* With a name of its own for the time being, which only its owner may read before it is whole. */
static errint create_named(struct output *o, const char *path, struct output_file *f)
{
    const char *last;
    errint rc = output_folder(o, path, &last);
    if (rc < 0) {
        return rc;
    }
    return make_temporary(o, f);
}

errint output_create(struct output *o, const char *path, mode_t mode, struct output_file *out)
{
    *out = (struct output_file){.fd = create_unnamed(o, path, mode)};
    if (out->fd < 0) {
        errint rc = make_above(o, path);
        if (rc < 0) {
            return rc;
        }
        rc = create_named(o, path, out);
        if (rc < 0) {
            return complain_way(o, path, "cannot be made", rc);
        }
    }
    out->device = o->folder.device;
    return 0;
}

void output_written(struct output_file *f)
{
    if (f->temporary) {
        cleanup_close(&f->fd);
        f->fd = -1;
    }
}

errint output_sync(struct output *o, const char *path, const struct output_file *f)
{
    const char *last;
    CLEANUP_CLOSE int own = -1;
    if (f->temporary) {
        errint rc = output_folder(o, path, &last);
        if (rc < 0) {
            return complain_way(o, path, "cannot be written", rc);
        }
        own = openat(o->folder.fd, f->temporary, NEW_FILE | O_NOFOLLOW);
    }
    int fd = f->temporary ? own : f->fd;
    return fd < 0 || syncfs(fd) != 0 ? complain(o, path, "cannot be written", errno) : 0;
}

/* Its temporary name becomes the name. */
static errint rename_to(int folder, const char *name, bool replace, const struct output_file *f)
{
    int rc = replace ? renameat(folder, f->temporary, folder, name)
                     : renameat2(folder, f->temporary, folder, name, RENAME_NOREPLACE);
    if (rc != 0 && !replace &&
        (errno == EINVAL || errno == ENOSYS)) { /* a file system without it */
        rc = linkat(folder, f->temporary, folder, name, 0);
        if (rc == 0) {
            unlinkat(folder, f->temporary, 0);
        }
    }
    return rc != 0 ? -errno : 0;
}

static errint try_name(struct output *o, const char *path, bool replace, struct output_file *f)
{
    const char *name;
    errint rc = output_folder(o, path, &name);
    if (rc == 0 && !f->temporary) {
        rc = link_unnamed(o, f->fd, name);
        if (rc == -EEXIST && replace) {
            rc = make_temporary(o, f);
        }
    }
    return rc == 0 && f->temporary ? rename_to(o->folder.fd, name, replace, f) : rc;
}

errint output_give_name(struct output *o, const char *path, bool replace, struct output_file *f)
{
    errint rc = try_name(o, path, replace, f);
    if (rc == -ENOENT) { /* as long as there is no such directory */
        rc = make_above(o, path);
        if (rc < 0) {
            return rc;
        }
        rc = try_name(o, path, replace, f);
    }
    if (rc < 0) {
        return complain_way(o, path, "cannot be given its name", rc);
    }
    output_drop(f);
    f->named = true;
    return 0;
}

void output_take_back(struct output *o, const char *path, bool keep, struct output_file *f)
{
    const char *last;
    bool there = (f->temporary || (f->named && !keep)) && output_folder(o, path, &last) == 0;
    if (there) {
        unlinkat(o->folder.fd, f->temporary ? f->temporary : last, 0);
    }
    output_drop(f);
}

void output_drop(struct output_file *f)
{
    cleanup_close(&f->fd);
    free(f->temporary);
    *f = (struct output_file){.fd = -1, .named = f->named};
}
