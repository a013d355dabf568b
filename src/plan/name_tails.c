/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/name_tails.h"

#include <stdlib.h>

/* The last 8 bytes; of a shorter text all, and zeros before it. */
static uint64_t tail_of(struct str text)
{
    uint64_t word = 0;
    struct str last = text.len > sizeof(word) ? str_from_pos(text, text.len - sizeof(word)) : text;
    for (size_t i = 0; i < last.len; i++) {
        word = word >> 8 | (uint64_t)(unsigned char)last.ptr[i] << 56;
    }
    return word;
}

errint name_tails_make(struct name_tails *t, const struct catalog *c)
{
    if (t->words) {
        return 0;
    }
    t->words = calloc((size_t)c->count + 1, sizeof(*t->words));
    if (!t->words) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        t->words[i] = tail_of(tensor_name(&c->tensors[i]));
    }
    t->count = c->count;
    return 0;
}

void name_tails_fini(struct name_tails *t)
{
    free(t->words);
    *t = (struct name_tails){0};
}

uint32_t name_tails_find(const struct name_tails *t, struct str suffix, uint32_t from)
{
    uint64_t wanted = tail_of(suffix);
    uint64_t mask = suffix.len < sizeof(mask) ? ~(UINT64_MAX >> 8 * suffix.len) : UINT64_MAX;
    while (from < t->count && (t->words[from] ^ wanted) & mask) {
        from++;
    }
    return from;
}
