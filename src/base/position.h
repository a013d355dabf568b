/* SPDX-License-Identifier: Apache-2.0 */
/* The place that a message is about: a file, or a line of it. */
#ifndef CKPTFS_BASE_POSITION_H
#define CKPTFS_BASE_POSITION_H

#include <stdint.h>

#include "base/buf.h"

struct position {
    const char *file; /* borrows; as the user gave it, or "assign" for what -a gives; NULL: no place
                         is known */
    uint32_t line;    /* from 1; 0: the file as a whole */
};

/* position_file: the whole of `file`, borrowed. */
static inline struct position position_file(const char *file)
{
    return (struct position){file, 0};
}

/* position_print: adds "map.ini:3" to b, or "map.ini" for the whole file; nothing if no place is
 * known. position_visible: the same, with the file's name as buf_visible shows it. */
void position_print(struct buf *b, struct position at);
void position_visible(struct buf *b, struct position at);

#endif
