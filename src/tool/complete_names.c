/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/complete_names.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/glob.h"
#include "tensor/dtype.h"

enum { NAMES_WHOLE = 50 }; /* more of them are shown as the scopes that they are in */

/* Names in their order. */
struct names {
    const struct view *view;
    enum word_kind kind;
    uint32_t count;
};

static bool is_of_view(enum word_kind kind)
{
    return kind == WORD_VARIABLE || kind == WORD_TARGET;
}

static struct str name_at(const struct names *n, uint32_t i)
{
    return is_of_view(n->kind) ? target_name(&n->view->plan->targets[i])
                               : tensor_name(&n->view->catalog->tensors[i]);
}

static void describe(const struct names *n, uint32_t i, struct buf *b)
{
    if (is_of_view(n->kind)) {
        const struct target *t = &n->view->plan->targets[i];
        buf_printf(b, "%s ", dtype_name(target_dtype(t)));
        shape_print(b, target_shape(t));
    } else {
        const struct tensor *t = &n->view->catalog->tensors[i];
        buf_printf(b, "%s ", dtype_name(t->dtype));
        shape_print(b, tensor_shape(t));
    }
}

/* Whether it can be typed, and shows what it is. */
static bool is_plain(struct str name)
{
    bool simple = true;
    for (size_t i = 0; i < name.len && simple; i++) {
        simple = name.ptr[i] > ' ' && name.ptr[i] < 0x7f && name.ptr[i] != '\\';
    }
    if (simple) {
        return true; /* as nearly all are */
    }
    CLEANUP_BUF struct buf shown = {0};
    buf_visible(&shown, name);
    return str_eq(buf_view(&shown), name);
}

/* The name as the command takes it, in `b` where it is not what it is. */
static struct str write_name(const struct names *n, uint32_t i, struct buf *b)
{
    struct str name = name_at(n, i);
    bool pattern = n->kind == WORD_TENSOR || n->kind == WORD_TARGET;
    b->len = 0;
    if (pattern && glob_is_pattern(name)) {
        struct arena a;
        arena_init(&a);
        const char *escaped = glob_escaped(name, &a);
        buf_text(b, escaped ? escaped : "");
        b->failed |= !escaped;
        arena_fini(&a);
    } else if (pattern || (n->kind == WORD_VARIABLE && is_plain(name))) {
        return name;
    } else {
        escape_name(b, name, false, false);
    }
    return buf_view(b);
}

/* As much of the name as leads to the next scope, or all of it. */
static struct str next_scope(struct str name, size_t typed)
{
    long slash = str_find(str_from_pos(name, typed), '/');
    return slash < 0 ? name : str_head(name, typed + (size_t)slash + 1);
}

static uint32_t count_meant(const struct names *n, struct str typed)
{
    CLEANUP_BUF struct buf name = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        count += str_starts(write_name(n, i, &name), typed);
    }
    return count;
}

static void add_scope(struct candidates *c, struct str scope, uint32_t names)
{
    char what[32];
    snprintf(what, sizeof(what), "%u name%s", names, names == 1 ? "" : "s");
    candidates_add(c, scope, str_from(what));
}

/* Names are sorted: those of a scope are neighbours, but for the odd one that is written otherwise,
 * and then the scope is offered twice. */
static void add_scopes(struct candidates *c, const struct names *n)
{
    struct str typed = candidates_typed(c);
    CLEANUP_BUF struct buf name = {0};
    CLEANUP_BUF struct buf scope = {0};
    uint32_t in_scope = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        struct str text = write_name(n, i, &name);
        if (!str_starts(text, typed)) {
            continue;
        }
        struct str next = next_scope(text, typed.len);
        if (in_scope && !str_eq(next, buf_view(&scope))) {
            add_scope(c, buf_view(&scope), in_scope);
            in_scope = 0;
        }
        if (next.len == text.len) {
            CLEANUP_BUF struct buf what = {0};
            describe(n, i, &what);
            candidates_add(c, text, buf_view(&what));
            c->lines.failed |= what.failed;
            continue;
        }
        scope.len = 0;
        buf_str(&scope, next);
        in_scope++;
    }
    if (in_scope) {
        add_scope(c, buf_view(&scope), in_scope);
    }
    c->lines.failed |= name.failed || scope.failed;
}

static void add_whole(struct candidates *c, const struct names *n)
{
    CLEANUP_BUF struct buf name = {0};
    CLEANUP_BUF struct buf what = {0};
    for (uint32_t i = 0; i < n->count; i++) {
        struct str text = write_name(n, i, &name);
        if (!str_starts(text, candidates_typed(c))) {
            continue;
        }
        what.len = 0;
        describe(n, i, &what);
        candidates_add(c, text, buf_view(&what));
        c->lines.failed |= name.failed || what.failed;
    }
}

void complete_names(struct candidates *c, enum word_kind kind, const struct tool_args *args)
{
    struct sandbox sandbox = {.user = SYSCALL_READER, .off = "--no-sandbox"};
    if (!args->no_sandbox) {
        sandbox_enter(&sandbox);
    }
    struct diag unheard;
    struct view v = {0};
    diag_init(&unheard);
    struct view_request request = tool_request(args, is_of_view(kind) ? VIEW_PLAN : VIEW_CATALOG);
    request.values_only = true;
    if (view_open(&request, &unheard, &v) == 0) {
        struct names n = {
            .view = &v, .kind = kind, .count = is_of_view(kind) ? v.plan->count : v.catalog->count};
        if (count_meant(&n, candidates_typed(c)) > NAMES_WHOLE) {
            add_scopes(c, &n);
        } else {
            add_whole(c, &n);
        }
    }
    view_close(&v);
    diag_fini(&unheard);
}
