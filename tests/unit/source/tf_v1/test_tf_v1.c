/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/sstable_block.h"
#include "render/verify.h"
#include "source/tf/strings.h"
#include "source/tf_v1/tf_v1.h"
#include "source/tf_v1/tf_v1_values.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

enum { FLOAT_VAL = 5, INT_VAL = 7, STRING_VAL = 8, BOOL_VAL = 11 };

struct fixture {
    struct tmpdir dir;
    struct diag d;
    struct catalog *c;
    struct mktable t;
    struct mkbuf meta;
    struct mkbuf records[8];
    const char *names[8];
    unsigned count;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    tmpdir_make(&f.dir);
    diag_init(&f.d);
    mktable_init(&f.t);
    *state = &f;
    return 0;
}

static void reset(struct fixture *f)
{
    catalog_close(f->c);
    f->c = NULL;
    mktable_free(&f->t);
    mktable_init(&f->t);
    mkbuf_free(&f->meta);
    for (unsigned i = 0; i < f->count; i++) {
        mkbuf_free(&f->records[i]);
    }
    f->count = 0;
    diag_fini(&f->d);
    diag_init(&f->d);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    reset(f);
    mktable_free(&f->t);
    diag_fini(&f->d);
    tmpdir_remove(&f->dir);
    return 0;
}

/* A whole vector `name` of `len` elements, with a TensorProto of these bytes. Names in rising
 * order. */
static void add_vector(struct fixture *f, const char *name, unsigned dtype, uint64_t len,
                       const struct mkbuf *proto)
{
    struct mkbuf dim = {0};
    struct mkbuf shape = {0};
    struct mkbuf tensor = {0};
    struct mkbuf data = {0};
    mkbuf_field(&dim, 1, len);
    mkbuf_message(&shape, 2, dim.data, dim.len);
    mkbuf_message(&tensor, 1, name, strlen(name));
    mkbuf_message(&tensor, 2, shape.data, shape.len);
    mkbuf_field(&tensor, 3, dtype);
    mkbuf_message(&tensor, 4, "\x0a\x00", 2);
    mkbuf_message(&f->meta, 1, tensor.data, tensor.len);
    mkbuf_message(&data, 1, name, strlen(name));
    mkbuf_message(&data, 2, "\x0a\x00", 2);
    mkbuf_message(&data, 3, proto->data, proto->len);
    f->names[f->count] = name;
    mkbuf_message(&f->records[f->count++], 2, data.data, data.len);
    mkbuf_free(&dim);
    mkbuf_free(&shape);
    mkbuf_free(&tensor);
    mkbuf_free(&data);
}

static void write_table(struct fixture *f)
{
    struct mkbuf value = {0};
    mkbuf_message(&value, 1, f->meta.data, f->meta.len);
    mktable_add(&f->t, "", 0, value.data, value.len);
    mkbuf_free(&value);
    for (unsigned i = 0; i < f->count; i++) {
        struct mkbuf key = {0};
        mk_slice_key(&key, f->names[i], 1, (const int64_t[]){0}, (const int64_t[]){-1});
        mktable_add(&f->t, key.data, key.len, f->records[i].data, f->records[i].len);
        mkbuf_free(&key);
    }
    if (f->t.block.len) {
        mktable_cut(&f->t);
    }
    mktable_finish(&f->t);
}

static errint open_bytes(struct fixture *f, size_t len)
{
    const char *path = tmpdir_path(&f->dir, "model");
    const char *files[] = {path};
    mk_write_file(path, f->t.file.data, len);
    catalog_close(f->c);
    f->c = NULL;
    errint rc = tf_v1_open(
        &(struct location){.prefix = path, .driver = LOCATION_V1, .files = files, .file_count = 1},
        &f->d, &f->c);
    assert_true((rc == 0) == (f->c != NULL));
    for (uint32_t i = 0; f->c && i < f->c->shard_count; i++) {
        f->c->shards[i].used = true;
    }
    return rc < 0 ? rc : catalog_open_shards(f->c, &f->d);
}

static errint open_all(struct fixture *f)
{
    write_table(f);
    return open_bytes(f, f->t.file.len);
}

static struct shard *shard_of(struct fixture *f, unsigned tensor)
{
    return &f->c->shards[f->c->tensors[tensor].shard];
}

static errint read_all(struct fixture *f, unsigned tensor, void *buf)
{
    const struct tensor *t = &f->c->tensors[tensor];
    return shard_read(shard_of(f, tensor), NULL, t->off, (size_t)t->bytes, buf);
}

static void packed(struct mkbuf *proto, unsigned field, const int64_t *values, size_t count)
{
    struct mkbuf run = {0};
    for (size_t i = 0; i < count; i++) {
        mkbuf_varint(&run, (uint64_t)values[i]);
    }
    mkbuf_message(proto, field, run.data, run.len);
    mkbuf_free(&run);
}

static int64_t value_at(uint64_t i)
{
    return (int64_t)(i * 7919 % 100000) - 30000; /* 1, 2, 3 and 10 bytes */
}

/* `count` of them in chunks of three kinds: packed, packed, one by one. */
static void mixed(struct mkbuf *proto, uint64_t count)
{
    int64_t run[500];
    for (uint64_t i = 0; i < count;) {
        uint64_t step = count - i < 500 ? count - i : 500;
        for (uint64_t k = 0; k < step; k++) {
            run[k] = value_at(i + k);
            if (i / 500 % 3 == 2) {
                mkbuf_varint(proto, INT_VAL << 3);
                mkbuf_varint(proto, (uint64_t)run[k]);
            }
        }
        if (i / 500 % 3 != 2) {
            packed(proto, INT_VAL, run, step);
        }
        mkbuf_field(proto, 1, 3); /* something else between them */
        i += step;
    }
}

static void tf_v1_varints_are_read_at_any_offset(void **state)
{
    enum { COUNT = 10000 };
    static int32_t want[COUNT];
    static char got[sizeof(want)];
    for (unsigned i = 0; i < COUNT; i++) {
        want[i] = (int32_t)value_at(i);
    }
    for (unsigned snappy = 0; snappy < 2; snappy++) {
        struct fixture *f = *state;
        struct mkbuf proto = {0};
        reset(f);
        f->t.snappy = snappy;
        mixed(&proto, COUNT);
        add_vector(f, "v", DTYPE_INT32, COUNT, &proto);
        mkbuf_free(&proto);
        assert_int_equal(open_all(f), 0);
        assert_non_null(shard_of(f, 0)->base);
        srand(1);
        for (unsigned i = 0; i < 3000; i++) {
            size_t off = (size_t)rand() % sizeof(want);
            size_t len = (size_t)rand() % (i % 2 ? 9 : 9000);
            len = len < sizeof(want) - off ? len : sizeof(want) - off;
            assert_int_equal(shard_read(shard_of(f, 0), NULL, off, len, got), 0);
            assert_memory_equal(got, (const char *)want + off, len);
        }
        assert_int_equal(shard_read(shard_of(f, 0), NULL, sizeof(want), 1, got), -EIO);
    }
}

/* What strings_walk says of elements 0 to count - 1, each looked up by itself, is text[i % 3]. */
static void assert_strings(struct fixture *f, uint64_t count, const char *const text[3])
{
    struct strings_walk *w = malloc(sizeof(*w));
    assert_non_null(w);
    for (uint64_t i = 0; i < 2 * count; i++) {
        uint64_t at = i < count ? i : i * 17 % count;
        uint64_t off;
        uint64_t len;
        uint64_t end;
        char got[16];
        if (i % 50 == 0) {
            strings_walk_init(w);
        }
        assert_int_equal(strings_walk_to(w, shard_of(f, 0)->io, NULL, at), 0);
        assert_int_equal(strings_walk_next(w, &off, &len, &end), 0);
        assert_int_equal(len, strlen(text[at % 3]));
        assert_true(len <= end - off);
        assert_int_equal(shard_read(shard_of(f, 0), NULL, off, (size_t)len, got), 0);
        assert_memory_equal(got, text[at % 3], (size_t)len);
    }
    assert_int_equal(strings_walk_to(w, shard_of(f, 0)->io, NULL, count), -EBADMSG);
    free(w);
}

static void tf_v1_strings_are_found_from_anywhere(void **state)
{
    static const char *const text[3] = {"", "abc", "longer text"};
    for (unsigned snappy = 0; snappy < 2; snappy++) {
        struct fixture *f = *state;
        struct mkbuf proto = {0};
        reset(f);
        f->t.snappy = snappy;
        for (unsigned i = 0; i < 1000; i++) {
            mkbuf_message(&proto, STRING_VAL, text[i % 3], strlen(text[i % 3]));
            if (i % 70 == 9) {
                mkbuf_field(&proto, 1, 7); /* something else between them, and the field with a wire
                                              type that is not its own */
                mkbuf_varint(&proto, STRING_VAL << 3);
                mkbuf_varint(&proto, 5);
            }
        }
        add_vector(f, "s", DTYPE_STRING, 1000, &proto);
        assert_int_equal(open_all(f), 0);
        assert_int_equal(f->c->tensors[0].hidden, TENSOR_SHOWN);
        assert_true(f->c->tensors[0].bytes > proto.len);
        assert_strings(f, 1000, text);
        mkbuf_free(&proto);
    }
}

static void tf_v1_strings_of_another_count_are_damage(void **state)
{
    struct fixture *f = *state;
    for (uint64_t count = 0; count < 6; count++) {
        struct mkbuf proto = {0};
        reset(f);
        for (unsigned i = 0; i < 3; i++) {
            mkbuf_message(&proto, STRING_VAL, "x", 1);
        }
        add_vector(f, "s", DTYPE_STRING, count, &proto);
        mkbuf_free(&proto);
        assert_int_equal(open_all(f), 0);
        assert_int_equal(strings_need(shard_of(f, 0)->io, NULL, 0), count == 3 ? 0 : -EBADMSG);
        assert_int_equal(shard_check(shard_of(f, 0), NULL, true), count == 3 ? 0 : -EBADMSG);
    }
    static const uint64_t far_too_many[] = {1000, UINT64_C(1) << 40, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(far_too_many); i++) {
        struct mkbuf proto = {0};
        reset(f);
        mkbuf_message(&proto, STRING_VAL, "x", 1);
        add_vector(f, "s", DTYPE_STRING, far_too_many[i], &proto);
        mkbuf_free(&proto);
        assert_int_equal(open_all(f), -EBADMSG);
    }
    struct mkbuf proto = {0};
    reset(f);
    mkbuf_message(&proto, STRING_VAL, "x", 1);
    mkbuf_add(&proto,
              "\x42\x7f"
              "abc",
              5); /* a length that passes the end */
    add_vector(f, "s", DTYPE_STRING, 2, &proto);
    mkbuf_free(&proto);
    assert_int_equal(open_all(f), 0);
    assert_int_equal(strings_need(shard_of(f, 0)->io, NULL, 0), -EBADMSG);
}

static void *read_whole(void *data)
{
    char *got = malloc(40000);
    void *right =
        shard_read(data, NULL, 0, 40000, got) == 0 && *(int32_t *)(void *)(got + 36) == value_at(9)
            ? data
            : NULL;
    free(got);
    return right;
}

static void tf_v1_the_table_is_made_once_for_all_threads(void **state)
{
    struct fixture *f = *state;
    struct mkbuf proto = {0};
    f->t.snappy = true;
    mixed(&proto, 10000);
    add_vector(f, "v", DTYPE_INT32, 10000, &proto);
    mkbuf_free(&proto);
    assert_int_equal(open_all(f), 0);
    pthread_t threads[8];
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_whole, shard_of(f, 0)), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        void *right;
        pthread_join(threads[i], &right);
        assert_ptr_equal(right, shard_of(f, 0));
    }
}

static void *count_tables(void *data)
{
    uint64_t bytes;
    for (unsigned i = 0; i < 1000; i++) {
        if (tf_v1_values_table(data, &bytes) == ONCE_FULL && bytes == 0) {
            return NULL;
        }
    }
    return data;
}

/* As statistics do, while a doubt has the table compared. */
static void tf_v1_a_table_is_counted_while_it_is_found_again(void **state)
{
    struct fixture *f = *state;
    struct mkbuf proto = {0};
    mixed(&proto, 10000);
    add_vector(f, "v", DTYPE_INT32, 10000, &proto);
    mkbuf_free(&proto);
    assert_int_equal(open_all(f), 0);
    struct io *io = shard_of(f, 0)->io;
    assert_int_equal(io_check(io, NULL, true), 0);
    pthread_t counter;
    assert_int_equal(pthread_create(&counter, NULL, count_tables, io), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(io_add_doubt(io_root(io)), 0);
        assert_int_equal(io_check(io, NULL, true), 0);
    }
    void *right;
    pthread_join(counter, &right);
    assert_ptr_equal(right, io);
}

static void tf_v1_floats_are_read_from_the_file(void **state)
{
    struct fixture *f = *state;
    const float values[4] = {1, -2, 3.5f, 0};
    float got[4];
    struct mkbuf one = {0};
    struct mkbuf two = {0};
    mkbuf_message(&one, FLOAT_VAL, values, sizeof(values));
    mkbuf_message(&two, FLOAT_VAL, values, 4);
    mkbuf_u8(&two, FLOAT_VAL << 3 | 5);
    mkbuf_add(&two, values + 1, 4);
    mkbuf_message(&two, FLOAT_VAL, values + 2, 8);
    add_vector(f, "one", DTYPE_FLOAT32, 4, &one);
    add_vector(f, "two", DTYPE_FLOAT32, 4, &two);
    assert_int_equal(open_all(f), 0);
    assert_null(shard_of(f, 0)->base);
    assert_non_null(shard_of(f, 1)->base);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(read_all(f, i, got), 0);
        assert_memory_equal(got, values, sizeof(values));
    }
    assert_int_equal(shard_read(shard_of(f, 1), NULL, 3, 6, got), 0);
    assert_memory_equal(got, (const char *)values + 3, 6);
    mkbuf_free(&one);
    mkbuf_free(&two);
}

/* What opening or else reading gives. */
static errint verdict(struct fixture *f, unsigned dtype, uint64_t count, const struct mkbuf *proto)
{
    char got[256];
    reset(f);
    add_vector(f, "v", dtype, count, proto);
    errint rc = open_all(f);
    if (rc == 0) {
        rc = read_all(f, 0, got);
        assert_int_equal(read_all(f, 0, got), rc); /* kept */
    }
    return rc;
}

static void tf_v1_values_are_checked(void **state)
{
    static const struct {
        unsigned dtype;
        unsigned field;
        int64_t value;
        errint rc;
    } cases[] = {
        {DTYPE_INT8, INT_VAL, 127, 0},
        {DTYPE_INT8, INT_VAL, 128, -EBADMSG},
        {DTYPE_INT8, INT_VAL, -128, 0},
        {DTYPE_INT8, INT_VAL, -129, -EBADMSG},
        {DTYPE_UINT8, INT_VAL, 255, 0},
        {DTYPE_UINT8, INT_VAL, -1, -EBADMSG},
        {DTYPE_INT16, INT_VAL, 32768, -EBADMSG},
        {DTYPE_UINT16, INT_VAL, 65535, 0},
        {DTYPE_INT32, INT_VAL, INT32_MIN, 0},
        {DTYPE_INT32, INT_VAL, INT64_C(1) << 31, -EBADMSG},
        {DTYPE_INT64, 10, INT64_MIN, 0},
        {DTYPE_UINT64, 17, -1, 0},
        {DTYPE_UINT32, 16, -1, -EBADMSG},
        {DTYPE_BOOL, BOOL_VAL, 1, 0},
        {DTYPE_BOOL, BOOL_VAL, 2, -EBADMSG},
        {DTYPE_FLOAT16, 13, 65535, 0},
        {DTYPE_FLOAT16, 13, 65536, -EBADMSG},
        {DTYPE_INT32, 10, 1, -EBADMSG}, /* in another field */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mkbuf proto = {0};
        packed(&proto, cases[i].field, &cases[i].value, 1);
        assert_int_equal(verdict(*state, cases[i].dtype, 1, &proto), cases[i].rc);
        if (cases[i].rc == 0) {
            assert_int_equal(verdict(*state, cases[i].dtype, 2, &proto), -EBADMSG);
            packed(&proto, cases[i].field, &cases[i].value, 2 - 1);
            assert_int_equal(verdict(*state, cases[i].dtype, 2, &proto), 0);
            assert_int_equal(verdict(*state, cases[i].dtype, 1, &proto), -EBADMSG);
        }
        mkbuf_free(&proto);
    }
}

static void tf_v1_malformed_varints_are_ebadmsg(void **state)
{
    static const char *const bad[] = {
        "\x80",                                         /* cut */
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",     /* over 64 bits */
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", /* 11 bytes */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct mkbuf proto = {0};
        mkbuf_message(&proto, 10, bad[i], strlen(bad[i]));
        assert_int_equal(verdict(*state, DTYPE_INT64, 1, &proto), -EBADMSG);
        mkbuf_free(&proto);
    }
}

static void tf_v1_every_truncation_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mkbuf proto = {0};
    mixed(&proto, 20);
    add_vector(f, "v", DTYPE_INT32, 20, &proto);
    mkbuf_free(&proto);
    assert_int_equal(open_all(f), 0);
    for (size_t len = 0; len < f->t.file.len; len++) {
        assert_true(open_bytes(f, len) < 0);
    }
}

/* Any byte changed: an error or other values, but no crash and no read beyond what there is. */
static void tf_v1_every_changed_byte_is_survived(void **state)
{
    struct fixture *f = *state;
    char got[80];
    struct mkbuf proto = {0};
    mixed(&proto, 20);
    add_vector(f, "v", DTYPE_INT32, 20, &proto);
    mkbuf_free(&proto);
    write_table(f);
    for (size_t i = 0; i < f->t.file.len; i++) {
        for (unsigned flip = 1; flip < 256; flip += 42) {
            f->t.file.data[i] ^= (uint8_t)flip;
            if (open_bytes(f, f->t.file.len) == 0 && f->c->count &&
                f->c->tensors[0].bytes <= sizeof(got) && f->c->tensors[0].hidden == TENSOR_SHOWN) {
                (void)!read_all(f, 0, got);
            }
            f->t.file.data[i] ^= (uint8_t)flip;
        }
    }
}

static void tf_v1_values_without_a_record_are_ebadmsg(void **state)
{
    struct fixture *f = *state;
    struct mkbuf proto = {0};
    mixed(&proto, 3);
    add_vector(f, "v", DTYPE_INT32, 3, &proto);
    mkbuf_free(&proto);
    f->names[0] = "w";
    assert_int_equal(open_all(f), -EBADMSG);
    assert_non_null(strstr(f->d.entries[0].message, "no values of its slice [0:3]"));
}

/* A file that lists `name` with that dtype and length, and one slice of it. */
static void write_part(const char *path, unsigned dtype, uint64_t len, int64_t from, uint64_t part)
{
    struct mkbuf dim = {0}, shape = {0}, extent = {0}, slice = {0}, tensor = {0}, meta = {0},
                 first = {0};
    struct mkbuf values = {0}, proto = {0}, data = {0}, record = {0}, key = {0};
    struct mktable t;
    mktable_init(&t);
    mkbuf_field(&dim, 1, len);
    mkbuf_message(&shape, 2, dim.data, dim.len);
    mkbuf_field(&extent, 1, (uint64_t)from);
    mkbuf_field(&extent, 2, part);
    mkbuf_message(&slice, 1, extent.data, extent.len);
    mkbuf_message(&tensor, 1, "v", 1);
    mkbuf_message(&tensor, 2, shape.data, shape.len);
    mkbuf_field(&tensor, 3, dtype);
    mkbuf_message(&tensor, 4, slice.data, slice.len);
    mkbuf_message(&meta, 1, tensor.data, tensor.len);
    mkbuf_message(&first, 1, meta.data, meta.len);
    mktable_add(&t, "", 0, first.data, first.len);
    mkbuf_fill(&values, 1, (size_t)part);
    mkbuf_message(&proto, INT_VAL, values.data, values.len);
    mkbuf_message(&data, 3, proto.data, proto.len);
    mkbuf_message(&record, 2, data.data, data.len);
    mk_slice_key(&key, "v", 1, &from, (const int64_t[]){(int64_t)part});
    mktable_add(&t, key.data, key.len, record.data, record.len);
    mktable_cut(&t);
    mktable_finish(&t);
    mk_write_file(path, t.file.data, t.file.len);
    mktable_free(&t);
    struct mkbuf *all[] = {&dim,   &shape,  &extent, &slice, &tensor, &meta,
                           &first, &values, &proto,  &data,  &record, &key};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        mkbuf_free(all[i]);
    }
}

static void tf_v1_files_that_disagree_are_ebadmsg(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned dtype;
        uint64_t len;
        const char *words; /* of the complaint; NULL: they agree */
    } seconds[] = {
        {DTYPE_INT32, 8, NULL},
        {DTYPE_INT16, 8, "it is int16 [8] here, but int32 [8] in "},
        {DTYPE_INT32, 9, "it is int32 [9] here, but int32 [8] in "},
    };
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        reset(f);
        const char *files[] = {tmpdir_path(&f->dir, "m-00000-of-00002"),
                               tmpdir_path(&f->dir, "m-00001-of-00002")};
        write_part(files[0], DTYPE_INT32, 8, 0, 3);
        write_part(files[1], seconds[i].dtype, seconds[i].len, 3, 5);
        struct location where = {
            .prefix = "m", .driver = LOCATION_V1, .files = files, .file_count = 2};
        errint rc = tf_v1_open(&where, &f->d, &f->c);
        if (seconds[i].words) {
            assert_int_equal(rc, -EBADMSG);
            assert_non_null(strstr(f->d.entries[0].message, seconds[i].words));
            assert_string_equal(f->d.entries[0].at.file, files[1]);
        } else {
            assert_int_equal(rc, 0);
            assert_int_equal(f->c->sliced_count, 1);
            assert_int_equal(f->c->sliced[0].fault, SLICES_WHOLE);
        }
    }
}

/* Its head alone says so: what would be unpacked need not be there. */
static void tf_v1_a_compressed_block_larger_than_the_cache_is_unsupported(void **state)
{
    struct fixture *f = *state;
    struct mkbuf proto = {0};
    mixed(&proto, 3);
    add_vector(f, "v", DTYPE_INT32, 3, &proto);
    add_vector(f, "w", DTYPE_INT32, 3, &proto);
    mkbuf_free(&proto);
    struct mkbuf value = {0}, huge = {0}, key = {0};
    mkbuf_message(&value, 1, f->meta.data, f->meta.len);
    mktable_add(&f->t, "", 0, value.data, value.len);
    mk_slice_key(&key, "v", 1, (const int64_t[]){0}, (const int64_t[]){-1});
    mktable_add(&f->t, key.data, key.len, f->records[0].data, f->records[0].len);
    mktable_cut(&f->t);
    mkbuf_varint(&huge, SSTABLE_BLOCK_MOST + 1);
    mkbuf_fill(&huge, 7, 20);
    struct mkhandle h = mktable_raw_block(&f->t, huge.data, huge.len, 1, 0);
    mktable_list(&f->t, "\xff", 1, h);
    mktable_finish(&f->t);
    assert_int_equal(open_bytes(f, f->t.file.len), 0);
    assert_int_equal(f->c->count, 2);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_SHOWN);
    assert_int_equal(f->c->tensors[1].hidden, TENSOR_BLOCK_TOO_LARGE);
    assert_non_null(strstr(tensor_hidden_reason(&f->c->tensors[1]), "unsupported"));
    assert_int_equal(source_check_count(f->c), 2);
    struct source_check b;
    source_check_at(f->c, 1, &b);
    assert_true(b.off == h.off && b.bytes == h.bytes + 1 && b.crc32c == h.crc32c);
    mkbuf_free(&value);
    mkbuf_free(&huge);
    mkbuf_free(&key);
}

struct impatient {
    unsigned asked;
    unsigned most;
};

static bool give_up(void *data)
{
    struct impatient *i = data;
    return ++i->asked > i->most;
}

/* Each read is interrupted a little later; the table gets further all the same. */
static void tf_v1_an_interrupted_table_is_gone_on_with(void **state)
{
    enum { COUNT = 8 << 20 };
    struct fixture *f = *state;
    struct mkbuf run = {0}, proto = {0};
    mkbuf_fill(&run, 5, COUNT);
    mkbuf_message(&proto, INT_VAL, run.data, run.len);
    add_vector(f, "v", DTYPE_INT8, COUNT, &proto);
    mkbuf_free(&run);
    mkbuf_free(&proto);
    assert_int_equal(open_all(f), 0);
    unsigned tries = 0;
    char got[2] = {0};
    errint rc;
    uint64_t bytes;
    do {
        struct impatient i = {0, 2};
        struct once_waiter waiter = {.interrupted = give_up, .context = &i};
        rc = shard_read(shard_of(f, 0), &waiter, COUNT - 2, 2, got);
        tries++;
    } while (rc == -EINTR && tries < 100);
    assert_int_equal(rc, 0);
    assert_true(tries > 2 && got[0] == 5 && got[1] == 5);
    assert_int_equal(tf_v1_values_table(shard_of(f, 0)->io, &bytes), ONCE_FULL);
    assert_true(bytes >= COUNT / TF_V1_STEP * 16);
    assert_int_equal(shard_check(shard_of(f, 0), NULL, false), 0);
}

/* Opens the file of `tensors` in the fixture, in which `run` stands, with `other`, as long, in its
 * place: as if it had been damaged before. */
static void open_damaged(struct fixture *f, const struct mkbuf *run, const struct mkbuf *other)
{
    assert_int_equal(run->len, other->len);
    f->t.block_bytes = 1; /* the block of the metadata is always verified: not this one */
    write_table(f);
    uint8_t *at = memmem(f->t.file.data, f->t.file.len, run->data, run->len);
    assert_non_null(at);
    memcpy(at, other->data, other->len);
    assert_int_equal(open_bytes(f, f->t.file.len), 0);
    memcpy(at, run->data, run->len);
}

/* The file becomes what it should be, in place. */
static void repair(struct fixture *f)
{
    usleep(20000); /* over a tick of the file system's clock */
    int fd = open(f->c->shards[0].path, O_WRONLY);
    assert_int_equal(pwrite(fd, f->t.file.data, f->t.file.len, 0), (ssize_t)f->t.file.len);
    close(fd);
}

static errint read_settled(struct shard *s, void *buf, size_t len)
{
    struct shard_attempt a = shard_attempt(s);
    errint rc;
    do {
        rc = shard_read(s, NULL, 0, len, buf);
    } while (shard_again(&a, &rc));
    return rc;
}

/* Where values begin was found out of a damaged file. Once that is what it should be, it is
 * somewhere else. */
static void tf_v1_a_table_is_held_against_what_a_doubted_file_has(void **state)
{
    enum { COUNT = 3 * TF_V1_STEP };
    struct fixture *f = *state;
    int64_t values[COUNT];
    int32_t got[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        values[i] = i % 100;
    }
    values[10] = 300; /* two bytes */
    struct mkbuf run = {0}, other = {0}, proto = {0};
    for (unsigned damaged = 0; damaged < 2; damaged++) {
        run.len = other.len = proto.len = 0;
        reset(f);
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned from = i == 10 ? 2000 : i == 2000 ? 10 : i; /* the two change places */
            mkbuf_varint(&run, (uint64_t)values[i]);
            mkbuf_varint(&other, (uint64_t)values[damaged ? from : i]);
        }
        mkbuf_message(&proto, INT_VAL, run.data, run.len);
        add_vector(f, "v", DTYPE_INT32, COUNT, &proto);
        open_damaged(f, &run, &other);
        assert_int_equal(read_all(f, 0, got), 0);
        assert_int_equal(got[10], values[damaged ? 2000 : 10]);
        repair(f);
        assert_int_equal(read_settled(shard_of(f, 0), got, sizeof(got)), damaged ? -EBADMSG : 0);
        assert_true(damaged || got[10] == 300);
        assert_int_equal(shard_check(shard_of(f, 0), NULL, false), damaged ? -EBADMSG : 0);
    }
    mkbuf_free(&run);
    mkbuf_free(&other);
    mkbuf_free(&proto);
}

static void tf_v1_strings_are_held_against_what_a_doubted_file_has(void **state)
{
    enum { COUNT = 3 * STRINGS_STEP };
    struct fixture *f = *state;
    struct mkbuf run = {0}, other = {0};
    for (unsigned damaged = 0; damaged < 2; damaged++) {
        run.len = other.len = 0;
        reset(f);
        for (unsigned i = 0; i < COUNT; i++) {
            mkbuf_message(&run, STRING_VAL, "longer", i == 10 ? 6 : 1);
            mkbuf_message(&other, STRING_VAL, "longer", i == (damaged ? 100 : 10) ? 6 : 1);
        }
        add_vector(f, "v", DTYPE_STRING, COUNT, &run);
        open_damaged(f, &run, &other);
        struct shard *s = shard_of(f, 0);
        assert_int_equal(strings_need(s->io, NULL, 0), 0);
        repair(f);
        struct shard_attempt a = shard_attempt(s);
        char byte;
        errint rc = shard_read(s, NULL, 0, 1, &byte);
        assert_true(shard_again(&a, &rc));
        assert_int_equal(strings_need(s->io, NULL, 0), damaged ? -EBADMSG : 0);
        assert_int_equal(strings_need(s->io, NULL, 0), damaged ? -EBADMSG : 0);
    }
    mkbuf_free(&run);
    mkbuf_free(&other);
}

/* Checksums are right, but the values of one tensor are not. */
static void tf_v1_verify_looks_at_values(void **state)
{
    struct fixture *f = *state;
    struct mkbuf good = {0}, bad = {0};
    struct verify v;
    const int64_t values[3] = {1, 200, 3};
    packed(&good, INT_VAL, values, 3);
    packed(&bad, INT_VAL, values, 3);
    add_vector(f, "fits", DTYPE_INT16, 3, &good);
    add_vector(f, "fits_not", DTYPE_INT8, 3, &bad);
    mkbuf_free(&good);
    mkbuf_free(&bad);
    assert_int_equal(open_all(f), 0);
    for (unsigned round = 0; round < 2;
         round++) { /* the second: one has a table, the other is known to be bad */
        assert_int_equal(verify_init(&v, f->c), 0);
        assert_true(v.count == 3 && !v.units[0].tensor); /* the block, which has the metadata */
        assert_true(v.units[1].check == 0 && v.units[2].check == 0);
        assert_int_equal(verify_run(&v, 2, NULL, NULL), 0);
        assert_int_equal(v.units[0].result.outcome, VERIFY_GOOD);
        assert_int_equal(v.units[1].result.outcome, VERIFY_GOOD);
        assert_int_equal(v.units[2].result.outcome, VERIFY_VALUES);
        assert_true(str_eq(tensor_name(v.units[2].tensor), STR("fits_not")));
        verify_fini(&v);
        int16_t got[3];
        assert_int_equal(read_all(f, 0, got), 0);
        assert_int_equal(read_all(f, 1, got), -EBADMSG);
    }
}

static void tf_v1_versions_are_judged(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        errint rc;
    } cases[] = {{"\x08\x01", 0},
                 {"\x10\x02", -ENOTSUP},
                 {"\x18\x01", -ENOTSUP},
                 {"\x1a\x02\x07\x01", -ENOTSUP}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        reset(f);
        mkbuf_message(&f->meta, 2, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(open_all(f), cases[i].rc);
    }
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tf_v1_varints_are_read_at_any_offset),
        TEST(tf_v1_the_table_is_made_once_for_all_threads),
        TEST(tf_v1_a_table_is_counted_while_it_is_found_again),
        TEST(tf_v1_floats_are_read_from_the_file),
        TEST(tf_v1_values_are_checked),
        TEST(tf_v1_malformed_varints_are_ebadmsg),
        TEST(tf_v1_every_truncation_is_refused),
        TEST(tf_v1_every_changed_byte_is_survived),
        TEST(tf_v1_values_without_a_record_are_ebadmsg),
        TEST(tf_v1_a_table_is_held_against_what_a_doubted_file_has),
        TEST(tf_v1_strings_are_held_against_what_a_doubted_file_has),
        TEST(tf_v1_verify_looks_at_values),
        TEST(tf_v1_strings_are_found_from_anywhere),
        TEST(tf_v1_strings_of_another_count_are_damage),
        TEST(tf_v1_versions_are_judged),
        TEST(tf_v1_files_that_disagree_are_ebadmsg),
        TEST(tf_v1_a_compressed_block_larger_than_the_cache_is_unsupported),
        TEST(tf_v1_an_interrupted_table_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
