/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "fuzz/fuzz.h"

enum { FIELDS_MOST = 4096, GROWTH = 64 };

/* Places in the message. */
struct field {
    size_t start;
    size_t payload; /* after the tag, and the length if there is one */
    size_t end;
    unsigned type;
    uint64_t tag;
};

/* The number of fields, 0 if this is no message. */
static size_t parse(const uint8_t *data, size_t size, struct field *fields)
{
    struct cursor c = cursor_over(data, size);
    size_t count = 0;
    while (cursor_left(&c) && count < FIELDS_MOST) {
        struct field f = {.start = size - cursor_left(&c)};
        f.tag = cursor_varint64(&c);
        f.type = f.tag & 7;
        uint64_t len = f.type == 1 ? 8 : f.type == 5 ? 4 : 0;
        if (f.type == 2) {
            len = cursor_varint64(&c);
        }
        f.payload = size - cursor_left(&c);
        if (f.type == 0) {
            (void)cursor_varint64(&c);
        } else {
            (void)cursor_bytes(&c, len);
        }
        f.end = size - cursor_left(&c);
        if (c.bad || f.tag >> 3 == 0 || f.type == 3 || f.type == 4 || f.type > 5) {
            return 0;
        }
        fields[count++] = f;
    }
    return count;
}

void mutate_bytes_into(struct mkbuf *out, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + GROWTH);
    FUZZ_CHECK(copy);
    if (size) {
        memcpy(copy, data, size);
    }
    mkbuf_add(out, copy, LLVMFuzzerMutate(copy, size, size + GROWTH));
    free(copy);
}

static uint64_t odd_number(uint32_t *random)
{
    static const uint64_t numbers[] = {
        0,          1,          2,          3,         127,        128,
        INT32_MAX,  UINT32_MAX, 1u << 31,   INT64_MAX, UINT64_MAX, UINT64_MAX - 1,
        1ull << 63, 1 << 20,    1ull << 40, 255,       8,          22};
    uint32_t r = fuzz_random(random);
    return r & 64 ? r >> 24 : numbers[(r >> 8) % (sizeof(numbers) / sizeof(numbers[0]))];
}

static void mutate_field(struct mkbuf *out, const uint8_t *data, const struct field *f,
                         uint32_t *random)
{
    if (f->type == 0) {
        mkbuf_varint(out, f->tag);
        mkbuf_varint(out, odd_number(random));
        return;
    }
    if (f->type != 2) {
        mkbuf_varint(out, f->tag);
        mutate_bytes_into(out, data + f->payload, f->end - f->payload);
        return;
    }
    struct mkbuf inner = {0};
    if (fuzz_random(random) % 4) {
        mutate_message_into(&inner, data + f->payload, f->end - f->payload, random);
    } else {
        mutate_bytes_into(&inner, data + f->payload, f->end - f->payload);
    }
    mkbuf_varint(out, f->tag);
    mkbuf_varint(out, inner.len);
    mkbuf_add(out, inner.data, inner.len);
    mkbuf_free(&inner);
}

void mutate_message_into(struct mkbuf *out, const uint8_t *data, size_t size, uint32_t *random)
{
    struct field *fields = malloc(FIELDS_MOST * sizeof(*fields));
    FUZZ_CHECK(fields);
    size_t count = parse(data, size, fields);
    if (count == 0) {
        mutate_bytes_into(out, data, size);
        free(fields);
        return;
    }
    const struct field *f = &fields[fuzz_random(random) % count];
    const struct field *other = &fields[fuzz_random(random) % count];
    mkbuf_add(out, data, f->start);
    switch (fuzz_random(random) % 16) {
    case 0: /* gone */
        break;
    case 1: /* once more, or another's copy */
        mkbuf_add(out, data + other->start, other->end - other->start);
        mkbuf_add(out, data + f->start, f->end - f->start);
        break;
    case 2: /* another's instead */
        mkbuf_add(out, data + other->start, other->end - other->start);
        break;
    case 3: /* another number or type, whatever follows */
        mkbuf_varint(out, (f->tag & ~7ull) + (fuzz_random(random) & 15));
        mkbuf_add(out, data + f->payload, f->end - f->payload);
        break;
    default:
        mutate_field(out, data, f, random);
    }
    mkbuf_add(out, data + f->end, size - f->end);
    free(fields);
}

size_t mutate_message(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    uint32_t random = seed;
    struct mkbuf out = {0};
    if (fuzz_random(&random) % 16) {
        mutate_message_into(&out, data, size, &random);
    }
    if (out.len == 0 || out.len > most) {
        mkbuf_free(&out);
        return LLVMFuzzerMutate(data, size, most);
    }
    size = out.len;
    memcpy(data, out.data, size);
    mkbuf_free(&out);
    return size;
}
