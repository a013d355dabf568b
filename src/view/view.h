/* SPDX-License-Identifier: Apache-2.0 */
/* A view: checkpoint, map, plan and tree in one, opened once and then const. Both programs begin
 * here. */
#ifndef CKPTFS_VIEW_VIEW_H
#define CKPTFS_VIEW_VIEW_H

#include "base/diag.h"
#include "base/errint.h"
#include "map/map.h"
#include "plan/dropped.h"
#include "plan/plan.h"
#include "render/spot_check.h"
#include "render/verified.h"
#include "source/catalog.h"
#include "view/formats/format.h"
#include "view/formats/variables.h"
#include "view/sidecars.h"
#include "view/tree.h"

/* A checkpoint of the view. */
struct view_member {
    const char *given; /* as the user or the map gave it */
    const char *label; /* the name that the map gives it; NULL: it has none */
    uint32_t number;   /* of the map's named ones, from 1; 0: it has no name */
    struct catalog *catalog;
    struct dropped dropped; /* of the catalog, as the map says */
};

struct view {
    struct map *map; /* owns; never NULL in an open view */
    struct graph
        graph; /* the target graph: of the map, and of the graph file; in arena or the map's */
    struct arena arena;          /* of the graph, and of names */
    struct view_member *members; /* the one without a name first, if there is one; in arena */
    uint32_t member_count;
    bool *filters_act;         /* of each filter of the map: it matches something; in arena */
    struct catalog *catalog;   /* owns; of all members */
    struct verified *verified; /* owns; NULL before data files are open */
    struct spot_check spots;   /* what was looked at */
    struct plan *plan;         /* owns */
    struct tree *tree;         /* owns */
    struct view_variables variables;
    struct formats formats; /* not open after errors */
    struct sidecars sidecars;
    struct made_file *made; /* owns: all files that are no targets, but the reports; in the mount, a
                               variable may hide one */
    uint32_t made_count;
    unsigned listed;        /* set of FORMAT_BITs: the kinds that directories list */
    const char *checkpoint; /* as the user or the map gave it: the one without a name, or else the
                               first one */
};

/* Opens those data files that are wanted of a view whose other parts are open: 0, or a failure
 * that is in d. */
typedef errint view_opener(struct view *v, struct diag *d, void *context);

enum view_depth {
    VIEW_CATALOG, /* checkpoint only: no map is read */
    VIEW_PLAN, /* map, checkpoint, plan, tree: enough for a report; data files need not be there */
    VIEW_DATA, /* and shards and sidecars open: ready to read */
};

struct view_request {
    const char *checkpoint; /* NULL: [checkpoint] path of the map */
    const char *map;   /* path of the map file; NULL: what `extra` says, else the map `/ = /` */
    const char *graph; /* -o graph=, -g: a graph file or another checkpoint; NULL: none */
    struct map_extra extra; /* rules, declarations and names of the command line */
    bool list_npy;          /* directories list .npy files, whatever the map says */
    bool compact;           /* as `shards = compact` of the map */
    bool explained;         /* the plan explains what operations make */
    bool values_only;       /* no file of the mount is wanted: nothing is said of them but errors */
    bool targets_only;      /* likewise, and no files are made of the plan: neither `tree` nor
                               `formats` */
    enum view_depth depth;
    const char *const *words; /* others of the command line, one of which may be the checkpoint */
    int word_count;
    view_opener *open_data; /* NULL: with VIEW_DATA, of all data files that targets are made of */
    void *context;          /* for it */
    bool no_spot_check; /* -o noverify: open data files are not looked at (render/spot_check.h) */
    enum verified_mode verified; /* of the view's `verified` */
};

/* view_open: opens everything that was asked for; all errors of a run are in d. Where index, V1
 * file or data file were replaced meanwhile, or the state file when something was not found, it
 * begins anew, VIEW_AGAIN_MOST times; if that goes on, it is an error. *out is never left
 * undefined: even when this fails it holds what could be opened (NULL members for the rest), for a
 * report with errors, and must be given to view_close. */
enum { VIEW_AGAIN_MOST = 3 };
MUST_CHECK errint view_open(const struct view_request *request, struct diag *d, struct view *out);
void view_close(struct view *v);

/* view_reader: one that has read nothing yet, of an open view. */
static inline struct reader view_reader(const struct view *v)
{
    return (struct reader){.catalog = v->catalog, .verified = v->verified};
}

/* view_map_text: the content of .ckptfs/map.ini: the map as read, or the text of the identity
 * map. */
struct str view_map_text(const struct view *v);

#endif
