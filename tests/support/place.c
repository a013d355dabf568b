/* SPDX-License-Identifier: Apache-2.0 */
#include "support/place.h"

#include <stdio.h>

const char *place_text(struct position at)
{
    static char text[8192];
    CLEANUP_BUF struct buf b = {0};
    position_print(&b, at);
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(buf_view(&b)));
    return text;
}
