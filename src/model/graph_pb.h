/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf leaves of a graph file, decoded with protobuf-c into plain structs; no generated
 * type leaves this module. Schemas: proto/meta_graph.proto.
 *
 * A record comes from wire_gather with the bits GRAPH_..._KNOWN, and has at most
 * GRAPH_LEAF_BYTES_MOST bytes. This bounds what protobuf-c makes of it: some 30 MiB of a hostile
 * record, well under 1 KiB of a real one. That, and the results, are in `scratch`; the caller
 * resets it between records. All functions return 0, -EBADMSG if the record is no such message, or
 * -ENOMEM. */
#ifndef CKPTFS_MODEL_GRAPH_PB_H
#define CKPTFS_MODEL_GRAPH_PB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

enum { GRAPH_LEAF_BYTES_MOST = 256 << 10 };

enum {
    GRAPH_VARIABLE_DEF_KNOWN = 1 << 1 | 1 << 4,
    GRAPH_ATTR_KNOWN = 1 << 6 | 1 << 7,
    GRAPH_SAVED_VARIABLE_KNOWN = 1 << 1 | 1 << 2 | 1 << 6,
};

/* Numbers as stored, not checked. */
struct graph_dims {
    const int64_t *dims;
    uint32_t rank;
    bool unknown_rank;
};

struct graph_variable_def {
    struct str name;  /* "w:0" */
    bool is_part;     /* it has slice info, which the rest is */
    struct str whole; /* full_name */
    struct graph_dims full;
    struct graph_dims offset;
    struct graph_dims shape;
};

struct graph_attr {
    int64_t type;            /* 0: none */
    struct graph_dims shape; /* of unknown rank if there is none */
};

struct graph_saved_variable {
    struct str name; /* may be empty */
    int64_t dtype;
    struct graph_dims shape;
};

MUST_CHECK errint graph_variable_def_decode(struct str record, struct arena *scratch,
                                            struct graph_variable_def *out);

MUST_CHECK errint graph_attr_decode(struct str record, struct arena *scratch,
                                    struct graph_attr *out);

MUST_CHECK errint graph_saved_variable_decode(struct str record, struct arena *scratch,
                                              struct graph_saved_variable *out);

#endif
