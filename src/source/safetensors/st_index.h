/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a model in several safetensors files, `model.safetensors.index.json`:
 *
 *     {"metadata": {...}, "weight_map": {"TENSOR": "FILE", ...}}
 *
 * FILE is the name of a file in the directory of the index. Other members are nobody's business. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_INDEX_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum { ST_FILES_MOST = 1 << 14 };

/* A member of the weight map. */
struct st_place {
    const char *name_ptr;
    uint32_t name_len;
    uint32_t file; /* number of the file */
};

static inline struct str st_place_name(const struct st_place *p)
{
    return str_of(p->name_ptr, p->name_len);
}

struct st_index {
    struct arena arena; /* owns names and files */
    struct stat st;
    struct st_place *places; /* owns; sorted by name, names are unique */
    size_t count;
    size_t cap;
    const char **files; /* owns; names, sorted */
    uint32_t file_count;
    size_t file_cap;
};

/* st_index_read: the index at `path`. To be given to st_index_fini in either case. Errors are in d:
 * -EBADMSG, -EOVERFLOW for a limit, else as io_open. */
MUST_CHECK errint st_index_read(const char *path, struct diag *d, struct st_index *out);
void st_index_fini(struct st_index *x);

/* st_index_find: the place of the tensor of that name, or NULL. O(log n). */
const struct st_place *st_index_find(const struct st_index *x, struct str name);

#endif
