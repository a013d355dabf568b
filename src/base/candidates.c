/* SPDX-License-Identifier: Apache-2.0 */
#include "base/candidates.h"

#include "base/cleanup.h"

struct candidates candidates_begin(struct str word)
{
    return (struct candidates){.word = word};
}

void candidates_fini(struct candidates *c)
{
    buf_fini(&c->lines);
}

struct str candidates_typed(const struct candidates *c)
{
    return str_from_pos(c->word, c->head);
}

/* Whether a terminal shows it as itself. */
static bool is_shown(struct str text)
{
    CLEANUP_BUF struct buf shown = {0};
    buf_safe(&shown, text);
    return !shown.failed && str_eq(buf_view(&shown), text);
}

void candidates_add(struct candidates *c, struct str text, struct str what)
{
    if (!str_starts(text, candidates_typed(c)) || c->count == CANDIDATES_MOST || !is_shown(text)) {
        return;
    }
    c->count++;
    buf_str(&c->lines, str_head(c->word, c->head));
    buf_str(&c->lines, text);
    buf_char(&c->lines, '\t');
    buf_safe(&c->lines, what);
    buf_char(&c->lines, '\n');
}

void candidates_print(const struct candidates *c, struct buf *b)
{
    static const char *const paths[] = {"none", "files", "directories"};
    buf_text(b, paths[c->paths]);
    buf_char(b, '\t');
    buf_str(b, str_head(c->word, c->head));
    buf_char(b, '\n');
    buf_str(b, buf_view(&c->lines));
    b->failed |= c->lines.failed;
}
