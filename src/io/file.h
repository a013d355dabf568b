/* SPDX-License-Identifier: Apache-2.0 */
/* Files by their paths: what is wrong with one, what is in a folder, and the whole text of one.
 * Files that are read in parts are ios (io_file.h). */
#ifndef CKPTFS_IO_FILE_H
#define CKPTFS_IO_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"

/* file_why: the words for io_open's `rc`; where access was denied, those of d (diag.h) as well.
 * They live as long as d, which may be NULL. */
const char *file_why(struct diag *d, errint rc);

/* file_complain: adds the error "PATH: cannot open: ..." that belongs to io_open's `rc`, under
 * `code`, and returns rc. */
errint file_complain(struct diag *d, enum diag_code code, const char *path, errint rc);

/* file_stat: stat(path). file_list: opendir(path), NULL with errno as it sets it. file_next: the
 * next entry; NULL at the end, and where that cannot be found out, which sets *rc (0 else). What is
 * no answer is noted (trouble.h). */
MUST_CHECK errint file_stat(const char *path, struct stat *st);
DIR *file_list(const char *path);
const struct dirent *file_next(DIR *dir, errint *rc);

/* file_read_text: the whole file, allocated in `a`, at most `limit` bytes; failures are in d. */
MUST_CHECK errint file_read_text(const char *path, size_t limit, struct arena *a, struct str *text,
                                 struct stat *st, struct diag *d);

#endif
