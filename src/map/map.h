/* SPDX-License-Identifier: Apache-2.0 */
/* The whole map file: [checkpoint], [assignment_map], [variables], [view], [files]. */
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
#include "map/named_checkpoint.h"
#include "map/rule.h"
#include "map/sidecar.h"
#include "map/view_options.h"

enum { MAP_TEXT_MOST = 64 << 20 }; /* bytes of a map file, with all that it includes */

/* By which of their names the tensors of an object-based checkpoint are known: [checkpoint]
 * names. */
enum map_names {
    MAP_NAMES_UNSAID, /* as MAP_NAMES_KEY */
    MAP_NAMES_KEY,
    MAP_NAMES_FRIENDLY,
};

/* What the command line adds to a map, or is instead of one: rules `SRC=DST | ...`, declarations
 * `NAME=DTYPE SHAPE`, patterns as in `drop` and `keep` of [view]. Their positions are "assign:1",
 * "define:1", "drop:1", "keep:1", "set:1", "prefer:1". And what a map may say of
 * the layers above. */
struct map_extra {
    const char *const *assign;
    uint32_t assign_count;
    const char *const *define;
    uint32_t define_count;
    const char *const *drop;
    uint32_t drop_count;
    const char *const *keep;
    uint32_t keep_count;
    const char *const *set; /* parameters, `NAME=VALUE`: instead of the map's */
    uint32_t set_count;
    const char *prefer;          /* instead of what the map says; NULL: nothing is said */
    enum map_names names;        /* unless MAP_NAMES_UNSAID, instead of the map's */
    struct format_names formats; /* that `files =` of [view] may name */
    const struct op_table *ops;  /* that rules may have; NULL: `partition` and `cast`
                                    alone, in plain rules */
};

/* A file that a map includes. */
struct map_included {
    const char *path;
    struct stat st;
};

struct map {
    struct arena arena;                  /* owns all below */
    const char *path;                    /* as given; NULL for the map of map_identity */
    struct stat st;                      /* of the file; all 0 after map_parse and map_identity */
    struct str text;                     /* the file as read, byte for byte */
    const struct map_included *included; /* in the order in which they were opened */
    uint32_t included_count;
    const char
        *checkpoint;      /* [checkpoint] path, resolved against the map's folder; NULL if absent */
    enum map_names names; /* [checkpoint] names */
    struct named_checkpoints named; /* of the sections [checkpoint NAME] */
    const struct rule *rules; /* the plain ones in TensorFlow's order, by source name, then the
                                 others; equals in order of lines */
    uint32_t rule_count;
    struct graph graph;             /* of [variables] and define= */
    struct view_options view;       /* [view] */
    const struct sidecar *sidecars; /* [files] */
    uint32_t sidecar_count;
    bool graph_broken; /* some declaration was not understood: what is not in `graph` may have been
                          meant to be */
};

/* map_names_parse: "key" or "friendly"; false for anything else. */
bool map_names_parse(struct str text, enum map_names *out);

/* map_open: reads and parses `path`, then what `extra` adds (NULL: nothing). Without a path the map
 * is `extra` alone; where that has no rule either, the rule is `/ = /`. Everything that is wrong in
 * it is reported, not the first alone. On failure *out has what could be understood, so that it can
 * be held against a checkpoint and all errors reported in one run; NULL only if nothing could. The
 * caller closes it with map_close. */
MUST_CHECK errint map_open(const char *path, const struct map_extra *extra, struct diag *d,
                           struct map **out);

/* map_parse: the same from text that is already there (copied); `path` names it in messages and is
 * the base of relative paths. */
MUST_CHECK errint map_parse(struct str text, const char *path, struct diag *d, struct map **out);

/* map_close: frees m; NULL is legal. */
void map_close(struct map *m);

#endif
