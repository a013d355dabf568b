/* SPDX-License-Identifier: Apache-2.0 */
/* What has to hold of an open view, whatever it is of. Violations abort (FUZZ_CHECK). */
#ifndef CKPTFS_TESTS_FUZZ_CHECK_H
#define CKPTFS_TESTS_FUZZ_CHECK_H

#include "fuzz/made.h"
#include "view/content.h"
#include "view/view.h"

enum { CHECK_BYTES = 256 << 10 }; /* of a file are looked at in one piece */

/* What came of reading the first CHECK_BYTES of a file. */
struct check_file {
    errint rc;
    uint64_t size;
    uint8_t *bytes; /* owns; NULL where rc < 0 */
    size_t len;
};

struct check {
    struct view *view;
    struct made_found
        made;     /* what the view's checkpoint was made of; nothing where that is not known */
    bool verify;  /* it was opened with -o verify */
    bool few;     /* its shards are opened by path at each read */
    bool threads; /* and is read by several of them */
    struct check_file *files; /* owns; by number of content.h */
    struct reader reader;     /* of the view */
};

/* check_read: bytes [off, off+len) of a file into buf, as layout_read; *size is its size. */
MUST_CHECK ssize_t check_read(const struct check *c, struct reader *r, uint32_t file, uint64_t off,
                              size_t len, void *buf, uint64_t *size);

/* check_is_file: whether that number of content.h is a file whose bytes are the view's, and do not
 * change. */
bool check_is_file(const struct view *v, uint32_t file);

/* check_stat: of a file or directory; its size is that of its bytes. */
void check_stat(struct check *c, uint32_t file);

/* check_begin: reads all files of an open view. check_end: frees what was read. */
void check_begin(struct check *c, struct view *v);
void check_end(struct check *c);

/* check_files: names, sizes, attributes; all pieces are those of the whole. */
void check_files(struct check *c);

/* check_change: changes data files of `m`, as the lines say, and reads all again: what can be read
 * is what it was, all can be that was not damaged, and nothing else. */
void check_change(struct check *c, struct made *m, struct str lines);

/* check_values: raw files have the values that were made, cast as a second reading of the rules
 * says (support/ref_cast.h); where bytes are verified, none of a damaged tensor comes out. */
void check_values(struct check *c);

/* check_formats: NumPy's and safetensors' files say of the raw bytes what these are. check_index:
 * TensorFlow's index is a table, and its checksums are those of the data files' bytes; those of a
 * damaged tensor are not. */
void check_formats(struct check *c);
void check_index(struct check *c);

/* check_verify: `ckptool verify` finds what is damaged, and nothing else. */
void check_verify(struct check *c);

/* check_reports: of any view, also one that could not be opened: they are rendered, are JSON where
 * they should be, and safe on a terminal. */
void check_reports(const struct view *v, const struct diag *d);

/* check_target: what a target's bytes have to be. False where that is not known. *bytes are owned
 * by the caller; bad[i] of the elements cannot be cast. */
struct expected {
    uint8_t *bytes;
    bool *bad;
    size_t len;
    unsigned element; /* bytes */
    bool any_bad;
    bool damaged; /* a tensor that they are of is */
};
bool check_target(const struct check *c, const struct target *t, struct expected *out);
void expected_fini(struct expected *e);

/* check_may_fail: whether something of the checkpoint is damaged, or may be. That may be found at
 * any time, and then bytes of its neighbours in a data file cannot be read either. */
bool check_may_fail(const struct check *c);

/* check_source: the tensor as it was made; NULL where nothing is known of it. */
const struct made_tensor *check_source(const struct check *c, const struct tensor *t);

#endif
