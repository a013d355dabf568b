/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts_complete.h"

#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "fuse/opts_help.h"
#include "fuse/opts_table.h"
#include "map/ready_maps.h"

/* The row of an option as it is spelled there, but for a final '='; NULL for none. */
static const struct opts_help *find_row(struct str option, bool named)
{
    for (const struct opts_help *row = opts_help; row->spellings; row++) {
        struct str rest = str_from(row->spellings);
        for (struct opts_spelling s; opts_spelling_next(&rest, &s);) {
            size_t len = s.option.len - str_ends(s.option, STR("="));
            if (s.named == named && str_eq(str_head(s.option, len), option)) {
                return row;
            }
        }
    }
    return NULL;
}

static void add_maps(struct candidates *c)
{
    struct arena a;
    struct diag unheard;
    struct ready_map *list;
    uint32_t count = 0;
    arena_init(&a);
    diag_init(&unheard);
    errint rc = ready_maps_list(&a, &unheard, &list, &count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        candidates_add(c, list[i].name, list[i].what);
    }
    diag_fini(&unheard);
    arena_fini(&a);
}

static void add_values(struct candidates *c, const struct opts_help *row)
{
    if (!row) {
        return;
    }
    for (const char *choice = row->choices; choice; choice = strchr(choice, '|')) {
        choice += *choice == '|';
        candidates_add(c, str_of(choice, strcspn(choice, "|")), STR(""));
    }
    if (row->value == OPTS_VALUE_MAP) {
        add_maps(c);
    }
    c->paths = row->value == OPTS_VALUE_OTHER ? CANDIDATES_NO_PATHS : CANDIDATES_FILES;
}

/* Options behind -o, or those that stand by themselves. */
static void add_options(struct candidates *c, bool named)
{
    for (const struct opts_help *row = opts_help; row->spellings; row++) {
        CLEANUP_BUF struct buf what = {0};
        struct str rest = str_from(row->spellings);
        buf_text(&what, row->what);
        for (size_t i = 0; i < what.len && !what.failed; i++) {
            what.data[i] = what.data[i] == '\n' ? ' ' : what.data[i];
        }
        for (struct opts_spelling s; opts_spelling_next(&rest, &s);) {
            CLEANUP_BUF struct buf text = {0};
            buf_str(&text, s.option);
            if (s.value && str_starts(s.option, STR("--")) && !str_ends(s.option, STR("="))) {
                buf_char(&text, '=');
            }
            if (s.named == named) {
                candidates_add(c, buf_view(&text), buf_view(&what));
            }
        }
    }
    if (!named) {
        candidates_add(c, STR("-o"), STR("options of the mount, with commas between them"));
    }
}

/* The list of -o begins at c->head; its last item is being typed. An escaped comma ends none. */
static void add_for_list(struct candidates *c)
{
    size_t equals = 0;
    for (size_t i = c->head; i < c->word.len; i++) {
        char at = c->word.ptr[i];
        if (at == '\\') {
            i++;
        } else if (at == ',') {
            c->head = i + 1;
            equals = 0;
        } else if (at == '=' && !equals) {
            equals = i;
        }
    }
    if (equals) {
        struct str option = str_of(c->word.ptr + c->head, equals - c->head);
        c->head = equals + 1;
        add_values(c, find_row(option, true));
    } else {
        add_options(c, true);
    }
}

static void add_for_dash(struct candidates *c)
{
    struct str word = c->word;
    long equals = str_find(word, '=');
    bool letter = word.len > 2 && word.ptr[1] != '-';
    if (letter && word.ptr[1] == 'o') {
        c->head = 2;
        add_for_list(c);
    } else if (letter) {
        c->head = 2;
        add_values(c, find_row(str_head(word, 2), false));
    } else if (equals > 0) {
        c->head = (size_t)equals + 1;
        add_values(c, find_row(str_head(word, (size_t)equals), false));
    } else {
        add_options(c, false);
    }
}

/* The words before the one that is being typed. */
struct words {
    unsigned operands;
    const char *waiting; /* an option whose value comes next; NULL: none */
    bool ended;          /* after `--` there are no options */
    bool unmounts;
};

static struct words read_words(int argc, char **argv)
{
    struct words w = {0};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (w.ended || word[0] != '-') {
            w.operands++;
        } else if (strcmp(word, "--") == 0) {
            w.ended = true;
        } else if (opts_takes_word(word)) {
            w.waiting = ++i == argc ? word : NULL;
        } else {
            w.unmounts |= strcmp(word, "-u") == 0;
        }
    }
    return w;
}

void opts_complete(int argc, char **argv, struct buf *b)
{
    int before = argc ? argc - 1 : 0;
    struct candidates c = candidates_begin(str_from(argc ? argv[before] : ""));
    struct words w = read_words(before, argv);
    if (w.waiting && strcmp(w.waiting, "-o") == 0) {
        add_for_list(&c);
    } else if (w.waiting) {
        add_values(&c, find_row(str_from(w.waiting), false));
    } else if (!w.ended && str_starts(c.word, STR("-"))) {
        add_for_dash(&c);
    } else if (w.operands < 2) {
        c.paths = w.operands || w.unmounts ? CANDIDATES_DIRECTORIES : CANDIDATES_FILES;
    }
    candidates_print(&c, b);
    candidates_fini(&c);
}
