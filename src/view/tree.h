/* SPDX-License-Identifier: Apache-2.0 */
/* The directories and files of the mount. Knows no FUSE.
 *
 * Nodes are numbered from 0 (the root) so that the children of a directory are consecutive and
 * sorted bytewise by name. They have the same numbers in every mount of the same plan. Inodes are
 * numbered by files (content.h). */
#ifndef CKPTFS_VIEW_TREE_H
#define CKPTFS_VIEW_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "plan/plan.h"

enum node_kind {
    NODE_DIR,
    NODE_TARGET,  /* bytes of a target */
    NODE_FORMAT,  /* a file of a kind that has its own (formats/format.h) */
    NODE_TEXT,    /* of .ckptfs/ (enum text) */
    NODE_SIDECAR, /* a real file (sidecars.h) */
};

enum text {
    TEXT_MAP,         /* .ckptfs/map.ini */
    TEXT_REPORT_TEXT, /* .ckptfs/report.txt; it and those that follow: rendered when read, size 0 */
    TEXT_REPORT_JSON,
    TEXT_STATS,  /* .ckptfs/stats */
    TEXT_FAULTS, /* .ckptfs/faults */
};

/* A file of the mount that is no target. */
struct made_file {
    const char *path; /* in the mount: its components are file names */
    enum node_kind kind;
    uint8_t format;     /* NODE_FORMAT: enum format */
    uint32_t number;    /* NODE_FORMAT: in its format; NODE_TEXT: enum text; else of its kind */
    struct position at; /* in the map, of one that it names; else its file is NULL */
};

struct node {
    const char *name; /* path component, not NUL-terminated */
    uint32_t parent;  /* index; the root's is itself */
    union {
        uint32_t first_child; /* NODE_DIR: index of the first child */
        uint32_t target;      /* NODE_TARGET: index into plan.targets */
        uint32_t number;      /* else: made_file.number */
    };
    uint32_t child_count; /* NODE_DIR */
    uint16_t name_len;
    uint8_t kind; /* enum node_kind */
    union {
        bool made;      /* NODE_DIR: it leads to files that are no targets */
        uint8_t format; /* NODE_FORMAT: enum format */
    };
};

_Static_assert(sizeof(struct node) == 24, "there is one for each tensor, of millions");

struct moved {
    struct str name; /* a variable whose children moved, as "w" */
    struct str to;   /* the directory they moved to, as a path: "w.d" */
};

struct tree {
    struct arena arena;
    const struct node *nodes;
    uint32_t count;
    const uint32_t *target_node; /* for each target of the plan, its node */
    const struct moved *moved;   /* names that are both variable and scope */
    uint32_t moved_count;
};

enum { TREE_ROOT = 0 };

/* tree_build: the tree of `p`, of `files`, and of the reports under .ckptfs/. The plan and the
 * paths of the files are borrowed as long as the tree lives. A name that is both a variable and a
 * scope keeps its path, its children move to NAME.d (NAME.d.d where that is taken too); names that
 * a file system cannot hold are escaped (base/escape.h). Two targets that meet at one path are an
 * error that names both. A variable or a scope that has the path of another file wins, with a
 * warning; against one that the map names it is an error. */
MUST_CHECK errint tree_build(const struct plan *p, const struct made_file *files,
                             uint32_t file_count, struct diag *d, struct tree **out);
void tree_close(struct tree *t);

/* tree_lookup: the child of directory `dir` with that name: its index, or -ENOENT. O(log
 * children). */
int64_t tree_lookup(const struct tree *t, uint32_t dir, struct str name);

/* tree_find: the node that a path from the root leads to, whose components are file names; -ENOENT,
 * -ENOTDIR. */
int64_t tree_find(const struct tree *t, struct str path);

/* tree_path: adds the path of `node` from the root, without a leading slash, to b. */
void tree_path(const struct tree *t, uint32_t node, struct buf *b);

static inline struct str node_name(const struct node *n)
{
    return str_of(n->name, n->name_len);
}

#endif
