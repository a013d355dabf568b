/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a safetensors file.
 *
 *     8 bytes     length N of the header, little-endian, at most 100,000,000
 *     N bytes     JSON, which begins with '{' and may end with blanks:
 *                 {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ...}
 *     the rest    the tensors, C order, little-endian. BEGIN and END count from here
 *
 * The tensors lie one after the other, without overlaps and holes, and are all of the rest. A
 * member "__metadata__" is no tensor: it is an object of strings, which nobody needs.
 *
 * Whoever made the file may be hostile, and 100 MB are a million tensors. So the header is read by
 * a parser of our own (codec/json_read.h), a window at a time: what is kept is 64 bytes a tensor,
 * its name and its shape. jansson takes 1.07 GB and 2.9 s for a million; yajl streams, but takes
 * what is no JSON, and nobody looks after it. Where JSON leaves a choice, the strict one is taken:
 * a name that is there twice, a member that the format does not have, and a number with a point
 * are refused. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_HEADER_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum { ST_HEADER_MOST = 100 * 1000 * 1000, ST_TENSORS_MOST = 16 << 20 };

/* A tensor, as a header has it. What it takes was compared with its dtype and shape. */
struct st_tensor {
    const char *name_ptr; /* in the list's arena, as the dims are */
    const int64_t *dims;
    uint64_t off; /* of its first byte in the file */
    uint64_t bytes;
    uint32_t name_len;
    uint32_t file; /* number in the list */
    uint8_t rank;
    uint8_t dtype;     /* enum dtype; DTYPE_INVALID: it cannot be shown, for `words` */
    const char *words; /* NULL, or why it cannot be shown: "its dtype F4 ..." */
};

static inline struct str st_name(const struct st_tensor *t)
{
    return str_of(t->name_ptr, t->name_len);
}

struct st_file {
    const char *path; /* borrows */
    struct stat st;   /* as it was when its header was read */
};

/* The tensors of several files. */
struct st_list {
    struct arena arena;        /* owns names, dims and words */
    struct st_tensor *tensors; /* owns */
    size_t count;
    size_t cap;
    struct st_file *files; /* borrows: as many as the caller has */
    const char *words;     /* those of the newest dtype that is not known */
    struct str unknown;    /* that dtype */
    const int64_t *dims;   /* of the newest tensor, which the next one often shares */
    uint8_t rank;
};

void st_list_init(struct st_list *l, struct st_file *files);
void st_list_fini(struct st_list *l);

/* st_header_read: adds what the header of the file at l->files[file].path says. Every check of the
 * format is made but for names that are there twice (st_list_sort). Errors are in d: -EBADMSG,
 * -EOVERFLOW for a limit, else as io_open. */
MUST_CHECK errint st_header_read(struct st_list *l, uint32_t file, struct diag *d);

/* st_list_sort: sorts the tensors by name. */
void st_list_sort(struct st_list *l);

#endif
