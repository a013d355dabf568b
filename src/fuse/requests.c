/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/requests.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"

enum {
    AGAIN_MOST = 20,
    AGAIN_MS = 20,
    NO_THREAD = -1, /* what fuse_session_loop_mt says where it could not start any */
};

/* Whether each thread can have a descriptor of its own, which libfuse opens. */
static bool may_clone(void)
{
    CLEANUP_CLOSE int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        log_debug("workers share one descriptor: /dev/fuse: %s", strerror(errno));
    }
    return fd >= 0;
}

/* Until the mount ends (0; a positive number is the signal that ended it), or no more requests can
 * be taken. */
static int serve_loop(struct fuse_session *session, unsigned threads, bool clones)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (!config) {
        return -ENOMEM;
    }
    fuse_loop_cfg_set_clone_fd(config, clones);
    fuse_loop_cfg_set_max_threads(config, threads);
    fuse_loop_cfg_set_idle_threads(config, threads); /* none is ever too many */
    int rc = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    return rc;
}

static void tell_end(struct read_errors *read_errors, int rc)
{
    char text[128];
    snprintf(text, sizeof(text), "requests cannot be taken for the moment: %s",
             rc == NO_THREAD ? "no thread can be started" : strerror(-rc));
    log_error("%s", text);
    read_errors_say(read_errors, text);
}

/* libfuse ends the session where it finds no memory for a request, or no thread: others may still
 * read, so that is given time to pass. A thread may be ended with a request in its hands: with its
 * own descriptor that fails, but on one that all share it would wait for ever. */
errint requests_take(struct fuse_session *session, const struct capacity *c,
                     struct read_errors *read_errors)
{
    bool clones = c->clones && may_clone();
    int rc;
    for (unsigned i = 0; (rc = serve_loop(session, c->threads, clones)) < 0; i++) {
        if (i == AGAIN_MOST || (!clones && rc != NO_THREAD)) {
            log_error("the session ended: %s",
                      rc == NO_THREAD ? "no thread can be started" : strerror(-rc));
            return rc;
        }
        tell_end(read_errors, rc);
        fuse_session_reset(session);
        nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000L}, NULL);
        if (fuse_session_exited(session)) {
            return 0; /* by a signal, meanwhile */
        }
    }
    return 0;
}
