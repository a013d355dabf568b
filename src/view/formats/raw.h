/* SPDX-License-Identifier: Apache-2.0 */
/* A tensor as its elements alone, in C order and little-endian: what the target's node is. */
#ifndef CKPTFS_VIEW_FORMATS_RAW_H
#define CKPTFS_VIEW_FORMATS_RAW_H

#include "view/formats/format.h"

extern const struct view_format raw_format;

#endif
