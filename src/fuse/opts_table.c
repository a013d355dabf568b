/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts_table.h"

#include <string.h>

#include "base/errint.h"
#include "base/nearest.h"
#include "fuse/opts.h"

const char opts_help[] =
    "usage: ckptfs [-m MAP] [-g GRAPH] [-o OPTIONS] [CHECKPOINT] MOUNTPOINT\n"
    "       ckptfs -u MOUNTPOINT\n"
    "example: ckptfs -m map.ini model.ckpt-1000 /mnt/view\n"
    "\n"
    "Mount a TensorFlow checkpoint as if another model had saved it: a file for each tensor,\n"
    "and files that TensorFlow, PyTorch, JAX, NumPy and transformers load.\n"
    "\n"
    "CHECKPOINT is a prefix, a .index or .data-* file, a V1 file or the pattern of its shards,\n"
    "or a directory: with a `checkpoint` state file, of a SavedModel, or with one checkpoint.\n"
    "Without it (or with `none`), [checkpoint] path of the map names it.\n"
    "\n"
    "    -m FILE, -o map=FILE   the assignment map; without it every tensor has its own name\n"
    "    -g PATH, -o graph=PATH the target graph: a .meta file, a saved_model.pb or its\n"
    "                           directory, or another checkpoint\n"
    "    -o assign='SRC=DST'    one more rule, as in [assignment_map]; may be repeated\n"
    "    -o define='NAME=TYPE'  one more declaration, as in [variables]; may be repeated\n"
    "    --names KIND, -o names=KIND   `key` or `friendly`: which names of an object-based\n"
    "                           checkpoint are shown; instead of [checkpoint] names\n"
    "    -o npy                 list the .npy file beside each tensor\n"
    "    -o verify              check each tensor against its checksum when it is first read\n"
    "    -o noverify            do not look at a few small tensors of each data file at the mount\n"
    "    -o runas=USER          when root mounts: as whom files are opened, instead of the owner "
    "of\n"
    "                           what is named; root: one that may read all\n"
    "    -o sandbox=no          do without the sandbox, to find out whether it is in the way\n"
    "    -o uid=N, -o gid=N     owner and group of all files\n"
    "    -o umask=M             permission bits to take away (octal)\n"
    "    -o nonempty            mount over a directory that is not empty\n"
    "    -f                     stay in the foreground, log to stderr\n"
    "    -d                     log every request (implies -f)\n"
    "    -v                     log more\n"
    "    -u                     unmount MOUNTPOINT\n"
    "    -h, --help             this help\n"
    "    -V, --version          versions\n"
    "\n"
    "The mount is always ro,nosuid,nodev,default_permissions. A comma or backslash in a\n"
    "value is escaped by a backslash. Exit status: 0; 1 for a wrong checkpoint, map or\n"
    "mount point; 2 for wrong usage.\n";

const struct fuse_opt opts_table[] = {
    FUSE_OPT_KEY("-h", KEY_HELP),
    FUSE_OPT_KEY("--help", KEY_HELP),
    FUSE_OPT_KEY("-V", KEY_VERSION),
    FUSE_OPT_KEY("--version", KEY_VERSION),
    FUSE_OPT_KEY("-f", KEY_FOREGROUND),
    FUSE_OPT_KEY("-d", KEY_DEBUG),
    FUSE_OPT_KEY("debug", KEY_DEBUG),
    FUSE_OPT_KEY("-v", KEY_VERBOSE),
    FUSE_OPT_KEY("-u", KEY_UNMOUNT),
    FUSE_OPT_KEY("-n", KEY_IGNORED),
    FUSE_OPT_KEY("-s", KEY_IGNORED),
    FUSE_OPT_KEY("-t ", KEY_TYPE),
    FUSE_OPT_KEY("-N ", KEY_NAMESPACE),
    FUSE_OPT_KEY("-m ", KEY_MAP),
    FUSE_OPT_KEY("--map=", KEY_MAP),
    FUSE_OPT_KEY("-g ", KEY_GRAPH),
    FUSE_OPT_KEY("--graph=", KEY_GRAPH),
    FUSE_OPT_KEY("--names=", KEY_NAMES),
    FUSE_OPT_KEY("nonempty", KEY_NONEMPTY),
    FUSE_OPT_KEY("map=", KEY_MAP),
    FUSE_OPT_KEY("graph=", KEY_GRAPH),
    FUSE_OPT_KEY("assign=", KEY_ASSIGN),
    FUSE_OPT_KEY("define=", KEY_DEFINE),
    FUSE_OPT_KEY("names=", KEY_NAMES),
    FUSE_OPT_KEY("fsname=", KEY_FSNAME),
    FUSE_OPT_KEY("runas=", KEY_RUNAS),
    FUSE_OPT_KEY("uid=", KEY_UID),
    FUSE_OPT_KEY("gid=", KEY_GID),
    FUSE_OPT_KEY("umask=", KEY_UMASK),
    /* always ours, whatever is said */
    FUSE_OPT_KEY("rw", KEY_IGNORED),
    FUSE_OPT_KEY("ro", KEY_IGNORED),
    FUSE_OPT_KEY("suid", KEY_IGNORED),
    FUSE_OPT_KEY("nosuid", KEY_IGNORED),
    FUSE_OPT_KEY("dev", KEY_IGNORED),
    FUSE_OPT_KEY("nodev", KEY_IGNORED),
    FUSE_OPT_KEY("default_permissions", KEY_IGNORED),
    FUSE_OPT_KEY("subtype=", KEY_IGNORED),
    /* without meaning for what never changes */
    FUSE_OPT_KEY("async", KEY_IGNORED),
    FUSE_OPT_KEY("sync", KEY_IGNORED),
    FUSE_OPT_KEY("dirsync", KEY_IGNORED),
    FUSE_OPT_KEY("atime", KEY_IGNORED),
    FUSE_OPT_KEY("noatime", KEY_IGNORED),
    FUSE_OPT_KEY("diratime", KEY_IGNORED),
    FUSE_OPT_KEY("nodiratime", KEY_IGNORED),
    FUSE_OPT_KEY("relatime", KEY_IGNORED),
    FUSE_OPT_KEY("norelatime", KEY_IGNORED),
    FUSE_OPT_KEY("strictatime", KEY_IGNORED),
    FUSE_OPT_KEY("nostrictatime", KEY_IGNORED),
    FUSE_OPT_KEY("lazytime", KEY_IGNORED),
    FUSE_OPT_KEY("nolazytime", KEY_IGNORED),
    FUSE_OPT_KEY("silent", KEY_IGNORED),
    FUSE_OPT_KEY("loud", KEY_IGNORED),
    /* for mount(8) and systemd */
    FUSE_OPT_KEY("defaults", KEY_IGNORED),
    FUSE_OPT_KEY("auto", KEY_IGNORED),
    FUSE_OPT_KEY("noauto", KEY_IGNORED),
    FUSE_OPT_KEY("user", KEY_IGNORED),
    FUSE_OPT_KEY("user=", KEY_IGNORED),
    FUSE_OPT_KEY("nouser", KEY_IGNORED),
    FUSE_OPT_KEY("users", KEY_IGNORED),
    FUSE_OPT_KEY("nousers", KEY_IGNORED),
    FUSE_OPT_KEY("owner", KEY_IGNORED),
    FUSE_OPT_KEY("noowner", KEY_IGNORED),
    FUSE_OPT_KEY("group", KEY_IGNORED),
    FUSE_OPT_KEY("nogroup", KEY_IGNORED),
    FUSE_OPT_KEY("_netdev", KEY_IGNORED),
    FUSE_OPT_KEY("nofail", KEY_IGNORED),
    FUSE_OPT_KEY("iversion", KEY_IGNORED),
    FUSE_OPT_KEY("noiversion", KEY_IGNORED),
    FUSE_OPT_KEY("mand", KEY_IGNORED),
    FUSE_OPT_KEY("nomand", KEY_IGNORED),
    FUSE_OPT_KEY("nosymfollow", KEY_IGNORED),
    FUSE_OPT_KEY("comment=", KEY_IGNORED),
    FUSE_OPT_KEY("uhelper=", KEY_IGNORED),
    FUSE_OPT_KEY("exec", KEY_SESSION),
    FUSE_OPT_KEY("noexec", KEY_SESSION),
    FUSE_OPT_KEY("allow_other", KEY_SESSION),
    FUSE_OPT_KEY("allow_root", KEY_SESSION),
    FUSE_OPT_KEY("auto_unmount", KEY_SESSION),
    FUSE_OPT_KEY("max_read=", KEY_MAX_READ),
    FUSE_OPT_KEY("context=", KEY_SESSION),
    FUSE_OPT_KEY("fscontext=", KEY_SESSION),
    FUSE_OPT_KEY("defcontext=", KEY_SESSION),
    FUSE_OPT_KEY("rootcontext=", KEY_SESSION),
    FUSE_OPT_KEY("npy", KEY_NPY),
    FUSE_OPT_KEY("verify", KEY_VERIFY),
    FUSE_OPT_KEY("noverify", KEY_NOVERIFY),
    FUSE_OPT_KEY("sandbox=", KEY_SANDBOX),
    FUSE_OPT_END,
};

bool opts_takes_word(const char *option)
{
    size_t len = strlen(option);
    for (size_t i = 0; opts_table[i].templ; i++) {
        const char *known = opts_table[i].templ;
        bool named = option[0] == '-' && strncmp(known, option, len) == 0;
        if (named && (known[len] == ' ' || known[len] == '=') && !known[len + 1]) {
            return true;
        }
    }
    return strcmp(option, "-o") == 0;
}

const char *opts_nearest(const char *arg)
{
    const char *known[ARRAY_LEN(opts_table)];
    size_t count = 0;
    for (size_t i = 0; opts_table[i].templ; i++) {
        bool same_kind = (opts_table[i].templ[0] == '-') == (arg[0] == '-');
        if (same_kind && strlen(opts_table[i].templ) > 2) {
            known[count++] = opts_table[i].templ;
        }
    }
    struct str name =
        str_head(str_from(arg), strcspn(arg, "=") + (arg[0] != '-' && strchr(arg, '=')));
    return nearest_word(name, known, count);
}
