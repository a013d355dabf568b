/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trouble_tell.h"

#include <string.h>

#include "base/trouble.h"

/* Whether somebody has told of it who knows more. */
static bool is_told(const struct diag *d, errint rc, bool as_error)
{
    for (unsigned i = 0; d && i < d->kept; i++) {
        const struct diag_entry *e = &d->entries[i];
        if (!(as_error && e->warning) && strstr(e->message, strerror(-rc))) {
            return true;
        }
    }
    return false;
}

static errint tell_first(unsigned before, struct diag *d, errint rc, bool refuse)
{
    const struct trouble t = trouble_first(before);
    if (t.rc == 0) {
        return rc;
    }
    bool wrong = refuse || rc < 0;
    if (t.rc == -ENOMEM) {
        return rc == -ENOMEM ? rc : diag_no_memory(d);
    }
    if (is_told(d, t.rc, wrong)) {
        return rc < 0 || !refuse ? rc : t.rc;
    }
    static const char words[] =
        "a look at it, or a read, has failed, and without that it is not known what is there: %s";
    if (!wrong) {
        diag_warn(d, DIAG_FILE_UNREADABLE, t.path, str_from(t.path), words, strerror(-t.rc));
        return rc;
    }
    errint told =
        diag_error(d, DIAG_FILE_UNREADABLE, t.path, str_from(t.path), words, strerror(-t.rc));
    return rc < 0 ? rc : told;
}

errint trouble_tell(unsigned before, struct diag *d, errint rc)
{
    return tell_first(before, d, rc, false);
}

errint trouble_refuse(unsigned before, struct diag *d, errint rc)
{
    return tell_first(before, d, rc, true);
}
