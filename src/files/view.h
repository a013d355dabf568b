/* SPDX-License-Identifier: Apache-2.0 */
/* A view: checkpoint, map, plan and tree in one, opened once and then const. Both programs begin here. */
#ifndef CKPTFS_FILES_VIEW_H
#define CKPTFS_FILES_VIEW_H

#include "base/diag.h"
#include "base/errint.h"
#include "files/tree.h"
#include "format/catalog.h"
#include "map/map.h"
#include "plan/plan.h"

struct view {
    struct map *map;    /* owns; never NULL in an open view */
    struct graph graph; /* the target graph: of the map, and of the graph file; in graph_arena or the map's */
    struct arena graph_arena;
    struct catalog *catalog; /* owns */
    struct plan *plan;       /* owns */
    struct tree *tree;       /* owns */
    const char *checkpoint;  /* as the user or the map gave it */
};

enum view_depth {
    VIEW_CATALOG, /* checkpoint only: no map is read */
    VIEW_PLAN,    /* map, checkpoint, plan, tree: enough for a report; data files need not be there */
    VIEW_DATA,    /* and shards open: ready to read */
};

struct view_request {
    const char *checkpoint; /* NULL: [checkpoint] path of the map */
    const char *map;        /* path of the map file; NULL: what `extra` says, else the map `/ = /` */
    const char *graph;      /* -o graph=, -g: a graph file or another checkpoint; NULL: none */
    struct map_extra extra; /* rules, declarations and names of the command line */
    enum view_depth depth;
};

/* view_open: opens everything that was asked for; all errors of a run are in d. *out is never left undefined: even when this fails it holds what could be
 * opened (NULL members for the rest), for a report with errors, and must be given to view_close. */
MUST_CHECK errint view_open(const struct view_request *request, struct diag *d, struct view *out);
void view_close(struct view *v);

#endif
