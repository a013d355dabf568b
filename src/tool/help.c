/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/help.h"

#include <ctype.h>
#include <stdio.h>

#include "tool/options.h"

static void print_command(struct buf *b, const struct command *c)
{
    buf_printf(b, "Usage: ckptool %s [OPTION]... %s\n", c->name, c->operands);
    buf_printf(b, "%c%s.\n", toupper((unsigned char)c->what[0]), c->what + 1);
    buf_printf(b, "Example: ckptool %s %s\n", c->name, c->example);
}

static void print_commands(struct buf *b)
{
    buf_text(b, "Usage: ckptool COMMAND [OPTION]... CHECKPOINT [OPERAND]...\n"
                "Inspects a TensorFlow checkpoint, as it is or as a map shows it, without a "
                "mount.\n\n");
    for (size_t i = 0; i < command_count; i++) {
        buf_printf(b, "  %-7s %-27s%s\n", commands[i].name, commands[i].operands, commands[i].what);
    }
    buf_text(b, "  help    [COMMAND]                  print this, or the options of a "
                "command\n\nExamples:\n");
    for (size_t i = 0; i < command_count; i++) {
        buf_printf(b, "  ckptool %s %s\n", commands[i].name, commands[i].example);
    }
}

/* In brackets: the commands that have the option, if not all do. */
static void print_whose(struct buf *b, const struct tool_option *o)
{
    if (o->commands == FOR_ALL) {
        return;
    }
    for (size_t c = 0, n = 0; c < command_count; c++) {
        if (o->commands & (int)commands[c].bit) {
            buf_printf(b, "%s%s", n++ ? ", " : " (", commands[c].name);
        }
    }
    buf_char(b, ')');
}

static void print_option(struct buf *b, const struct tool_option *o)
{
    char left[40];
    snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
             o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->value ? "=" : "",
             o->value ? o->value : "");
    buf_printf(b, "  %-22s  %s", left, o->what);
}

void help_print(struct buf *b, const struct command *only)
{
    if (only) {
        print_command(b, only);
    } else {
        print_commands(b);
    }
    buf_text(b, "\nOptions:\n");
    for (size_t i = 0; i < option_count; i++) {
        if (only && !(options[i].commands & (int)only->bit)) {
            continue;
        }
        print_option(b, &options[i]);
        if (!only) {
            print_whose(b, &options[i]);
        }
        buf_char(b, '\n');
    }
    buf_text(
        b, "\nCHECKPOINT is a prefix, a .index or .data-* file, a V1 file or the pattern of "
           "its shards, a\n"
           "safetensors file, an index or a pattern of such, or a directory: with a "
           "`checkpoint` state\n"
           "file, of a SavedModel, or with one checkpoint. `none` is the one that the map "
           "names. PATTERN is\n"
           "a shell pattern on whole names, in which * matches '/' too; without * ? [ it "
           "selects the names\n"
           "that contain it. PATH is a variable's name, or its path in a mount. See ckptool(1).\n");
}
