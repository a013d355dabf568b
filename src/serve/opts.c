/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/opts.h"

#include <fuse_opt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char opts_help[] =
    "usage: ckptfs [-o OPTIONS] [CHECKPOINT] MOUNTPOINT\n"
    "       ckptfs -u MOUNTPOINT\n"
    "\n"
    "Mount a TensorFlow checkpoint as if another model had saved it: a file for each tensor,\n"
    "and files that TensorFlow, PyTorch, JAX, NumPy and transformers load.\n"
    "\n"
    "CHECKPOINT is a prefix, a .index or .data-* file, a V1 file or the pattern of its shards,\n"
    "or a directory: with a `checkpoint` state file, of a SavedModel, or with one checkpoint.\n"
    "Without it (or with `none`), [checkpoint] path of the map names it.\n"
    "\n"
    "    -o map=FILE            the assignment map; without it every tensor has its own name\n"
    "    -o assign='SRC=DST'    one more rule, as in [assignment_map]; may be repeated\n"
    "    -o define='NAME=TYPE'  one more declaration, as in [variables]; may be repeated\n"
    "    -o names=KIND          `key` or `friendly`: which names of an object-based checkpoint\n"
    "                           are shown; instead of [checkpoint] names\n"
    "    -o graph=PATH          the target graph: a .meta file, a saved_model.pb or its\n"
    "                           directory, or another checkpoint\n"
    "    -o npy                 list the .npy file beside each tensor\n"
    "    -o verify              check each tensor against its checksum when it is first read\n"
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

enum {
    KEY_HELP,
    KEY_VERSION,
    KEY_FOREGROUND,
    KEY_DEBUG,
    KEY_VERBOSE,
    KEY_UNMOUNT,
    KEY_NONEMPTY,
    KEY_VERIFY,
    KEY_NPY,
    KEY_TYPE,
    KEY_MAP,
    KEY_GRAPH,
    KEY_ASSIGN,
    KEY_DEFINE,
    KEY_NAMES,
    KEY_FSNAME,
    KEY_UID,
    KEY_GID,
    KEY_UMASK,
    KEY_MAX_READ,
    KEY_IGNORED, /* from fstab or mount(8): no meaning here, or overridden */
    KEY_SESSION, /* libfuse's */
};

static const struct fuse_opt table[] = {
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
    FUSE_OPT_KEY("nonempty", KEY_NONEMPTY),
    FUSE_OPT_KEY("map=", KEY_MAP),
    FUSE_OPT_KEY("graph=", KEY_GRAPH),
    FUSE_OPT_KEY("assign=", KEY_ASSIGN),
    FUSE_OPT_KEY("define=", KEY_DEFINE),
    FUSE_OPT_KEY("names=", KEY_NAMES),
    FUSE_OPT_KEY("fsname=", KEY_FSNAME),
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
    FUSE_OPT_END,
};

struct parse {
    struct opts *opts;
    struct buf *complaint;
    const char *words[2]; /* what is no option */
    unsigned word_count;
};

/* The first complaint is the one that is shown; -1 stops fuse_opt. */
FORMAT(2, 3) static int complain(struct parse *p, const char *fmt, ...)
{
    if (!p->complaint->len) {
        va_list args;
        va_start(args, fmt);
        char text[512];
        vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        buf_visible(p->complaint, str_from(text));
    }
    return -1;
}

/* The value of NAME=VALUE, as a number of that base without sign or blanks. */
static int number(struct parse *p, const char *arg, int base, unsigned long most, unsigned long *out)
{
    const char *text = strchr(arg, '=') + 1;
    char *end;
    errno = 0;
    *out = strtoul(text, &end, base);
    if (text[0] < '0' || text[0] > '9' || *end || errno || *out > most) {
        return complain(p, "-o %s: expected %s", arg,
                        base == 8 ? "an octal number up to 777" : "a decimal number");
    }
    return 0;
}

static int keep_text(struct parse *p, const char *arg, const char **out)
{
    const char *text = strchr(arg, '=') + 1;
    if (!*text) {
        return complain(p, "-o %s: a value is missing", arg);
    }
    *out = arena_cstr(&p->opts->arena, str_from(text));
    return *out ? 0 : complain(p, "out of memory");
}

/* One more of an option that may be repeated. */
static int keep_more(struct parse *p, const char *arg, const char *const **list, uint32_t *count)
{
    const char **grown = ARENA_ARRAY(&p->opts->arena, const char *, (size_t)*count + 1);
    if (!grown) {
        return complain(p, "out of memory");
    }
    if (*count) {
        memcpy(grown, *list, *count * sizeof(*grown));
    }
    int rc = keep_text(p, arg, &grown[*count]);
    if (rc == 0) {
        *list = grown;
        ++*count;
    }
    return rc;
}

static int take_word(struct parse *p, const char *arg)
{
    if (p->word_count == ARRAY_LEN(p->words)) {
        return complain(p, "%s: one argument too many", arg);
    }
    if (!*arg) {
        return complain(p, "an argument is empty");
    }
    p->words[p->word_count] = arena_cstr(&p->opts->arena, str_from(arg));
    return p->words[p->word_count++] ? 0 : complain(p, "out of memory");
}

static int take_other(struct parse *p, const char *arg)
{
    bool for_mount = strncmp(arg, "x-", 2) == 0 || strncmp(arg, "X-", 2) == 0;
    if (!*arg || for_mount) {
        return 0;
    }
    return complain(p, "unknown option: %s%s", arg[0] == '-' ? "" : "-o ", arg);
}

static int take_flag(struct opts *o, int key)
{
    switch (key) {
    case KEY_HELP:
        o->action = OPTS_HELP;
        break;
    case KEY_VERSION:
        if (o->action != OPTS_HELP) {
            o->action = OPTS_VERSION;
        }
        break;
    case KEY_UNMOUNT:
        if (o->action == OPTS_MOUNT) {
            o->action = OPTS_UNMOUNT;
        }
        break;
    case KEY_FOREGROUND:
        o->fake = o->helper;
        o->foreground = !o->helper;
        break;
    case KEY_DEBUG:
        o->debug = true;
        o->foreground = true;
        break;
    case KEY_VERBOSE:
        o->verbose = !o->helper;
        break;
    case KEY_NONEMPTY:
        o->nonempty = true;
        break;
    case KEY_NPY:
        o->npy = true;
        return 0;
    case KEY_VERIFY:
        o->verify = true;
        break;
    default:
        break;
    }
    return 0;
}

static int take(void *data, const char *arg, int key, struct fuse_args *rest)
{
    struct parse *p = data;
    struct opts *o = p->opts;
    struct attr_policy *policy = &o->policy;
    unsigned long value = 0;
    (void)rest;

    switch (key) {
    case FUSE_OPT_KEY_NONOPT:
        return take_word(p, arg);
    case FUSE_OPT_KEY_OPT:
        return take_other(p, arg);
    case KEY_TYPE:
        return strcmp(arg, "-tfuse." OPTS_TYPE) == 0 || strcmp(arg, "-t" OPTS_TYPE) == 0
                   ? 0
                   : complain(p, "-t %s: expected fuse." OPTS_TYPE, arg + 2);
    case KEY_MAP:
        return o->map ? complain(p, "-o map= is given twice") : keep_text(p, arg, &o->map);
    case KEY_GRAPH:
        return o->graph ? complain(p, "-o graph= is given twice") : keep_text(p, arg, &o->graph);
    case KEY_ASSIGN:
        return keep_more(p, arg, &o->extra.assign, &o->extra.assign_count);
    case KEY_DEFINE:
        return keep_more(p, arg, &o->extra.define, &o->extra.define_count);
    case KEY_NAMES:
        return map_names_parse(str_from(strchr(arg, '=') + 1), &o->extra.names)
                   ? 0
                   : complain(p, "-o %s: expected names=key or names=friendly", arg);
    case KEY_FSNAME:
        return keep_text(p, arg, &o->fsname);
    case KEY_UID:
        policy->set_uid = number(p, arg, 10, UINT_MAX - 1, &value) == 0;
        policy->force_uid = (uid_t)value;
        return policy->set_uid ? 0 : -1;
    case KEY_GID:
        policy->set_gid = number(p, arg, 10, UINT_MAX - 1, &value) == 0;
        policy->force_gid = (gid_t)value;
        return policy->set_gid ? 0 : -1;
    case KEY_UMASK:
        if (number(p, arg, 8, 0777, &value) < 0) {
            return -1;
        }
        policy->umask = (mode_t)value;
        return 0;
    case KEY_MAX_READ:
        if (number(p, arg, 10, UINT_MAX, &value) < 0) {
            return -1;
        }
        o->max_read = (unsigned)value;
        return fuse_opt_add_opt_escaped(&o->session, arg);
    case KEY_IGNORED:
        return 0;
    case KEY_SESSION:
        return fuse_opt_add_opt_escaped(&o->session, arg);
    default:
        return take_flag(o, key);
    }
}

/* fuse_opt prints by itself when a value is missing; we want to say it in our own way. */
static int check_values(struct parse *p, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "-t") == 0) {
            i++;
            if (i >= argc) {
                return complain(p, "%s: a value is missing", argv[argc - 1]);
            }
        }
    }
    return 0;
}

static int take_words(struct parse *p)
{
    struct opts *o = p->opts;
    if (o->action == OPTS_HELP || o->action == OPTS_VERSION) {
        return 0;
    }
    if (p->word_count == 0) {
        return complain(p, "MOUNTPOINT is missing");
    }
    o->mountpoint = p->words[p->word_count - 1];
    if (o->action == OPTS_UNMOUNT) {
        return p->word_count == 1 ? 0 : complain(p, "%s: one argument too many", p->words[0]);
    }
    if (p->word_count == 2 && strcmp(p->words[0], "none") != 0) {
        o->checkpoint = p->words[0];
    }
    if (!o->checkpoint && !o->map) {
        return complain(p, "CHECKPOINT is missing, and there is no map= that could name it");
    }
    return 0;
}

errint opts_parse(int argc, char **argv, struct opts *out, struct buf *complaint)
{
    *out = (struct opts){.policy = {.uid = geteuid(), .gid = getegid()}};
    arena_init(&out->arena);
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    const char *called = slash ? slash + 1 : argc ? argv[0] : "";
    out->helper = strncmp(called, "mount.", 6) == 0;

    struct parse p = {.opts = out, .complaint = complaint};
    struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
    int rc = check_values(&p, argc, argv);
    if (rc == 0) {
        rc = fuse_opt_parse(&args, &p, table, take);
    }
    fuse_opt_free_args(&args);
    if (rc == 0) {
        rc = take_words(&p);
    }
    if (rc != 0) {
        complain(&p, "cannot understand the options");
        return -EINVAL;
    }
    return 0;
}

void opts_fini(struct opts *o)
{
    arena_fini(&o->arena);
    free(o->session);
    o->session = NULL;
}

errint opts_session(const struct opts *o, const char *checkpoint, struct buf *b)
{
    buf_text(b, "ro,nosuid,nodev,default_permissions,subtype=" OPTS_TYPE ",fsname=");
    for (const char *c = o->fsname ? o->fsname : checkpoint; *c; c++) {
        if (*c == ',' || *c == '\\') {
            buf_char(b, '\\');
        }
        buf_char(b, *c);
    }
    if (o->session) {
        buf_char(b, ',');
        buf_text(b, o->session);
    }
    if (o->debug) {
        buf_text(b, ",debug");
    }
    return buf_check(b);
}
