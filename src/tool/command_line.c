/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/command_line.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

/* The options of a command as getopt_long wants them. The code of one is its letter, or for one
 * without LONG_ONLY and its row. */
struct getopt_options {
    char letters[2 * OPTIONS_MOST + 2];
    struct option longs[OPTIONS_MOST + 1];
};

enum { LONG_ONLY = 256 };

static void list_options(const struct command *c, struct getopt_options *out)
{
    size_t count = 0;
    char *letter = out->letters;
    *letter++ = ':'; /* missing values are told apart from unknown options */
    for (size_t i = 0; i < option_count; i++) {
        const struct tool_option *o = &options[i];
        if (!(o->commands & (int)c->bit)) {
            continue;
        }
        out->longs[count++] = (struct option){o->name, o->value ? required_argument : no_argument,
                                              NULL, o->letter ? o->letter : LONG_ONLY + (int)i};
        if (o->letter) {
            *letter++ = o->letter;
        }
        if (o->letter && o->value) {
            *letter++ = ':';
        }
    }
    *letter = '\0';
    out->longs[count] = (struct option){0};
    opterr = 0;
    optind = 0; /* begin anew */
}

/* NULL for what is none. */
static const struct tool_option *option_of(const struct command *c, int code)
{
    return code >= LONG_ONLY ? &options[code - LONG_ONLY] : option_by_letter(c, (char)code);
}

static void refuse_unknown(const struct command *c, const char *word)
{
    const char *meant = option_nearest((int)c->bit, word);
    if (meant) {
        tool_usage("%s: unknown option '%s'; did you mean '--%s'?", c->name, word, meant);
    } else {
        tool_usage("%s: unknown option '%s'", c->name, word);
    }
}

/* getopt_long: optopt is the letter, or 0 for an unknown long option; argv[optind - 1] is the last
 * word it took. */
static void refuse(const struct command *c, char **argv, int code)
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
}

static const struct tool_args defaults = {
    .limit = UINT64_MAX, .depth = UINT64_MAX, .atol = -1, .rtol = -1};

static void keep_operands(int argc, char **argv, struct tool_args *args)
{
    args->operands = argv + optind;
    args->operand_count = argc - optind;
}

enum request command_line_parse(const struct command *c, int argc, char **argv,
                                struct tool_args *args, struct arena *a)
{
    struct getopt_options known;
    list_options(c, &known);
    *args = defaults;
    for (int code; (code = getopt_long(argc, argv, known.letters, known.longs, NULL)) != -1;) {
        const struct tool_option *o = option_of(c, code);
        if (!o) {
            refuse(c, argv, code);
            return REQUEST_USAGE;
        }
        if (o->kind == OPTION_HELP || o->kind == OPTION_VERSION) {
            return o->kind == OPTION_HELP ? REQUEST_HELP : REQUEST_VERSION;
        }
        errint rc = option_keep(o, c, optarg, (size_t)argc, args, a);
        if (rc < 0) {
            return rc == -ENOMEM ? REQUEST_MEMORY : REQUEST_USAGE;
        }
    }
    keep_operands(argc, argv, args);
    return REQUEST_RUN;
}

errint command_line_typed(const struct command *c, int argc, char **argv, struct typed_line *out,
                          struct arena *a)
{
    struct getopt_options known;
    list_options(c, &known);
    *out = (struct typed_line){.args = defaults};
    for (int code; (code = getopt_long(argc, argv, known.letters, known.longs, NULL)) != -1;) {
        const struct tool_option *o = option_of(c, code == ':' ? optopt : code);
        if (code == ':') {
            out->waiting = o;
        } else if (o && option_keep(o, c, optarg, (size_t)argc, &out->args, a) == -ENOMEM) {
            return -ENOMEM;
        }
    }
    out->ended = strcmp(argv[optind - 1], "--") == 0;
    keep_operands(argc, argv, &out->args);
    return 0;
}
