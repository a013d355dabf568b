/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/errint.h"
#include "base/log.h"
#include "base/str.h"

enum { LINKS_MOST = 40 };

/* On the way. */
struct walk {
    int at; /* owns; O_PATH of the directory that was reached; -1 if it cannot be walked any more */
    unsigned links;
    bool decided;
    struct owner *out;
    char name[NAME_MAX + 1]; /* of the last component, if it is a prefix or a pattern */
};

static void decide_owner(struct walk *w, int fd, uid_t uid)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, w->out->of, sizeof(w->out->of) - 1);
    w->out->of[len < 0 ? 0 : len] = '\0';
    w->out->uid = uid;
    w->decided = true;
}

/* What cannot be looked at: whose it is, and so what is behind it, is not known. */
static void warn_unknown(const struct walk *w, const char *name, int error)
{
    char link[64];
    char folder[PATH_MAX];
    CLEANUP_BUF struct buf path = {0};
    snprintf(link, sizeof(link), "/proc/self/fd/%d", w->at);
    ssize_t len = readlink(link, folder, sizeof(folder));
    buf_visible(&path, str_of(folder, len < 0 ? 0 : (size_t)len));
    buf_text(&path, len == 1 ? "" : "/");
    buf_visible(&path, str_from(name));
    log_warning("%s: cannot be looked at, so its owner is not known: %s", buf_view(&path).ptr,
                strerror(error));
}

static void walk_on(struct walk *w, const char *path);

/* A link of root's leads on from where it lies. */
static void follow_link(struct walk *w, int link)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);
    if (len < 0) {
        warn_unknown(w, "", errno);
    }
    target[len < 0 ? 0 : len] = '\0';
    if (++w->links > LINKS_MOST || len <= 0) {
        cleanup_close(&w->at);
        w->at = -1;
        return;
    }
    walk_on(w, target);
}

static bool is_safetensors_index(struct str name)
{
    return str_ends(name, STR(".safetensors.index.json"));
}

/* A file at the end: of which prefix it is, if it says so; of an index of safetensors files the
 * name is whole. */
static bool take_prefix(struct walk *w, const char *name)
{
    static const char *const ends[] = {".index", ".meta"};
    struct str text = str_from(name);
    long len = is_safetensors_index(text) ? (long)text.len : str_search(text, STR(".data-"));
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
        struct str suffix = str_from(ends[i]);
        len = str_ends(text, suffix) ? (long)(text.len - suffix.len) : len;
    }
    snprintf(w->name, sizeof(w->name), "%.*s", (int)(len < 0 ? 0 : len), name);
    return w->name[0] != '\0';
}

/* One component; `last` if nothing comes after it. */
static void step_into(struct walk *w, const char *name, bool last)
{
    CLEANUP_CLOSE int next = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (next < 0 && errno == ENOENT && last) {
        snprintf(w->name, sizeof(w->name), "%s", name);
        return;
    }
    if (next < 0 || fstat(next, &st) != 0) {
        if (errno != ENOENT) {
            warn_unknown(w, name, errno);
        }
    } else {
        if (st.st_uid != 0) {
            decide_owner(w, next, st.st_uid);
            return;
        }
        if (S_ISLNK(st.st_mode)) {
            follow_link(w, next);
            return;
        }
        if (S_ISDIR(st.st_mode)) {
            cleanup_close(&w->at);
            w->at = STEAL_FD(next);
            return;
        }
        if (last && take_prefix(w, name)) {
            return;
        }
    }
    cleanup_close(&w->at); /* nothing to go on from, or to be looked at */
    w->at = -1;
}

static void walk_on(struct walk *w, const char *path)
{
    if (path[0] == '/') {
        cleanup_close(&w->at);
        w->at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    while (*path && w->at >= 0 && !w->decided && !w->name[0]) {
        char name[NAME_MAX + 1];
        size_t len = strcspn(path, "/");
        snprintf(name, sizeof(name), "%.*s", (int)(len > NAME_MAX ? NAME_MAX : len), path);
        path += len;
        path += strspn(path, "/");
        if (len > 0) {
            step_into(w, name, !*path);
        }
    }
}

/* Whether somebody else decides about entry `name` of the directory that was reached. */
static bool entry_decides(const struct walk *w, const char *name, struct owner *out)
{
    struct walk at = {
        .at = openat(w->at, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), .links = w->links, .out = out};
    walk_on(&at, name);
    cleanup_close(&at.at);
    return at.decided;
}

typedef bool wanted_name(const char *name, struct str beginning);

/* The first entry by name, of those that are wanted, that decides. *any is set if there is one that
 * is wanted. */
static bool some_entry_decides(const struct walk *w, wanted_name *wanted, struct str beginning,
                               bool *any)
{
    int fd = openat(w->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        warn_unknown(w, "", errno);
        cleanup_close(&fd);
        return false;
    }
    char first[NAME_MAX + 1] = "";
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        struct owner owner;
        const char *name = entry->d_name;
        if (name[0] == '.' || !wanted(name, beginning)) {
            continue;
        }
        *any = true;
        if ((!first[0] || strcmp(name, first) < 0) && entry_decides(w, name, &owner)) {
            snprintf(first, sizeof(first), "%s", name);
            *w->out = owner;
        }
    }
    if (errno) {
        warn_unknown(w, "", errno);
    }
    closedir(stream);
    return first[0] != '\0';
}

/* What files of a checkpoint, or those that lead to it, are called. */
static bool is_of_checkpoint(const char *name, struct str beginning)
{
    struct str text = str_from(name);
    (void)beginning;
    return str_eq(text, STR("checkpoint")) || str_eq(text, STR("variables")) ||
           str_starts(text, STR("saved_model.")) || str_ends(text, STR(".index")) ||
           str_search(text, STR(".data-")) >= 0 || str_search(text, STR("-of-")) >= 0 ||
           str_search(text, STR(".safetensors")) >= 0;
}

static bool begins_so(const char *name, struct str beginning)
{
    return str_starts(str_from(name), beginning);
}

/* Whether others than root can put entries into the directory that was reached. */
static bool others_write(const struct walk *w)
{
    struct stat st;
    return fstat(w->at, &st) != 0 || (st.st_mode & 0022) != 0;
}

/* In a directory of root's: the state file, which is text that names any path. Entries lead
 * elsewhere only if somebody else can put them there. A V1 file may have any name. */
static bool directory_decides(const struct walk *w)
{
    bool any = false;
    if (entry_decides(w, "checkpoint", w->out)) {
        return true;
    }
    return others_write(w) && (some_entry_decides(w, is_of_checkpoint, STR(""), &any) ||
                               (!any && some_entry_decides(w, begins_so, STR(""), &any)));
}

/* Of a prefix its index, and with it, as with an index of safetensors files, the data files if
 * somebody else can put them there; else the files that a pattern may match, or whose names only
 * begin so. */
static bool prefix_decides(const struct walk *w)
{
    char index[NAME_MAX + 1 + sizeof(".index")];
    struct stat st;
    bool any;
    snprintf(index, sizeof(index), "%s.index", w->name);
    if (fstatat(w->at, index, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        struct str with_dot = str_head(str_from(index), strlen(w->name) + 1);
        return entry_decides(w, index, w->out) ||
               (others_write(w) && some_entry_decides(w, begins_so, with_dot, &any));
    }
    if (errno != ENOENT) {
        warn_unknown(w, index, errno);
    }
    if (is_safetensors_index(str_from(w->name))) { /* it names others */
        return entry_decides(w, w->name, w->out) ||
               (others_write(w) && some_entry_decides(w, is_of_checkpoint, STR(""), &any));
    }
    struct str literal = str_head(str_from(w->name), strcspn(w->name, "*?[\\"));
    return some_entry_decides(w, begins_so, literal, &any);
}

/* To where a relative path begins. */
static void walk_to_start(struct walk *w)
{
    CLEANUP_FREE char *cwd = getcwd(NULL, 0);
    if (cwd) {
        walk_on(w, cwd);
    } else {
        w->at = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
}

bool owner_find(const char *path, struct owner *out)
{
    struct walk w = {.at = -1, .out = out};
    if (path[0] != '/') {
        walk_to_start(&w);
    }
    if (!w.decided) {
        walk_on(&w, path);
    }
    if (!w.decided && w.at >= 0) {
        w.decided = w.name[0] ? prefix_decides(&w) : directory_decides(&w);
    }
    cleanup_close(&w.at);
    return w.decided;
}
