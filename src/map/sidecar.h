/* SPDX-License-Identifier: Apache-2.0 */
/* [files] of a map: real files, and folders of such, that are shown at the root of the mount,
 * beside the tensors. */
#ifndef CKPTFS_MAP_SIDECAR_H
#define CKPTFS_MAP_SIDECAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/ini.h"

enum { SIDECARS_MOST = 1000 }; /* of a view, those in folders too: each is held open */

struct sidecar {
    struct str name;    /* in the mount */
    const char *path;   /* of the file or folder, against the map's folder; with `beside`, against
                           that of the checkpoint */
    bool folder;        /* NAME/ = PATH/: all that is in it */
    bool optional;      /* ?NAME = PATH: what is missing is left out */
    bool beside;        /* NAME = @/PATH: beside the checkpoint; `path` is PATH, "" its folder */
    struct position at; /* in the map */
};

/* sidecar_parse: `NAME = PATH` or `NAME/ = PATH/`, either with a `?` before it, and with a path
 * that begins with `@/`; texts are allocated in `a`, the position's file is borrowed. Nothing is
 * opened.
 * -EINVAL with the error in d, -ENOMEM. */
MUST_CHECK errint sidecar_parse(const struct ini_item *item, struct arena *a, struct sidecar *out,
                                struct diag *d);

#endif
