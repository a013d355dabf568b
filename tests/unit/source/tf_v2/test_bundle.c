/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/tf/strings.h"
#include "source/tf_v2/bundle.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"

enum { FLOAT = 1, STRING = 7, INT8 = 6 };

struct fixture {
    struct tmpdir dir;
    char prefix[600];
    char index[700];
    struct mkckpt ckpt;
    struct diag d;
    struct catalog *c;
};

static int setup(void **state)
{
    static struct fixture f;
    tmpdir_make(&f.dir);
    snprintf(f.prefix, sizeof(f.prefix), "%s/m", f.dir.path);
    snprintf(f.index, sizeof(f.index), "%s.index", f.prefix);
    mkckpt_init(&f.ckpt, 2);
    diag_init(&f.d);
    f.c = NULL;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    catalog_close(f->c);
    mkckpt_free(&f->ckpt);
    diag_fini(&f->d);
    tmpdir_remove(&f->dir);
    return 0;
}

static errint open_written(struct fixture *f)
{
    catalog_close(f->c);
    errint rc =
        bundle_open(&(struct location){.prefix = f->prefix, .index_path = f->index}, &f->d, &f->c);
    assert_true(rc == 0 ? f->c != NULL && f->d.errors == 0 : f->c == NULL && f->d.errors > 0);
    return rc;
}

static errint open_ckpt(struct fixture *f)
{
    mkckpt_write(&f->ckpt, f->prefix);
    return open_written(f);
}

/* A checkpoint of one record; the outcome must be one error about it that says `words`. */
static void assert_record_refused(struct fixture *f, const char *key, const void *value, size_t len,
                                  errint rc, const char *words)
{
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    mkckpt_record(&f->ckpt, key, strlen(key), value, len);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), rc);
    assert_int_equal(f->d.errors, 1);
    assert_string_equal(f->d.entries[0].at.file, f->index);
    if (!strstr(f->d.entries[0].message, words)) {
        fail_msg("'%s' is not in '%s'", words, f->d.entries[0].message);
    }
}

/* A checkpoint of one record, which is hidden: one warning and the reason say `words`. */
static void assert_record_hidden(struct fixture *f, const char *key, const void *value, size_t len,
                                 const char *words)
{
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    mkckpt_record(&f->ckpt, key, strlen(key), value, len);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->d.warnings, 1);
    assert_int_equal(f->d.entries[0].code, DIAG_CHECKPOINT_CORRUPT);
    assert_string_equal(f->d.entries[0].at.file, f->index);
    assert_true(str_eq(f->d.entries[0].subject, str_from(key)));
    const struct tensor *t = &f->c->tensors[0];
    assert_int_equal(f->c->count, 1);
    assert_int_equal(t->hidden, TENSOR_RECORD_BAD);
    assert_int_equal(t->shard, TENSOR_NO_SHARD);
    if (!strstr(tensor_hidden_reason(t), words) || !strstr(f->d.entries[0].message, words)) {
        fail_msg("'%s' is not in '%s'", words, f->d.entries[0].message);
    }
}

static void assert_entry_hidden(struct fixture *f, struct mkentry e, const char *words)
{
    struct mkbuf value = {0};
    mk_entry(&value, &e);
    assert_record_hidden(f, "the/name", value.data, value.len, words);
    mkbuf_free(&value);
}

/* A tensor that is shown, or hidden for a reason, whatever else it says. */
static void assert_entry_taken(struct fixture *f, const void *value, size_t len,
                               enum tensor_hidden hidden)
{
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    mkckpt_record(&f->ckpt, "k", 1, value, len);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->count, 1);
    assert_int_equal(f->c->tensors[0].hidden, hidden);
    assert_int_equal(f->c->hidden_count, hidden != TENSOR_SHOWN);
    assert_true((tensor_hidden_reason(&f->c->tensors[0]) != NULL) == (hidden != TENSOR_SHOWN));
}

static const int64_t d23[] = {2, 3};

static void bundle_open_tensors_are_as_written(void **state)
{
    struct fixture *f = *state;
    char bytes[32] = "twenty-four bytes of data";
    mkckpt_tensor(&f->ckpt, "b/w", FLOAT, 2, d23, 1, bytes, 24);
    mkckpt_tensor(&f->ckpt, "a", FLOAT, 0, NULL, 1, bytes, 4);
    mkckpt_tensor(&f->ckpt, "b", INT8, 2, (const int64_t[]){5, 0}, 0, bytes, 0);
    mkckpt_tensor(&f->ckpt, "b/x", FLOAT, 2, d23, 1, bytes, 24);
    assert_int_equal(open_ckpt(f), 0);
    const struct catalog *c = f->c;
    assert_string_equal(c->format, "v2");
    assert_string_equal(c->prefix, f->prefix);
    assert_string_equal(c->index_path, f->index);
    assert_int_equal(c->count, 4);
    assert_int_equal(c->file_count, 2);
    assert_int_equal(c->shard_count, 2);
    assert_int_equal(c->shards[0].need_bytes, 0);
    assert_int_equal(c->shards[1].need_bytes, 52);
    assert_true(str_ends(str_from(c->shards[1].path), STR("/m.data-00001-of-00002")));
    const struct tensor *w = catalog_find(c, STR("b/w"));
    assert_int_equal(w->off, 0);
    assert_int_equal(w->bytes, 24);
    assert_int_equal(w->dtype, DTYPE_FLOAT32);
    assert_int_equal(w->crc32c, mk_mask(mk_crc32c(bytes, 24)));
    assert_int_equal(c->shards[w->shard].number, 1);
    assert_true(shape_eq(tensor_shape(w), (struct shape){d23, 2}));
    assert_ptr_equal(catalog_find(c, STR("b/x"))->dims, w->dims); /* equal shapes are held once */
    assert_int_equal(catalog_find(c, STR("a"))->rank, 0);
    assert_int_equal(catalog_find(c, STR("b"))->bytes, 0);
}

static void catalog_find_and_prefix_agree_with_the_order(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a", "a.b", "a/", "a/b", "a/b/c", "a/c", "ab", "b"};
    for (unsigned i = 0; i < 8; i++) {
        mkckpt_tensor(&f->ckpt, names[i], INT8, 0, NULL, 0, "x", 1);
    }
    assert_int_equal(open_ckpt(f), 0);
    for (unsigned i = 0; i < 8; i++) {
        assert_ptr_equal(catalog_find(f->c, str_from(names[i])), &f->c->tensors[i]);
    }
    assert_null(catalog_find(f->c, STR("")));
    assert_null(catalog_find(f->c, STR("a/bb")));
    assert_null(catalog_find(f->c, STR("zzz")));
    uint32_t first;
    assert_int_equal(catalog_prefix(f->c, STR("a/"), &first), 4);
    assert_int_equal(first, 2);
    assert_int_equal(catalog_prefix(f->c, STR(""), &first), 8);
    assert_int_equal(catalog_prefix(f->c, STR("a/d"), &first), 0);
    assert_int_equal(catalog_prefix(f->c, STR("zz"), &first), 0);
    assert_int_equal(first, 8);
    assert_int_equal(catalog_prefix(f->c, STR("b"), &first), 1);
}

static void bundle_open_no_tensors_is_an_empty_catalog(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->count, 0);
    assert_int_equal(f->c->shard_count, 0);
    uint32_t first;
    assert_null(catalog_find(f->c, STR("a")));
    assert_int_equal(catalog_prefix(f->c, STR(""), &first), 0);
}

static void bundle_open_every_truncation_is_an_error(void **state)
{
    struct fixture *f = *state;
    mkckpt_tensor(&f->ckpt, "a", FLOAT, 2, d23, 0, "123456789012345678901234", 24);
    assert_int_equal(open_ckpt(f), 0);
    struct stat st;
    assert_int_equal(stat(f->index, &st), 0);
    while (st.st_size-- > 0) {
        assert_int_equal(truncate(f->index, st.st_size), 0);
        assert_int_equal(open_written(f), -EBADMSG);
    }
}

/* Each record's own bytes cut short and bit-flipped, with checksums that hold: whatever comes out,
 * nothing may break. */
static void bundle_open_damaged_records_never_break(void **state)
{
    struct fixture *f = *state;
    struct mkbuf value = {0};
    mk_entry(&value, &(struct mkentry){FLOAT, 2, d23, 1, 300, 24, 0x12345678});
    mkbuf_message(&value, 7, "\x0a\x02\x10\x02\x0a\x00", 6);
    for (size_t len = 0; len <= value.len; len++) {
        for (size_t bit = 0; bit < len * 8; bit++) {
            struct mkbuf key = {0};
            value.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            mkckpt_free(&f->ckpt);
            mkckpt_init(&f->ckpt, 2);
            mkckpt_record(&f->ckpt, "k", 1, value.data, len);
            mkckpt_write(&f->ckpt, f->prefix);
            catalog_close(f->c);
            errint rc = bundle_open(&(struct location){.prefix = f->prefix, .index_path = f->index},
                                    &f->d, &f->c);
            assert_true(rc == 0 || rc == -EBADMSG);
            value.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            mkbuf_free(&key);
        }
    }
    mkbuf_free(&value);
}

static void bundle_open_entries_off_their_numbers_are_hidden(void **state)
{
    struct fixture *f = *state;
    const uint64_t big = INT64_MAX;
    const int64_t p40 = INT64_C(1) << 40;
    assert_entry_hidden(f, (struct mkentry){FLOAT, 2, d23, 0, 0, 20, 0}, "float32 [2, 3] takes 24");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, 0, 0, 0, 0}, "float32 [] takes 4");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, 2, 0, 4, 0}, "shard 2");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, UINT64_MAX, 0, 4, 0}, "shard -1");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, UINT64_C(1) << 32, 0, 4, 0},
                        "shard 4294967296");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, 0, (uint64_t)-16, 4, 0}, "offset -16");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, 0, 0, (uint64_t)-4, 0}, "size -4");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 0, NULL, 0, big, 4, 0}, "2^63");
    assert_entry_hidden(f, (struct mkentry){STRING, 0, NULL, 0, big, big, 0}, "2^63");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 2, (const int64_t[]){3, -2}, 0, 0, 0, 0},
                        "dimension 1 of its shape is -2");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 3, (const int64_t[]){p40, p40, 0}, 0, 0, 0, 0},
                        "elements");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 1, (const int64_t[]){INT64_MAX / 2}, 0, 0, 0, 0},
                        "bytes");
    int64_t dims[1000];
    for (int i = 0; i < 1000; i++) {
        dims[i] = 1;
    }
    assert_entry_hidden(f, (struct mkentry){FLOAT, 255, dims, 0, 0, 4, 0}, "255 dimensions");
    assert_entry_hidden(f, (struct mkentry){FLOAT, 1000, dims, 0, 0, 4, 0}, "1000 dimensions");
}

static void bundle_open_entries_at_their_bounds_are_taken(void **state)
{
    struct fixture *f = *state;
    int64_t dims[254];
    for (int i = 0; i < 254; i++) {
        dims[i] = 1;
    }
    struct mkbuf value = {0};
    mk_entry(&value, &(struct mkentry){FLOAT, 254, dims, 1, INT64_MAX - 4, 4, 0});
    assert_entry_taken(f, value.data, value.len, TENSOR_SHOWN);
    assert_int_equal(f->c->tensors[0].rank, 254);
    assert_true(f->c->shards[0].need_bytes == INT64_MAX);
    value.len = 0;
    /* No bytes: the offset means nothing, but the shard must exist. */
    mk_entry(&value, &(struct mkentry){FLOAT, 2, (const int64_t[]){0, INT64_C(1) << 60}, 0,
                                       INT64_MAX, 0, 0});
    assert_entry_taken(f, value.data, value.len, TENSOR_SHOWN);
    assert_int_equal(f->c->shard_count, 1);
    assert_int_equal(f->c->shards[0].need_bytes, 0);
    mkbuf_free(&value);
}

static void bundle_open_free_forms_of_records_are_taken(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct str record;
        unsigned rank;
    } cases[] = {
        {{"\x08\x01\x28\x04", 4}, 0},         /* no shape */
        {{"\x28\x04\x12\x00\x08\x01", 6}, 0}, /* in another order */
        {{"\x08\x02\x12\x02\x18\x01\x08\x01\x28\x09\x28\x04", 12},
         0}, /* unknown rank, the last wins */
        {{"\x08\x01\x12\x04\x12\x02\x08\x02\x28\x18\x12\x06\x12\x04\x08\x09\x08\x03", 18},
         2},                                                            /* in pieces */
        {{"\x08\x01\x12\x07\x12\x05\x08\x01\x12\x01n\x28\x04", 13}, 1}, /* a dim's name */
        {{"\x08\x01\xfa\x06\x03xyz\xf9\x06"
          "12345678\x28\x04\xfd\x06"
          "1234",
          26},
         0},                                      /* unknown fields */
        {{"\x08\x81\x00\x28\x84\x80\x00", 7}, 0}, /* long varints */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_entry_taken(f, cases[i].record.ptr, cases[i].record.len, TENSOR_SHOWN);
        assert_int_equal(f->c->tensors[0].rank, cases[i].rank);
    }
}

static void bundle_open_malformed_records_are_hidden(void **state)
{
    struct fixture *f = *state;
    static const struct str cases[] = {
        {"\x08", 1},         /* no value */
        {"\x08\x80", 2},     /* a varint that does not end */
        {"\x12\x05\x12", 3}, /* a length too big */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"\x0b\x0c", 2},         /* a group */
        {"\x0f", 1},             /* wire type 7 */
        {"\x00\x01", 2},         /* field 0 */
        {"\x35\x01\x02\x03", 4}, /* a fixed32 cut short */
        {"\x12\x02\x12\x05", 4}, /* a dim too long for its shape */
        {"\x12\x03\x12\x01\x08", 5},
        {"\x3a\x05", 2}, /* a slice cut short */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_record_hidden(f, "k", cases[i].ptr, cases[i].len, "not a BundleEntryProto");
    }
}

static void bundle_open_records_that_cost_too_much_are_refused(void **state)
{
    struct fixture *f = *state;
    struct mkbuf value = {0};
    for (int i = 0; i < 65; i++) {
        mkbuf_field(&value, 1, 1);
    }
    assert_record_refused(f, "k", value.data, value.len, -EOVERFLOW, "too big to decode");
    value.len = 0;
    mkbuf_fill(&value, 0x3a, 0);
    for (int i = 0; i < (1 << 20) + 1; i++) {
        mkbuf_message(&value, 7, "", 0);
    }
    assert_record_refused(f, "k", value.data, value.len, -EOVERFLOW, "1 Mi slices");
    value.len = 0;
    for (int i = 0; i < 4 << 20; i++) { /* 8 MiB of empty dims */
        mkbuf_add(&value, "\x12\x00", 2);
    }
    struct mkbuf record = {0};
    mkbuf_message(&record, 2, value.data, value.len);
    assert_record_hidden(f, "k", record.data, record.len, "4194304 dimensions");
    record.len = 0;
    for (int i = 0; i < 4 << 20; i++) { /* 8 MiB of unknown fields are skipped */
        mkbuf_add(&record, "\x78\x01", 2);
    }
    mkbuf_add(&record, "\x08\x01\x28\x04", 4);
    assert_entry_taken(f, record.data, record.len, TENSOR_SHOWN);
    mkbuf_free(&value);
    mkbuf_free(&record);
}

static void bundle_open_dtypes_without_bytes_are_hidden(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t dtype;
        enum tensor_hidden hidden;
    } cases[] = {{20, TENSOR_RESOURCE},       {21, TENSOR_VARIANT},
                 {0, TENSOR_DTYPE_UNKNOWN},   {77, TENSOR_DTYPE_UNKNOWN},
                 {101, TENSOR_DTYPE_UNKNOWN}, {UINT64_MAX, TENSOR_DTYPE_UNKNOWN}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mkbuf value = {0};
        mk_entry(&value, &(struct mkentry){cases[i].dtype, 2, d23, 0, 0, 1000, 0});
        assert_entry_taken(f, value.data, value.len, cases[i].hidden);
        assert_int_equal(f->c->shard_count, 1);
        assert_int_equal(f->c->shards[0].need_bytes, 0); /* nothing that is shown needs it */
        mkbuf_free(&value);
    }
    assert_int_equal(f->c->tensors[0].dtype, DTYPE_INVALID);
}

static void bundle_open_big_endian_is_swapped(void **state)
{
    struct fixture *f = *state;
    f->ckpt.header.len = 0;
    mkbuf_add(&f->ckpt.header, "\x08\x01\x10\x01\x1a\x02\x08\x01", 8);
    mkckpt_tensor(&f->ckpt, "bytes", INT8, 1, (const int64_t[]){4}, 0, "1234", 4);
    mkckpt_tensor(&f->ckpt, "floats", FLOAT, 0, NULL, 0, "1234", 4);
    mkckpt_tensor(&f->ckpt, "text", STRING, 0, NULL, 0, "1234", 4);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_SHOWN);
    assert_int_equal(f->c->tensors[1].hidden, TENSOR_SHOWN);
    assert_int_equal(f->c->tensors[2].hidden, TENSOR_SHOWN);
    assert_int_equal(f->c->shards[0].need_bytes, 12);
    assert_int_equal(f->c->shard_count, 3); /* the file, swapped, its strings */
    assert_int_equal(f->c->tensors[0].shard, 0);
    assert_int_equal(f->c->tensors[1].shard, 1);
    assert_ptr_equal(shard_file(&f->c->shards[1]), &f->c->shards[0]);
    assert_false(f->c->tensors[0].no_crc);
    assert_true(f->c->tensors[1].no_crc);
}

/* The owner `v` [2, 3] of two slices: row 0 and row 1, but the second begins at `second`. */
static void add_owner(struct fixture *f, uint8_t second)
{
    struct mkbuf value = {0};
    /* The owner's shard, offset and size are noise. */
    mk_entry(&value, &(struct mkentry){FLOAT, 2, d23, 99, (uint64_t)-5, 7, 0});
    mkbuf_message(&value, 7, "\x0a\x02\x10\x01\x0a\x02\x10\x03", 8);
    const uint8_t slice[] = {0x0a, 4, 0x08, second, 0x10, 1, 0x0a, 2, 0x10, 3};
    mkbuf_message(&value, 7, slice, sizeof(slice));
    mkckpt_record(&f->ckpt, "v", 1, value.data, value.len);
    mkbuf_free(&value);
}

/* The record of row `row` of v, as of `columns` columns. */
static void add_slice(struct fixture *f, int64_t row, int64_t columns)
{
    struct mkbuf value = {0};
    struct mkbuf key = {0};
    mk_slice_key(&key, "v", 2, (const int64_t[]){row, 0}, (const int64_t[]){1, 3});
    mk_entry(&value, &(struct mkentry){FLOAT, 2, (const int64_t[]){1, columns}, 0,
                                       (uint64_t)row * 12, (uint64_t)columns * 4, 0});
    mkckpt_record(&f->ckpt, key.data, key.len, value.data, value.len);
    mkbuf_free(&key);
    mkbuf_free(&value);
}

static void bundle_open_slices_are_put_together(void **state)
{
    struct fixture *f = *state;
    add_owner(f, 1);
    add_slice(f, 0, 3);
    add_slice(f, 1, 3);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->count, 1);
    assert_int_equal(f->c->slice_records, 2);
    const struct tensor *t = &f->c->tensors[0];
    assert_int_equal(t->hidden, TENSOR_SHOWN);
    assert_int_equal(t->bytes, 24);
    assert_int_equal(t->shard, TENSOR_NO_SHARD);
    const struct slices *slices = tensor_slices(f->c, t);
    assert_int_equal(slices->count, 2);
    assert_int_equal(slices->slices[1].start[0], 1);
    assert_int_equal(slices->slices[1].len[1], 3);
    assert_int_equal(slices->slices[1].off, 12);
    assert_int_equal(f->c->shard_count, 1);
    assert_int_equal(f->c->shards[0].need_bytes, 24);
}

static void bundle_open_missing_and_overlapping_slices_are_named(void **state)
{
    struct fixture *f = *state;
    add_owner(f, 1);
    add_slice(f, 0, 3);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_SLICES_MISSING);
    assert_non_null(strstr(f->c->sliced[0].what, "[1:2, 0:3] has no record"));
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    add_owner(f, 0); /* twice the same row: the count is right */
    add_slice(f, 0, 3);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_SLICES_OVERLAP);
    assert_non_null(strstr(f->c->sliced[0].what, "[0:1, 0:3] and [0:1, 0:3] overlap"));
}

static void bundle_open_slices_that_contradict_their_owner_hide_it(void **state)
{
    struct fixture *f = *state;
    add_owner(f, 1);
    add_slice(f, 0, 3);
    add_slice(f, 1, 2);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_RECORD_BAD);
    assert_non_null(
        strstr(tensor_hidden_reason(&f->c->tensors[0]), "slice [1:2, 0:3] has 8 bytes"));
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    add_owner(f, 2); /* row 2 of 2 */
    add_slice(f, 0, 3);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->tensors[0].hidden, TENSOR_RECORD_BAD);
    assert_non_null(
        strstr(tensor_hidden_reason(&f->c->tensors[0]), "is not within the shape [2, 3]"));
}

static void bundle_open_name_that_starts_with_nul_is_a_tensor(void **state)
{
    struct fixture *f = *state;
    mkckpt_record(&f->ckpt, "\0odd", 4, "\x08\x01\x28\x04", 4);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(f->c->count, 1);
    assert_int_equal(f->c->slice_records, 0);
    assert_non_null(catalog_find(f->c, STR("\0odd")));
}

static void bundle_open_names_over_the_limits_are_eoverflow(void **state)
{
    struct fixture *f = *state;
    char name[(64 << 10) + 2];
    memset(name, 'x', sizeof(name));
    for (size_t i = 1; i < 1022; i += 2) {
        name[i] = '/';
    }
    name[1023] = '\0'; /* 512 components */
    mkckpt_record(&f->ckpt, name, 1023, "\x08\x01\x28\x04", 4);
    assert_int_equal(open_ckpt(f), 0);
    name[1023] = '/';
    name[1025] = '\0';
    assert_record_refused(f, name, "\x08\x01\x28\x04", 4, -EOVERFLOW, "513 components");
    memset(name, 'x', sizeof(name));
    name[64 << 10] = '\0';
    mkckpt_free(&f->ckpt);
    mkckpt_init(&f->ckpt, 2);
    mkckpt_record(&f->ckpt, name, 64 << 10, "\x08\x01\x28\x04", 4);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), 0);
    name[64 << 10] = 'x';
    name[(64 << 10) + 1] = '\0';
    assert_record_refused(f, name, "\x08\x01\x28\x04", 4, -EOVERFLOW, "a key of 65537");
}

static void assert_header_gives(struct fixture *f, struct str header, errint rc)
{
    f->ckpt.header.len = 0;
    mkbuf_add(&f->ckpt.header, header.ptr, header.len);
    diag_fini(&f->d);
    diag_init(&f->d);
    assert_int_equal(open_ckpt(f), rc);
    assert_int_equal(f->d.errors, rc < 0);
}

static void bundle_open_headers_are_judged(void **state)
{
    struct fixture *f = *state;
    assert_header_gives(f, STR("\x08\x01\x1a\x02\x08\x01"), 0);
    assert_header_gives(f, STR("\x08\x01"), 0);                         /* before 2016-09-14 */
    assert_header_gives(f, STR(""), 0);                                 /* no shards, no tensors */
    assert_header_gives(f, STR("\x08\x01\x10\x02\x1a\x02\x08\x09"), 0); /* what TensorFlow takes */
    assert_header_gives(f, STR("\x08\x01\x1a\x04\x08\x01\x10\x01"), 0);
    assert_header_gives(f, STR("\x08\x01\x1a\x04\x08\x01\x10\x02"), -ENOTSUP); /* min_consumer 2 */
    assert_header_gives(f, STR("\x08\x01\x1a\x04\x18\x03\x18\x01"),
                        -ENOTSUP); /* bad consumers 3, 1 */
    assert_header_gives(f, STR("\x08\x01\x1a\x04\x1a\x02\x03\x01"),
                        -ENOTSUP); /* the same, packed */
    assert_header_gives(f, STR("\x08\x01\x1a\x02\x18\x02"), 0);
    assert_header_gives(f, STR("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), -EBADMSG); /* -1 */
    assert_header_gives(f, STR("\x08\x80\x80\x40"), 0); /* 1 Mi */
    assert_header_gives(f, STR("\x08\x81\x80\x40"), -EOVERFLOW);
    assert_header_gives(f, STR("\x08"), -EBADMSG);
    assert_header_gives(f, STR("no message"), -EBADMSG);
}

static void bundle_open_without_header_is_ebadmsg(void **state)
{
    struct fixture *f = *state;
    struct mktable t;
    mktable_init(&t);
    mktable_add(&t, "a", 1, "\x08\x01\x28\x04", 4);
    mktable_finish(&t);
    mk_write_file(f->index, t.file.data, t.file.len);
    mktable_free(&t);
    assert_int_equal(open_written(f), -EBADMSG);
    mktable_init(&t);
    mktable_finish(&t);
    mk_write_file(f->index, t.file.data, t.file.len);
    mktable_free(&t);
    assert_int_equal(open_written(f), -EBADMSG);
    assert_int_equal(f->d.errors, 2);
}

/* `bad` of `count` records say a size that does not fit. */
static errint open_with_bad(struct fixture *f, int count, int bad)
{
    for (int i = 0; i < count; i++) {
        char name[8];
        snprintf(name, sizeof(name), "t%03d", i);
        mkckpt_record(&f->ckpt, name, 4, i < bad ? "\x08\x01\x28\x05" : "\x08\x01\x28\x04", 4);
    }
    return open_ckpt(f);
}

static void bundle_open_bad_records_are_all_reported(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with_bad(f, 400, 200), 0);
    assert_int_equal(f->d.warnings, 200);
    assert_int_equal(f->c->hidden_count, 200);
    assert_true(str_eq(f->d.entries[199].subject, STR("t199")));
    assert_int_equal(f->c->tensors[199].dtype, DTYPE_FLOAT32);
    assert_int_equal(f->c->tensors[200].hidden, TENSOR_SHOWN);
}

static void bundle_open_index_of_bad_records_is_ebadmsg(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with_bad(f, 400, 201), -EBADMSG);
    assert_int_equal(f->d.errors, 1);
    assert_non_null(strstr(f->d.entries[201].message, "201 of 400 records"));
}

static void bundle_open_missing_index_or_fifo_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_written(f), -ENOENT);
    assert_int_equal(f->d.entries[0].code, DIAG_CHECKPOINT_NOT_FOUND);
    assert_int_equal(mkfifo(f->index, 0666), 0);
    assert_int_equal(open_written(f), -EINVAL);
    assert_int_equal(f->d.errors, 2);
}

static void catalog_open_shards_used_ones_must_be_there(void **state)
{
    struct fixture *f = *state;
    mkckpt_tensor(&f->ckpt, "a", FLOAT, 0, NULL, 0, "1234", 4);
    mkckpt_tensor(&f->ckpt, "b", FLOAT, 0, NULL, 1, "5678", 4);
    assert_int_equal(open_ckpt(f), 0);
    assert_int_equal(unlink(tmpdir_path(&f->dir, "m.data-00000-of-00002")), 0);
    catalog_use(f->c, catalog_find(f->c, STR("b")), NULL);
    assert_int_equal(catalog_open_shards(f->c, &f->d), 0);
    assert_int_equal(f->d.warnings, 1);
    assert_int_equal(f->d.entries[0].code, DIAG_SHARD_UNUSED);
    char bytes[4];
    assert_int_equal(shard_read(&f->c->shards[1], NULL, 0, 4, bytes), 0);
    assert_memory_equal(bytes, "5678", 4);
    catalog_use(f->c, catalog_find(f->c, STR("a")), NULL);
    assert_int_equal(truncate(tmpdir_path(&f->dir, "m.data-00001-of-00002"), 3), 0);
    assert_int_equal(catalog_open_shards(f->c, &f->d), -ENOENT); /* the first failure, all tried */
    assert_int_equal(f->d.errors, 2);
}

/* 65537 shards: the number of digits grows beyond five, and only those that are named exist for
 * us. */
static void bundle_open_many_shards_only_named_ones_are_listed(void **state)
{
    struct fixture *f = *state;
    struct mkbuf value = {0};
    struct mktable t;
    mktable_init(&t);
    mk_header(&value, 1 << 20);
    mktable_add(&t, "", 0, value.data, value.len);
    for (unsigned i = 0; i < 3; i++) {
        value.len = 0;
        mk_entry(&value, &(struct mkentry){FLOAT, 0, NULL, i ? (1 << 20) - i : 7, 0, 4, 0});
        mktable_add(&t, (const char[]){(char)('a' + i)}, 1, value.data, value.len);
    }
    mktable_finish(&t);
    mk_write_file(f->index, t.file.data, t.file.len);
    mktable_free(&t);
    mkbuf_free(&value);
    assert_int_equal(open_written(f), 0);
    assert_int_equal(f->c->shard_count, 3);
    assert_int_equal(f->c->tensors[0].shard, 0);
    assert_int_equal(f->c->tensors[1].shard, 2);
    assert_int_equal(f->c->tensors[2].shard, 1);
    assert_true(str_ends(str_from(f->c->shards[0].path), STR(".data-00007-of-1048576")));
    assert_true(str_ends(str_from(f->c->shards[2].path), STR(".data-1048575-of-1048576")));
}

static void bundle_open_many_tensors_are_all_found(void **state)
{
    struct fixture *f = *state;
    mk_write_big_index(f->prefix, 30000);
    assert_int_equal(open_written(f), 0);
    assert_int_equal(f->c->count, 30000);
    assert_int_equal(catalog_find(f->c, STR("model/layer_029999/sub/kernel"))->crc32c, 29999);
    uint32_t first;
    assert_int_equal(catalog_prefix(f->c, STR("model/layer_0123"), &first), 100);
    assert_int_equal(first, 12300);
}

/* Checkpoints that TensorFlow wrote, with the tensors that TensorFlow read back:
 * tests/golden/NAME/truth.json. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    char *text = calloc(1, 4 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (4 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void hex_of(const struct catalog *c, const struct tensor *t, struct buf *hex)
{
    CLEANUP_BUF struct buf bytes = {0};
    for (uint64_t i = 0; i < t->bytes; i++) {
        buf_char(&bytes, 0);
    }
    assert_int_equal(shard_read(&c->shards[t->shard], NULL, t->off, t->bytes, bytes.data), 0);
    assert_int_equal(mk_mask(mk_crc32c(bytes.data, bytes.len)), t->crc32c);
    for (size_t i = 0; i < bytes.len; i++) {
        buf_printf(hex, "%02x", (unsigned char)bytes.data[i]);
    }
}

/* Every tensor that is shown is in the truth, with dtype, shape and bytes. */
static void assert_golden(struct fixture *f, const char *dir, const char *name,
                          const char *truth_of)
{
    CLEANUP_BUF struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, truth_of);
    char *truth = read_text(path.data);
    assert_non_null(truth);
    path.len = 0;
    buf_printf(&path, "%s/%s", dir, name);
    struct arena a;
    arena_init(&a);
    struct location where;
    assert_int_equal(locate_checkpoint(path.data, &a, &where, &f->d), 0);
    catalog_close(f->c);
    assert_int_equal(bundle_open(&where, &f->d, &f->c), 0);
    for (uint32_t i = 0; i < f->c->shard_count; i++) {
        f->c->shards[i].used = true;
    }
    assert_int_equal(catalog_open_shards(f->c, &f->d), 0);
    assert_true(f->c->count > 0);
    for (uint32_t i = 0; i < f->c->count; i++) {
        const struct tensor *t = &f->c->tensors[i];
        CLEANUP_BUF struct buf line = {0};
        if (t->hidden != TENSOR_SHOWN) {
            continue;
        }
        if (t->dtype == DTYPE_STRING) { /* their values: tests/tool */
            assert_int_equal(strings_need(f->c->shards[t->shard].io, NULL, t->off), 0);
            continue;
        }
        buf_printf(&line, "{\"name\":\"" STR_FMT "\",\"dtype\":\"%s\",\"shape\":[",
                   STR_ARG(tensor_name(t)), dtype_name(t->dtype));
        for (unsigned k = 0; k < t->rank; k++) {
            buf_printf(&line, "%s%lld", k ? "," : "", (long long)t->dims[k]);
        }
        buf_printf(&line, "],\"bytes\":%llu,\"hex\":\"", (unsigned long long)t->bytes);
        hex_of(f->c, t, &line);
        buf_text(&line, "\"}");
        if (!strstr(truth, line.data)) {
            fail_msg("%s: not in the truth: %.300s", dir, line.data);
        }
    }
    free(truth);
    arena_fini(&a);
}

static void bundle_open_goldens_agree_with_tensorflow(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *dir;
        const char *name;
        const char *truth;
    } goldens[] = {
        {"demo", ".", "truth.json"},
        {"dtypes", "dtypes.ckpt", "truth.json"},
        {"moved", ".", "truth.json"},
        {"parts", "parts.ckpt", "truth.json"},
        {"shapes", "shapes.ckpt", "truth.json"},
        {"sharded", ".", "truth.json"},
        {"slots", ".", "truth.json"},
        {"snappy/slots", "model.ckpt-3", "../../slots/truth.json"},
        {"strings", "strings.ckpt", "truth.json"},
        {"unsorted", "unsorted.ckpt", "truth.json"},
    };
    const char *tests = getenv("CKPTFS_TESTS");
    bool any = false;
    for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
        char dir[512];
        snprintf(dir, sizeof(dir), "%s/golden/%s", tests ? tests : "tests", goldens[i].dir);
        if (access(dir, R_OK) == 0) {
            any = true;
            assert_golden(f, dir, goldens[i].name, goldens[i].truth);
        }
    }
    if (!any) {
        skip();
    }
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bundle_open_tensors_are_as_written),
        TEST(catalog_find_and_prefix_agree_with_the_order),
        TEST(bundle_open_no_tensors_is_an_empty_catalog),
        TEST(bundle_open_every_truncation_is_an_error),
        TEST(bundle_open_damaged_records_never_break),
        TEST(bundle_open_entries_off_their_numbers_are_hidden),
        TEST(bundle_open_entries_at_their_bounds_are_taken),
        TEST(bundle_open_free_forms_of_records_are_taken),
        TEST(bundle_open_malformed_records_are_hidden),
        TEST(bundle_open_records_that_cost_too_much_are_refused),
        TEST(bundle_open_dtypes_without_bytes_are_hidden),
        TEST(bundle_open_big_endian_is_swapped),
        TEST(bundle_open_slices_are_put_together),
        TEST(bundle_open_missing_and_overlapping_slices_are_named),
        TEST(bundle_open_slices_that_contradict_their_owner_hide_it),
        TEST(bundle_open_name_that_starts_with_nul_is_a_tensor),
        TEST(bundle_open_names_over_the_limits_are_eoverflow),
        TEST(bundle_open_headers_are_judged),
        TEST(bundle_open_without_header_is_ebadmsg),
        TEST(bundle_open_bad_records_are_all_reported),
        TEST(bundle_open_index_of_bad_records_is_ebadmsg),
        TEST(bundle_open_missing_index_or_fifo_is_refused),
        TEST(catalog_open_shards_used_ones_must_be_there),
        TEST(bundle_open_many_shards_only_named_ones_are_listed),
        TEST(bundle_open_many_tensors_are_all_found),
        TEST(bundle_open_goldens_agree_with_tensorflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
