/* SPDX-License-Identifier: Apache-2.0 */
#include "map/parameters.h"

#include "base/utf8.h"
#include "map/line.h"
#include "map/message.h"
#include "map/token.h"

struct parameter *parameters_find(const struct parameters *p, struct str name)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (str_eq(p->list[i].name, name)) {
            return &p->list[i];
        }
    }
    return NULL;
}

/* ---- setting --------------------------------------------------------------------------------- */

errint parameter_check(const struct parameter *p, struct diag *d)
{
    struct line_fault fault;
    const char *name = message_shown(d, p->name);
    const char *why = NULL;
    if (!token_is_identifier(p->name)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, p->at, p->name,
                             "'%s' is no name of a parameter: expected letters, digits and '_'",
                             name);
    }
    if (!p->value.len) {
        why = "is given no value";
    } else if (!line_is_text(p->value, &fault)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, p->at, p->name, "parameter '%s': %s", name,
                             fault.text);
    } else if (line_without_comment(p->value).len != p->value.len) {
        why = "has what begins a comment in its value: write %3B for a ';', %23 for a '#'";
    } else if (parameters_wanted(p->value)) {
        why = "has a '${' in its value, which is taken as it is: name parameters in lines alone";
    }
    return why ? diag_error_at(d, DIAG_MAP_SYNTAX, p->at, p->name, "parameter '%s' %s", name, why)
               : 0;
}

errint parameters_set(struct parameters *p, struct parameter parameter, struct arena *a,
                      struct diag *d)
{
    errint rc = parameter_check(&parameter, d);
    struct parameter *to = rc < 0 ? NULL : parameters_find(p, parameter.name);
    if (rc < 0) {
        return rc;
    }
    if (!to && p->count == PARAMETERS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, parameter.at, parameter.name, "more than %d parameters",
                             PARAMETERS_MOST);
    }
    parameter.name = arena_str(a, parameter.name);
    parameter.value = arena_str(a, parameter.value);
    if (!parameter.name.ptr || !parameter.value.ptr ||
        (!to && !arena_grow(a, &p->list, &p->cap, p->count, sizeof(*p->list)))) {
        return diag_no_memory(d);
    }
    to = to ? to : &p->list[p->count++];
    *to = parameter;
    return 0;
}

errint parameters_set_text(struct parameters *p, struct str text, struct position at, uint32_t file,
                           struct arena *a, struct diag *d)
{
    struct str rest;
    struct parameter parameter = {.name = token_cut(text, '=', &rest), .at = at, .file = file};
    if (!rest.ptr) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text, "'%s': expected NAME=VALUE",
                             message_shown(d, text));
    }
    parameter.value = str_trim(rest);
    return parameters_set(p, parameter, a, d);
}

/* ---- using ----------------------------------------------------------------------------------- */

bool parameters_wanted(struct str text)
{
    return str_search(text, STR("${")) >= 0;
}

bool parameters_next(struct str *text, struct str *name)
{
    long found = str_search(*text, STR("${"));
    struct str inside = str_from_pos(*text, found < 0 ? text->len : (size_t)found + 2);
    long close = str_find(inside, '}');
    *name = str_head(inside, close < 0 ? 0 : (size_t)close);
    *text = str_from_pos(inside, close < 0 ? inside.len : (size_t)close + 1);
    return close >= 0;
}

static errint complain_unknown(const struct parameters *p, struct str name, struct position at,
                               struct diag *d)
{
    const char *known[PARAMETERS_MOST];
    errint rc = diag_error_at(d, DIAG_MAP_SYNTAX, at, name,
                              "no parameter '%s' is set: give it a value in [parameters], or with "
                              "--set; '%%24' is a literal '$'",
                              message_shown(d, name));
    for (uint32_t i = 0; d && i < p->count; i++) {
        known[i] = arena_cstr(&d->arena, p->list[i].name);
        if (!known[i]) {
            return diag_no_memory(d);
        }
    }
    message_nearest(d, name, known, p->count);
    return rc;
}

/* The parameter that `text` begins with, `${` included; *rest is what follows. */
static errint add_value(struct parameters *p, struct str text, struct position at, struct buf *b,
                        struct str *rest, struct diag *d)
{
    struct str inside = str_from_pos(text, 2);
    long close = str_find(inside, '}');
    if (close < 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text, "a '${' has no '}', at '%s'",
                             message_shown(d, text));
    }
    struct str name = str_head(inside, (size_t)close);
    struct parameter *found = parameters_find(p, name);
    *rest = str_from_pos(inside, (size_t)close + 1);
    if (!found) {
        return complain_unknown(p, name, at, d);
    }
    found->used = true;
    p->added += found->value.len;
    buf_str(b, found->value);
    if (p->added > PARAMETERS_TEXT_MOST || b->len > LINE_BYTES_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, name,
                             "with the values of its parameters the %s would have more than %d "
                             "bytes",
                             b->len > LINE_BYTES_MOST ? "line" : "map",
                             b->len > LINE_BYTES_MOST ? LINE_BYTES_MOST : PARAMETERS_TEXT_MOST);
    }
    return 0;
}

errint parameters_expand(struct parameters *p, struct str text, struct position at, struct buf *b,
                         struct diag *d)
{
    for (long found; (found = str_search(text, STR("${"))) >= 0;) {
        buf_str(b, str_head(text, (size_t)found));
        errint rc = add_value(p, str_from_pos(text, (size_t)found), at, b, &text, d);
        if (rc < 0) {
            return rc;
        }
    }
    buf_str(b, text);
    return b->failed ? diag_no_memory(d) : 0;
}

void parameters_warn(const struct parameters *p, struct diag *d)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (!p->list[i].used) {
            diag_warn_at(d, DIAG_PARAMETER_UNUSED, p->list[i].at, p->list[i].name,
                         "no line uses the parameter '%s'", message_shown(d, p->list[i].name));
        }
    }
}
