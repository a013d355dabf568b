/* SPDX-License-Identifier: Apache-2.0 */
/* Names that look the same: Unicode writes most letters with marks in two ways, as one character
 * (NFC, as most programs do) or as the letter and its marks (NFD, as macOS has it in file
 * names). */
#ifndef CKPTFS_BASE_COMPOSE_H
#define CKPTFS_BASE_COMPOSE_H

#include <stdbool.h>

#include "base/str.h"

/* compose_alike: whether a and b are different bytes for the same text, that is, differ in Unicode
 * composition alone. Marks have to be in the same order in both. Bytes that are no UTF-8 are
 * themselves. O(a.len + b.len). */
bool compose_alike(struct str a, struct str b);

#endif
