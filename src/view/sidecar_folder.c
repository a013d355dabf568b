/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/grow.h"
#include "io/file.h"
#include "view/sidecar_list.h"

/* The names in one folder. */
struct names {
    char **names; /* owns, as each of them */
    size_t count;
    size_t cap;
};

static void names_fini(struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->names[i]);
    }
    free(n->names);
}

static void close_dir(DIR **dir)
{
    if (*dir) {
        closedir(*dir);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those in `fd`, sorted; as many as may be looked at yet, and one. */
static errint read_names(const struct sidecar_list *l, int fd, struct names *out)
{
    CLEANUP_CLOSE int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    CLEANUP(close_dir) DIR *dir = own < 0 ? NULL : fdopendir(own);
    if (!dir) {
        return -errno;
    }
    own = -1;
    errno = 0;
    for (struct dirent *e;
         l->entries + out->count <= FOLDER_ENTRIES && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        char *name = strdup(e->d_name);
        if (!name || !grow(&out->names, &out->cap, out->count, sizeof(*out->names))) {
            free(name);
            return -ENOMEM;
        }
        out->names[out->count++] = name;
        errno = 0;
    }
    if (errno) {
        return -errno;
    }
    if (out->count) {
        qsort(out->names, out->count, sizeof(*out->names), by_name);
    }
    return 0;
}

/* The regular file that entry `name` of a directory is, or that it leads to as a link that is none
 * to another link; and the directory that it is in. False if there is none. */
static bool find_home(int at, const char *name, struct stat *file, struct stat *home)
{
    char text[PATH_MAX];
    ssize_t len = readlinkat(at, name, text, sizeof(text) - 1);
    if (len < 0) {
        snprintf(text, sizeof(text), "%s", name);
    } else {
        text[len] = '\0';
    }
    if (fstatat(at, text, file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file->st_mode)) {
        return false;
    }
    char *slash = strrchr(text, '/');
    if (slash) {
        slash[slash == text] = '\0';
    }
    return fstatat(at, slash ? text : ".", home, 0) == 0;
}

void sidecar_add_home(struct sidecar_list *l, const char *dir, const char *name)
{
    CLEANUP_CLOSE int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat file;
    if (at >= 0 && l->home_count < SIDECAR_HOMES &&
        find_home(at, name, &file, &l->homes[l->home_count])) {
        l->home_count++;
    }
}

/* Whether a link in a folder of the SavedModel's own is followed; then `out` is what it leads to,
 * where it was the link. */
static bool is_followed(const struct sidecar_list *l, int fd, const char *entry, struct stat *out)
{
    struct stat file;
    struct stat home;
    if ((geteuid() == 0 && out->st_uid != 0) || !find_home(fd, entry, &file, &home)) {
        return false;
    }
    for (unsigned i = 0; i < l->home_count; i++) {
        if (l->homes[i].st_dev == home.st_dev && l->homes[i].st_ino == home.st_ino) {
            *out = file;
            return true;
        }
    }
    return false;
}

/* Why one of that name and kind is not shown; NULL if it is. */
static const char *why_not(const char *name, mode_t mode)
{
    CLEANUP_BUF struct buf shown = {0};
    escape_component(&shown, str_from(name));
    if (shown.failed || !str_eq(buf_view(&shown), str_from(name))) {
        return "the mount would not show its name as it is";
    }
    if (S_ISREG(mode) || S_ISDIR(mode)) {
        return NULL;
    }
    return S_ISLNK(mode) ? "it is a symbolic link, and those in a folder are not followed: name a "
                           "copy of the folder, made with `cp -rL`"
                         : "it is not a regular file";
}

static errint add_entries(struct sidecar_list *l, int fd, const struct sidecar_file *folder,
                          unsigned depth);

static errint add_entry(struct sidecar_list *l, int fd, const char *entry,
                        const struct sidecar_file *folder, unsigned depth)
{
    struct sidecar_file f = {.name = arena_printf(l->arena, "%s/%s", folder->name, entry),
                             .path = arena_printf(l->arena, "%s/%s", folder->path, entry),
                             .at = folder->at,
                             .below = true};
    if (!f.name || !f.path) {
        return diag_no_memory(l->diag);
    }
    if (fstatat(fd, entry, &f.st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : sidecar_problem(l, &f, "%s", file_why(l->diag, -errno));
    }
    if (S_ISLNK(f.st.st_mode) && !folder->at.file) {
        (void)is_followed(l, fd, entry, &f.st);
    }
    const char *why = why_not(entry, f.st.st_mode);
    if (why) {
        diag_warn_at(l->diag, DIAG_UNSUPPORTED, sidecar_position(&f), str_from(f.name),
                     "'%s' is left out: %s", diag_visible(l->diag, str_from(f.name)), why);
        return 0;
    }
    if (S_ISREG(f.st.st_mode)) {
        return sidecar_add(l, f);
    }
    CLEANUP_CLOSE int below = openat(fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return below < 0 ? sidecar_problem(l, &f, "%s", file_why(l->diag, -errno))
                     : add_entries(l, below, &f, depth + 1);
}

static errint add_entries(struct sidecar_list *l, int fd, const struct sidecar_file *folder,
                          unsigned depth)
{
    CLEANUP(names_fini) struct names names = {0};
    if (depth > FOLDER_DEPTH) {
        return sidecar_problem(l, folder, "it is the %uth folder in another", depth);
    }
    errint rc = read_names(l, fd, &names);
    if (rc < 0) {
        return rc == -ENOMEM ? diag_no_memory(l->diag)
                             : sidecar_problem(l, folder, "%s", strerror(-rc));
    }
    l->entries += (uint32_t)names.count;
    if (l->entries > FOLDER_ENTRIES) {
        return sidecar_problem(l, folder,
                               "there is more in it than the %d entries that are looked at",
                               FOLDER_ENTRIES);
    }
    for (size_t i = 0; rc == 0 && i < names.count; i++) {
        rc = add_entry(l, fd, names.names[i], folder, depth);
    }
    return rc;
}

errint sidecar_add_folder(struct sidecar_list *l, const struct sidecar_file *folder)
{
    /* A link that the map does not name may lead anywhere. */
    int follow = folder->at.file ? 0 : O_NOFOLLOW;
    CLEANUP_CLOSE int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
    uint32_t before = l->count;
    if (fd < 0) {
        errint rc = -errno;
        struct stat st;
        bool link = follow && lstat(folder->path, &st) == 0 && S_ISLNK(st.st_mode);
        if (rc == -ENOENT) {
            return rc;
        }
        return sidecar_problem(
            l, folder, "%s",
            link ? "it is a symbolic link, which is followed where [files] names it"
                 : file_why(l->diag, rc));
    }
    errint rc = add_entries(l, fd, folder, 1);
    if (rc == -EOVERFLOW) {
        l->count = before;
        rc = sidecar_problem(l, folder, "with its files there are more than the %d that are shown",
                             SIDECARS_MOST);
    }
    if (rc == 0 && folder->at.file && l->count == before) {
        diag_warn_at(l->diag, DIAG_UNSUPPORTED, folder->at, str_from(folder->name),
                     "there are no files in the folder '%s'",
                     diag_visible(l->diag, str_from(folder->path)));
    }
    return rc;
}
