/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/capacity.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/log.h"
#include "fuse/worker.h"

enum {
    OPENED_AT_ONCE =
        2, /* descriptors of a read of a file that is not held: to look at it, and to read it */
    OTHERS = 4, /* the device, the terminal once more while it is left, syslog */
};

/* Descriptors that may still be opened; of very many, COUNTED at least. */
static unsigned descriptors_left(void)
{
    enum { COUNTED = 128 }; /* more than all threads together need */
    struct rlimit limit;
    unsigned left = 0;
    rlim_t most = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : COUNTED;
    for (rlim_t fd = 0; fd < most && fd < INT_MAX && left < COUNTED; fd++) {
        left += fcntl((int)fd, F_GETFD) < 0;
    }
    return left;
}

/* Whether the process may well be refused memory or threads. To try each thread takes milliseconds,
 * which most mounts need not spend. */
static bool is_limited(void)
{
    enum { THREADS_PLENTY = 4096 }; /* of all processes of the user */
    static const int memory[] = {RLIMIT_AS, RLIMIT_DATA};
    struct rlimit limit;
    for (size_t i = 0; i < ARRAY_LEN(memory); i++) {
        if (getrlimit(memory[i], &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) {
            return true;
        }
    }
    return getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur < THREADS_PLENTY;
}

static uint32_t not_held(const struct shard *files, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t off;
        found += files[i].opened && !files[i].base && io_backing(files[i].io, 0, &off) < 0;
    }
    return found;
}

errint capacity_find(const struct view *v, unsigned wanted, struct capacity *out)
{
    unsigned left = descriptors_left();
    uint32_t files = not_held(v->catalog->shards, v->catalog->shard_count) +
                     not_held(v->sidecars.files, v->sidecars.count);
    unsigned spare = left > OTHERS ? left - OTHERS : 0;
    unsigned readers = files && spare / OPENED_AT_ONCE < wanted ? spare / OPENED_AT_ONCE : wanted;
    if (spare == 0 || readers == 0) {
        log_error("not mounted: the limit on open files (ulimit -n) leaves %u, and reads need more "
                  "than that",
                  left);
        return -EMFILE;
    }
    unsigned able = is_limited() ? worker_try(v, readers) : readers;
    if (able == 0) {
        log_error(
            "not mounted: there is no memory, or no thread, to answer a single request (ulimit -v, "
            "ulimit -u)");
        return -ENOMEM;
    }
    if (able < wanted) {
        log_warning(
            "%u of %u threads answer requests: the limits on memory, threads or open files (%u are "
            "left) allow no more",
            able, wanted, left);
    }
    unsigned used = files ? able * OPENED_AT_ONCE : 0;
    *out = (struct capacity){.threads = able, .clones = spare > used + able};
    return 0;
}
