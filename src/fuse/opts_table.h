/* SPDX-License-Identifier: Apache-2.0 */
/* The options of ckptfs: which there are, and what is said of them. */
#ifndef CKPTFS_FUSE_OPTS_TABLE_H
#define CKPTFS_FUSE_OPTS_TABLE_H

#include <fuse_opt.h>
#include <stdbool.h>

enum opts_key {
    KEY_HELP,
    KEY_VERSION,
    KEY_FOREGROUND,
    KEY_DEBUG,
    KEY_VERBOSE,
    KEY_UNMOUNT,
    KEY_NONEMPTY,
    KEY_VERIFY,
    KEY_NOVERIFY,
    KEY_NPY,
    KEY_TYPE,
    KEY_NAMESPACE,
    KEY_MAP,
    KEY_GRAPH,
    KEY_ASSIGN,
    KEY_DEFINE,
    KEY_DROP,
    KEY_KEEP,
    KEY_PREFER,
    KEY_SET,
    KEY_NAMES,
    KEY_FSNAME,
    KEY_RUNAS,
    KEY_UID,
    KEY_GID,
    KEY_UMASK,
    KEY_MAX_READ,
    KEY_SANDBOX,
    KEY_IGNORED, /* from fstab or mount(8): no meaning here, or overridden */
    KEY_SESSION, /* libfuse's */
};

/* All options, ended by FUSE_OPT_END. One that begins with a dash and ends in a blank takes the
 * next word; for one that ends in `=` opts_parse makes one word of both. */
extern const struct fuse_opt opts_table[];

/* opts_takes_word: whether `option` as a word of the command line takes the next word: "-o",
 * "--map". */
bool opts_takes_word(const char *option);

/* opts_nearest: the option that the unknown one `arg`, "NAME", "NAME=VALUE" or "--NAME", may have
 * meant, as it stands in the table; NULL if none is near. */
const char *opts_nearest(const char *arg);

#endif
