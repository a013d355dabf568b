/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trouble.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MOST = 1024 };

struct trouble {
    errint rc;            /* 0: there was none */
    char path[PATH_MOST]; /* what was looked at, perhaps cut; "" where it is not known, or for
                             memory */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct trouble kept[4]; /* the first; what comes later is as the last of them */
static unsigned count;

static bool is_trouble(errint rc)
{
    switch (-rc) {
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ESTALE:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

errint trouble_note(const char *path, errint rc)
{
    if (is_trouble(rc)) {
        pthread_mutex_lock(&lock);
        if (count < ARRAY_LEN(kept)) {
            kept[count].rc = rc;
            snprintf(kept[count].path, sizeof(kept[count].path), "%s", path ? path : "");
        }
        count += count < UINT_MAX;
        pthread_mutex_unlock(&lock);
    }
    return rc;
}

unsigned trouble_count(void)
{
    pthread_mutex_lock(&lock);
    unsigned now = count;
    pthread_mutex_unlock(&lock);
    return now;
}

static struct trouble first_after(unsigned before)
{
    struct trouble first = {0};
    pthread_mutex_lock(&lock);
    if (before < count) {
        first = kept[before < ARRAY_LEN(kept) ? before : ARRAY_LEN(kept) - 1];
    }
    pthread_mutex_unlock(&lock);
    return first;
}

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

static errint tell(unsigned before, struct diag *d, errint rc, bool refuse)
{
    const struct trouble t = first_after(before);
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
    return tell(before, d, rc, false);
}

errint trouble_refuse(unsigned before, struct diag *d, errint rc)
{
    return tell(before, d, rc, true);
}
