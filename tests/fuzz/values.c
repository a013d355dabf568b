/* SPDX-License-Identifier: Apache-2.0 */
/* The values of tensors, and boxes of them. */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"
#include "support/ref_cast.h"

enum { PERIOD = 200 };

enum fill { FILL_SMALL, FILL_ZERO, FILL_NEGATIVE, FILL_SPECIAL, FILL_RANDOM };

static enum fill fill_of(struct str words)
{
    static const char *const names[] = {"small", "zero", "negative", "special", "random"};
    struct str name = word_value(words, "fill");
    enum fill f = FILL_RANDOM;
    while (f > FILL_SMALL && !str_eq(name, str_from(names[f]))) {
        f--;
    }
    return f;
}

/* The type of the parts of a complex number; of others, the type itself. */
static enum dtype part_of(unsigned dtype)
{
    return dtype == DTYPE_COMPLEX64    ? DTYPE_FLOAT32
           : dtype == DTYPE_COMPLEX128 ? DTYPE_FLOAT64
                                       : (enum dtype)dtype;
}

static uint64_t special_bits(enum dtype type, uint64_t i)
{
    uint64_t sign = UINT64_C(1) << (ref_bits(type) - 1);
    const uint64_t some[] = {
        sign, sign - 1, ref_largest(type), sign | ref_largest(type), ref_largest(type) + 1,
        1,    sign | 1, 2 * sign - 1};
    return some[i % ARRAY_LEN(some)];
}

static uint64_t bits_of(enum dtype type, enum fill fill, uint64_t i, uint32_t *random)
{
    uint64_t mask = UINT64_MAX >> (64 - 8 * ref_bytes(type));
    uint64_t bits = 0;
    if (fill == FILL_RANDOM) {
        bits = (uint64_t)fuzz_random(random) << 32;
        return (bits | fuzz_random(random)) & mask;
    }
    if (fill == FILL_SPECIAL && ref_is_float(type)) {
        return special_bits(type, i);
    }
    long double value =
        fill == FILL_ZERO ? 0 : (long double)(i * 7 % 100) * (ref_is_float(type) ? 0.5L : 1);
    if (fill == FILL_SPECIAL) {
        value = i % 2 ? -9223372036854775808.0L : 18446744073709551615.0L;
    }
    (void)ref_encode(type, ref_is_integer(type) ? CAST_WRAP : CAST_CHECKED,
                     fill == FILL_NEGATIVE ? -1 - value : value, &bits);
    return bits;
}

/* The values of all but FILL_RANDOM begin anew after PERIOD elements. */
static void fill_numbers(struct made_tensor *t, enum fill fill, uint32_t random)
{
    enum dtype type = part_of(t->dtype);
    unsigned bytes = ref_bytes(type);
    uint64_t count = t->elements * (type == t->dtype ? 1 : 2);
    t->known = count * bytes <= MADE_TENSOR_BYTES;
    count = t->known ? count : PERIOD;
    for (uint64_t i = 0; i < count; i++) {
        uint8_t element[8];
        if (fill != FILL_RANDOM && i >= PERIOD) {
            memcpy(element, t->values.data + (i - PERIOD) * bytes, bytes);
        } else {
            ref_store(type, bits_of(type, fill, i, &random), element);
        }
        mkbuf_add(&t->values, element, bytes);
    }
}

static void add_end(struct made_tensor *t)
{
    uint64_t end = t->values.len;
    mkbuf_add(&t->ends, &end, sizeof(end));
}

static void fill_strings(struct made_tensor *t, enum fill fill, uint32_t random)
{
    uint64_t most = t->dtype == DTYPE_VARIANT ? MADE_VARIANTS : MADE_STRINGS;
    for (uint64_t i = 0; i < t->elements && t->values.len < MADE_TENSOR_BYTES && i < most; i++) {
        char text[32];
        size_t len = fill == FILL_ZERO
                         ? 0
                         : (size_t)snprintf(text, sizeof(text), "s%llu\n", (unsigned long long)i);
        mkbuf_add(&t->values, text, fill == FILL_NEGATIVE ? len - 1 : len);
        for (uint32_t n = fill == FILL_RANDOM ? fuzz_random(&random) % 300 : 0; n; n--) {
            mkbuf_u8(&t->values, fuzz_random(&random) & 255);
        }
        add_end(t);
    }
    t->known = t->ends.len / 8 == t->elements;
}

void values_fill(struct made_tensor *t, struct str words)
{
    uint32_t random = (uint32_t)(t->key.len + t->elements + t->dtype);
    struct str text = word_value(words, "text");
    if (t->dtype == DTYPE_STRING && t->elements == 1 && text.ptr) {
        add_unescaped(&t->values, text);
        add_end(t);
        t->known = true;
    } else if (t->dtype == DTYPE_STRING || t->dtype == DTYPE_VARIANT) {
        fill_strings(t, fill_of(words), random);
    } else if (dtype_known(t->dtype) && dtype_bytes(t->dtype)) {
        fill_numbers(t, fill_of(words), random);
    } else {
        mkbuf_fill(&t->values, 0, t->elements < 1000 ? t->elements : 1000);
    }
}

struct str values_string(const struct made_tensor *t, uint64_t i)
{
    uint64_t begin = 0;
    uint64_t end;
    FUZZ_CHECK(i < t->ends.len / 8);
    if (i) {
        memcpy(&begin, t->ends.data + 8 * (i - 1), 8);
    }
    memcpy(&end, t->ends.data + 8 * i, 8);
    return str_of(t->values.data ? t->values.data + begin : (const uint8_t *)"",
                  (size_t)(end - begin));
}

/* ---- boxes ----------------------------------------------------------------------------------- */

unsigned made_parts(const struct made_tensor *t, struct str words, struct made_box *out)
{
    struct str spec = word_value(words, "parts");
    long colon = spec.ptr ? str_find(spec, ':') : -1;
    int64_t axis = colon < 0 ? -1 : number_of(str_head(spec, (size_t)colon), -1);
    int64_t count = colon < 0 ? 0 : number_of(str_from_pos(spec, (size_t)colon + 1), 0);
    if (!t->known || axis < 0 || axis >= (int64_t)t->rank || count < 1 || count > MADE_RUNS ||
        t->dims[axis] < count) {
        return 0;
    }
    int64_t start = 0;
    for (int64_t i = 0; i < count; i++) {
        struct made_box *b = &out[i];
        for (unsigned k = 0; k < t->rank; k++) {
            b->start[k] = 0;
            b->len[k] = t->dims[k];
        }
        b->start[axis] = start;
        b->len[axis] = t->dims[axis] / count + (i < t->dims[axis] % count);
        start += b->len[axis];
    }
    return (unsigned)count;
}

static void add_element(const struct made_tensor *t, uint64_t i, struct made_tensor *out)
{
    if (t->ends.len) {
        struct str s = values_string(t, i);
        mkbuf_add(&out->values, s.ptr, s.len);
        add_end(out);
    } else {
        unsigned bytes = dtype_bytes(t->dtype);
        mkbuf_add(&out->values, t->values.data + i * bytes, bytes);
    }
}

void values_of_box(const struct made_tensor *t, const struct made_box *b, struct made_tensor *out)
{
    *out = (struct made_tensor){.dtype = t->dtype, .rank = t->rank, .elements = 1, .known = true};
    for (unsigned k = 0; k < t->rank; k++) {
        out->dims[k] = b->len[k];
        out->elements *= (uint64_t)b->len[k];
    }
    for (uint64_t i = 0; i < out->elements; i++) {
        uint64_t rest = i;
        uint64_t from = 0;
        uint64_t step = 1;
        for (unsigned k = t->rank; k-- > 0;) {
            from += ((uint64_t)b->start[k] + rest % (uint64_t)b->len[k]) * step;
            rest /= (uint64_t)b->len[k];
            step *= (uint64_t)t->dims[k];
        }
        add_element(t, from, out);
    }
}
