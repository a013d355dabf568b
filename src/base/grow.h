/* SPDX-License-Identifier: Apache-2.0 */
/* An array from malloc that grows by doubling. realloc moves large ones by remapping, and pages
 * that were never touched are not resident: there is no second copy. In an arena: arena_grow
 * (arena.h). */
#ifndef CKPTFS_BASE_GROW_H
#define CKPTFS_BASE_GROW_H

#include <stdbool.h>
#include <stdlib.h>

#include "base/trouble.h"

/* grow: makes room for element number `count` of *array, `size` bytes each; `array` is the address
 * of the pointer. False when memory is short: all is then as it was. */
static inline bool grow(void *array, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 16;
    void *grown = realloc(*(void **)array, more * size);
    if (!grown) {
        trouble_note(NULL, -ENOMEM);
        return false;
    }
    *(void **)array = grown;
    *cap = more;
    return true;
}

#endif
