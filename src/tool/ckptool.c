/* SPDX-License-Identifier: Apache-2.0 */
/* ckptool: what can be done with a checkpoint and a map without a mount. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "map/ready_maps.h"
#include "tool/command_line.h"
#include "tool/complete.h"
#include "tool/help.h"

static void print_version(struct buf *b)
{
    buf_text(b, "ckptool " CKPTFS_VERSION "\n");
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
    const char *meant = option_nearest(FOR_ALL, word);
    if (meant) {
        return tool_usage("option '%s' before a command; did you mean 'ckptool COMMAND --%s'?",
                          word, meant);
    }
    return tool_usage("unknown option '%s' before a command", word);
}

static int no_command(const char *name, const char *next)
{
    if (name[0] == '-') {
        return refuse_option_first(name);
    }
    if (next && command_find(next)) {
        return tool_usage("'%s' is no command; did you mean 'ckptool %s %s'?", name, next, name);
    }
    if (is_path(name)) {
        return tool_usage("'%s' is no command; did you mean 'ckptool list %s'?", name, name);
    }
    const char *meant = command_nearest(name);
    if (meant) {
        return tool_usage("unknown command '%s'; did you mean '%s'?", name, meant);
    }
    return tool_usage("unknown command '%s'", name);
}

static int help(const char *name, struct tool_out *o)
{
    const struct command *only = name ? command_find(name) : NULL;
    if (name && !only) {
        return no_command(name, NULL);
    }
    help_print(&o->text, only);
    return TOOL_OK;
}

/* Nothing of a checkpoint was read yet. */
static int run_sandboxed(const struct command *c, struct tool_args *args, struct tool_out *o,
                         struct arena *a)
{
    const char *output = c->output ? c->output(args, a) : NULL;
    struct sandbox sandbox = {
        .user = output ? SYSCALL_WRITER : SYSCALL_READER,
        .output = output,
        .off = "--no-sandbox",
    };
    args->sandbox = &sandbox;
    if (output) {
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

static int complain_of_memory(const struct command *c)
{
    log_error("out of memory");
    return c->trouble;
}

static int run_parsed(const struct command *c, int argc, char **argv, struct tool_out *o,
                      struct arena *a)
{
    struct tool_args args;
    switch (command_line_parse(c, argc, argv, &args, a)) {
    case REQUEST_HELP:
        return help(c->name, o);
    case REQUEST_VERSION:
        print_version(&o->text);
        return TOOL_OK;
    case REQUEST_USAGE:
        return TOOL_USAGE;
    case REQUEST_MEMORY:
        return complain_of_memory(c);
    case REQUEST_RUN:
        break;
    }
    if (ready_map_path(&args.map, a) < 0 || ready_map_path(&args.map_b, a) < 0) {
        return complain_of_memory(c);
    }
    return run_sandboxed(c, &args, o, a);
}

static int run_command(const struct command *c, int argc, char **argv, struct tool_out *o)
{
    struct arena arena;
    arena_init(&arena);
    o->trouble = c->trouble;
    int status = run_parsed(c, argc, argv, o, &arena);
    arena_fini(&arena);
    return status;
}

static int which_command(void)
{
    CLEANUP_BUF struct buf names = {0};
    commands_print(&names);
    return tool_usage("which command? %s", buf_view(&names).ptr);
}

static int run(int argc, char **argv, struct tool_out *o)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        return which_command();
    }
    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
        return help(NULL, o);
    }
    if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
        print_version(&o->text);
        return TOOL_OK;
    }
    if (strcmp(name, "--complete") == 0) {
        return complete(argc - 2, argv + 2, o);
    }
    const struct command *c = command_find(name);
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
