/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/compare_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "tensor/dtype.h"

void text_number(struct buf *b, double value, bool exact)
{
    if (isnan(value)) {
        buf_text(b, "nan");
    } else if (exact || isinf(value)) {
        text_value(b, DTYPE_FLOAT64, &value);
    } else {
        buf_printf(b, "%.6g", value);
    }
}

/* Place by place: of axis `axis`. */
static int64_t place_on(struct shape shape, uint64_t i, unsigned axis)
{
    for (unsigned later = shape.rank; --later > axis;) {
        i /= (uint64_t)shape.dims[later];
    }
    return (int64_t)(i % (uint64_t)shape.dims[axis]);
}

void text_index(struct buf *b, struct shape shape, uint64_t i)
{
    buf_char(b, '[');
    for (unsigned axis = 0; axis < shape.rank; axis++) {
        buf_printf(b, "%s%lld", axis ? ", " : "", (long long)place_on(shape, i, axis));
    }
    buf_char(b, ']');
}

void json_index(struct json *j, struct shape shape, uint64_t i)
{
    int64_t index[SHAPE_RANK_MOST];
    for (unsigned axis = 0; axis < shape.rank; axis++) {
        index[axis] = place_on(shape, i, axis);
    }
    json_ints(j, index, shape.rank);
}

void text_tensor(struct buf *b, const struct target *t)
{
    buf_printf(b, "%s ", dtype_name(target_dtype(t)));
    shape_print(b, target_shape(t));
}

void json_tensor(struct json *j, const struct target *t)
{
    json_key(j, "dtype");
    json_text(j, dtype_name(target_dtype(t)));
    json_key(j, "shape");
    json_ints(j, target_shape(t).dims, target_shape(t).rank);
}

void text_marks(struct buf *b, const struct histogram *h, bool utf8)
{
    uint64_t most = 0;
    for (unsigned i = 0; i < HISTOGRAM_BINS; i++) {
        most = h->counts[i] > most ? h->counts[i] : most;
    }
    for (unsigned i = 0; h->any && i < HISTOGRAM_BINS; i++) {
        unsigned level = (unsigned)ceil(8 * (double)h->counts[i] / (double)most);
        if (level == 0) {
            buf_char(b, ' ');
        } else if (utf8) {
            const char bar[] = {'\xe2', '\x96', (char)(0x80 + level)};
            buf_add(b, bar, sizeof(bar));
        } else {
            buf_char(b, (char)('0' + level));
        }
    }
}

bool text_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);
        if (value && value[0]) {
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
        }
    }
    return false;
}
