/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/items.h"

struct item_cursor item_first(const struct view *v)
{
    return (struct item_cursor){.at = variable_first(&v->variables)};
}

bool item_next(struct item_cursor *at, struct item *out)
{
    while (at->part == at->variable.part_count) {
        if (!variable_next(&at->at, &at->variable)) {
            return false;
        }
        struct str name = variable_name(&at->variable);
        if (at->variable.whole) {
            *out = (struct item){name, -1, name, at->variable.whole};
            at->part = at->variable.part_count;
            return true;
        }
        at->part = 0;
    }
    const struct target *t = &at->variable.parts[at->part++];
    *out = (struct item){target_variable(t), t->form->part, target_name(t), t};
    return true;
}

int item_order(const struct item *a, const struct item *b)
{
    int order = str_cmp(a->variable, b->variable);
    return order ? order : (a->part > b->part) - (a->part < b->part);
}
