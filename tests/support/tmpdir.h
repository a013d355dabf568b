/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for one test, under $TMPDIR or /tmp. Failures end the program. */
#ifndef CKPTFS_TESTS_TMPDIR_H
#define CKPTFS_TESTS_TMPDIR_H

struct tmpdir {
    char path[512];
};

void tmpdir_make(struct tmpdir *t);

/* tmpdir_remove: with all that is in it. */
void tmpdir_remove(struct tmpdir *t);

/* tmpdir_path: the path of `name` in it, good for 16 further calls. */
const char *tmpdir_path(const struct tmpdir *t, const char *name);

#endif
