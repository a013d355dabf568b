/* SPDX-License-Identifier: Apache-2.0 */
/* The whole map file: [checkpoint], [assignment_map], [variables]. ([view] and [files] come with what they
 * configure.) */
#ifndef CKPTFS_MAP_MAP_H
#define CKPTFS_MAP_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/graph.h"
#include "map/rule.h"

enum { MAP_TEXT_MOST = 64 << 20 }; /* bytes of a map file */

struct map {
    struct arena arena;       /* owns all below */
    const char *path;         /* as given; NULL for the map of map_identity */
    struct stat st;           /* of the file; all 0 after map_parse and map_identity */
    struct str text;          /* the file as read, byte for byte */
    const char *checkpoint;   /* [checkpoint] path, resolved against the map's folder; NULL if absent */
    const struct rule *rules; /* in TensorFlow's order: by source name, the same in the order of lines */
    uint32_t rule_count;
    struct graph graph;
};

/* map_open: reads and parses `path`. Everything that is wrong in it is reported, not the first alone. On
 * failure *out is NULL. The caller closes it with map_close. */
MUST_CHECK errint map_open(const char *path, struct diag *d, struct map **out);

/* map_parse: the same from text that is already there (copied); `path` names it in messages and is the
 * base of relative paths. */
MUST_CHECK errint map_parse(struct str text, const char *path, struct diag *d, struct map **out);

/* map_identity: the map that is used when none is given, `/ = /`. */
MUST_CHECK errint map_identity(struct diag *d, struct map **out);

/* map_where: "map.ini:3" for a rule of m, in buf; "(no map)" for the identity map. Returns buf. */
const char *map_where(const struct map *m, uint32_t line, char buf[static 4096 + 16]);

/* map_close: frees m; NULL is legal. */
void map_close(struct map *m);

#endif
