/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator: many small objects that live and die together (catalog, map, plan, tree).
 *
 * An arena is owned by one thread while it grows; what it holds may be read by any thread. Every
 * allocation returns NULL when memory is short and leaves the arena as it was. Nothing is freed
 * alone. */
#ifndef CKPTFS_BASE_ARENA_H
#define CKPTFS_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/errint.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* owns; newest first */
    char *next;                 /* first free byte of the newest chunk */
    char *end;
    size_t chunk_bytes; /* size of the next chunk */
    size_t total_bytes; /* asked of malloc so far */
};

/* arena_init: an empty arena in the caller's storage. Allocates nothing. */
void arena_init(struct arena *a);

/* arena_fini: frees all. The arena may be used again as an empty one. NULL is legal. */
void arena_fini(struct arena *a);

/* arena_reset: forgets every object, keeps the newest chunk for reuse. */
void arena_reset(struct arena *a);

/* arena_take: all that is in `from` is in `a` from now on, where it is; `from` is empty. */
void arena_take(struct arena *a, struct arena *from);

/* arena_alloc: `bytes` bytes, not cleared, aligned for any object. */
void *arena_alloc(struct arena *a, size_t bytes);

/* arena_bytes: like arena_alloc without alignment, for text. */
char *arena_bytes(struct arena *a, size_t bytes);

/* arena_calloc: count * size bytes, cleared; NULL also when the product overflows. */
void *arena_calloc(struct arena *a, size_t count, size_t size);

/* arena_grow: makes room for element number `count` of *array, `size` bytes each, as grow (grow.h)
 * does, where *array is in `a`: what is outgrown stays there. `array` is the address of the
 * pointer. False when memory is short: all is then as it was. */
MUST_CHECK bool arena_grow(struct arena *a, void *array, size_t *cap, size_t count, size_t size);

/* arena_str: a copy of s (not NUL-terminated); ptr is NULL when memory is short. */
struct str arena_str(struct arena *a, struct str s);

/* arena_cstr: a NUL-terminated copy of s. */
char *arena_cstr(struct arena *a, struct str s);

/* arena_printf: a NUL-terminated formatted text, or NULL. */
FORMAT(2, 3) char *arena_printf(struct arena *a, const char *fmt, ...);

#define ARENA_NEW(a, type)          ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_calloc((a), (count), sizeof(type)))

#endif
