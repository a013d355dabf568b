/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line adds to a map. */
#include "base/utf8.h"
#include "map/arrow.h"
#include "map/loading.h"
#include "map/message.h"
#include "map/token.h"

/* `KEY=VALUE` of the command line, which inih does not see. */
static void read_argument(struct loading *l, const char *given, struct position at,
                          void (*read)(struct loading *l, const struct ini_item *item))
{
    struct arrow arrow;
    struct str text = str_from(given);
    CLEANUP_BUF struct buf expanded = {0};
    if (parameters_wanted(text)) {
        errint rc = parameters_expand(&l->files->parameters, text, at, &expanded, l->d);
        if (rc < 0) {
            loading_note(l, rc);
            return;
        }
        text = buf_view(&expanded);
    }
    if (arrow_find(str_trim(text), &arrow) && utf8_valid(text)) {
        loading_note(l,
                     diag_error_at(l->d, DIAG_MAP_SYNTAX, at, text,
                                   "found '%s', expected '=': write '%s = %s'", arrow.sign,
                                   message_shown(l->d, arrow.from), message_shown(l->d, arrow.to)));
        return;
    }
    struct str rest;
    struct ini_item item = {.key = token_cut(text, '=', &rest), .at = at};
    item.value = rest.ptr ? str_trim(rest) : STR("");
    if (!item.key.len || !item.value.len || !utf8_valid(text)) {
        loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, text,
                                      "'%s': expected NAME=VALUE in UTF-8",
                                      message_shown(l->d, text)));
        return;
    }
    read(l, &item);
}

static void read_filters(struct loading *l, const char *option, bool keeps,
                         const char *const *lists, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct position at = {option, i + 1};
        if (!utf8_valid(str_from(lists[i]))) {
            loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(lists[i]),
                                          "'%s': expected patterns in UTF-8",
                                          message_shown(l->d, str_from(lists[i]))));
            continue;
        }
        loading_note(l, name_filters_add(&l->m->view.filters, keeps, str_from(lists[i]), at,
                                         &l->m->arena, l->d));
    }
}

static void read_prefer(struct loading *l, const char *text)
{
    const struct position at = {"prefer", 1};
    l->m->view.prefer_at = at;
    if (!view_prefer_parse(str_from(text), &l->m->view.prefer_ema)) {
        loading_note(l, diag_error_at(l->d, DIAG_MAP_SYNTAX, at, str_from(text),
                                      "'%s' is no value of 'prefer': expected ema or none",
                                      message_shown(l->d, str_from(text))));
    }
}

void loading_read_extra(struct loading *l)
{
    const struct map_extra *extra = l->extra;
    for (uint32_t i = 0; extra && i < extra->assign_count; i++) {
        read_argument(l, extra->assign[i], (struct position){"assign", i + 1}, loading_read_rule);
    }
    for (uint32_t i = 0; extra && i < extra->define_count; i++) {
        l->m->graph.given = true;
        read_argument(l, extra->define[i], (struct position){"define", i + 1},
                      loading_read_variable);
    }
    if (extra) {
        read_filters(l, "drop", false, extra->drop, extra->drop_count);
        read_filters(l, "keep", true, extra->keep, extra->keep_count);
    }
    if (extra && extra->prefer) {
        read_prefer(l, extra->prefer);
    }
}
