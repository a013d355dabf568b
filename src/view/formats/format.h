/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of file that show tensors: the interface of one, and the table of all. Listing, opening,
 * attributes, reports and exports go by the table.
 *
 * A kind has files of its own, in which many tensors are, or one file for each target. Of those for
 * each target, raw is the target's node itself, and npy lies beside it (view/content.h). */
#ifndef CKPTFS_VIEW_FORMATS_FORMAT_H
#define CKPTFS_VIEW_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/errint.h"
#include "map/map.h"
#include "view/formats/variables.h"
#include "view/layout.h"

struct tree;

/* The rows, in the order in which messages and reports name them. A set of kinds is a sum of
 * FORMAT_BITs. */
enum format {
    FORMAT_RAW,
    FORMAT_NPY,
    FORMAT_TENSORFLOW,
    FORMAT_SAFETENSORS,
    FORMAT_COUNT,
};

#define FORMAT_BIT(format) (1u << (format))

enum content_need {
    CONTENT_SIZE,  /* only the size is sure to be right */
    CONTENT_BYTES, /* the bytes can be read, too */
};

enum { CONTENT_HEADER_MOST = 8 << 10 }; /* bytes */

/* The layout of an open file, and room for what is made anew for each open one. The layout may
 * borrow from the rest: do not copy it. */
struct content {
    struct layout layout;
    struct extent own[2];
    char header[CONTENT_HEADER_MOST];
};

/* What is known of one of a kind's own files before it is opened. */
struct format_file {
    const char *path;     /* in the mount; borrowed from the state. NULL: the view has none */
    bool sized;           /* its size is found without reading or building anything */
    bool lists;           /* it has names of tensors, as else only index and map have: whoever may
                             not read these may not read it */
    bool has_values;      /* it has bytes of the checkpoint's data files: of any, or of `source` */
    struct shard *source; /* the data file that it is, byte for byte; NULL: none */
    unsigned rank;        /* in an export, those of rank 0 get their names first: the others point
                             to them */
};

struct view_format {
    const char *name;        /* in `files =` and reports */
    const char *export_name; /* of `ckptool export --format` */
    bool unlisted;           /* directories list it only if `files =` names it */

    /* Why the variable is not in such a file; NULL if it is. */
    const char *(*refusal)(const void *state, const struct view_variable *l);

    /* A kind with one file for each target has this, and all from `open` on is NULL. The file's
     * layout; *out and `t` must outlive it. Errors as of npy_layout. */
    errint (*target_layout)(struct reader *r, const struct target *t, struct content *out);
    const char *suffix; /* the file lies beside the target's, with this after its name; NULL: it is
                           the target's */

    /* A kind with files of its own has what follows. `open` decides which there are, and reads
     * nothing; *state is the kind's own, and borrows all that it is given. On failure it is NULL,
     * and the error is in d. */
    errint (*open)(struct catalog *c, const struct view_variables *l,
                   const struct view_options *options, struct diag *d, void **state);
    uint32_t (*count)(const void *state); /* files have numbers below it */
    void (*file)(const void *state, uint32_t i, struct format_file *out);

    /* The layout of file i, borrowed from the state and *out. What is built once may take its time,
     * and others wait for it, as r's waiter says (base/once.h). Errors as of content_open. Any
     * thread. */
    errint (*layout)(void *state, uint32_t i, enum content_need need, struct reader *r,
                     struct content *out);
    void (*close)(void *state);

    /* What else a kind may have; each may be NULL. */

    /* Whether `t`, a hidden tensor, is in its files all the same. */
    bool (*keeps)(const void *state, const struct tensor *t);
    /* Warns of what readers will not find as in the checkpoint, without an error of their own. */
    void (*warn)(const void *state, const struct tree *t, const struct map *m, struct diag *d);
    /* Adds lines of .ckptfs/stats. */
    void (*stats)(const void *state, struct buf *b);
};

extern const struct view_format *const view_formats[FORMAT_COUNT];

/* The states of all kinds, by row. */
struct formats {
    void *state[FORMAT_COUNT]; /* owns; NULL: the kind has none */
    bool open;                 /* all are there */
};

/* formats_open: opens all. On failure, *out has those before. */
MUST_CHECK errint formats_open(struct catalog *c, const struct view_variables *l,
                               const struct view_options *options, struct diag *d,
                               struct formats *out);
void formats_close(struct formats *f);

/* format_names: the names of all, to the array of FORMAT_COUNT, for the map's parser. */
struct format_names format_names(const char **names);

/* formats_default: the kinds that directories list if no map says it. */
unsigned formats_default(void);

#endif
