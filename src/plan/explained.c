/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/explained.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "plan/ops/op_type.h"
#include "source/catalog_join.h"
#include "tensor/dtype.h"

enum {
    SOURCES_SAID = 8,    /* of one value; the others are counted */
    SHAPES_SAID = 8,     /* of values that are not of one shape */
    OPERATION_SAID = 200 /* bytes */
};

void explaining_fini(struct explaining *e)
{
    buf_fini(&e->text);
    buf_fini(&e->said);
    free(e->steps);
    *e = (struct explaining){.wanted = e->wanted};
}

void explaining_begin(struct explaining *e)
{
    e->text.len = e->said.len = 0;
    e->sources = 0;
    e->step_count = 0;
}

/* Whether the next source is said, or only counted; what parts it from the one before is added. */
static bool say_source(struct explaining *e)
{
    if (!e->wanted) {
        return false;
    }
    if (++e->sources > SOURCES_SAID) {
        return false;
    }
    buf_text(&e->text, e->sources > 1 ? ", " : "");
    return true;
}

static void say_type(struct explaining *e, struct shape shape, unsigned dtype)
{
    buf_char(&e->text, ' ');
    shape_print(&e->text, shape);
    buf_printf(&e->text, " %s", dtype_name(dtype));
}

void explaining_tensor(struct explaining *e, const struct catalog *c, const struct tensor *t)
{
    if (say_source(e)) {
        catalog_visible_name(c, t, &e->text);
        say_type(e, tensor_shape(t), t->dtype);
    }
}

void explaining_step(struct explaining *e, struct str name, const struct value *v)
{
    if (!say_source(e)) {
        return;
    }
    buf_char(&e->text, '~');
    buf_visible(&e->text, name);
    say_type(e, v->shape, v->dtype);
    if (v->explained && !grow(&e->steps, &e->step_cap, e->step_count, sizeof(*e->steps))) {
        e->failed = true;
    } else if (v->explained) {
        e->steps[e->step_count++] = v->explained;
    }
}

/* The shapes of the values: "[2, 3]", "4 x [2, 3]", "[2, 3], [1, 3]". */
static void print_shapes(const struct op_result *values, struct buf *b)
{
    bool alike = true;
    for (size_t i = 1; i < values->count; i++) {
        alike = alike && shape_eq(values->values[i].shape, values->values[0].shape);
    }
    if (alike && values->count > 1) {
        buf_printf(b, "%zu x ", values->count);
    }
    size_t said = alike && values->count ? 1 : values->count;
    for (size_t i = 0; i < said && i < SHAPES_SAID; i++) {
        buf_text(b, i ? ", " : "");
        shape_print(b, values->values[i].shape);
    }
    if (said > SHAPES_SAID) {
        buf_printf(b, " and %zu more", said - SHAPES_SAID);
    }
}

void explaining_sources(struct explaining *e, const struct op_result *values)
{
    if (!e->wanted) {
        return;
    }
    if (e->sources > SOURCES_SAID) {
        buf_printf(&e->text, " and %u more", e->sources - SOURCES_SAID);
    }
    print_shapes(values, &e->said);
}

void explaining_operation(struct explaining *e, const struct op *op, const struct op_result *values)
{
    CLEANUP_BUF struct buf shown = {0};
    CLEANUP_BUF struct buf shapes = {0};
    if (!e->wanted) {
        return;
    }
    op_print(op, &shown);
    print_shapes(values, &shapes);
    bool from_nothing = e->text.len == 0;
    buf_text(&e->text, from_nothing ? "" : " -> ");
    buf_visible_head(&e->text, buf_view(&shown), OPERATION_SAID);
    if (!from_nothing && !str_eq(buf_view(&shapes), buf_view(&e->said))) {
        buf_text(&e->text, " -> ");
        buf_str(&e->text, buf_view(&shapes));
    }
    e->said.len = 0;
    buf_str(&e->said, buf_view(&shapes));
    e->failed |= shown.failed || shapes.failed;
}

errint explaining_end(struct explaining *e, struct arena *a, uint32_t rule,
                      struct op_result *values)
{
    if (!e->wanted) {
        return 0;
    }
    const struct explained **steps = ARENA_ARRAY(a, const struct explained *, e->step_count + 1);
    struct explained *made = ARENA_ARRAY(a, struct explained, values->count + 1);
    if (!steps || !made || e->failed || e->text.failed || e->said.failed) {
        return -ENOMEM;
    }
    if (e->step_count) {
        memcpy(steps, e->steps, e->step_count * sizeof(*steps));
    }
    size_t len = e->text.len;
    for (size_t i = 0; i < values->count; i++) {
        e->text.len = len;
        if (values->count > 1) {
            buf_printf(&e->text, " (%zu of %zu)", i + 1, values->count);
        }
        made[i] = (struct explained){.text = arena_str(a, buf_view(&e->text)),
                                     .sources = e->sources,
                                     .rule = rule,
                                     .step = STR(""),
                                     .steps = steps,
                                     .step_count = (uint32_t)e->step_count};
        if (!made[i].text.ptr || e->text.failed) {
            return -ENOMEM;
        }
        values->values[i].explained = &made[i];
    }
    return 0;
}

const struct explained *explained_step(const struct explained *e, struct str name, struct arena *a)
{
    struct explained *made = e ? ARENA_NEW(a, struct explained) : NULL;
    if (made) {
        *made = *e;
        made->step = name;
    }
    return made;
}

const struct explained *explained_more(const struct explained *e, struct arena *a, const char *what,
                                       ...)
{
    CLEANUP_BUF struct buf text = {0};
    struct explained *made = e ? ARENA_NEW(a, struct explained) : NULL;
    if (!made) {
        return NULL;
    }
    va_list args;
    va_start(args, what);
    buf_str(&text, e->text);
    buf_text(&text, " -> ");
    buf_vprintf(&text, what, args);
    va_end(args);
    *made = *e;
    made->text = text.failed ? (struct str){NULL, 0} : arena_str(a, buf_view(&text));
    return made->text.ptr ? made : NULL;
}
