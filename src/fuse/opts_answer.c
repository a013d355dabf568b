/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts_answer.h"

#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "fuse/opts_complete.h"
#include "fuse/opts_help.h"

/* What was printed is out; or why not is told. */
static errint finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return 0;
    }
    errint rc = -errno;
    log_error("standard output: cannot write: %s", strerror(-rc));
    return rc < 0 ? rc : -EIO;
}

static errint print_text(const struct buf *text)
{
    errint rc = buf_check(text);
    if (rc < 0) {
        log_error("out of memory");
        return rc;
    }
    fputs(text->data, stdout);
    return 0;
}

errint opts_answer_help(void)
{
    CLEANUP_BUF struct buf text = {0};
    opts_help_print(&text);
    errint rc = print_text(&text);
    if (rc < 0) {
        return rc;
    }
    printf("\nOptions of libfuse:\n");
    fuse_lowlevel_help();
    printf("    -o fsname=NAME         the source in the mount table (the checkpoint)\n");
    return finish_output();
}

errint opts_answer_version(void)
{
    printf("ckptfs %s\nlibfuse %s\n", CKPTFS_VERSION, fuse_pkgversion());
    fflush(stdout); /* libfuse lets fusermount3 print next */
    fuse_lowlevel_version();
    return finish_output();
}

errint opts_answer_complete(int argc, char **argv)
{
    CLEANUP_BUF struct buf text = {0};
    opts_complete(argc, argv, &text);
    errint rc = print_text(&text);
    return rc < 0 ? rc : finish_output();
}
