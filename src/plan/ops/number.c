/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ops/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "map/op.h"
#include "tensor/cast.h"

bool number_parse(struct str text, struct number *out)
{
    char digits[64];
    *out = (struct number){.is_integer = true};
    if (str_eq(text, STR("true")) || str_eq(text, STR("false"))) {
        out->integer = text.len == 4;
        out->real = (double)out->integer;
        return true;
    }
    if (op_integer(text, &out->integer)) {
        out->real = (double)out->integer;
        return true;
    }
    if (text.len == 0 || text.len >= sizeof(digits) || memchr(text.ptr, 'x', text.len) ||
        memchr(text.ptr, 'X', text.len) || memchr(text.ptr, '(', text.len)) {
        return false;
    }
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    char *end;
    out->is_integer = false;
    out->real = strtod(digits, &end);
    return *end == '\0' && digits[0] != ' ';
}

void number_print(const struct number *n, struct buf *b)
{
    if (n->is_integer) {
        buf_printf(b, "%" PRId64, n->integer);
    } else {
        buf_printf(b, "%.17g", n->real);
    }
}

errint number_element(const struct number *n, enum dtype dtype, void *element)
{
    if (n->is_integer) {
        return cast_run(DTYPE_INT64, dtype, CAST_CHECKED, &n->integer, element, 1);
    }
    enum dtype_kind kind = dtype_kind(dtype);
    bool whole = isfinite(n->real) && n->real == trunc(n->real);
    if ((kind == DTYPE_KIND_INTEGER || kind == DTYPE_KIND_QUANTIZED) && !whole) {
        return -ERANGE;
    }
    return cast_run(DTYPE_FLOAT64, dtype, CAST_CHECKED, &n->real, element, 1);
}
