/* SPDX-License-Identifier: Apache-2.0 */
/* A map and the files that it includes, read as one: their lines, with the values of parameters in
 * them.
 *
 * A file stands below the one that includes it; where several do, below the first, and its lines
 * stand there, once. Its parameters are everybody's: a value of the command line wins, then that of
 * a file over those of the files below it; of files of which none is below the other, the later
 * one's. A path of an included file that had another value of one than the last is an error. */
#ifndef CKPTFS_MAP_MAP_FILES_H
#define CKPTFS_MAP_MAP_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"
#include "map/ini.h"
#include "map/map.h"
#include "map/parameters.h"

enum {
    MAP_FILES_MOST = 64,
    MAP_DEPTH_MOST = 8, /* files below the first one, one below the other */
};

struct map_file {
    const char *path; /* of an included one against the folder of the file that includes it */
    struct str text;
    struct stat st;
    uint32_t above; /* number of the file that includes it; of the first one, 0 */
    uint32_t line;  /* of the file above, where it is included */
    unsigned depth; /* of the first one, 0 */
    struct ini_file ini;
};

struct map_files {
    struct map_file *list; /* the first one is the map; MAP_FILES_MOST have room */
    uint32_t count;
    struct parameters parameters;
    struct map_use *uses; /* of parameters, in paths of included files; in `scratch` */
    size_t use_count;
    size_t use_cap;
    struct arena *arena;   /* borrows: of paths and texts */
    struct arena *scratch; /* borrows: of lines and parameters */
    struct diag *d;        /* borrows */
};

/* map_files_add_map: the first file, whose text is there; all are borrowed. -ENOMEM. */
MUST_CHECK errint map_files_add_map(struct map_files *f, const char *path, struct str text,
                                    const struct stat *st);

/* map_files_read: opens what the map includes, sets the parameters, `sets` of the command line
 * first, and reads the lines of all files. What is wrong is in the diag; -EINVAL, or what else the
 * first error was. -ENOMEM. */
MUST_CHECK errint map_files_read(struct map_files *f, const char *const *sets, uint32_t set_count);

/* map_files_below: the number of the file that line `line` of file `above` includes; 0: there is
 * none, which was said, or its lines stand where an earlier line includes it. */
uint32_t map_files_below(const struct map_files *f, uint32_t above, uint32_t line);

/* map_text_check: the error of a file that is no map at all: one, not one for each of its lines. */
MUST_CHECK errint map_text_check(struct str text, const char *path, struct diag *d);

#endif
