/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* The parent: a byte on the pipe, or how the child ended. */
static int wait_for(int fd, pid_t child)
{
    char byte;
    ssize_t got;
    while ((got = read(fd, &byte, 1)) < 0 && errno == EINTR) {
    }
    if (got == 1) {
        return 0;
    }
    if (got < 0) {
        log_error("cannot find out whether the mount is live, and end it: %s", strerror(errno));
        kill(child, SIGTERM);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        log_error("ended by signal %d (%s) before the mount was live", WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
        return 1;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1;
}

errint daemon_fork(struct daemon *d, int *status)
{
    d->ready_fd = -1;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return -errno;
    }
    CLEANUP_CLOSE int from = fds[0];
    CLEANUP_CLOSE int to = fds[1];
    d->parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        return -errno;
    }
    if (child > 0) {
        close(STEAL_FD(to));
        *status = wait_for(from, child);
        return 1;
    }
    d->ready_fd = STEAL_FD(to);
    daemon_follow_parent(d);
    return 0;
}

void daemon_follow_parent(const struct daemon *d)
{
    if (d->ready_fd < 0) {
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != d->parent) {
        _exit(1);
    }
}

errint daemon_leave_terminal(void)
{
    CLEANUP_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        return -errno;
    }
    log_to_syslog();
    setsid();
    if (chdir("/") != 0) {
        log_debug("cannot leave the directory: %s", strerror(errno));
    }
    for (int fd = 0; fd <= 2; fd++) {
        dup2(null, fd);
    }
    return 0;
}

errint daemon_live(struct daemon *d)
{
    if (d->ready_fd < 0) {
        return 0;
    }
    CLEANUP_CLOSE int to = STEAL_FD(d->ready_fd);
    CLEANUP_CLOSE int terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    errint rc = daemon_leave_terminal();
    if (rc < 0) {
        return rc;
    }
    prctl(PR_SET_PDEATHSIG, 0);
    if (write(to, "", 1) == 1) {
        return 0;
    }
    rc = -errno;
    if (terminal >= 0 && dup2(terminal, STDERR_FILENO) >= 0) {
        log_to_stderr(); /* somebody still waits there */
    }
    return rc;
}
