/* SPDX-License-Identifier: Apache-2.0 */
#include "view/left_out.h"

#include <string.h>

#include "view/content.h"

static const char *const kinds[] = {"raw", "npy", "tensorflow",
                                    "safetensors"}; /* in the order of their bits */

struct left_out_cursor left_out_first(const struct view *v)
{
    struct left_out_cursor at = {.view = v, .next = variable_first(&v->variables)};
    return at;
}

/* Notes that files of a kind lack the variable; one entry for all kinds with the same reason. */
static void wait_for(struct left_out_cursor *at, struct str name, unsigned kind, const char *reason)
{
    for (unsigned i = 0; reason && i < at->waiting_count; i++) {
        if (strcmp(at->waiting[i].reason, reason) == 0) {
            at->waiting[i].files |= kind;
            return;
        }
    }
    if (reason) {
        at->waiting[at->waiting_count++] =
            (struct left_out){.name = name, .files = kind, .reason = reason};
    }
}

static bool next_tensor(struct left_out_cursor *at, struct left_out *out)
{
    const struct catalog *c = at->view->catalog;
    while (c && at->tensor < c->count) {
        const struct tensor *t = &c->tensors[at->tensor++];
        if (t->hidden) {
            bool kept = at->view->tf && tf_view_keeps(at->view->tf, t);
            *out = (struct left_out){
                .name = tensor_name(t),
                .files = VIEW_RAW | VIEW_NPY | VIEW_SAFETENSORS | (kept ? 0 : VIEW_TENSORFLOW),
                .reason = tensor_hidden_reason(t),
            };
            return true;
        }
    }
    return false;
}

/* Why there is no .npy file of it, or of one of its parts: the kind, or a name. */
static const char *npy_reason(const struct view *v, const struct view_variable *l)
{
    const char *refusal = npy_refusal(l);
    if (refusal || !v->tree) {
        return refusal;
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

bool left_out_next(struct left_out_cursor *at, struct left_out *out)
{
    if (next_tensor(at, out)) {
        return true;
    }
    struct view_variable l;
    while (at->waiting_count == 0 && at->view->tf && variable_next(&at->next, &l)) {
        wait_for(at, variable_name(&l), VIEW_NPY, npy_reason(at->view, &l));
        wait_for(at, variable_name(&l), VIEW_TENSORFLOW, tf_view_refusal(at->view->tf, &l));
        wait_for(at, variable_name(&l), VIEW_SAFETENSORS, safetensors_refusal(&l));
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
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        if (files & 1u << i) {
            buf_printf(b, "%s%s", comma, kinds[i]);
            comma = ", ";
        }
    }
}

void left_out_json(struct json *j, unsigned files)
{
    json_array(j, JSON_LINE);
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        if (files & 1u << i) {
            json_text(j, kinds[i]);
        }
    }
    json_array_end(j);
}
