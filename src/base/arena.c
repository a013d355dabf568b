/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/trouble.h"

enum {
    CHUNK_FIRST = 16 << 10,
    CHUNK_MOST = 1 << 20,
    ALIGNMENT = 16,
};

struct arena_chunk {
    struct arena_chunk *older;
    size_t bytes; /* of the payload */
    _Alignas(ALIGNMENT) char payload[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){.chunk_bytes = CHUNK_FIRST};
}

static void free_from(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_fini(struct arena *a)
{
    if (a) {
        free_from(a->chunks);
        arena_init(a);
    }
}

void arena_reset(struct arena *a)
{
    if (a->chunks) {
        free_from(a->chunks->older);
        a->chunks->older = NULL;
        a->next = a->chunks->payload;
        a->total_bytes = a->chunks->bytes;
    }
}

void arena_take(struct arena *a, struct arena *from)
{
    struct arena_chunk **end = &from->chunks;
    while (*end) {
        end = &(*end)->older;
    }
    struct arena_chunk *taken = from->chunks;
    if (a->chunks) { /* behind the newest, in which there may be room */
        *end = a->chunks->older;
        a->chunks->older = taken ? taken : a->chunks->older;
    } else {
        a->chunks = taken;
        a->next = from->next;
        a->end = from->end;
    }
    a->total_bytes += from->total_bytes;
    arena_init(from);
}

/* Start a chunk that has room for `bytes`; a big object gets a chunk of its own size. */
static char *add_chunk(struct arena *a, size_t bytes)
{
    size_t payload = bytes > a->chunk_bytes ? bytes : a->chunk_bytes;
    if (payload > SIZE_MAX - sizeof(struct arena_chunk)) {
        return NULL;
    }
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + payload);
    if (!chunk) {
        trouble_note(NULL, -ENOMEM);
        return NULL;
    }
    chunk->older = a->chunks;
    chunk->bytes = payload;
    a->chunks = chunk;
    a->next = chunk->payload;
    a->end = chunk->payload + payload;
    a->total_bytes += payload;
    if (a->chunk_bytes < CHUNK_MOST) {
        a->chunk_bytes *= 2;
    }
    return a->next;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t pad = (size_t)(-(uintptr_t)a->next & (ALIGNMENT / 2 - 1));
    if (!a->next || pad + bytes < bytes || pad + bytes > (size_t)(a->end - a->next)) {
        if (!add_chunk(a, bytes)) {
            return NULL;
        }
        pad = 0;
    }
    char *object = a->next + pad;
    a->next = object + bytes;
    return object;
}

char *arena_bytes(struct arena *a, size_t bytes)
{
    if ((!a->next || bytes > (size_t)(a->end - a->next)) && !add_chunk(a, bytes)) {
        return NULL;
    }
    char *object = a->next;
    a->next = object + bytes;
    return object;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (!checked_mul_size(count, size, &bytes)) {
        return NULL;
    }
    void *object = arena_alloc(a, bytes);
    return object && bytes ? memset(object, 0, bytes) : object;
}

bool arena_grow(struct arena *a, void *array, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t bytes;
    size_t more = *cap ? *cap * 2 : 16;
    void *grown = checked_mul_size(more, size, &bytes) ? arena_alloc(a, bytes) : NULL;
    if (!grown) {
        return false;
    }
    if (count) {
        memcpy(grown, *(void **)array, count * size);
    }
    *(void **)array = grown;
    *cap = more;
    return true;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *copy = arena_bytes(a, s.len);
    if (!copy) {
        return (struct str){NULL, 0};
    }
    if (s.len) {
        memcpy(copy, s.ptr, s.len);
    }
    return (struct str){copy, s.len};
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *copy = s.len < SIZE_MAX ? arena_bytes(a, s.len + 1) : NULL;
    if (copy) {
        if (s.len) {
            memcpy(copy, s.ptr, s.len);
        }
        copy[s.len] = '\0';
    }
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_list again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_bytes(a, (size_t)len + 1);
    if (text) {
        vsnprintf(text, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    return text;
}
