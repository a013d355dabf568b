/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/mountpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"

enum { READAHEAD_KIB = 2048 }; /* two requests of 256 pages, so that two workers fill them side by side */

/* What /proc/self/mountinfo says of the uppermost mount at a path. */
struct mounted {
    bool any;
    bool ours;
    unsigned major, minor;
};

/* The octal escapes of mountinfo, undone in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static void cleanup_fclose(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

static struct mounted find_mounted(const char *path)
{
    struct mounted found = {0};
    CLEANUP(cleanup_fclose) FILE *file = fopen("/proc/self/mountinfo", "re");
    CLEANUP_FREE char *line = NULL;
    size_t cap = 0;
    while (file && getline(&line, &cap, file) > 0) {
        /* 36 35 98:0 /root /mount/point options ... - type source options */
        char *rest = line;
        char *fields[5];
        for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
            fields[i] = strsep(&rest, " ");
        }
        const char *type = rest ? strstr(rest, " - ") : NULL;
        if (!type) {
            continue;
        }
        unescape(fields[4]);
        unsigned major, minor;
        if (strcmp(fields[4], path) == 0 && sscanf(fields[2], "%u:%u", &major, &minor) == 2) {
            bool ours = strncmp(type + 3, "fuse.ckptfs ", 12) == 0;
            found = (struct mounted){true, ours, major, minor};
        }
    }
    return found;
}

/* realpath() of all but the last component, so that a stale mount is not touched. */
static errint real_parent(const char *path, char out[static PATH_MAX])
{
    CLEANUP_FREE char *copy = strdup(path);
    if (!copy) {
        return -ENOMEM;
    }
    size_t len = strlen(copy);
    while (len > 1 && copy[len - 1] == '/') {
        copy[--len] = '\0';
    }
    char *slash = strrchr(copy, '/');
    const char *last = slash ? slash + 1 : copy;
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
        return realpath(copy, out) ? 0 : -errno;
    }
    char parent[PATH_MAX];
    const char *dir = !slash ? "." : slash == copy ? "/" : copy;
    if (slash && slash != copy) {
        *slash = '\0';
    }
    if (!realpath(dir, parent)) {
        return -errno;
    }
    int need = snprintf(out, PATH_MAX, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, last);
    return need < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static const char *remedy(void)
{
    return geteuid() == 0 ? "umount" : "fusermount3 -u";
}

/* 1 if the directory holds something, 0 if not. */
static errint holds_entries(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return -errno;
    }
    const struct dirent *entry;
    int found = 0;
    errno = 0;
    while (!found && (entry = readdir(dir)) != NULL) {
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    errint rc = !found && errno ? -errno : found;
    closedir(dir);
    return rc;
}

/* What is wrong with the directory, as text for after its path; NULL if nothing. */
static const char *fault_of(const char *path, const struct mountpoint *m, bool nonempty, errint *rc,
                            char text[static 512])
{
    struct stat st;
    if (*rc == 0 && stat(path, &st) != 0) {
        *rc = -errno;
    }
    if (*rc == -ENOTCONN || *rc == -ECONNABORTED) {
        snprintf(text, 512, "a stale mount is there (%s); first run: %s", strerror(-*rc), remedy());
        return text;
    }
    if (*rc == -ENOENT) {
        return "the mount point does not exist";
    }
    if (*rc < 0) {
        snprintf(text, 512, "cannot mount there: %s", strerror(-*rc));
        return text;
    }
    if (!S_ISDIR(st.st_mode)) {
        *rc = -ENOTDIR;
        return "the mount point is no directory";
    }
    errint holds = nonempty ? 0 : holds_entries(path);
    if (holds < 0) {
        *rc = holds;
        snprintf(text, 512, "cannot list the mount point: %s", strerror(-holds));
        return text;
    }
    if (holds && find_mounted(m->path).ours) {
        *rc = -EBUSY;
        snprintf(text, 512, "a checkpoint is mounted there already; first run: %s", remedy());
        return text;
    }
    if (holds) {
        *rc = -ENOTEMPTY;
        return "the mount point is not empty (-o nonempty mounts over it)";
    }
    return NULL;
}

errint mountpoint_check(const char *path, bool nonempty, struct mountpoint *out)
{
    errint rc = realpath(path, out->path) ? 0 : -errno;
    char text[512];
    const char *fault = fault_of(path, out, nonempty, &rc, text);
    if (fault) {
        CLEANUP_BUF struct buf visible = {0};
        buf_visible(&visible, str_from(path));
        bool run = strstr(fault, "first run: ") != NULL;
        log_error("%s: %s%s%s", buf_view(&visible).ptr, fault, run ? " " : "",
                  run ? buf_view(&visible).ptr : "");
    }
    return rc;
}

void mountpoint_complain(const struct mountpoint *m, const char *what)
{
    CLEANUP_BUF struct buf visible = {0};
    buf_visible(&visible, str_from(m->path));
    log_error("%s: %s", buf_view(&visible).ptr, what);
}

static errint write_text(const char *path, const char *text)
{
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        return -errno;
    }
    return 0;
}

void mountpoint_readahead(const struct mountpoint *m)
{
    struct mounted found = find_mounted(m->path);
    char path[64];
    char value[16];
    snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", found.major, found.minor);
    snprintf(value, sizeof(value), "%d", READAHEAD_KIB);
    errint rc = found.any ? write_text(path, value) : -ENOENT;
    if (rc < 0) {
        log_debug("readahead stays as it is: %s: %s", path, strerror(-rc));
    }
}

void mountpoint_abort(const struct mountpoint *m)
{
    struct mounted found = find_mounted(m->path);
    char path[64];
    snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", found.minor);
    errint rc = found.ours ? write_text(path, "1") : -ENOENT;
    if (rc < 0) {
        log_warning("cannot abort the connection: %s", strerror(-rc));
    }
}

extern char **environ;

/* Runs `fusermount3 -u`; what it says, one line and no more than fits, is in `said`. */
static errint run_fusermount(const char *path, char said[static 512])
{
    char *argv[] = {(char *)(uintptr_t) "fusermount3", (char *)(uintptr_t) "-u", (char *)(uintptr_t) "--",
                    (char *)(uintptr_t)path, NULL};
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return -errno;
    }
    CLEANUP_CLOSE int from = fds[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    pid_t pid;
    int rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (rc != 0) {
        snprintf(said, 512, "cannot run fusermount3: %s", strerror(rc));
        return -rc;
    }
    size_t len = 0;
    for (ssize_t got; len < 511 && (got = read(from, said + len, 511 - len)) > 0;) {
        len += (size_t)got;
    }
    said[len] = '\0';
    said[strcspn(said, "\n")] = '\0';
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

errint mountpoint_unmount(const char *path)
{
    struct mountpoint m;
    errint rc = real_parent(path, m.path);
    if (rc == 0 && !find_mounted(m.path).ours) {
        /* Perhaps the last component is a link to it. */
        rc = realpath(path, m.path) ? 0 : -errno;
    }
    CLEANUP_BUF struct buf visible = {0};
    buf_visible(&visible, str_from(path));
    if (rc == 0 && !find_mounted(m.path).ours) {
        log_error("%s: no checkpoint is mounted there", buf_view(&visible).ptr);
        return -EINVAL;
    }
    char said[512] = "";
    if (rc == 0 && geteuid() != 0) {
        rc = run_fusermount(m.path, said);
    } else if (rc == 0 && umount2(m.path, UMOUNT_NOFOLLOW) != 0) {
        rc = -errno;
    }
    if (rc < 0) {
        const char *why = said[0] ? said : strerror(-rc);
        if (rc == -EBUSY || strstr(said, strerror(EBUSY))) {
            why = "some process has files of it open";
        }
        log_error("%s: cannot unmount: %s", buf_view(&visible).ptr, why);
    }
    return rc;
}
