/* SPDX-License-Identifier: Apache-2.0 */
/* Unicode's canonical decompositions. Private to base/compose.c. */
#ifndef CKPTFS_BASE_COMPOSE_TABLE_H
#define CKPTFS_BASE_COMPOSE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* A character that is the same text as one or two others. */
struct composition {
    uint16_t whole;
    uint16_t first;
    uint16_t second; /* 0: none */
};

/* Ascending by `whole`. */
extern const struct composition composition_table[];
extern const size_t composition_count;

#endif
