/* SPDX-License-Identifier: Apache-2.0 */
#include "render/reader.h"

#include <stdlib.h>

#include "base/pages.h"
#include "render/string_cursor.h"

errint reader_need_window(struct reader *r)
{
    if (!r->window) {
        r->window = pages_alloc(READER_WINDOW);
    }
    return r->window ? 0 : -ENOMEM;
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
    free(r->window);
    free(r->strings);
    r->window = NULL;
    r->strings = NULL;
}
