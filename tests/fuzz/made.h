/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a recipe makes, and what is known of the values in them: the truth that a view is
 * held against. All of it is made without the code of src/, but for the table of dtypes. A lack of
 * memory ends the program. */
#ifndef CKPTFS_TESTS_FUZZ_MADE_H
#define CKPTFS_TESTS_FUZZ_MADE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/recipe.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

enum {
    MADE_CHECKPOINTS = 4,
    MADE_TENSORS = 128, /* of a checkpoint */
    MADE_RUNS = 16,     /* of a tensor */
    MADE_RANK = 12,
    MADE_TENSOR_BYTES = 64 << 10, /* values of larger ones are not all made, nor known */
    MADE_STRINGS = 8 << 10,       /* elements likewise, each of which has a checksum in variants */
    MADE_VARIANTS = 64,
    MADE_PAST = 1500000000, /* seconds */
    MADE_FILES = 48,        /* with content that is kept, to tell what was damaged */
};

/* Bytes of a tensor that have a checksum of their own: all of it, or a stored slice. */
struct made_run {
    uint32_t file; /* index into made.files */
    uint64_t off;
    uint64_t bytes;
    bool damaged; /* the file has other bytes there, or they were given a wrong checksum: */
    bool wrong;
};

struct made_tensor {
    struct mkbuf key;
    unsigned dtype; /* a number, of a type or not */
    unsigned rank;
    int64_t dims[MADE_RANK];
    uint64_t elements;
    struct mkbuf values; /* little-endian elements in C order; strings one after the other */
    struct mkbuf ends;   /* of strings: where each ends, in 8 bytes */
    bool known;          /* the record says what was stored, and `values` are all of them */
    bool damaged;        /* any run of it is */
    unsigned run_count;
    struct made_run runs[MADE_RUNS];
};

struct made_checkpoint {
    char prefix[256]; /* path */
    bool legacy;
    unsigned shards; /* of version 1: PREFIX-?????-of-N; 0: the file is PREFIX */
    bool big_endian;
    unsigned count;
    struct made_tensor tensors[MADE_TENSORS];
};

struct kept_file {
    char path[512];
    struct mkbuf bytes; /* as made */
    /* Of what was there when a view was opened, and what is now: */
    uint64_t inode;
    uint64_t size;
    bool replaced; /* its path leads to another file, or to none */
    bool resized;
    bool sneaked;   /* its bytes are others, and its mtime is not; or */
    bool explained; /* something else that moves its ctime is told by its attributes */
    bool hidden;    /* both: its bytes are others, and no time tells */
    bool written;   /* since it was looked at; and, after that, */
    bool lost;      /* replaced: what the view has of it cannot be looked at */
};

struct made {
    struct tmpdir dir;
    unsigned count;
    struct made_checkpoint *checkpoints[MADE_CHECKPOINTS];
    unsigned file_count;
    struct kept_file files[MADE_FILES];
};

/* made_begin: an empty folder. made_end: nothing is left of it. */
void made_begin(struct made *m);
void made_end(struct made *m);

/* made_path: the path of a file of that name, as a recipe writes it, in the folder; NULL for a name
 * that would lead out of it, or is too long. Good until the next call. */
const char *made_path(const struct made *m, struct str name);

/* made_write: the file `path`, and the folders above it; its times lie in the past, so that any
 * change is seen. Returns its index in m->files, -1 if it is one too many. */
int made_write(struct made *m, const char *path, const struct mkbuf *bytes);

/* made_set_times: of the file `path`; MADE_PAST is that of a file that was just made. */
void made_set_times(const char *path, int64_t seconds);

/* made_change: does what the lines of a section `damage` or `change` say (made_change.c). */
void made_change(struct made *m, struct str lines);

/* made_look: sets `damaged` of all runs and tensors by what the files are now. With `held`, a view
 * holds the files that were there at the last call without, and it is never taken back. */
void made_look(struct made *m, bool held);

/* What a prefix names, or a pattern: several where they are the parts of one. */
struct made_found {
    const struct made_checkpoint *of[MADE_CHECKPOINTS];
    unsigned count;
    bool legacy;
};

/* made_find: the checkpoints that `prefix`, as a location has it, is about. made_tensor_find: the
 * tensor of that key in them; NULL where there is none, or several have parts of it. */
struct made_found made_find(const struct made *m, const char *prefix);
const struct made_tensor *made_tensor_find(const struct made_found *f, struct str key);

/* What sections make; each adds to m what it has room for. make_bundle and make_legacy: of a
 * checkpoint. make_graph: of a graph file, a SavedModel if `saved`. */
void make_bundle(struct made *m, const struct section *s);
void make_legacy(struct made *m, const struct section *s);
void make_graph(struct made *m, const struct section *s, bool saved);

/* made_checkpoint_add: an empty one of the prefix that is the first word of s->head; NULL where
 * there is no room for it, or no such path. */
struct made_checkpoint *made_checkpoint_add(struct made *m, const struct section *s);

/* made_tensor_add: a tensor of a line `NAME DTYPE DIMS WORD...` (pad=BYTES more of the name), with
 * its values (values.c) and without runs; *words are the rest of the line. NULL where there is no
 * room for it, or it is no such line. */
struct made_tensor *made_tensor_add(struct made_checkpoint *c, struct str line, struct str *words);

/* values_fill: the values of t, as `fill=` in words says, and `known`. */
void values_fill(struct made_tensor *t, struct str words);

/* values_string: element i of a tensor of strings. */
struct str values_string(const struct made_tensor *t, uint64_t i);

/* A box of a tensor: made_parts: cuts t as `parts=AXIS:COUNT` in words says, evenly, the first
 * parts one longer; returns how many there are, 0 where nothing is cut. values_of_box: its
 * elements, one after the other. */
struct made_box {
    int64_t start[MADE_RANK];
    int64_t len[MADE_RANK];
};
unsigned made_parts(const struct made_tensor *t, struct str words, struct made_box *out);
void values_of_box(const struct made_tensor *t, const struct made_box *b, struct made_tensor *out);

/* made_objects: the message of the object graph that the lines beginning with @ say; empty if there
 * is none. */
void made_objects(struct mkbuf *out, struct str lines);

/* made_object_line: adds to node number `of` the fields that one of those lines has for it. */
void made_object_line(struct mkbuf *node, unsigned of, struct str line);

#endif
