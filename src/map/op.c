/* SPDX-License-Identifier: Apache-2.0 */
#include "map/op.h"

#include "map/message.h"
#include "map/token.h"

errint op_refuse(const struct op_text *t, const struct op_syntax *syntax)
{
    return diag_error_at(t->d, DIAG_MAP_SYNTAX, t->at, t->text, "'%s%s%s': expected '%s'",
                         syntax->name, t->text.len ? " " : "", message_shown(t->d, t->text),
                         syntax->form);
}

static const struct op_syntax *find_syntax(const struct op_table *table, struct str name)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (str_eq(name, str_from(table->rows[i]->name))) {
            return table->rows[i];
        }
    }
    return NULL;
}

static errint refuse_unknown(const struct op_table *table, struct str name, struct position at,
                             struct diag *d)
{
    const char *names[64];
    uint32_t count = 0;
    for (; count < table->count && count < ARRAY_LEN(names); count++) {
        names[count] = table->rows[count]->name;
    }
    errint rc = diag_error_at(d, DIAG_MAP_SYNTAX, at, name, "unknown operation '%s'",
                              message_shown(d, name));
    message_nearest(d, name, names, count);
    return rc;
}

errint op_parse(const struct op_table *table, struct str text, struct position at, struct arena *a,
                struct op *out, struct diag *d)
{
    struct op_text t = {.at = at, .arena = a, .d = d};
    struct str name = token_next(text, &t.text);
    *out = (struct op){find_syntax(table, name), NULL};
    if (name.len == 0) {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, name,
            "an operation is empty: expected one after each '|', such as 'transpose'");
    }
    if (!out->syntax) {
        return refuse_unknown(table, name, at, d);
    }
    if (!out->syntax->parse) {
        return t.text.len ? op_refuse(&t, out->syntax) : 0;
    }
    errint rc = out->syntax->parse(&t, out->syntax, &out->arguments);
    return rc == -ENOMEM ? diag_no_memory(d) : rc;
}

void op_print(const struct op *op, struct buf *b)
{
    buf_text(b, op->syntax->name);
    if (op->syntax->print) {
        op->syntax->print(op->arguments, b);
    }
}

bool op_integer(struct str word, int64_t *out)
{
    bool sign = word.len && (word.ptr[0] == '-' || word.ptr[0] == '+');
    int64_t value = token_number(str_from_pos(word, sign));
    if (value < 0) {
        return false;
    }
    *out = word.ptr[0] == '-' ? -value : value;
    return true;
}

int op_integers(struct str text, int64_t *out, unsigned most)
{
    unsigned count = 0;
    struct str rest = text;
    while (rest.ptr) {
        struct str item = token_cut(rest, ',', &rest);
        bool only = !rest.ptr && count == 0 && item.len == 0;
        do {
            struct str word = token_next(item, &item);
            if (only) {
                return 0;
            }
            if (count == most || !op_integer(word, &out[count])) {
                return -1;
            }
            count++;
        } while (item.len);
    }
    return (int)count;
}
