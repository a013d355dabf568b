/* SPDX-License-Identifier: Apache-2.0 */
/* Views of real checkpoints for unit tests, ready to be read: of a golden, or of one that mkckpt.h
 * writes. Failures end the program. */
#ifndef CKPTFS_TESTS_OPENED_H
#define CKPTFS_TESTS_OPENED_H

#include <stdbool.h>
#include <stddef.h>

#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "view/view.h"

struct opened {
    char golden[256];  /* the path of a golden checkpoint, which the view borrows */
    struct tmpdir dir; /* of the map, and for the test's own files */
    struct view view;
    struct diag diag;
    errint rc;
};

/* opened_view: the view of `checkpoint` under a map of that text; NULL: without a map. Fails where
 * that fails. */
void opened_view(struct opened *o, const char *checkpoint, const char *map);

/* opened_unlooked: likewise, although its data files have other bytes than the index says. */
void opened_unlooked(struct opened *o, const char *checkpoint, const char *map);

/* opened_golden: likewise of the golden checkpoint `name`, relative to tests/golden. */
void opened_golden(struct opened *o, const char *name, const char *map);

/* opened_made: likewise of a checkpoint of these tensors, which is freed. */
void opened_made(struct opened *o, struct mkckpt *tensors, const char *map);

void opened_close(struct opened *o);

/* opened_add: a tensor of `c` in that shard, whose bytes go on counting from the number of tensors
 * before it. */
void opened_add(struct mkckpt *c, const char *name, unsigned dtype, unsigned rank,
                const int64_t *dims, unsigned shard);

/* opened_find: the variable of that name; fails if there is none. */
struct view_variable opened_find(const struct opened *o, const char *name);

/* opened_bytes: all bytes of the layout, malloc'ed, read in pieces of odd sizes. */
char *opened_bytes(const struct opened *o, const struct layout *l);

/* opened_target: likewise of a target, whose size is *bytes. */
char *opened_target(const struct opened *o, const struct target *t, size_t *bytes);

#endif
