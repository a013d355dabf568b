/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/path.h"
#include "fuse/opts_table.h"

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
static int parse_number(struct parse *p, const char *arg, int base, unsigned long most,
                        unsigned long *out)
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

/* The value of "NAME=VALUE", "--NAME=VALUE" or "-xVALUE". */
static const char *value_of(const char *arg)
{
    bool letter = arg[0] == '-' && arg[1] != '-';
    return letter ? arg + 2 : strchr(arg, '=') + 1;
}

static int keep_text(struct parse *p, const char *arg, const char **out)
{
    const char *text = value_of(arg);
    if (!*text) {
        return complain(p, "%s%s: a value is missing", arg[0] == '-' ? "" : "-o ", arg);
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
        bool names = strcmp(p->words[0], "friendly") == 0 || strcmp(p->words[0], "key") == 0;
        return complain(p, "%s: one argument too many%s%s%s", arg,
                        names ? "; did you mean '--names " : "", names ? p->words[0] : "",
                        names ? "'?" : "");
    }
    if (!*arg) {
        return complain(p, "an argument is empty");
    }
    p->words[p->word_count] = arena_cstr(&p->opts->arena, str_from(arg));
    return p->words[p->word_count++] ? 0 : complain(p, "out of memory");
}

static int take_names(struct parse *p, const char *kind)
{
    static const char *const kinds[] = {"key", "friendly"};
    if (map_names_parse(str_from(kind), &p->opts->extra.names)) {
        return 0;
    }
    const char *meant = nearest_word(str_from(kind), kinds, ARRAY_LEN(kinds));
    return complain(p, "names=%s: expected key or friendly%s%s%s", kind,
                    meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static int take_sandbox(struct parse *p, const char *value)
{
    p->opts->no_sandbox = strcmp(value, "no") == 0;
    return p->opts->no_sandbox || strcmp(value, "yes") == 0
               ? 0
               : complain(p, "-o sandbox=%s: expected no or yes", value);
}

static int take_other(struct parse *p, const char *arg)
{
    bool for_mount = strncmp(arg, "x-", 2) == 0 || strncmp(arg, "X-", 2) == 0;
    if (!*arg || for_mount) {
        return 0;
    }
    const char *dash = arg[0] == '-' ? "" : "-o ";
    const char *meant = opts_nearest(arg);
    if (!meant) {
        return complain(p, "unknown option: %s%s", dash, arg);
    }
    int len = (int)strcspn(meant, arg[0] == '-' ? " =" : " ");
    return complain(p, "unknown option: %s%s; did you mean '%s%.*s'?", dash, arg, dash, len, meant);
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
    case KEY_NOVERIFY:
        o->noverify = true;
        break;
    default:
        break;
    }
    return 0;
}

/* libfuse itself lets root in alone with allow_root, once the kernel lets in everybody. */
static int add_session(struct opts *o, const char *arg)
{
    int rc = fuse_opt_add_opt_escaped(&o->session, arg);
    return rc == 0 && strcmp(arg, "allow_root") == 0 ? fuse_opt_add_opt(&o->session, "allow_other")
                                                     : rc;
}

static int take_argument(void *data, const char *arg, int key, struct fuse_args *rest)
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
    case KEY_NAMESPACE:
        return o->helper ? keep_text(p, arg, &o->mount_namespace)
                         : complain(p, "unknown option: -N");
    case KEY_MAP:
        return o->map ? complain(p, "the map is given twice") : keep_text(p, arg, &o->map);
    case KEY_GRAPH:
        return o->graph ? complain(p, "the graph is given twice") : keep_text(p, arg, &o->graph);
    case KEY_ASSIGN:
        return keep_more(p, arg, &o->extra.assign, &o->extra.assign_count);
    case KEY_DEFINE:
        return keep_more(p, arg, &o->extra.define, &o->extra.define_count);
    case KEY_DROP:
        return keep_more(p, arg, &o->extra.drop, &o->extra.drop_count);
    case KEY_KEEP:
        return keep_more(p, arg, &o->extra.keep, &o->extra.keep_count);
    case KEY_SET:
        return keep_more(p, arg, &o->extra.set, &o->extra.set_count);
    case KEY_PREFER:
        return keep_text(p, arg, &o->extra.prefer);
    case KEY_NAMES:
        return take_names(p, value_of(arg));
    case KEY_FSNAME:
        return keep_text(p, arg, &o->fsname);
    case KEY_SANDBOX:
        return take_sandbox(p, value_of(arg));
    case KEY_RUNAS:
        return keep_text(p, arg, &o->runas);
    case KEY_UID:
        policy->set_uid = parse_number(p, arg, 10, UINT_MAX - 1, &value) == 0;
        policy->force_uid = (uid_t)value;
        return policy->set_uid ? 0 : -1;
    case KEY_GID:
        policy->set_gid = parse_number(p, arg, 10, UINT_MAX - 1, &value) == 0;
        policy->force_gid = (gid_t)value;
        return policy->set_gid ? 0 : -1;
    case KEY_UMASK:
        if (parse_number(p, arg, 8, 0777, &value) < 0) {
            return -1;
        }
        policy->umask = (mode_t)value;
        return 0;
    case KEY_MAX_READ:
        if (parse_number(p, arg, 10, UINT_MAX, &value) < 0) {
            return -1;
        }
        o->max_read = (unsigned)value;
        return fuse_opt_add_opt_escaped(&o->session, arg);
    case KEY_IGNORED:
        return 0;
    case KEY_SESSION:
        return add_session(o, arg);
    default:
        return take_flag(o, key);
    }
}

static int add_both(struct fuse_args *out, const char *option, const char *value)
{
    int rc = fuse_opt_add_arg(out, option);
    return rc == 0 ? fuse_opt_add_arg(out, value) : rc;
}

static int add_joined(struct fuse_args *out, const char *option, const char *value)
{
    CLEANUP_FREE char *joined = NULL;
    return asprintf(&joined, "%s=%s", option, value) < 0 ? -1 : fuse_opt_add_arg(out, joined);
}

/* fuse_opt prints by itself when a value is missing; we want to say it in our own way. And it does
 * not know that a value of `--map=` may be a word of its own: such two are made one. */
static int join_values(struct parse *p, int argc, char **argv, struct fuse_args *out)
{
    int rc = 0;
    bool options = true;
    for (int i = 0; i < argc && rc == 0; i++) {
        const char *word = argv[i];
        options = options && strcmp(word, "--") != 0;
        if (i == 0 || !options || !opts_takes_word(word)) {
            rc = fuse_opt_add_arg(out, word);
            continue;
        }
        if (++i >= argc) {
            return complain(p, "%s: a value is missing", word);
        }
        rc = strncmp(word, "--", 2) == 0 ? add_joined(out, word, argv[i])
                                         : add_both(out, word, argv[i]);
    }
    return rc == 0 ? 0 : complain(p, "out of memory");
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
    if (o->verify && o->noverify) {
        return complain(p, "-o verify and -o noverify exclude each other");
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
    out->helper = argc && str_starts(path_base(argv[0]), STR("mount."));

    struct parse p = {.opts = out, .complaint = complaint};
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    int rc = join_values(&p, argc, argv, &args);
    if (rc == 0) {
        rc = fuse_opt_parse(&args, &p, opts_table, take_argument);
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
