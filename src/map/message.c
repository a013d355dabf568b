/* SPDX-License-Identifier: Apache-2.0 */
#include "map/message.h"

#include <string.h>

#include "base/buf.h"
#include "base/edit_distance.h"
#include "base/nearest.h"
#include "tensor/dtype.h"

enum { SHOWN_MOST = 120 };

const char *message_shown(struct diag *d, struct str s)
{
    if (!d || d->kept == DIAG_KEPT) {
        return "";
    }
    CLEANUP_BUF struct buf text = {0};
    buf_visible_head(&text, s, SHOWN_MOST);
    const char *copy = text.failed ? NULL : arena_cstr(&d->arena, buf_view(&text));
    return copy ? copy : "?";
}

const char *message_place(struct diag *d, struct position other, struct position at)
{
    if (!d || d->kept == DIAG_KEPT) {
        return "";
    }
    bool same = other.file && at.file && strcmp(other.file, at.file) == 0;
    const char *text = same ? arena_printf(&d->arena, "in line %u", other.line)
                            : arena_printf(&d->arena, "at %s", diag_place(d, other));
    return text ? text : "?";
}

void message_nearest(struct diag *d, struct str word, const char *const *known, size_t count)
{
    if (!d || d->kept == DIAG_KEPT) {
        return;
    }
    unsigned most = nearest_most(word.len);
    unsigned given = 0;
    for (unsigned distance = 0; distance <= most && given < DIAG_NEAREST; distance++) {
        for (size_t i = 0; i < count && given < DIAG_NEAREST; i++) {
            if (edit_distance(word, str_from(known[i]), most) == distance) {
                diag_nearest(d, str_from(known[i]));
                given++;
            }
        }
    }
}

void message_nearest_dtype(struct diag *d, struct str word)
{
    const char *known[DTYPE_COUNT];
    size_t count = 0;
    for (unsigned i = 1; i < DTYPE_COUNT; i++) {
        if (dtype_known(i) && i != DTYPE_RESOURCE && i != DTYPE_VARIANT) {
            known[count++] = dtype_name(i);
        }
    }
    message_nearest(d, word, known, count);
}
