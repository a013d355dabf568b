/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trouble.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

struct trouble trouble_first(unsigned before)
{
    struct trouble first = {0};
    pthread_mutex_lock(&lock);
    if (before < count) {
        first = kept[before < ARRAY_LEN(kept) ? before : ARRAY_LEN(kept) - 1];
    }
    pthread_mutex_unlock(&lock);
    return first;
}
