/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cause.h"

#include <pthread.h>
#include <stdlib.h>

struct kept {
    const void *owner; /* NULL: free */
    struct cause cause;
};

/* A hash table of what was kept, at most half full. It lives as long as the process. */
static struct {
    pthread_mutex_t lock;
    struct kept *slots;
    size_t size; /* a power of two, or 0 */
    size_t used;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct cause last;

void cause_clear(void)
{
    last = (struct cause){0};
}

void cause_note(struct cause c)
{
    if (last.kind == CAUSE_NONE) {
        last = c;
    }
}

struct cause cause_last(void)
{
    return last;
}

bool cause_same(const struct cause *a, const struct cause *b)
{
    return a->kind == b->kind && a->rc == b->rc && a->what == b->what && a->number == b->number;
}

static uint64_t mixed(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 32);
}

uint64_t cause_hash(const struct cause *c)
{
    return mixed(mixed(mixed(mixed(0, c->kind), (uint64_t)c->rc), (uintptr_t)c->what), c->number);
}

/* The slot of `owner`, or the free one where it belongs. There is a free one. */
static struct kept *slot_of(struct kept *slots, size_t size, const void *owner)
{
    size_t at = mixed(0, (uintptr_t)owner) & (size - 1);
    while (slots[at].owner && slots[at].owner != owner) {
        at = (at + 1) & (size - 1);
    }
    return &slots[at];
}

/* Makes room for one more; false when memory is short. */
static bool make_room(void)
{
    if (table.used < table.size / 2) {
        return true;
    }
    size_t size = table.size ? 2 * table.size : 16;
    struct kept *slots = calloc(size, sizeof(*slots));
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < table.size; i++) {
        if (table.slots[i].owner) {
            *slot_of(slots, size, table.slots[i].owner) = table.slots[i];
        }
    }
    free(table.slots);
    table.slots = slots;
    table.size = size;
    return true;
}

void cause_keep(const void *owner)
{
    pthread_mutex_lock(&table.lock);
    if (make_room()) {
        struct kept *slot = slot_of(table.slots, table.size, owner);
        table.used += !slot->owner;
        *slot = (struct kept){owner, last};
    }
    pthread_mutex_unlock(&table.lock);
}

void cause_recall(const void *owner)
{
    pthread_mutex_lock(&table.lock);
    if (table.size) {
        const struct kept *slot = slot_of(table.slots, table.size, owner);
        if (slot->owner) {
            cause_note(slot->cause);
        }
    }
    pthread_mutex_unlock(&table.lock);
}
