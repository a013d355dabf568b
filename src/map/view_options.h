/* SPDX-License-Identifier: Apache-2.0 */
/* What [view] of a map says: how targets are made, and which files the mount has. */
#ifndef CKPTFS_MAP_VIEW_OPTIONS_H
#define CKPTFS_MAP_VIEW_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "map/ini.h"
#include "map/name_filter.h"

/* What becomes of a variable whose declared dtype is not the checkpoint's. */
enum view_dtype {
    VIEW_DTYPE_STRICT, /* an error, as in TensorFlow */
    VIEW_DTYPE_CAST,   /* values are cast to the declared dtype when they are read */
    VIEW_DTYPE_SOURCE, /* the variable takes the checkpoint's dtype */
};

/* The names that `files =` has for the kinds of file that show tensors. The caller of map_open
 * gives them. A set of kinds is a sum of bits, in their order: the first one's is 1. */
struct format_names {
    const char *const *names; /* NULL: `files` is not looked at */
    unsigned count;
};

enum view_shards {
    VIEW_SHARDS_SOURCE,  /* TensorFlow's data files are the checkpoint's, wherever they can be */
    VIEW_SHARDS_COMPACT, /* one new data file, with the view's tensors and no others */
};

enum view_layout {
    VIEW_LAYOUT_FLAT, /* a directory that a Saver wrote: checkpoint, NAME.index, NAME.data-* */
    VIEW_LAYOUT_SAVEDMODEL, /* variables/variables.index, variables/variables.data-* */
};

/* Zeroed, it is what a map without [view] means. */
struct view_options {
    bool infer_undeclared; /* targets that no graph declares are inferred from the checkpoint */
    struct name_filters filters; /* `drop` and `keep` */
    bool prefer_ema;             /* moving averages are shown as the weights that they are of */
    struct position prefer_at;   /* which line says so */
    bool unused_is_error;        /* tensors that no rule uses are */
    bool skip_missing; /* declared variables that the checkpoint lacks are left out, and listed */
    enum view_dtype dtype;
    unsigned files; /* set of kinds that directories list; 0: the map does not say it */
    enum view_shards shards;
    enum view_layout layout;
    uint64_t shard_size; /* bytes of tensors that one safetensors file holds at most; 0: no limit */
    struct str name;     /* of the TensorFlow checkpoint; empty: one that no path of the view is */
    struct str safetensors; /* file name, with its suffix; empty: `name`, or "model", with it */
    uint32_t given;         /* a bit for each key that was there, so that a second is told */
};

/* view_prefer_parse: "ema" or "none"; false for anything else. */
bool view_prefer_parse(struct str text, bool *ema);

/* view_option_read: one line of [view]; texts are allocated in `a`. -EINVAL with
 * the error in d: an unknown key, a second one, a value that it cannot have. -ENOMEM. */
MUST_CHECK errint view_option_read(const struct ini_item *item, const struct format_names *formats,
                                   struct arena *a, struct view_options *out, struct diag *d);

#endif
