/* SPDX-License-Identifier: Apache-2.0 */
/* The member "__metadata__" of a header: an object of strings, such as {"format": "pt"}. Nothing of
 * it is kept. */
#ifndef CKPTFS_SOURCE_SAFETENSORS_ST_METADATA_H
#define CKPTFS_SOURCE_SAFETENSORS_ST_METADATA_H

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"
#include "codec/json_read.h"

/* st_metadata_check: reads the value. -EEXIST: *twice, in `a`, is the name of two of its members;
 * else errors are those of json_read.h. */
MUST_CHECK errint st_metadata_check(struct json_read *r, struct arena *a, struct str *twice);

#endif
