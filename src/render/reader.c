/* SPDX-License-Identifier: Apache-2.0 */
#include "render/reader.h"

#include <stdlib.h>

#include "base/pages.h"
#include "render/string_cursor.h"

errint reader_need_window(struct reader *r)
{
    char **window = &r->windows[r->depth];
    if (!*window) {
        *window = pages_alloc(READER_WINDOW);
    }
    return *window ? 0 : -ENOMEM;
}

errint reader_need_room(struct reader *r)
{
    struct reader_room **room = &r->rooms[r->depth];
    if (!*room) {
        *room = pages_alloc(sizeof(**room));
    }
    return *room ? 0 : -ENOMEM;
}

errint reader_need_strings(struct reader *r)
{
    if (!r->strings) {
        r->strings = malloc(sizeof(*r->strings));
    }
    return r->strings ? 0 : -ENOMEM;
}

void reader_fini(struct reader *r)
{
    for (size_t depth = 0; depth < ARRAY_LEN(r->windows); depth++) {
        free(r->windows[depth]);
        r->windows[depth] = NULL;
        free(r->rooms[depth]);
        r->rooms[depth] = NULL;
    }
    free(r->strings);
    r->strings = NULL;
}
