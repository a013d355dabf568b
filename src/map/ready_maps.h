/* SPDX-License-Identifier: Apache-2.0 */
/* The maps that come with the programs, which are found by name: `bert-to-hf` is `bert-to-hf.ini`
 * in their folder. That is found from where the program is, and by nothing that a user can set, so
 * that root can mount by name for others: ../share/ckptfs/maps from the folder of an installed
 * program, maps in that of one in its build folder. */
#ifndef CKPTFS_MAP_READY_MAPS_H
#define CKPTFS_MAP_READY_MAPS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum { READY_MAPS_MOST = 1000 };

struct ready_map {
    struct str name; /* without .ini */
    struct str what; /* the comment in its first line: what it is for; may be empty */
};

/* ready_map_path: *map, which may be NULL, becomes the path of the ready map that it names,
 * allocated in `a`. It stays what it is if it has a '/' or ends with .ini, is the name of a file in
 * the current directory, or names no ready map. -ENOMEM. */
MUST_CHECK errint ready_map_path(const char **map, struct arena *a);

/* ready_map_check: whether `map`, where ready_map_path has left it, can be a file: 0, or the error
 * that there is no such file and no ready map of that name, with the nearest one. */
MUST_CHECK errint ready_map_check(const char *map, struct diag *d);

/* ready_maps_list: all of them, by name, allocated in `a`. What cannot be read is an error in
 * `d`. */
MUST_CHECK errint ready_maps_list(struct arena *a, struct diag *d, struct ready_map **list,
                                  uint32_t *count);

#endif
