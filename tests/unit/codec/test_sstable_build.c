/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of our own are those of TensorFlow: its golden indexes, read and built again, come out
 * byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "codec/sstable.h"
#include "codec/sstable_build.h"
#include "io/file.h"
#include "io/io_file.h"
#include "source/tf_v2/bundle_encode.h"

static struct str read_whole(const char *path, struct arena *a)
{
    struct str text;
    struct stat st;
    assert_int_equal(file_read_text(path, 64 << 20, a, &text, &st, NULL), 0);
    return text;
}

/* Reads the records of the table at `path` into *b. */
static void rebuild(const char *path, struct sstable_build *b)
{
    CLEANUP_IO struct io *io = NULL;
    assert_int_equal(io_open(path, &io), 0);
    struct sstable *t;
    assert_int_equal(sstable_open(io, NULL, &t), 0);
    struct str key;
    struct str value;
    int rc;
    while ((rc = sstable_next(t, &key, &value)) > 0) {
        size_t at = sstable_build_add(b, key, value);
        assert_memory_equal(b->out.data + at, value.ptr, value.len);
    }
    assert_int_equal(rc, 0);
    sstable_close(t);
    assert_int_equal(sstable_build_finish(b), 0);
}

static void test_golden_tables(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "tests/golden/demo/model.ckpt-1000.index", "tests/golden/big_index/big.ckpt.index",
        "tests/golden/shapes/shapes.ckpt.index",   "tests/golden/names/names.ckpt.index",
        "tests/golden/sliced/sliced.ckpt.index",   "tests/golden/v1/model-v1",
        "tests/golden/v1_blocks/blocks-v1",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct arena a;
        arena_init(&a);
        struct str whole = read_whole(paths[i], &a);
        struct sstable_build b = {0};
        rebuild(paths[i], &b);
        assert_int_equal(b.out.len, whole.len);
        assert_memory_equal(b.out.data, whole.ptr, whole.len);
        sstable_build_seal(&b); /* changes nothing */
        assert_memory_equal(b.out.data, whole.ptr, whole.len);
        sstable_build_fini(&b);
        arena_fini(&a);
    }
}

static void test_page_example(void **state)
{
    (void)state;
    static const unsigned char expected[] = {
        0x00, 0x00, 0x06, 0x08, 0x01, 0x1a, 0x02, 0x08, 0x01, 0x00, 0x01, 0x0b, 'a',  0x08, 0x01,
        0x12, 0x00, 0x28, 0x04, 0x35, 0x81, 0xa5, 0xda, 0x2b, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
        0x00, 0x00, 0x00, 0x74, 0xef, 0x79, 0xb2, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
        0x00, 0xc0, 0xf2, 0xa1, 0xb0, 0x00, 0x01, 0x02, 'b',  0x00, 0x20, 0x00, 0x00, 0x00, 0x00,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x30, 0xd3, 0x69, 0x1c, 0x25, 0x08, 0x32, 0x0e,
    };
    struct sstable_build b = {0};
    struct buf record = {0};
    bundle_encode_header(&record, 1);
    sstable_build_add(&b, STR(""), buf_view(&record));
    record.len = 0;
    bundle_encode_entry(&record, 1, (struct shape){NULL, 0}, &(struct bundle_place){0, 0, 4, 0});
    size_t at = sstable_build_add(&b, STR("a"), buf_view(&record)) + record.len - 4;
    assert_int_equal(sstable_build_finish(&b), 0);
    memcpy(b.out.data + at, "\x81\xa5\xda\x2b", 4); /* known later */
    sstable_build_seal(&b);
    assert_int_equal(b.out.len, 117);
    assert_memory_equal(b.out.data, expected, sizeof(expected));
    buf_fini(&record);
    sstable_build_fini(&b);
}

/* Owner and slice of a partitioned tensor as the page on slices has them. */
static void test_records(void **state)
{
    (void)state;
    struct buf b = {0};
    const int64_t dims[] = {4, 0};
    bundle_encode_owner(&b, 19, (struct shape){dims, 2});
    const int64_t start[] = {0, 0};
    const int64_t len[] = {2, 0};
    bundle_encode_extent(&b, start, len, 2);
    static const unsigned char owner[] = {0x08, 0x13, 0x12, 0x06, 0x12, 0x02, 0x08,
                                          0x04, 0x12, 0x00, 0x3a, 0x08, 0x0a, 0x02,
                                          0x10, 0x02, 0x0a, 0x02, 0x10, 0x00};
    assert_int_equal(b.len, sizeof(owner));
    assert_memory_equal(b.data, owner, sizeof(owner));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_tables),
        cmocka_unit_test(test_page_example),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
