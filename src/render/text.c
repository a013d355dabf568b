/* SPDX-License-Identifier: Apache-2.0 */
#include "render/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errint.h"
#include "base/hex.h"
#include "tensor/dtype.h"
#include "tensor/smallfloat.h"

enum { DIGITS_MOST = 17 }; /* that a double needs */

/* A finite, positive value to be printed, and what tells whether a decimal reads back as it. */
struct printed {
    double value;
    double low, high;   /* exclusive bounds of the reals that round to it (small types) */
    unsigned first;     /* digits to try first: enough for most values */
    unsigned most;      /* digits that are always enough */
    bool single, small; /* float32; a type of 16 bits or less; neither: float64 */
};

static bool reads_back(const struct printed *v, const char *decimal)
{
    if (v->single) {
        return (double)strtof(decimal, NULL) == v->value;
    }
    double back = strtod(decimal, NULL);
    return back == v->value || (v->small && back > v->low && back < v->high);
}

/* The value with `digits` significant digits, as d.ddde[+-]xx, in `out`; whether it reads back. */
static bool try_digits(const struct printed *v, unsigned digits, char out[static 32])
{
    snprintf(out, 32, "%.*e", (int)digits - 1, v->value);
    return reads_back(v, out);
}

/* Digits of d.ddde[+-]xx without the zeros at the end. */
static unsigned count_significant(const char *scientific)
{
    unsigned count = 1;
    for (unsigned i = 2; scientific[1] == '.' && scientific[i] != 'e'; i++) {
        count = scientific[i] != '0' ? i : count;
    }
    return count;
}

/* The fewest digits that read back. Measured data need nearly all digits and round numbers few: the
 * search begins where the former end, and zeros at the end are stepped over at once. */
static void find_shortest(const struct printed *v, char out[static 32])
{
    unsigned digits = v->first;
    if (!try_digits(v, digits, out)) {
        while (digits < v->most && !try_digits(v, ++digits, out)) {
        }
        return;
    }
    char fewer[32];
    while ((digits = count_significant(out)) > 1 && try_digits(v, digits - 1, fewer)) {
        memcpy(out, fewer, sizeof(fewer));
    }
}

/* d.ddde[+-]xx to the form people read. */
static void add_decimal(struct buf *b, const char *scientific)
{
    char digits[DIGITS_MOST + 1];
    unsigned count = 0;
    const char *p = scientific;
    for (; *p && *p != 'e'; p++) {
        if (*p != '.' && count < DIGITS_MOST) {
            digits[count++] = *p;
        }
    }
    int exponent = *p == 'e' ? atoi(p + 1) : 0;
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    if (exponent < -4 || exponent >= 16) {
        buf_char(b, digits[0]);
        if (count > 1) {
            buf_char(b, '.');
            buf_add(b, digits + 1, count - 1);
        }
        buf_printf(b, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (exponent < 0) {
        buf_add(b, "0.0000", (size_t)(1 - exponent));
        buf_add(b, digits, count);
        return;
    }
    for (int i = 0; i <= exponent; i++) {
        buf_char(b, (unsigned)i < count ? digits[i] : '0');
    }
    buf_char(b, '.');
    if (count > (unsigned)exponent + 1) {
        buf_add(b, digits + exponent + 1, count - (unsigned)exponent - 1);
    } else {
        buf_char(b, '0');
    }
}

/* Sign, infinities, NaN, zero and whole numbers below `whole`, which need no search; true if that
 * was all. Otherwise *value is made positive. */
static bool add_easy(struct buf *b, double *value, int whole)
{
    if (isnan(*value)) {
        buf_text(b, "nan");
        return true;
    }
    if (signbit(*value)) {
        buf_char(b, '-');
        *value = -*value;
    }
    if (isinf(*value)) {
        buf_text(b, "inf");
        return true;
    }
    if (*value < whole && *value == (double)(int)*value) {
        buf_printf(b, "%d.0", (int)*value);
        return true;
    }
    return false;
}

static void add_float(struct buf *b, double value, bool single)
{
    if (!add_easy(b, &value, 1000)) {
        char text[32];
        struct printed v = {.value = value,
                            .first = single ? 8 : 16,
                            .most = single ? 9 : DIGITS_MOST,
                            .single = single};
        find_shortest(&v, text);
        add_decimal(b, text);
    }
}

static void add_small_float(struct buf *b, const struct smallfloat *type, unsigned bits)
{
    double value = smallfloat_value(type, bits);
    if (add_easy(b, &value, 100000)) { /* 448, not the shorter 450 that rounds to it */
        return;
    }
    char text[32];
    struct printed v = {.value = value, .first = 4, .most = 9, .small = true};
    smallfloat_bounds(type, bits, &v.low, &v.high);
    find_shortest(&v, text);
    add_decimal(b, text);
}

static float load_float(const unsigned char *p)
{
    float value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static double load_double(const unsigned char *p)
{
    double value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static void add_complex(struct buf *b, double real, double imaginary, bool single)
{
    add_float(b, real, single);
    if (isnan(imaginary) || !signbit(imaginary)) {
        buf_char(b, '+');
    }
    add_float(b, imaginary, single);
    buf_char(b, 'j');
}

static uint64_t load_bits(const unsigned char *p, unsigned bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, p, bytes);
    return bits;
}

static void add_integer(struct buf *b, const unsigned char *p, unsigned bits, bool has_sign)
{
    unsigned drop =
        64 - bits; /* what a 4- or 2-bit element has above its bits counts for nothing */
    uint64_t top = load_bits(p, (bits + 7) / 8) << drop;
    if (has_sign) {
        buf_printf(b, "%" PRId64, (int64_t)top >> drop);
    } else {
        buf_printf(b, "%" PRIu64, top >> drop);
    }
}

void text_value(struct buf *b, unsigned dtype, const void *element)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
                   "elements are loaded as they are stored");
    const unsigned char *p = element;
    const struct smallfloat *small = smallfloat_of(dtype);
    if (small) {
        add_small_float(b, small, (unsigned)load_bits(p, dtype_bytes(dtype)));
        return;
    }
    switch (dtype) {
    case DTYPE_FLOAT32:
        add_float(b, (double)load_float(p), true);
        return;
    case DTYPE_FLOAT64:
        add_float(b, load_double(p), false);
        return;
    case DTYPE_COMPLEX64:
        add_complex(b, (double)load_float(p), (double)load_float(p + 4), true);
        return;
    case DTYPE_COMPLEX128:
        add_complex(b, load_double(p), load_double(p + 8), false);
        return;
    case DTYPE_BOOL:
        buf_text(b, *p ? "True" : "False");
        return;
    case DTYPE_INT8:
    case DTYPE_QINT8:
    case DTYPE_INT16:
    case DTYPE_QINT16:
    case DTYPE_INT32:
    case DTYPE_QINT32:
    case DTYPE_INT64:
        add_integer(b, p, 8 * dtype_bytes(dtype), true);
        return;
    case DTYPE_UINT8:
    case DTYPE_QUINT8:
    case DTYPE_UINT16:
    case DTYPE_QUINT16:
    case DTYPE_UINT32:
    case DTYPE_UINT64:
        add_integer(b, p, 8 * dtype_bytes(dtype), false);
        return;
    case DTYPE_INT4:
    case DTYPE_INT2:
        add_integer(b, p, dtype == DTYPE_INT4 ? 4 : 2, true);
        return;
    case DTYPE_UINT4:
    case DTYPE_UINT2:
        add_integer(b, p, dtype == DTYPE_UINT4 ? 4 : 2, false);
        return;
    default:
        buf_char(b, '?');
    }
}

static void add_repeated(struct buf *b, char c, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buf_char(b, c);
    }
}

void text_begin(struct text_printer *p, unsigned dtype, struct shape shape, uint64_t limit,
                struct buf *b)
{
    memset(p, 0, sizeof(*p));
    p->shape = shape;
    p->dtype = dtype;
    p->limit = limit;
    uint64_t elements;
    p->empty = shape_elements(shape, &elements) == 0 && elements == 0;
    if (p->empty) {
        buf_text(b, "[]"); /* of any rank, as NumPy has it */
    } else {
        add_repeated(b, '[', shape.rank);
    }
}

/* What stands before the next element: nothing, a blank, or the end of `n` rows within rows and n
 * beginnings. */
static void add_separator(struct text_printer *p, struct buf *b)
{
    if (p->shown == 0) {
        return;
    }
    unsigned rank = p->shape.rank;
    unsigned turned = 0;
    while (turned < rank && ++p->index[rank - 1 - turned] == p->shape.dims[rank - 1 - turned]) {
        p->index[rank - 1 - turned++] = 0;
    }
    if (turned == 0) {
        buf_char(b, ' ');
        return;
    }
    add_repeated(b, ']', turned);
    add_repeated(b, '\n', turned);
    add_repeated(b, ' ', rank - turned);
    add_repeated(b, '[', turned);
}

/* Before the next element; false if it is one too many. */
static bool next_element(struct text_printer *p, struct buf *b)
{
    add_separator(p, b);
    if (p->shown == p->limit) {
        buf_text(b, "...");
        p->closed = true;
    }
    p->shown++;
    return !p->closed;
}

bool text_add(struct text_printer *p, const void *bytes, size_t len, struct buf *b)
{
    unsigned size = dtype_bytes(p->dtype);
    const char *pos = bytes;
    for (size_t i = 0; size && i + size <= len && !p->closed; i += size) {
        if (next_element(p, b)) {
            text_value(b, p->dtype, pos + i);
        }
    }
    return !p->closed;
}

bool text_string_open(struct text_printer *p, bool has_single, bool has_double, struct buf *b)
{
    if (p->closed || !next_element(p, b)) {
        return false;
    }
    p->quote = has_single && !has_double ? '"' : '\'';
    buf_char(b, 'b');
    buf_char(b, p->quote);
    return true;
}

void text_string_bytes(const struct text_printer *p, const char *bytes, size_t len, struct buf *b)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\t' || c == '\n' || c == '\r') {
            static const char letters[] = {['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};
            buf_char(b, '\\');
            buf_char(b, letters[c]);
        } else if (c < 0x20 || c >= 0x7f) {
            char text[4] = "\\x";
            hex_put(text + 2, 2, c, HEX_LOWER);
            buf_add(b, text, sizeof(text));
        } else {
            buf_text(b, c == '\\' || c == (unsigned char)p->quote ? "\\" : "");
            buf_char(b, (char)c);
        }
    }
}

void text_string_close(const struct text_printer *p, struct buf *b)
{
    buf_char(b, p->quote);
}

void text_end(struct text_printer *p, struct buf *b)
{
    if (!p->empty) {
        add_repeated(b, ']', p->shape.rank);
    }
    buf_char(b, '\n');
}
