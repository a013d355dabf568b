/* SPDX-License-Identifier: Apache-2.0 */
/* The dtypes of safetensors. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_DTYPE_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_DTYPE_H

#include <stdint.h>

#include "base/str.h"

struct st_dtype {
    const char *name; /* "F32" */
    uint8_t dtype;    /* enum dtype; DTYPE_INVALID where there is none for it */
    uint8_t bits;     /* of an element */
    const char *why;  /* it cannot be shown; NULL: it can */
};

/* st_dtype_find: the dtype of that name; NULL: it is not known. */
const struct st_dtype *st_dtype_find(struct str name);

#endif
