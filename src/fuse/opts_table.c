/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts_table.h"

#include <limits.h>
#include <string.h>

#include "base/errint.h"
#include "base/nearest.h"
#include "fuse/opts.h"

/* As FUSE_OPT_KEY, whose -1U is widened without a word. */
#define OPTION(template, key)                                                                      \
    {                                                                                              \
        template, UINT_MAX, key                                                                    \
    }

const struct fuse_opt opts_table[] = {
    OPTION("-h", KEY_HELP),
    OPTION("--help", KEY_HELP),
    OPTION("-V", KEY_VERSION),
    OPTION("--version", KEY_VERSION),
    OPTION("-f", KEY_FOREGROUND),
    OPTION("-d", KEY_DEBUG),
    OPTION("debug", KEY_DEBUG),
    OPTION("-v", KEY_VERBOSE),
    OPTION("-u", KEY_UNMOUNT),
    OPTION("-n", KEY_IGNORED),
    OPTION("-s", KEY_IGNORED),
    OPTION("-t ", KEY_TYPE),
    OPTION("-N ", KEY_NAMESPACE),
    OPTION("-m ", KEY_MAP),
    OPTION("--map=", KEY_MAP),
    OPTION("-g ", KEY_GRAPH),
    OPTION("--graph=", KEY_GRAPH),
    OPTION("--drop=", KEY_DROP),
    OPTION("--keep=", KEY_KEEP),
    OPTION("--prefer=", KEY_PREFER),
    OPTION("--set=", KEY_SET),
    OPTION("--names=", KEY_NAMES),
    OPTION("nonempty", KEY_NONEMPTY),
    OPTION("map=", KEY_MAP),
    OPTION("graph=", KEY_GRAPH),
    OPTION("assign=", KEY_ASSIGN),
    OPTION("define=", KEY_DEFINE),
    OPTION("drop=", KEY_DROP),
    OPTION("keep=", KEY_KEEP),
    OPTION("prefer=", KEY_PREFER),
    OPTION("set=", KEY_SET),
    OPTION("names=", KEY_NAMES),
    OPTION("fsname=", KEY_FSNAME),
    OPTION("runas=", KEY_RUNAS),
    OPTION("uid=", KEY_UID),
    OPTION("gid=", KEY_GID),
    OPTION("umask=", KEY_UMASK),
    /* always ours, whatever is said */
    OPTION("rw", KEY_IGNORED),
    OPTION("ro", KEY_IGNORED),
    OPTION("suid", KEY_IGNORED),
    OPTION("nosuid", KEY_IGNORED),
    OPTION("dev", KEY_IGNORED),
    OPTION("nodev", KEY_IGNORED),
    OPTION("default_permissions", KEY_IGNORED),
    OPTION("subtype=", KEY_IGNORED),
    /* without meaning for what never changes */
    OPTION("async", KEY_IGNORED),
    OPTION("sync", KEY_IGNORED),
    OPTION("dirsync", KEY_IGNORED),
    OPTION("atime", KEY_IGNORED),
    OPTION("noatime", KEY_IGNORED),
    OPTION("diratime", KEY_IGNORED),
    OPTION("nodiratime", KEY_IGNORED),
    OPTION("relatime", KEY_IGNORED),
    OPTION("norelatime", KEY_IGNORED),
    OPTION("strictatime", KEY_IGNORED),
    OPTION("nostrictatime", KEY_IGNORED),
    OPTION("lazytime", KEY_IGNORED),
    OPTION("nolazytime", KEY_IGNORED),
    OPTION("silent", KEY_IGNORED),
    OPTION("loud", KEY_IGNORED),
    /* for mount(8) and systemd */
    OPTION("defaults", KEY_IGNORED),
    OPTION("auto", KEY_IGNORED),
    OPTION("noauto", KEY_IGNORED),
    OPTION("user", KEY_IGNORED),
    OPTION("user=", KEY_IGNORED),
    OPTION("nouser", KEY_IGNORED),
    OPTION("users", KEY_IGNORED),
    OPTION("nousers", KEY_IGNORED),
    OPTION("owner", KEY_IGNORED),
    OPTION("noowner", KEY_IGNORED),
    OPTION("group", KEY_IGNORED),
    OPTION("nogroup", KEY_IGNORED),
    OPTION("_netdev", KEY_IGNORED),
    OPTION("nofail", KEY_IGNORED),
    OPTION("iversion", KEY_IGNORED),
    OPTION("noiversion", KEY_IGNORED),
    OPTION("mand", KEY_IGNORED),
    OPTION("nomand", KEY_IGNORED),
    OPTION("nosymfollow", KEY_IGNORED),
    OPTION("comment=", KEY_IGNORED),
    OPTION("uhelper=", KEY_IGNORED),
    OPTION("exec", KEY_SESSION),
    OPTION("noexec", KEY_SESSION),
    OPTION("allow_other", KEY_SESSION),
    OPTION("allow_root", KEY_SESSION),
    OPTION("auto_unmount", KEY_SESSION),
    OPTION("max_read=", KEY_MAX_READ),
    OPTION("context=", KEY_SESSION),
    OPTION("fscontext=", KEY_SESSION),
    OPTION("defcontext=", KEY_SESSION),
    OPTION("rootcontext=", KEY_SESSION),
    OPTION("npy", KEY_NPY),
    OPTION("verify", KEY_VERIFY),
    OPTION("noverify", KEY_NOVERIFY),
    OPTION("sandbox=", KEY_SANDBOX),
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
