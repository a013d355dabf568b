/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "codec/sstable.h"
#include "io/io_bytes.h"
#include "support/mkckpt.h"

#define FULL_NAME "table.index"

/* Reads a table that claims `size` bytes to its end: the records as text "key=value;", and what
 * ended it. Each failure must have left exactly one error, with the path. */
static int read_sized(const void *bytes, size_t len, uint64_t size, struct buf *records)
{
    struct diag d;
    diag_init(&d);
    struct io_bytes table;
    io_bytes_init(&table, bytes, len, FULL_NAME);
    table.io.size = size;
    struct sstable *t;
    int rc = sstable_open(&table.io, &d, &t);
    if (rc == 0) {
        struct str key;
        struct str value;
        while ((rc = sstable_next(t, &key, &value)) > 0) {
            buf_str(records, key);
            buf_char(records, '=');
            buf_str(records, value);
            buf_char(records, ';');
        }
        assert_int_equal(sstable_next(t, &key, &value), rc);
        assert_int_equal(key.len + value.len, 0);
    } else {
        assert_null(t);
    }
    assert_int_equal(d.errors, rc < 0 ? 1 : 0);
    if (rc < 0) {
        assert_string_equal(d.entries[0].at.file, FULL_NAME);
    }
    sstable_close(t);
    diag_fini(&d);
    return rc;
}

static int read_bytes(const void *bytes, size_t len, struct buf *records)
{
    return read_sized(bytes, len, len, records);
}

/* Finishes and frees the table, and reads it. */
static int read_table(struct mktable *t, struct buf *records)
{
    mktable_finish(t);
    int rc = read_bytes(t->file.data, t->file.len, records);
    mktable_free(t);
    return rc;
}

static int outcome(struct mktable *t)
{
    CLEANUP_BUF struct buf records = {0};
    return read_table(t, &records);
}

static void add_numbers(struct mktable *t, int count, struct buf *expected)
{
    for (int i = 0; i < count; i++) {
        char key[32];
        char value[32];
        int key_len = snprintf(key, sizeof(key), "scope/%04d/x", i);
        int value_len = snprintf(value, sizeof(value), "%0*d", i % 20, i);
        mktable_add(t, key, (size_t)key_len, value, (size_t)value_len);
        buf_printf(expected, "%s=%s;", key, value);
    }
}

static void assert_same(const struct buf *a, const struct buf *b)
{
    assert_true(str_eq(buf_view(a), buf_view(b)));
}

/* Written by TensorFlow: one float scalar `a`. */
static const char real_table[] =
    "\x00\x00\x06\x08\x01\x1a\x02\x08\x01\x00\x01\x0b\x61\x08\x01\x12\x00\x28\x04\x35\x81\xa5\xda"
    "\x2b"
    "\x00\x00\x00\x00\x01\x00\x00\x00\x00\x74\xef\x79\xb2\x00\x00\x00\x00\x01\x00\x00\x00\x00\xc0"
    "\xf2\xa1\xb0"
    "\x00\x01\x02\x62\x00\x20\x00\x00\x00\x00\x01\x00\x00\x00\x00\x30\xd3\x69\x1c\x25\x08\x32\x0e"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x57\xfb\x80\x8b\x24"
    "\x75\x47"
    "\xdb";

enum {
    REAL_BYTES = sizeof(real_table) - 1,
    REAL_META = 0x25,
    REAL_META_END = 0x32,
    REAL_FOOTER = 0x45
};

static void sstable_next_real_table_is_read(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf records = {0};
    assert_int_equal(REAL_BYTES, 117);
    assert_int_equal(read_bytes(real_table, REAL_BYTES, &records), 0);
    assert_true(
        str_eq(buf_view(&records),
               STR("=\x08\x01\x1a\x02\x08\x01;a=\x08\x01\x12\x00\x28\x04\x35\x81\xa5\xda\x2b;")));
}

static void sstable_next_any_cutting_is_read(void **state)
{
    (void)state;
    static const size_t cuts[] = {1, 40, 200, 4096, 1 << 20};
    for (size_t i = 0; i < 2 * sizeof(cuts) / sizeof(*cuts); i++) {
        CLEANUP_BUF struct buf expected = {0};
        CLEANUP_BUF struct buf records = {0};
        struct mktable t;
        mktable_init(&t);
        t.block_bytes = cuts[i / 2];
        t.restart_interval = 1 + (unsigned)i;
        t.snappy = i & 1;
        add_numbers(&t, 300, &expected);
        assert_int_equal(read_table(&t, &records), 0);
        assert_same(&records, &expected);
    }
}

static void sstable_next_no_records_is_the_end(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    assert_int_equal(outcome(&t), 0);
    mktable_init(&t);
    mktable_cut(&t); /* an empty data block */
    mktable_cut(&t);
    assert_int_equal(outcome(&t), 0);
}

static void sstable_open_every_truncation_is_an_error(void **state)
{
    (void)state;
    for (size_t len = 0; len < REAL_BYTES; len++) {
        CLEANUP_BUF struct buf records = {0};
        assert_int_equal(read_bytes(real_table, len, &records), -EBADMSG);
    }
}

static void sstable_next_file_shorter_than_it_was_is_eio(void **state)
{
    (void)state;
    for (size_t len = 0; len < REAL_BYTES; len++) {
        CLEANUP_BUF struct buf records = {0};
        assert_int_equal(read_sized(real_table, len, REAL_BYTES, &records), -EIO);
    }
}

/* Checksums cover all but the footer's first 40 bytes (two handles and padding) and the metaindex
 * block, which nobody reads: TensorFlow does not either. There a flipped bit changes nothing (a
 * handle's high bit can make a longer form of the same number), or is an error: a handle that leads
 * elsewhere meets no valid checksum. */
static void sstable_next_every_flipped_bit_is_an_error(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf expected = {0};
    assert_int_equal(read_bytes(real_table, REAL_BYTES, &expected), 0);
    for (size_t bit = 0; bit < REAL_BYTES * 8; bit++) {
        char bytes[REAL_BYTES];
        memcpy(bytes, real_table, REAL_BYTES);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        CLEANUP_BUF struct buf records = {0};
        int rc = read_bytes(bytes, REAL_BYTES, &records);
        size_t at = bit / 8;
        bool uncovered =
            (at >= REAL_META && at < REAL_META_END) || (at >= REAL_FOOTER && at < REAL_FOOTER + 40);
        if (uncovered && rc == 0) {
            assert_same(&records, &expected);
        } else {
            assert_true(rc < 0);
        }
    }
}

static void sstable_open_bad_magic_is_ebadmsg(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    t.magic ^= 1;
    assert_int_equal(outcome(&t), -EBADMSG);
}

static void sstable_open_index_handle_too_big_is_ebadmsg(void **state)
{
    (void)state;
    static const uint64_t add[] = {1, 1000, INT32_MAX, (uint64_t)INT64_MAX, UINT64_MAX - 100};
    for (size_t i = 0; i < 2 * sizeof(add) / sizeof(*add); i++) {
        struct mktable t;
        mktable_init(&t);
        mktable_add(&t, "k", 1, "v", 1);
        *(i & 1 ? &t.index_off_add : &t.index_bytes_add) = add[i / 2];
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_open_bad_index_checksum_is_ebadmsg(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    t.index_crc_xor = 1;
    assert_int_equal(outcome(&t), -EBADMSG);
}

static void sstable_next_bad_data_checksum_is_ebadmsg(void **state)
{
    (void)state;
    for (int snappy = 0; snappy < 2; snappy++) {
        struct mktable t;
        mktable_init(&t);
        t.snappy = snappy;
        t.crc_xor = 0x80000000u;
        mktable_add(&t, "k", 1, "v", 1);
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_bad_data_handles_are_ebadmsg(void **state)
{
    (void)state;
    static const struct mkhandle bad[] = {
        {0, 1000, 0},              /* past the index block */
        {1000, 8, 0},              /* beyond it */
        {UINT64_MAX, 8, 0},        /* overflow */
        {0, UINT64_MAX, 0},        /* overflow */
        {8, UINT64_MAX - 10, 0},   /* overflow with the trailer */
        {(uint64_t)1 << 40, 8, 0}, /* absurd */
        {0, (uint64_t)1 << 40, 0}, /* absurd */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct mktable t;
        mktable_init(&t);
        mktable_raw_block(&t, "\0\0\0\0\1\0\0\0", 8, 0, 0);
        mktable_list(&t, "k", 1, bad[i]);
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_overlapping_blocks_are_ebadmsg(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    struct mkhandle h = mktable_raw_block(&t, "\0\0\0\0\1\0\0\0", 8, 0, 0);
    mktable_list(&t, "a", 1, h);
    mktable_list(&t, "b", 1, h); /* the same again: a small file could be read for ever */
    assert_int_equal(outcome(&t), -EBADMSG);

    mktable_init(&t);
    struct mkhandle first = mktable_raw_block(&t, "\0\0\0\0\1\0\0\0", 8, 0, 0);
    struct mkhandle second = mktable_raw_block(&t, "\0\0\0\0\1\0\0\0", 8, 0, 0);
    mktable_list(&t, "a", 1, second);
    mktable_list(&t, "b", 1, first);
    assert_int_equal(outcome(&t), -EBADMSG);
}

static void sstable_next_index_value_with_more_bytes_is_read(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf records = {0};
    struct mktable t;
    mktable_init(&t);
    struct mkhandle h = mktable_raw_block(&t, "\0\1\1kv\0\0\0\0\1\0\0\0", 13, 0, 0);
    mkbuf_add(&t.index, "\0\0\5\0\x0dxyz", 8); /* and an index key that is empty */
    assert_int_equal(h.bytes, 13);
    assert_int_equal(read_table(&t, &records), 0);
    assert_string_equal(records.data, "k=v;");
}

static void sstable_next_index_value_without_handle_is_ebadmsg(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    mkbuf_add(&t.index, "\0\1\1k\0", 5);
    assert_int_equal(outcome(&t), -EBADMSG);
    mktable_init(&t);
    mkbuf_add(&t.index, "\1\1\2k\0\x08", 6); /* shares a byte with no key */
    assert_int_equal(outcome(&t), -EBADMSG);
}

static void sstable_next_keys_that_do_not_increase_are_ebadmsg(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"b", "a"}, {"a", "a"}, {"ab", "a"}, {"", ""}, {"a\xff", "a\x7f"}};
    for (size_t i = 0; i < 2 * sizeof(pairs) / sizeof(*pairs); i++) {
        struct mktable t;
        mktable_init(&t);
        mktable_add(&t, pairs[i / 2][0], strlen(pairs[i / 2][0]), "1", 1);
        if (i & 1) {
            mktable_cut(&t);
        }
        mktable_add(&t, pairs[i / 2][1], strlen(pairs[i / 2][1]), "2", 1);
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_entry_numbers_too_big_are_errors(void **state)
{
    (void)state;
    static const struct {
        uint64_t shared, unshared, value;
        int rc;
    } cases[] = {
        {0, 1, 1, 0},
        {1, 1, 1, -EBADMSG}, /* there is no key before it */
        {0, 3, 0, -EBADMSG},
        {0, 1, 2, -EBADMSG},
        {0, 2, 1, -EBADMSG},
        {0, UINT32_MAX, 1, -EOVERFLOW},
        {0, 1, UINT32_MAX, -EOVERFLOW},
        {0, UINT32_MAX, UINT32_MAX, -EOVERFLOW}, /* the sum in 32 bits would be small */
        {UINT32_MAX, 2, 0, -EOVERFLOW},
        {0, UINT64_MAX, 1, -EBADMSG},
        {0, 1, (uint64_t)1 << 32, -EBADMSG},
        {0, 64 << 10, 1, -EBADMSG},
        {0, (64 << 10) + 1, 1, -EOVERFLOW},
        {0, 1, 16 << 20, -EBADMSG},
        {0, 1, (16 << 20) + 1, -EOVERFLOW},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mktable t;
        mktable_init(&t);
        mktable_raw_entry(&t, cases[i].shared, cases[i].unshared, cases[i].value, "kv", 2);
        assert_int_equal(outcome(&t), cases[i].rc);
    }
}

static void sstable_next_sharing_more_than_the_key_before_is_ebadmsg(void **state)
{
    (void)state;
    struct mktable t;
    mktable_init(&t);
    mktable_raw_entry(&t, 0, 2, 0, "ab", 2);
    mktable_raw_entry(&t, 3, 1, 0, "c", 1);
    assert_int_equal(outcome(&t), -EBADMSG);
    mktable_init(&t);
    mktable_raw_entry(&t, 0, 2, 0, "ab", 2);
    mktable_cut(&t);
    mktable_raw_entry(&t, 1, 1, 0, "c", 1); /* a block's first key shares nothing */
    assert_int_equal(outcome(&t), -EBADMSG);
}

static void sstable_next_entry_cut_short_is_ebadmsg(void **state)
{
    (void)state;
    static const char entry[] = "\0\1\1kv";
    for (size_t len = 1; len < 5; len++) {
        struct mktable t;
        mktable_init(&t);
        mkbuf_add(&t.block, entry, len);
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_biggest_key_and_value_are_read(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf records = {0};
    struct mkbuf key = {0};
    struct mkbuf value = {0};
    mkbuf_fill(&key, 'k', 64 << 10);
    mkbuf_fill(&value, 'v', 16 << 20);
    struct mktable t;
    mktable_init(&t);
    mktable_add(&t, key.data, key.len, value.data, value.len);
    assert_int_equal(read_table(&t, &records), 0);
    assert_int_equal(records.len, key.len + value.len + 2);
    mkbuf_free(&key);
    mkbuf_free(&value);
}

static void sstable_next_keys_out_of_almost_nothing_are_eoverflow(void **state)
{
    (void)state;
    struct mkbuf key = {0};
    mkbuf_fill(&key, 'k', 64 << 10);
    struct mktable t;
    mktable_init(&t);
    t.restart_interval = 1 << 20;
    for (unsigned i = 0; i < 1300; i++) {
        key.data[key.len - 2] = (uint8_t)(i >> 8);
        key.data[key.len - 1] = (uint8_t)i;
        mktable_add(&t, key.data, key.len, "", 0);
    }
    assert_true(t.block.len < 80 << 10);
    assert_int_equal(outcome(&t), -EOVERFLOW);
    mkbuf_free(&key);
}

static void sstable_next_restart_counts_are_checked(void **state)
{
    (void)state;
    /* The block is 5 bytes of entry, 4 of restart, 4 of count: 2 restarts fit, and then eat the
     * entry. */
    static const struct {
        int64_t count;
        int rc;
    } cases[] = {{0, 0},
                 {1, 0},
                 {2, -EBADMSG},
                 {3, -EBADMSG},
                 {UINT32_MAX, -EBADMSG},
                 {0x40000000, -EBADMSG}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP_BUF struct buf records = {0};
        struct mktable t;
        mktable_init(&t);
        t.restart_count = cases[i].count;
        mktable_add(&t, "k", 1, "v", 1);
        assert_int_equal(read_table(&t, &records), cases[i].rc);
        assert_true(str_eq(buf_view(&records), cases[i].count == 1 ? STR("k=v;") : STR("")));
    }
}

static void sstable_next_block_below_4_bytes_is_ebadmsg(void **state)
{
    (void)state;
    for (size_t len = 0; len < 4; len++) {
        struct mktable t;
        mktable_init(&t);
        mktable_list(&t, "k", 1, mktable_raw_block(&t, "\0\0\0\0", len, 0, 0));
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_unknown_compression_is_ebadmsg(void **state)
{
    (void)state;
    for (unsigned type = 2; type < 256; type++) {
        struct mktable t;
        mktable_init(&t);
        mktable_list(&t, "k", 1, mktable_raw_block(&t, "\0\0\0\0\1\0\0\0", 8, type, 0));
        assert_int_equal(outcome(&t), -EBADMSG);
    }
}

static void sstable_next_snappy_bombs_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct str stored;
        int rc;
    } cases[] = {
        {{"", 0}, -EBADMSG},                       /* no length */
        {{"\xff\xff\xff\xff\xff", 5}, -EBADMSG},   /* a length over 32 bits */
        {{"\xff\xff\xff\xff\x0f", 5}, -EOVERFLOW}, /* 4 GiB out of 5 bytes */
        {{"\xe1\x01\x00"
          "a\xfe\x01\x00",
          7},
         -EOVERFLOW}, /* 225 out of 7: one more than the limit */
        {{"\xe0\x01\x00"
          "a\xfe\x01\x00",
          7},
         -EBADMSG}, /* 224: within it, but a lie */
        {{"\x08\x00"
          "a",
          3},
         -EBADMSG},                                   /* 1 byte where 8 were promised */
        {{"\x04\x1c\0\0\0\0\1\0\0\0", 10}, -EBADMSG}, /* 8 where 4 were */
        {{"\x08\x1c\0\0\0\0\1\0\0\0", 10}, 0},
        {{"\x08\x1c\0\0\0\0\1\0\0", 9}, -EBADMSG},   /* the literal is cut */
        {{"\x08\x00\x00\x02\x09\x00", 6}, -EBADMSG}, /* a copy from before the start */
        {{"\x00", 1}, -EBADMSG},                     /* nothing, not even a count of restarts */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mktable t;
        mktable_init(&t);
        mktable_list(&t, "k", 1,
                     mktable_raw_block(&t, cases[i].stored.ptr, cases[i].stored.len, 1, 0));
        assert_int_equal(outcome(&t), cases[i].rc);
    }
}

static void sstable_close_null_is_legal(void **state)
{
    (void)state;
    sstable_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sstable_next_real_table_is_read),
        cmocka_unit_test(sstable_next_any_cutting_is_read),
        cmocka_unit_test(sstable_next_no_records_is_the_end),
        cmocka_unit_test(sstable_open_every_truncation_is_an_error),
        cmocka_unit_test(sstable_next_file_shorter_than_it_was_is_eio),
        cmocka_unit_test(sstable_next_every_flipped_bit_is_an_error),
        cmocka_unit_test(sstable_open_bad_magic_is_ebadmsg),
        cmocka_unit_test(sstable_open_index_handle_too_big_is_ebadmsg),
        cmocka_unit_test(sstable_open_bad_index_checksum_is_ebadmsg),
        cmocka_unit_test(sstable_next_bad_data_checksum_is_ebadmsg),
        cmocka_unit_test(sstable_next_bad_data_handles_are_ebadmsg),
        cmocka_unit_test(sstable_next_overlapping_blocks_are_ebadmsg),
        cmocka_unit_test(sstable_next_index_value_with_more_bytes_is_read),
        cmocka_unit_test(sstable_next_index_value_without_handle_is_ebadmsg),
        cmocka_unit_test(sstable_next_keys_that_do_not_increase_are_ebadmsg),
        cmocka_unit_test(sstable_next_entry_numbers_too_big_are_errors),
        cmocka_unit_test(sstable_next_sharing_more_than_the_key_before_is_ebadmsg),
        cmocka_unit_test(sstable_next_entry_cut_short_is_ebadmsg),
        cmocka_unit_test(sstable_next_biggest_key_and_value_are_read),
        cmocka_unit_test(sstable_next_keys_out_of_almost_nothing_are_eoverflow),
        cmocka_unit_test(sstable_next_restart_counts_are_checked),
        cmocka_unit_test(sstable_next_block_below_4_bytes_is_ebadmsg),
        cmocka_unit_test(sstable_next_unknown_compression_is_ebadmsg),
        cmocka_unit_test(sstable_next_snappy_bombs_are_refused),
        cmocka_unit_test(sstable_close_null_is_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
