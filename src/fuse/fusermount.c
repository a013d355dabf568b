/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/fusermount.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

extern char **environ;

errint fusermount_unmount(const char *path, bool lazy, char said[static 512])
{
    const char *argv[] = {"fusermount3", lazy ? "-uz" : "-u", "--", path, NULL};
    int fds[2];
    said[0] = '\0';
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return -errno;
    }
    CLEANUP_CLOSE int from = fds[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    pid_t pid;
    int rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (rc != 0) {
        snprintf(said, 512, "cannot run fusermount3: %s", strerror(rc));
        return -rc;
    }
    size_t len = 0;
    for (ssize_t got; len < 511 && (got = read(from, said + len, 511 - len)) > 0;) {
        len += (size_t)got;
    }
    said[len] = '\0';
    said[strcspn(said, "\n")] = '\0';
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}
