/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/keeper_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "fuse/attachment.h"
#include "fuse/daemon.h"
#include "fuse/keeper_wire.h"

enum {
    READAHEAD_KIB = 2048
}; /* two requests of 256 pages, so that two workers fill them side by side */

struct self {
    const struct keeper_task *task;
    int socket;
    struct mountpoint place;
    struct attachment mount;
    bool asked; /* the server waits for its end to be answered */
};

/* What the server has to be told apart by in lists of processes: another name, and no argument is
 * the mount point's. */
static void show_name(const struct keeper_task *t)
{
    char title[PATH_MAX + 64];
    snprintf(title, sizeof(title), "ckptfs-unmount %s", t->mountpoint->path);
    prctl(PR_SET_NAME, "ckptfs-unmount");
    char *end = t->argv[t->argc - 1] + strlen(t->argv[t->argc - 1]);
    size_t room = (size_t)(end - t->argv[0]);
    size_t len = strlen(title) < room ? strlen(title) : room;
    memset(t->argv[0], 0, room);
    memcpy(t->argv[0], title, len);
}

static void take_signals(void (*how)(int))
{
    static const int left_to_the_server[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for (unsigned i = 0; i < ARRAY_LEN(left_to_the_server); i++) {
        signal(left_to_the_server[i], how);
    }
}

/* Nothing of the server's is held but the socket and the mount point. */
static void close_others(const struct self *k)
{
    int keep[] = {k->socket, k->place.dir};
    descriptors_close_all_but(keep, ARRAY_LEN(keep));
}

static errint mount_it(struct self *k, const char *source)
{
    CLEANUP_BUF struct buf options = {0};
    errint rc = k->place.dir < 0 ? -EALREADY : opts_session(k->task->opts, source, &options);
    if (rc == 0) {
        rc = attach(&k->place, options.data, &k->mount);
    }
    mountpoint_close(&k->place); /* the file system below does not stay busy */
    return rc;
}

static errint go_live(struct self *k)
{
    errint rc = attachment_readahead(&k->mount, READAHEAD_KIB);
    if (rc < 0) {
        log_debug("readahead stays as it is: %s", strerror(-rc));
    }
    return k->task->opts->foreground ? 0 : daemon_leave_terminal();
}

/* False if the server does not get it: it is gone, or would wait for ever, so the end comes next,
 * which it sees. */
static bool answer_task(struct self *k, errint rc, int passed)
{
    errint sent = keeper_send(k->socket, &rc, sizeof(rc), rc == 0 ? passed : -1);
    if (sent < 0) {
        log_at(sent == -EPIPE ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, "cannot answer the server: %s",
               strerror(-sent));
    }
    return sent == 0;
}

/* One request; false at the end. */
static bool serve_one(struct self *k)
{
    char request[1 + KEEPER_TEXT_MOST + 1];
    int none;
    ssize_t got = keeper_receive(k->socket, request, sizeof(request) - 1, &none);
    if (got < 0) {
        log_error("cannot take the server's request, and unmount: %s", strerror((int)-got));
    }
    if (got <= 0) {
        return false;
    }
    request[got] = '\0';
    switch ((enum keeper_request)request[0]) {
    case KEEPER_MOUNT: {
        errint rc = mount_it(k, request + 1);
        return answer_task(k, rc, k->mount.device);
    }
    case KEEPER_LIVE:
        return answer_task(k, go_live(k), -1);
    case KEEPER_ABORT:
        return answer_task(k, attachment_abort(&k->mount), -1);
    case KEEPER_UNMOUNT:
        k->asked = true;
        return false;
    }
    return false;
}

/* Until the mount above ours is gone; then ours goes, too. */
static void wait_uncovered(const struct attachment *mount)
{
    errint rc = -EBUSY;
    while (rc == -EBUSY) {
        /* Open first: the table tells of every change after that. */
        CLEANUP_CLOSE int table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        struct pollfd changes = {.fd = table, .events = POLLPRI};
        rc = table < 0 ? -errno : detach(mount);
        if (rc == -EBUSY) {
            poll(&changes, 1, -1);
        }
    }
}

static void end_keeper(struct self *k)
{
    errint rc = k->mount.device < 0 ? 0 : detach(&k->mount);
    const char *why = rc == -EBUSY ? "another mount covers it, and when that is gone it goes, too"
                                   : strerror(-rc);
    CLEANUP_BUF struct buf path = {0};
    buf_visible(&path, str_from(k->mount.path));
    if (rc < 0) {
        log_at(rc == -EBUSY ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "%s: not unmounted: %s",
               path.failed ? k->mount.path : buf_view(&path).ptr, why);
    }
    bool stays = rc == -EBUSY && daemon_leave_terminal() == 0;
    if (k->asked) {
        (void)answer_task(k, 0, -1);
    }
    close(k->socket);
    cleanup_close(&k->mount.device); /* with it ends what nobody answers any more */
    k->mount.device = -1;
    if (stays) {
        take_signals(SIG_DFL);
        wait_uncovered(&k->mount);
    }
}

_Noreturn void keeper_run(const struct keeper_task *task, int socket)
{
    struct self k = {
        .task = task, .socket = socket, .place = *task->mountpoint, .mount = {.device = -1}};
    setsid();
    take_signals(SIG_IGN);
    close_others(&k);
    show_name(task);
    while (serve_one(&k)) {
    }
    end_keeper(&k);
    _exit(0); /* what the server set up to be done at its exit is not ours */
}
