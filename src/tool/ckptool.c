/* SPDX-License-Identifier: Apache-2.0 */
/* ckptool: what can be done with a checkpoint and a map without a mount. */
#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/nearest.h"
#include "map/ready_maps.h"
#include "tool/tool.h"

enum {
    FOR_LIST = 1,
    FOR_PLAN = 2,
    FOR_CAT = 4,
    FOR_VERIFY = 8,
    FOR_EXPORT = 16,
    FOR_MAP = 32,
    FOR_ALL = 63
};

static const struct command {
    const char *name;
    const char *operands;
    const char *what;
    const char *example; /* of its operands and options */
    int mask;
    int (*run)(const struct tool_args *args, struct tool_out *o);
} commands[] = {
    {"list", "CHECKPOINT [PATTERN]",
     "print the tensors of a checkpoint: name, dtype, shape, bytes, shard",
     "model.ckpt-1000 'dense*'", FOR_LIST, tool_list},
    {"plan", "[CHECKPOINT]", "print the dry run of a mount: which target comes from where",
     "-m map.ini model.ckpt-1000", FOR_PLAN, tool_plan},
    {"cat", "CHECKPOINT PATH...", "write the bytes, or print the values, of variables of the view",
     "--text -m map.ini model.ckpt-1000 dense/bias", FOR_CAT, tool_cat},
    {"export", "CHECKPOINT DIRECTORY",
     "write files of the view that TensorFlow, PyTorch, JAX or NumPy loads",
     "--format safetensors -m map.ini model.ckpt-1000 out", FOR_EXPORT, tool_export},
    {"verify", "CHECKPOINT", "compare every tensor with its checksum", "model.ckpt-1000",
     FOR_VERIFY, tool_verify},
    {"map", "--list", "print the maps that come with ckptfs, each with what it is for", "--list",
     FOR_MAP, tool_map},
};

enum {
    OPTION_LONG = 256,
    OPTION_DROP,
    OPTION_KEEP,
    OPTION_PREFER,
    OPTION_ONLY,
    OPTION_SET,
    OPTION_JSON,
    OPTION_SUMMARY,
    OPTION_TEXT,
    OPTION_LIMIT,
    OPTION_FORMAT,
    OPTION_LIST,
    OPTION_NO_SANDBOX,
};

static const struct tool_option {
    int code; /* the letter, or OPTION_... for one without */
    const char *name;
    const char *value; /* NULL: takes none */
    const char *what;
    int mask;
} options[] = {
    {'m', "map", "MAP", "show what this map says: a file, or one of `map --list`",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {'a', "assign", "SRC=DST", "one more rule, as in [assignment_map]; may be repeated",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {'D', "define", "NAME=TYPE", "one more declaration, as in [variables]; may be repeated",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {OPTION_DROP, "drop", "PATTERN", "hide tensors from the map (`optimizer`: those of optimizers)",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {OPTION_KEEP, "keep", "PATTERN", "hide all others from the map",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {OPTION_PREFER, "prefer", "ema|none", "show moving averages as the weights they are of, or not",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {OPTION_ONLY, "only", "PATTERN", "show these targets alone; may be repeated", FOR_PLAN},
    {OPTION_SET, "set", "NAME=VALUE", "a parameter of the map, instead of its own value",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {'g', "graph", "PATH", "the target graph: .meta, SavedModel or another checkpoint",
     FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {'n', "names", "KIND", "`key` or `friendly` names of an object-based checkpoint",
     FOR_LIST | FOR_PLAN | FOR_CAT | FOR_EXPORT},
    {OPTION_JSON, "json", NULL, "print JSON", FOR_LIST | FOR_PLAN},
    {OPTION_SUMMARY, "summary", NULL, "print totals by top scope and by dtype", FOR_LIST},
    {'H', "human", NULL, "print sizes like 1.3K, 2.0G", FOR_LIST | FOR_PLAN},
    {OPTION_TEXT, "text", NULL, "print values, not bytes", FOR_CAT},
    {OPTION_LIMIT, "limit", "N", "with --text, at most N values of each variable", FOR_CAT},
    {OPTION_FORMAT, "format", "FORMAT", "which files: safetensors, tf, npy or raw", FOR_EXPORT},
    {OPTION_LIST, "list", NULL, "print them all", FOR_MAP},
    {'f', "force", NULL, "write bytes even to a terminal", FOR_CAT},
    {'f', "force", NULL, "replace files that are there", FOR_EXPORT},
    {'q', "quiet", NULL, "print no warnings", FOR_ALL},
    {OPTION_NO_SANDBOX, "no-sandbox", NULL,
     "do without the sandbox, to find out whether it is in the way", FOR_ALL},
    {'h', "help", NULL, "print this help", FOR_ALL},
    {'V', "version", NULL, "print the version", FOR_ALL},
};

static void print_help(struct buf *b, const struct command *only)
{
    if (only) {
        buf_printf(b, "Usage: ckptool %s [OPTION]... %s\n", only->name, only->operands);
        buf_printf(b, "%c%s.\n", toupper((unsigned char)only->what[0]), only->what + 1);
        buf_printf(b, "Example: ckptool %s %s\n", only->name, only->example);
    } else {
        buf_text(b, "Usage: ckptool COMMAND [OPTION]... CHECKPOINT [OPERAND]...\n"
                    "Inspects a TensorFlow checkpoint, as it is or as a map shows it, without a "
                    "mount.\n\n");
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
            buf_printf(b, "  %-7s %-22s%s\n", commands[i].name, commands[i].operands,
                       commands[i].what);
        }
        buf_text(b, "  help    [COMMAND]             print this, or the options of a "
                    "command\n\nExamples:\n");
        for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
            buf_printf(b, "  ckptool %s %s\n", commands[i].name, commands[i].example);
        }
    }
    buf_text(b, "\nOptions:\n");
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct tool_option *o = &options[i];
        char left[40];
        if (only && !(o->mask & only->mask)) {
            continue;
        }
        snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->code < OPTION_LONG ? '-' : ' ',
                 o->code < OPTION_LONG ? o->code : ' ', o->code < OPTION_LONG ? "," : " ", o->name,
                 o->value ? "=" : "", o->value ? o->value : "");
        buf_printf(b, "  %-22s  %s", left, o->what);
        for (size_t c = 0, n = 0; !only && o->mask != FOR_ALL && c < ARRAY_LEN(commands); c++) {
            if (o->mask & commands[c].mask) {
                buf_printf(b, "%s%s", n++ ? ", " : " (", commands[c].name);
            }
        }
        buf_text(b, !only && o->mask != FOR_ALL ? ")\n" : "\n");
    }
    buf_text(b, "\nCHECKPOINT is a prefix, a .index or .data-* file, a V1 file or the pattern of "
                "its shards, or a\n"
                "directory: with a `checkpoint` state file, of a SavedModel, or with one "
                "checkpoint. `none` is\n"
                "the one that the map names. PATTERN is a shell pattern on whole names, in which * "
                "matches '/'\n"
                "too; without * ? [ it selects the names that contain it. PATH is a variable's "
                "name, or its path\n"
                "in a mount. See ckptool(1).\n");
}

static void print_version(struct buf *b)
{
    buf_text(b, "ckptool " CKPTFS_VERSION "\n");
}

/* What the command line asks for instead of a command's work. */
enum request { REQUEST_RUN, REQUEST_HELP, REQUEST_VERSION, REQUEST_USAGE };

/* The option, "--NAME", of one of the commands of the mask, that `word` may have meant; NULL if
 * none. */
static const char *nearest_option(int mask, const char *word)
{
    const char *known[ARRAY_LEN(options)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (options[i].mask & mask) {
            known[count++] = options[i].name;
        }
    }
    struct str name = str_from(word + strspn(word, "-"));
    return nearest_word(str_head(name, strcspn(name.ptr, "=")), known, count);
}

static void refuse_unknown(const struct command *c, const char *word)
{
    const char *meant = nearest_option(c->mask, word);
    if (meant) {
        tool_usage("%s: unknown option '%s'; did you mean '--%s'?", c->name, word, meant);
    } else {
        tool_usage("%s: unknown option '%s'", c->name, word);
    }
}

/* getopt_long: optopt is the letter, or 0 for an unknown long option; argv[optind - 1] is the last
 * word it took. */
static enum request refuse(const struct command *c, char **argv, int code)
{
    const char *word = argv[optind - 1];
    if (code == ':') {
        tool_usage("%s: option '%s' needs a value", c->name, word);
    } else if (optopt == 0) {
        refuse_unknown(c, word);
    } else if (str_starts(str_from(word), STR("--"))) {
        tool_usage("%s: option '%s' takes no value", c->name, word);
    } else {
        tool_usage("%s: unknown option '-%c'", c->name, optopt);
    }
    return REQUEST_USAGE;
}

static bool parse_limit(const char *text, uint64_t *limit)
{
    char *end;
    errno = 0;
    *limit = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static enum request parse(const struct command *c, int argc, char **argv, struct tool_args *args)
{
    char letters[2 * ARRAY_LEN(options) + 2] =
        ":"; /* missing values are told apart from unknown options */
    struct option longs[ARRAY_LEN(options) + 1] = {0};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct tool_option *o = &options[i];
        if (!(o->mask & c->mask)) {
            continue;
        }
        longs[count++] =
            (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->code};
        if (o->code < OPTION_LONG) {
            size_t len = strlen(letters);
            letters[len] = (char)o->code;
            letters[len + 1] = o->value ? ':' : '\0';
        }
    }
    opterr = 0;
    optind = 0; /* begin anew */
    for (int code; (code = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        switch (code) {
        case 'm':
            args->map = optarg;
            break;
        case 'a':
            ((const char **)(uintptr_t)args->extra.assign)[args->extra.assign_count++] = optarg;
            break;
        case 'D':
            ((const char **)(uintptr_t)args->extra.define)[args->extra.define_count++] = optarg;
            break;
        case OPTION_DROP:
            ((const char **)(uintptr_t)args->extra.drop)[args->extra.drop_count++] = optarg;
            break;
        case OPTION_KEEP:
            ((const char **)(uintptr_t)args->extra.keep)[args->extra.keep_count++] = optarg;
            break;
        case OPTION_SET:
            ((const char **)(uintptr_t)args->extra.set)[args->extra.set_count++] = optarg;
            break;
        case OPTION_PREFER:
            args->extra.prefer = optarg;
            break;
        case OPTION_ONLY:
            args->only[args->only_count++] = optarg;
            break;
        case 'g':
            args->graph = optarg;
            break;
        case 'n':
            if (!map_names_parse(str_from(optarg), &args->extra.names)) {
                static const char *const kinds[] = {"key", "friendly"};
                tool_usage_choice("--names", optarg, kinds, ARRAY_LEN(kinds));
                return REQUEST_USAGE;
            }
            break;
        case OPTION_JSON:
            args->json = true;
            break;
        case OPTION_SUMMARY:
            args->summary = true;
            break;
        case 'H':
            args->human = true;
            break;
        case OPTION_TEXT:
            args->text = true;
            break;
        case OPTION_LIMIT:
            if (!parse_limit(optarg, &args->limit)) {
                tool_usage("%s: --limit is a number, not '%s'", c->name, optarg);
                return REQUEST_USAGE;
            }
            break;
        case OPTION_LIST:
            args->list = true;
            break;
        case OPTION_FORMAT:
            args->format = optarg;
            break;
        case 'f':
            args->force = true;
            break;
        case 'q':
            args->quiet = true;
            break;
        case OPTION_NO_SANDBOX:
            args->no_sandbox = true;
            break;
        case 'h':
            return REQUEST_HELP;
        case 'V':
            return REQUEST_VERSION;
        default:
            return refuse(c, argv, code);
        }
    }
    args->operands = argv + optind;
    args->operand_count = argc - optind;
    return REQUEST_RUN;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

/* Whether a word in the place of a command is a checkpoint: a path, or something that is there. */
static bool is_path(const char *word)
{
    CLEANUP_BUF struct buf index = {0};
    buf_text(&index, word);
    buf_text(&index, ".index");
    return strchr(word, '/') || access(word, F_OK) == 0 ||
           (buf_check(&index) == 0 && access(index.data, F_OK) == 0);
}

static int refuse_option_first(const char *word)
{
    const char *meant = nearest_option(~0, word);
    if (meant) {
        return tool_usage("option '%s' before a command; did you mean 'ckptool COMMAND --%s'?",
                          word, meant);
    }
    return tool_usage("unknown option '%s' before a command", word);
}

static int no_command(const char *name, const char *next)
{
    const char *known[ARRAY_LEN(commands) + 1] = {"help"};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        known[i + 1] = commands[i].name;
    }
    if (name[0] == '-') {
        return refuse_option_first(name);
    }
    if (next && find_command(next)) {
        return tool_usage("'%s' is no command; did you mean 'ckptool %s %s'?", name, next, name);
    }
    if (is_path(name)) {
        return tool_usage("'%s' is no command; did you mean 'ckptool list %s'?", name, name);
    }
    const char *meant = nearest_word(str_from(name), known, ARRAY_LEN(known));
    if (meant) {
        return tool_usage("unknown command '%s'; did you mean '%s'?", name, meant);
    }
    return tool_usage("unknown command '%s'", name);
}

static int help(const char *name, struct tool_out *o)
{
    const struct command *only = name ? find_command(name) : NULL;
    if (name && !only) {
        return no_command(name, NULL);
    }
    print_help(&o->text, only);
    return TOOL_OK;
}

/* Nothing of a checkpoint was read yet. */
static int run_sandboxed(const struct command *c, struct tool_args *args, struct tool_out *o)
{
    bool writes = c->mask == FOR_EXPORT;
    struct sandbox sandbox = {
        .user = writes ? SYSCALL_WRITER : SYSCALL_READER,
        .output = writes && args->operand_count > 1 ? args->operands[1] : NULL,
        .off = "--no-sandbox",
    };
    args->sandbox = &sandbox;
    if (writes) {
        if (descriptors_raise_limit() < 0) { /* a file holds one until it has its name */
            log_debug("open files stay limited");
        }
    }
    if (!args->no_sandbox) {
        sandbox_enter(&sandbox);
    }
    int status = c->run(args, o);
    sandbox_tell(&sandbox);
    return status;
}

static int run_command(const struct command *c, int argc, char **argv, struct tool_out *o)
{
    /* Room for as many of each option that may be repeated as there are arguments. */
    CLEANUP_FREE const char **lists = calloc(6 * (size_t)argc, sizeof(*lists));
    if (!lists) {
        log_error("out of memory");
        return TOOL_FAILED;
    }
    struct tool_args args = {.limit = UINT64_MAX,
                             .only = lists + 4 * (size_t)argc,
                             .extra = {.assign = lists,
                                       .define = lists + argc,
                                       .drop = lists + 2 * (size_t)argc,
                                       .keep = lists + 3 * (size_t)argc,
                                       .set = lists + 5 * (size_t)argc}};
    switch (parse(c, argc, argv, &args)) {
    case REQUEST_HELP:
        return help(c->name, o);
    case REQUEST_VERSION:
        print_version(&o->text);
        return TOOL_OK;
    case REQUEST_USAGE:
        return TOOL_USAGE;
    case REQUEST_RUN:
        break;
    }
    struct arena arena;
    arena_init(&arena);
    int status = TOOL_FAILED;
    if (ready_map_path(&args.map, &arena) < 0) {
        log_error("out of memory");
    } else {
        status = run_sandboxed(c, &args, o);
    }
    arena_fini(&arena);
    return status;
}

static int run(int argc, char **argv, struct tool_out *o)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        return tool_usage("which command? list, plan, cat, export, verify or map");
    }
    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
        return help(NULL, o);
    }
    if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
        print_version(&o->text);
        return TOOL_OK;
    }
    const struct command *c = find_command(name);
    if (c) {
        return run_command(c, argc - 1, argv + 1, o);
    }
    return strcmp(name, "help") == 0 ? help(argv[2], o) : no_command(name, argv[2]);
}

/* Closed standard descriptors would be taken by the next files opened. Each gets a /dev/null that
 * fails when used. */
static void guard_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            _exit(TOOL_FAILED);
        }
    }
}

int main(int argc, char **argv)
{
    struct tool_out out;
    guard_descriptors();
    log_init("ckptool", LOG_LEVEL_WARNING);
    out_init(&out);
    return out_finish(&out, run(argc, argv, &out));
}
