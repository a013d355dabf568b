/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/keeper.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fuse/keeper_run.h"
#include "fuse/keeper_wire.h"

errint keeper_start(const struct keeper_task *task, struct keeper *out)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    CLEANUP_CLOSE int ours = pair[0];
    CLEANUP_CLOSE int theirs = pair[1];
    pid_t child = fork();
    if (child < 0) {
        return -errno;
    }
    if (child == 0) {
        keeper_run(task, theirs);
    }
    out->socket = STEAL_FD(ours);
    return 0;
}

/* Sends a request and waits for its answer. */
static errint ask_keeper(struct keeper *k, enum keeper_request kind, const char *text, int *passed)
{
    char request[1 + KEEPER_TEXT_MOST];
    size_t len = text ? strnlen(text, KEEPER_TEXT_MOST) : 0;
    request[0] = (char)kind;
    memcpy(request + 1, text ? text : "", len);
    errint answer;
    errint rc = keeper_send(k->socket, request, 1 + len, -1);
    ssize_t got = rc < 0 ? rc : keeper_receive(k->socket, &answer, sizeof(answer), passed);
    if (got < 0) {
        return (errint)got;
    }
    return got == sizeof(answer) ? answer : -EPIPE;
}

errint keeper_mount(struct keeper *k, const char *source, int *device)
{
    errint rc = ask_keeper(k, KEEPER_MOUNT, source, device);
    return rc == 0 && *device < 0 ? -EMFILE : rc;
}

errint keeper_live(struct keeper *k)
{
    int none;
    return ask_keeper(k, KEEPER_LIVE, NULL, &none);
}

void keeper_abort(struct keeper *k)
{
    int none;
    errint rc = k->socket < 0 ? -ESRCH : ask_keeper(k, KEEPER_ABORT, NULL, &none);
    if (rc < 0) {
        log_warning("cannot abort the connection: %s", strerror(-rc));
    }
}

void keeper_end(struct keeper *k)
{
    if (k->socket < 0) {
        return;
    }
    int none;
    errint rc = ask_keeper(k, KEEPER_UNMOUNT, NULL, &none);
    if (rc < 0) {
        log_error("cannot unmount, the process that may is gone: %s", strerror(-rc));
    }
    close(k->socket);
    k->socket = -1;
}
