/* SPDX-License-Identifier: Apache-2.0 */
/* What `ckptool stat` found, and the forms in which it is told. */
#ifndef CKPTFS_TOOL_STAT_H
#define CKPTFS_TOOL_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "compare/items.h"
#include "compare/moments.h"
#include "tool/tool.h"

struct stat_row {
    struct item item;
    struct moments moments; /* of no numbers, for strings */
    uint64_t least;         /* of a 64-bit integer type, exactly */
    uint64_t most;
    const char *fault; /* why it could not be read; NULL: it could */
};

struct stat_list {
    const struct view *view; /* borrows */
    struct stat_row *rows;   /* owns; by item_order */
    uint32_t count;
    uint64_t bytes; /* of all of them; strings count nothing */
    double seconds; /* that reading took */
    bool utf8;      /* whether terminals show it */
};

/* stat_table: a row for each tensor. stat_json: one document. */
void stat_table(const struct stat_list *l, struct tool_out *o);
void stat_json(const struct stat_list *l, struct tool_out *o);

/* stat_json_row: the object of one tensor in stat_json. */
void stat_json_row(const struct stat_row *r, struct json *j);

#endif
