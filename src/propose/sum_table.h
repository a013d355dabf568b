/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from fingerprints to numbers. */
#ifndef CKPTFS_PROPOSE_SUM_TABLE_H
#define CKPTFS_PROPOSE_SUM_TABLE_H

#include <stdint.h>
#include <stdlib.h>

#include "base/errint.h"

#define SUM_TABLE_NONE UINT32_MAX

struct sum_slot {
    uint64_t sum;
    uint32_t number;
};

struct sum_table {
    struct sum_slot *slots; /* owns (malloc) */
    uint64_t mask;
};

/* sum_table_init: room for `count` of them. -ENOMEM. sum_table_fini: frees it. */
MUST_CHECK static inline errint sum_table_init(struct sum_table *t, uint32_t count)
{
    uint64_t size = 16;
    while (size < (uint64_t)count * 2) {
        size *= 2;
    }
    *t = (struct sum_table){malloc(size * sizeof(*t->slots)), size - 1};
    for (uint64_t i = 0; t->slots && i < size; i++) {
        t->slots[i].number = SUM_TABLE_NONE;
    }
    return t->slots ? 0 : -ENOMEM;
}

static inline void sum_table_fini(struct sum_table *t)
{
    free(t->slots);
}

/* sum_table_find: the number of that fingerprint, or SUM_TABLE_NONE. */
static inline uint32_t sum_table_find(const struct sum_table *t, uint64_t sum)
{
    uint64_t i = sum & t->mask;
    while (t->slots[i].number != SUM_TABLE_NONE && t->slots[i].sum != sum) {
        i = (i + 1) & t->mask;
    }
    return t->slots[i].number;
}

/* sum_table_add: unless the fingerprint is there already. */
static inline void sum_table_add(struct sum_table *t, uint64_t sum, uint32_t number)
{
    uint64_t i = sum & t->mask;
    while (t->slots[i].number != SUM_TABLE_NONE && t->slots[i].sum != sum) {
        i = (i + 1) & t->mask;
    }
    if (t->slots[i].number == SUM_TABLE_NONE) {
        t->slots[i] = (struct sum_slot){sum, number};
    }
}

#endif
