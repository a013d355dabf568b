/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/map_text.h"

#include <inttypes.h>

#include "map/optimizer_names.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

static void add_variable(const struct proposal_variable *v, struct buf *b)
{
    buf_visible(b, v->name);
    buf_printf(b, "  %s %s", dtype_name(v->dtype), shape_text(v->shape).text);
}

static void add_comment(const struct proposal *p, const struct map_line *line, struct buf *b)
{
    const struct proposal_pair *pair = line->first;
    buf_printf(b, "; %s", pair->certainty == PROPOSAL_PROVED ? "proved" : "likely");
    if (line->pairs > 1) {
        buf_printf(b, ", %" PRIu32 " times", line->pairs);
    }
    for (uint32_t i = 0; i < pair->target_count; i++) {
        const struct proposal_variable *v = &p->to.variables[pair->targets[i]];
        buf_printf(b, "%s%s %s", i ? ", " : ": ", dtype_name(v->dtype), shape_text(v->shape).text);
    }
    if (pair->why) {
        buf_text(b, "; ");
        buf_visible(b, str_from(pair->why));
    }
    buf_char(b, '\n');
}

/* Those of one side that are in no pair, with what that means. Without `slots`, optimizers' are not
 * missed. */
static void add_left(const struct proposal_side *s, const char *what, bool slots, struct buf *b)
{
    bool told = false;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->variables[i].pairs || (!slots && optimizer_owns(s->variables[i].name))) {
            continue;
        }
        if (!told) {
            buf_printf(b, "\n; %s:\n", what);
        }
        told = true;
        buf_text(b, ";   ");
        add_variable(&s->variables[i], b);
        buf_char(b, '\n');
    }
}

uint32_t map_text_open(const struct proposal *p)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < p->to.count; i++) {
        open += !p->to.variables[i].pairs;
    }
    return open;
}

void map_text_found(const struct proposal *p, const struct map_lines *l, struct buf *b)
{
    buf_text(b, "; proved: every element was compared\n; likely: names and shapes speak for "
                "it\n\n[assignment_map]\n");
    for (size_t i = 0; i < l->count; i++) {
        add_comment(p, &l->lines[i], b);
        buf_text(b, l->lines[i].text);
        buf_char(b, '\n');
    }
    add_left(&p->to, "open: nothing was found for these of the model", true, b);
    add_left(&p->from, "not used, of the checkpoint", false, b);
}

/* What stands before the last '/'. */
static struct str scope_of(struct str name)
{
    long slash = str_rfind(name, '/');
    return str_head(name, slash < 0 ? 0 : (size_t)slash);
}

void map_text_begun(const struct proposal *p, const struct map_lines *l, uint32_t slots,
                    struct buf *b)
{
    struct str scope = {NULL, 0};
    if (slots) {
        buf_printf(
            b, "; %" PRIu32 " variables of an optimizer are left out\n[view]\ndrop = optimizer\n\n",
            slots);
    }
    buf_text(b, "[assignment_map]\n");
    for (size_t i = 0; i < l->count; i++) {
        const struct map_line *line = &l->lines[i];
        const struct proposal_variable *v = &p->from.variables[line->first->sources[0]];
        struct str now = scope_of(v->name);
        if (scope.ptr && !str_eq(now, scope)) {
            buf_char(b, '\n');
        }
        scope = now;
        buf_printf(b, "; %s %s", dtype_name(v->dtype), shape_text(v->shape).text);
        if (line->pairs > 1) {
            buf_printf(b, ", and %" PRIu32 " more", line->pairs - 1);
        }
        buf_char(b, '\n');
        buf_text(b, line->text);
        buf_char(b, '\n');
    }
}
