/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/complete.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/candidates.h"
#include "map/ready_maps.h"
#include "tool/command_line.h"
#include "tool/complete_names.h"

enum { SECONDS_MOST = 2 };

/* ---- one word -------------------------------------------------------------------------------- */

static void add_maps(struct candidates *c, struct arena *a)
{
    struct diag unheard;
    struct ready_map *list;
    uint32_t count = 0;
    diag_init(&unheard);
    errint rc = ready_maps_list(a, &unheard, &list, &count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        candidates_add(c, list[i].name, list[i].what);
    }
    diag_fini(&unheard);
}

static void add_words(struct candidates *c, enum word_kind kind, struct tool_args *args,
                      struct arena *a)
{
    switch (kind) {
    case WORD_OTHER:
        return;
    case WORD_MAP:
        add_maps(c, a);
        c->paths = CANDIDATES_FILES;
        return;
    case WORD_FILE:
        c->paths = CANDIDATES_FILES;
        return;
    case WORD_TENSOR:
    case WORD_SOURCE:
    case WORD_VARIABLE:
    case WORD_TARGET:
        break;
    }
    if (ready_map_path(&args->map, a) == 0) {
        complete_names(c, kind, args);
    }
}

static void add_values(struct candidates *c, const struct tool_option *o, struct tool_args *args,
                       struct arena *a)
{
    const char *const *known = o->choices ? o->choices() : NULL;
    for (; known && *known; known++) {
        candidates_add(c, str_from(*known), STR(""));
    }
    add_words(c, o->words, args, a);
}

static void add_options(struct candidates *c, const struct command *command)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct tool_option *o = &options[i];
        char letter[] = {'-', o->letter, '\0'};
        char name[64] = "--";
        if (!(o->commands & (int)command->bit)) {
            continue;
        }
        strncat(name, o->name, sizeof(name) - 4);
        if (o->value) {
            strcat(name, "=");
        }
        if (o->letter) {
            candidates_add(c, str_from(letter), str_from(o->what));
        }
        candidates_add(c, str_from(name), str_from(o->what));
    }
}

/* Letters of one word, as "-Hq" and "-mbert": true if the last of them takes a value, which begins
 * in the same word, at c->head. */
static const struct tool_option *letter_with_value(struct candidates *c,
                                                   const struct command *command)
{
    for (size_t i = 1; i < c->word.len; i++) {
        const struct tool_option *o = option_by_letter(command, c->word.ptr[i]);
        if (!o) {
            return NULL;
        }
        if (o->value && i + 1 < c->word.len) {
            c->head = i + 1;
            return o;
        }
    }
    return NULL;
}

/* The word begins with a dash, and options may come. */
static void add_for_dash(struct candidates *c, const struct command *command,
                         struct tool_args *args, struct arena *a)
{
    long equals = str_find(c->word, '=');
    const struct tool_option *o = NULL;
    if (!str_starts(c->word, STR("--"))) {
        o = letter_with_value(c, command);
    } else if (equals > 0) {
        o = option_by_name(command, str_of(c->word.ptr + 2, (size_t)equals - 2));
        c->head = o && o->value ? (size_t)equals + 1 : 0;
    }
    if (c->head) {
        add_values(c, o, args, a);
    } else {
        add_options(c, command);
    }
}

/* ---- which word ------------------------------------------------------------------------------ */

static enum word_kind operand_kind(const struct command *c, int number)
{
    int known = 0;
    while (known < COMMAND_WORDS_MOST && c->words[known] != WORD_OTHER) {
        known++;
    }
    if (number < known) {
        return c->words[number];
    }
    return c->repeated ? c->words[known - 1] : WORD_OTHER;
}

static void add_commands(struct candidates *c, bool first)
{
    for (size_t i = 0; i < command_count; i++) {
        candidates_add(c, str_from(commands[i].name), str_from(commands[i].what));
    }
    if (first) {
        candidates_add(c, STR("help"), STR("print this, or the options of a command"));
    }
    if (first && c->word.len) {
        candidates_add(c, STR("--help"), STR("print a help text"));
        candidates_add(c, STR("--version"), STR("print the version"));
    }
}

/* argv[0] is the command; the word that is being typed stands after all of them. */
static void add_for_command(struct candidates *c, int argc, char **argv, struct arena *a)
{
    const struct command *command = command_find(argv[0]);
    struct typed_line line;
    if (!command || command_line_typed(command, argc, argv, &line, a) < 0) {
        return;
    }
    if (line.waiting) {
        add_values(c, line.waiting, &line.args, a);
    } else if (!line.ended && str_starts(c->word, STR("-"))) {
        add_for_dash(c, command, &line.args, a);
    } else {
        add_words(c, operand_kind(command, line.args.operand_count), &line.args, a);
    }
}

/* Shells leave the tilde to whoever is called to complete. */
static char *with_home(char *word, struct arena *a)
{
    const char *home = getenv("HOME");
    char *path =
        strncmp(word, "~/", 2) == 0 && home ? arena_printf(a, "%s%s", home, word + 1) : NULL;
    return path ? path : word;
}

static void on_alarm(int number)
{
    (void)number;
    _exit(TOOL_OK);
}

static void silence(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDERR_FILENO) < 0) {
        close(STDERR_FILENO);
    }
}

int complete(int argc, char **argv, struct tool_out *o)
{
    static char nothing[] = "";
    struct arena a;
    arena_init(&a);
    silence();
    signal(SIGALRM, on_alarm);
    alarm(SECONDS_MOST);
    char *word = argc ? argv[argc - 1] : nothing;
    int before = argc ? argc - 1 : 0;
    struct candidates c = candidates_begin(str_from(word));
    for (int i = 0; i < before; i++) {
        argv[i] = with_home(argv[i], &a);
    }
    argv[before] = NULL;
    if (before == 0 || (before == 1 && strcmp(argv[0], "help") == 0)) {
        add_commands(&c, before == 0);
    } else {
        add_for_command(&c, before, argv, &a);
    }
    alarm(0);
    candidates_print(&c, &o->text);
    candidates_fini(&c);
    arena_fini(&a);
    return TOOL_OK;
}
