/* SPDX-License-Identifier: Apache-2.0 */
#include "view/left_out.h"

#include <string.h>

#include "view/content.h"

struct left_out_cursor left_out_first(const struct view *v)
{
    struct left_out_cursor at = {.view = v, .next = variable_first(&v->variables)};
    return at;
}

/* Notes that files of a kind lack the variable; one entry for all kinds with the same reason. */
static void wait_for(struct left_out_cursor *at, struct str name, unsigned format,
                     const char *reason)
{
    for (unsigned i = 0; reason && i < at->waiting_count; i++) {
        if (strcmp(at->waiting[i].reason, reason) == 0) {
            at->waiting[i].files |= FORMAT_BIT(format);
            return;
        }
    }
    if (reason) {
        at->waiting[at->waiting_count++] =
            (struct left_out){.name = name, .files = FORMAT_BIT(format), .reason = reason};
    }
}

/* The kinds whose files lack a hidden tensor. */
static unsigned formats_lacking(const struct formats *f, const struct tensor *t)
{
    unsigned files = 0;
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        const struct view_format *format = view_formats[i];
        bool kept = f->state[i] && format->keeps && format->keeps(f->state[i], t);
        files |= kept ? 0 : FORMAT_BIT(i);
    }
    return files;
}

static bool next_tensor(struct left_out_cursor *at, struct left_out *out)
{
    const struct catalog *c = at->view->catalog;
    while (c && at->tensor < c->count) {
        const struct tensor *t = &c->tensors[at->tensor++];
        if (t->hidden) {
            *out = (struct left_out){
                .name = tensor_name(t),
                .files = formats_lacking(&at->view->formats, t),
                .reason = tensor_hidden_reason(t),
            };
            return true;
        }
    }
    return false;
}

/* Why there is no .npy file of a variable that could have one, or of one of its parts. */
static const char *npy_name_reason(const struct view *v, const struct view_variable *l)
{
    if (!v->tree) {
        return NULL;
    }
    const uint32_t *nodes =
        v->tree->target_node + ((l->part_count ? l->parts : l->whole) - v->plan->targets);
    uint32_t node = l->part_count ? v->tree->nodes[nodes[0]].parent : nodes[0];
    bool named = content_npy(v, node) >= 0;
    for (uint32_t i = 0; named && i < l->part_count; i++) {
        named = content_npy(v, nodes[i]) >= 0;
    }
    return named ? NULL : "its name with .npy, or that of a part, is another file's, or too long";
}

static const char *reason_of(const struct view *v, unsigned format, const struct view_variable *l)
{
    const char *refusal = view_formats[format]->refusal(v->formats.state[format], l);
    return !refusal && view_formats[format]->suffix ? npy_name_reason(v, l) : refusal;
}

bool left_out_next(struct left_out_cursor *at, struct left_out *out)
{
    if (next_tensor(at, out)) {
        return true;
    }
    struct view_variable l;
    while (at->waiting_count == 0 && at->view->formats.open && variable_next(&at->next, &l)) {
        for (unsigned i = 0; i < FORMAT_COUNT; i++) {
            wait_for(at, variable_name(&l), i, reason_of(at->view, i, &l));
        }
    }
    if (at->waiting_count == 0) {
        return false;
    }
    *out = at->waiting[--at->waiting_count];
    return true;
}

void left_out_kinds(struct buf *b, unsigned files)
{
    const char *comma = "";
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (files & FORMAT_BIT(i)) {
            buf_printf(b, "%s%s", comma, view_formats[i]->name);
            comma = ", ";
        }
    }
}

void left_out_json(struct json *j, unsigned files)
{
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (files & FORMAT_BIT(i)) {
            json_text(j, view_formats[i]->name);
        }
    }
    json_array_end(j);
}
