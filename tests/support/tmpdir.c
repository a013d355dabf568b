/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void tmpdir_make(struct tmpdir *t)
{
    const char *base = getenv("TMPDIR");
    snprintf(t->path, sizeof(t->path), "%s/ckptfs-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(t->path)) {
        perror(t->path);
        abort();
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void tmpdir_remove(struct tmpdir *t)
{
    if (nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        perror(t->path);
        abort();
    }
}

const char *tmpdir_path(const struct tmpdir *t, const char *name)
{
    static char paths[16][1024];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof(paths[0]), "%s/%s", t->path, name);
    return path;
}
