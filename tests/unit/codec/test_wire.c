/* SPDX-License-Identifier: Apache-2.0 */
/* The walker over protobuf's wire format: what it takes, what it refuses, and that it jumps. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "codec/wire.h"
#include "io/io_bytes.h"
#include "io/io_file.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

/* The io of these bytes; good until the next call. */
static struct io *io_of(const void *bytes, size_t len)
{
    static struct io_bytes io;
    io_bytes_init(&io, bytes, len, "wire");
    return &io.io;
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* What wire_next says of the first field of these bytes. */
static int first_field(const uint8_t *bytes, size_t len, struct wire_field *f)
{
    struct wire w;
    wire_init(&w, io_of(bytes, len), len);
    struct wire_window at = wire_whole(&w);
    int rc = wire_next(&w, &at, f);
    assert_true(rc >= 0 || w.wrong[0] != '\0');
    return rc;
}

static void wire_next_each_type_gives_its_value(void **state)
{
    (void)state;
    struct wire_field f;
    assert_int_equal(first_field(BYTES(0x08, 0x96, 0x01), &f), 1);
    assert_int_equal(f.number, 1);
    assert_int_equal(f.type, WIRE_VARINT);
    assert_int_equal(f.value, 150);
    assert_int_equal(first_field(BYTES(0x11, 1, 2, 3, 4, 5, 6, 7, 8), &f), 1);
    assert_int_equal(f.type, WIRE_FIXED64);
    assert_true(f.value == UINT64_C(0x0807060504030201));
    assert_int_equal(first_field(BYTES(0x1d, 1, 2, 3, 0xff), &f), 1);
    assert_int_equal(f.type, WIRE_FIXED32);
    assert_true(f.value == UINT32_C(0xff030201));
    assert_int_equal(first_field(BYTES(0x22, 2, 'a', 'b'), &f), 1);
    assert_int_equal(f.number, 4);
    assert_int_equal(f.type, WIRE_BYTES);
    assert_int_equal(f.bytes.off, 2);
    assert_int_equal(f.bytes.end, 4);
    assert_int_equal(
        first_field(BYTES(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), &f),
        1);
    assert_true(f.value == UINT64_MAX);
}

static void wire_next_empty_file_is_the_end(void **state)
{
    (void)state;
    struct wire_field f;
    assert_int_equal(first_field((const uint8_t *)"", 0, &f), 0);
}

static void wire_next_malformed_field_is_ebadmsg(void **state)
{
    (void)state;
    struct wire_field f;
    assert_int_equal(first_field(BYTES(0x00, 0x01), &f), -EBADMSG); /* number 0 */
    assert_int_equal(first_field(BYTES(0x0b), &f), -EBADMSG);       /* start of a group */
    assert_int_equal(first_field(BYTES(0x0c), &f), -EBADMSG);       /* its end */
    assert_int_equal(first_field(BYTES(0x0e), &f), -EBADMSG);       /* wire types 6 and 7 */
    assert_int_equal(first_field(BYTES(0x0f), &f), -EBADMSG);
    assert_int_equal(first_field(BYTES(0x88), &f), -EBADMSG);          /* cut in the tag */
    assert_int_equal(first_field(BYTES(0x08), &f), -EBADMSG);          /* no value */
    assert_int_equal(first_field(BYTES(0x08, 0x80), &f), -EBADMSG);    /* cut in the value */
    assert_int_equal(first_field(BYTES(0x0d, 1, 2, 3), &f), -EBADMSG); /* 4 bytes expected */
    assert_int_equal(first_field(BYTES(0x09, 1, 2, 3, 4, 5, 6, 7), &f), -EBADMSG);
    assert_int_equal(first_field(BYTES(0x0a), &f), -EBADMSG);              /* no length */
    assert_int_equal(first_field(BYTES(0x0a, 3, 'a', 'b'), &f), -EBADMSG); /* too long by one */
    assert_int_equal(first_field(BYTES(0x80, 0x80, 0x80, 0x80, 0x20, 0), &f),
                     -EBADMSG); /* number 2^30 */
    /* lengths of 2^63 and 2^64 - 1 */
    assert_int_equal(
        first_field(BYTES(0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), &f),
        -EBADMSG);
    assert_int_equal(
        first_field(BYTES(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), &f),
        -EBADMSG);
}

static void wire_next_varint_over_64_bits_is_ebadmsg(void **state)
{
    (void)state;
    struct wire_field f;
    assert_int_equal(
        first_field(BYTES(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02), &f),
        -EBADMSG);
    assert_int_equal(
        first_field(BYTES(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
                    &f),
        -EBADMSG);
}

/* A message may not look beyond its own end, though the file goes on. */
static void wire_next_length_beyond_the_window_is_ebadmsg(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x0a, 3, 0x0a, 2, 'x', 0x0a, 2, 'y', 'z'};
    struct wire w;
    wire_init(&w, io_of(bytes, sizeof(bytes)), sizeof(bytes));
    struct wire_window at = wire_whole(&w);
    struct wire_field f;
    assert_int_equal(wire_next(&w, &at, &f), 1);
    struct wire_window inside = f.bytes;
    assert_int_equal(wire_next(&w, &inside, &f), -EBADMSG);
    assert_int_equal(w.wrong_at, 3);
    assert_int_equal(wire_next(&w, &at, &f), 1); /* the outer message is sound */
    assert_int_equal(wire_next(&w, &at, &f), 0);
}

static void wire_next_nested_too_deep_is_eoverflow(void **state)
{
    (void)state;
    struct mkbuf message = {0};
    for (unsigned depth = 0; depth < 2 * WIRE_DEPTH_MOST; depth++) {
        struct mkbuf outer = {0};
        mkbuf_message(&outer, 1, message.data, message.len);
        mkbuf_free(&message);
        message = outer;
    }
    struct wire w;
    wire_init(&w, io_of(message.data, message.len), message.len);
    struct wire_window at = wire_whole(&w);
    struct wire_field f;
    unsigned depth = 0;
    int rc;
    while ((rc = wire_next(&w, &at, &f)) > 0) {
        at = f.bytes;
        depth++;
    }
    assert_int_equal(rc, -EOVERFLOW);
    assert_int_equal(depth, WIRE_DEPTH_MOST + 1);
    mkbuf_free(&message);
}

/* Fields of every length around the buffer's: what is found does not depend on where the buffer
 * ends. */
static void wire_next_fields_across_the_buffer_are_whole(void **state)
{
    (void)state;
    for (size_t pad = WIRE_BUFFER_BYTES - 24; pad < WIRE_BUFFER_BYTES + 4; pad++) {
        struct mkbuf b = {0};
        struct mkbuf filler = {0};
        mkbuf_fill(&filler, 'x', pad);
        mkbuf_message(&b, 1, filler.data, filler.len);
        mkbuf_field(&b, 2, UINT64_MAX);
        mkbuf_message(&b, 3, "after", 5);
        struct wire w;
        wire_init(&w, io_of(b.data, b.len), b.len);
        struct wire_window at = wire_whole(&w);
        struct wire_field f;
        assert_int_equal(wire_next(&w, &at, &f), 1);
        CLEANUP_FREE char *copy = malloc(pad);
        assert_int_equal(wire_read(&w, f.bytes, pad, copy), 0);
        assert_memory_equal(copy, filler.data, pad);
        assert_int_equal(wire_next(&w, &at, &f), 1);
        assert_true(f.value == UINT64_MAX);
        assert_int_equal(wire_next(&w, &at, &f), 1);
        assert_int_equal(wire_is(&w, f.bytes, STR("after")), 1);
        assert_int_equal(wire_is(&w, f.bytes, STR("afteR")), 0);
        assert_int_equal(wire_is(&w, f.bytes, STR("afte")), 0);
        assert_int_equal(wire_next(&w, &at, &f), 0);
        mkbuf_free(&b);
        mkbuf_free(&filler);
    }
}

/* A hole of 1 TiB in a sparse file: passed over without a read of it. */
static void wire_next_huge_field_is_jumped_over(void **state)
{
    (void)state;
    const uint64_t hole = UINT64_C(1) << 40;
    struct tmpdir dir;
    tmpdir_make(&dir);
    struct mkbuf b = {0};
    mkbuf_u8(&b, 0x0a);
    mkbuf_varint(&b, hole);
    const char *path = tmpdir_path(&dir, "sparse");
    mk_write_file(path, b.data, b.len);
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    const uint8_t after[] = {0x10, 7};
    assert_int_equal(pwrite(fd, after, 2, (off_t)(b.len + hole)), 2);
    CLEANUP_IO struct io *io = NULL;
    assert_int_equal(io_open(path, &io), 0);
    struct wire w;
    wire_init(&w, io, b.len + hole + 2);
    struct wire_window at = wire_whole(&w);
    struct wire_field f;
    assert_int_equal(wire_next(&w, &at, &f), 1);
    assert_true(wire_len(f.bytes) == hole);
    struct arena a;
    arena_init(&a);
    struct str text;
    assert_int_equal(wire_bytes(&w, f.bytes, 1 << 20, &a, &text), -EOVERFLOW);
    assert_int_equal(a.total_bytes, 0);
    arena_fini(&a);
    assert_int_equal(wire_next(&w, &at, &f), 1);
    assert_int_equal(f.value, 7);
    assert_int_equal(wire_next(&w, &at, &f), 0);
    tmpdir_remove(&dir);
    mkbuf_free(&b);
}

static void wire_next_file_cut_meanwhile_is_eio(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x08, 1};
    struct wire w;
    wire_init(&w, io_of(bytes, sizeof(bytes)), 100);
    struct wire_window at = wire_whole(&w);
    struct wire_field f;
    assert_int_equal(wire_next(&w, &at, &f), -EIO);
}

static void wire_read_more_than_fits_is_eoverflow(void **state)
{
    (void)state;
    const uint8_t bytes[] = "abcdef";
    struct wire w;
    wire_init(&w, io_of(bytes, 6), 6);
    char text[6];
    assert_int_equal(wire_read(&w, wire_whole(&w), 5, text), -EOVERFLOW);
    assert_int_equal(wire_read(&w, wire_whole(&w), 6, text), 0);
    assert_memory_equal(text, "abcdef", 6);
}

static void wire_gather_keeps_known_fields_only(void **state)
{
    (void)state;
    struct mkbuf b = {0};
    mkbuf_message(&b, 1, "name", 4);
    mkbuf_message(&b, 2, "unknown", 7);
    mkbuf_field(&b, 40, 1); /* beyond the bits of the mask */
    mkbuf_field(&b, 3, 5);
    struct wire w;
    wire_init(&w, io_of(b.data, b.len), b.len);
    struct arena a;
    arena_init(&a);
    struct str record;
    assert_int_equal(wire_gather(&w, wire_whole(&w), 1 << 1 | 1 << 3, 100, &a, &record), 0);
    assert_true(str_eq(record, STR("\x0a\x04name\x18\x05")));
    assert_int_equal(wire_gather(&w, wire_whole(&w), 1 << 1 | 1 << 3, record.len, &a, &record), 0);
    assert_int_equal(wire_gather(&w, wire_whole(&w), 1 << 1 | 1 << 3, record.len - 1, &a, &record),
                     -EOVERFLOW);
    assert_int_equal(wire_gather(&w, wire_whole(&w), 1 << 5, 100, &a, &record), 0);
    assert_int_equal(record.len, 0);
    arena_fini(&a);
    mkbuf_free(&b);
}

static void wire_gather_too_many_fields_is_eoverflow(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (unsigned count = WIRE_GATHER_FIELDS_MOST; count <= WIRE_GATHER_FIELDS_MOST + 1; count++) {
        struct mkbuf b = {0};
        for (unsigned i = 0; i < count; i++) {
            mkbuf_message(&b, 4, "", 0);
        }
        struct wire w;
        wire_init(&w, io_of(b.data, b.len), b.len);
        struct str record;
        assert_int_equal(wire_gather(&w, wire_whole(&w), 1 << 4, 1 << 20, &a, &record),
                         count > WIRE_GATHER_FIELDS_MOST ? -EOVERFLOW : 0);
        mkbuf_free(&b);
    }
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_next_each_type_gives_its_value),
        cmocka_unit_test(wire_next_empty_file_is_the_end),
        cmocka_unit_test(wire_next_malformed_field_is_ebadmsg),
        cmocka_unit_test(wire_next_varint_over_64_bits_is_ebadmsg),
        cmocka_unit_test(wire_next_length_beyond_the_window_is_ebadmsg),
        cmocka_unit_test(wire_next_nested_too_deep_is_eoverflow),
        cmocka_unit_test(wire_next_fields_across_the_buffer_are_whole),
        cmocka_unit_test(wire_next_huge_field_is_jumped_over),
        cmocka_unit_test(wire_next_file_cut_meanwhile_is_eio),
        cmocka_unit_test(wire_read_more_than_fits_is_eoverflow),
        cmocka_unit_test(wire_gather_keeps_known_fields_only),
        cmocka_unit_test(wire_gather_too_many_fields_is_eoverflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
