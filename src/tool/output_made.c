/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/output_made.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "tool/output_folder.h"

errint output_made_add(struct output_made **list, size_t *count, size_t *cap, const char *name)
{
    char *kept = strdup(name);
    if (!kept || !grow(list, cap, *count, sizeof(**list))) {
        free(kept);
        return -ENOMEM;
    }
    (*list)[(*count)++] = (struct output_made){kept, -1, -1};
    return 0;
}

errint output_made_hold(struct output_made *m, int parent, int self)
{
    m->parent = fcntl(parent, F_DUPFD_CLOEXEC, 0);
    m->self = m->parent < 0 ? -1 : fcntl(self, F_DUPFD_CLOEXEC, 0);
    return m->self < 0 ? -errno : 0;
}

static bool is_at(int parent, const char *name, int self)
{
    struct stat there;
    struct stat own;
    return fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(self, &own) == 0 &&
           there.st_dev == own.st_dev && there.st_ino == own.st_ino;
}

/* Where it was made, or where it is by now. */
static void remove_held(const struct output_made *m)
{
    char link[64];
    char way[PATH_MAX];
    if (is_at(m->parent, m->name, m->self)) {
        unlinkat(m->parent, m->name, AT_REMOVEDIR);
        return;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", m->self);
    ssize_t len = readlink(link, way, sizeof(way) - 1);
    if (len > 0) {
        way[len] = '\0';
        if (is_at(AT_FDCWD, way, m->self)) {
            unlinkat(AT_FDCWD, way, AT_REMOVEDIR);
        }
    }
}

/* Through no symbolic link. */
static void remove_below(int top, const char *name)
{
    struct output_folder folder = {.fd = -1};
    struct str path = str_from(name);
    long slash = str_rfind(path, '/');
    if (output_folder_enter(&folder, top, str_head(path, slash < 0 ? 0 : (size_t)slash)) == 0) {
        unlinkat(folder.fd, name + slash + 1, AT_REMOVEDIR);
    }
    output_folder_leave(&folder);
}

static void drop_one(struct output_made *m)
{
    cleanup_close(&m->parent);
    cleanup_close(&m->self);
    free(m->name);
}

void output_made_remove(struct output_made *list, size_t count, int top)
{
    while (count > 0) {
        struct output_made *m = &list[--count];
        if (m->self >= 0) {
            remove_held(m);
        } else {
            remove_below(m->parent >= 0 ? m->parent : top, m->name);
        }
        drop_one(m);
    }
}

void output_made_drop(struct output_made *list, size_t count)
{
    while (count > 0) {
        drop_one(&list[--count]);
    }
    free(list);
}
