/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/opened.h"
#include "tensor/dtype.h"
#include "view/formats/tf_view.h"

static struct opened now;

static int close_now(void **state)
{
    (void)state;
    opened_close(&now);
    return 0;
}

/* All bytes of a file; malloc'ed. */
static char *slurp(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

static char *index_bytes(size_t *len)
{
    struct extent own;
    struct layout early;
    struct layout l;
    struct tf_view *v = now.view.formats.state[FORMAT_TENSORFLOW];
    struct reader r = view_reader(&now.view);
    /* Its size, before its checksums. */
    assert_int_equal(tf_view_index(v, CONTENT_SIZE, &r, &own, &early), 0);
    assert_int_equal(tf_view_index(v, CONTENT_BYTES, &r, &own, &l), 0);
    reader_fini(&r);
    assert_int_equal(early.size, l.size);
    *len = l.size;
    return opened_bytes(&now, &l);
}

/* ---- what TensorFlow wrote ------------------------------------------------------------------- */

/* An identity view's index is the one that TensorFlow wrote, to the last byte, but that it says of
 * tensors without elements where they stand. */
static void tf_view_of_identity_is_the_source(void **state)
{
    (void)state;
    static const struct {
        const char *golden;
        const char *prefix;
    } all[] = {{"demo", "model.ckpt-1000"}, {"sharded", "model.ckpt-7"},
               {"slots", "model.ckpt-3"},   {"sliced", "sliced.ckpt"},
               {"parts", "parts.ckpt"},     {"strings", "strings.ckpt"},
               {"dtypes", "dtypes.ckpt"},   {"big_index", "big.ckpt"}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char path[512];
        snprintf(path, sizeof(path), "tests/golden/%s/%s.index", all[i].golden, all[i].prefix);
        print_message("%s\n", path);
        opened_golden(&now, all[i].golden, NULL);
        size_t len;
        size_t expected_len;
        char *got = index_bytes(&len);
        char *expected = slurp(path, &expected_len);
        assert_int_equal(len, expected_len);
        assert_memory_equal(got, expected, len);
        free(got);
        free(expected);
        if (i + 1 < ARRAY_LEN(all)) {
            opened_close(&now);
        }
    }
}

/* ---- read back by the reader ----------------------------------------------------------------- */

/* Writes the view's checkpoint as PREFIX in the test's folder and opens it as a view of its own. */
static void written(struct opened *o)
{
    char name[256];
    for (uint32_t i = 0; i < tf_view_data_count(now.view.formats.state[FORMAT_TENSORFLOW]); i++) {
        struct extent own;
        struct layout l;
        struct reader r = view_reader(&now.view);
        assert_int_equal(tf_view_data(now.view.formats.state[FORMAT_TENSORFLOW], i, &r, &own, &l),
                         0);
        reader_fini(&r);
        char *data = opened_bytes(&now, &l);
        mk_write_file(
            tmpdir_path(&now.dir, tf_view_data_path(now.view.formats.state[FORMAT_TENSORFLOW], i)),
            data, l.size);
        free(data);
    }
    size_t len;
    char *index = index_bytes(&len);
    snprintf(name, sizeof(name), "%s",
             tmpdir_path(&now.dir, tf_view_index_path(now.view.formats.state[FORMAT_TENSORFLOW])));
    mk_write_file(name, index, len);
    free(index);
    opened_view(o, name, NULL);
}

/* All variables of the view are in its checkpoint, with their bytes. */
static void check_written(void)
{
    struct opened again;
    written(&again);
    uint32_t count = 0;
    struct variable_cursor at = variable_first(&now.view.variables);
    for (struct view_variable l; variable_next(&at, &l);) {
        if (tf_view_refusal(now.view.formats.state[FORMAT_TENSORFLOW], &l)) {
            continue;
        }
        count++;
        const struct tensor *found = catalog_find(again.view.catalog, variable_name(&l));
        assert_non_null(found);
        assert_int_equal(found->dtype, target_dtype(l.whole));
        assert_true(shape_eq(tensor_shape(found), target_shape(l.whole)));
        const struct target *t = plan_find(again.view.plan, variable_name(&l));
        assert_non_null(t);
        size_t bytes;
        size_t expected_bytes;
        char *got = opened_target(&again, t, &bytes);
        char *expected = opened_target(&now, l.whole, &expected_bytes);
        assert_int_equal(bytes, expected_bytes);
        assert_memory_equal(got, expected, bytes);
        free(got);
        free(expected);
    }
    assert_int_equal(again.view.catalog->count, count);
    opened_close(&again);
}

static void tf_view_of_mixed_views(void **state)
{
    (void)state;
    static const char *const maps[] = {
        "[assignment_map]\n/ = re.named/\n",
        "[assignment_map]\n/ = s/\nemb = emb | partition 3,1\ncols = cols | partition "
        "3,1\nnet/deep = d | "
        "cast float32\n",
        "[assignment_map]\nemb = a/emb | partition 5,1\nnet/many = m | partition "
        "1,2\n[view]\nshards = "
        "compact\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        opened_golden(&now, "sliced", maps[i]);
        check_written();
        opened_close(&now);
    }
    opened_golden(&now, "strings_sliced",
                  "[assignment_map]\n/ = s/\nnames = n | partition 5,1\nwhole = w | partition 2\n");
    check_written();
    opened_close(&now);
    opened_golden(&now, "sliced_half",
                  "[assignment_map]\nhalf = h | partition 3,1\nwide = w | partition 1,2\n");
    check_written();
    opened_close(&now);
    opened_golden(&now, "v1_sharded", NULL);
    check_written();
}

/* ---- the order of keys ----------------------------------------------------------------------- */

/* Names that begin with a NUL stand among the keys of slices, which do so too. */
static void tf_view_names_that_begin_with_a_nul(void **state)
{
    (void)state;
    struct mkckpt c;
    mkckpt_init(&c, 1);
    opened_add(&c, "a", DTYPE_FLOAT16, 1, (int64_t[]){4}, 0);
    opened_add(&c, "b", DTYPE_INT8, 1, (int64_t[]){4}, 0);
    opened_made(
        &now, &c,
        "[assignment_map]\na = m | partition 2\na = %00m | partition 2\na = %00n\nb = %00\nb = "
        "%00a%00\nb = %00z\nb = x\n"
        "a = y | partition 4\nb = %01\n");
    uint32_t names = 0;
    struct variable_cursor at = variable_first(&now.view.variables);
    for (struct view_variable l; variable_next(&at, &l);) {
        names++;
    }
    assert_int_equal(names, 9);
    check_written();
}

static void tf_view_of_nine_thousand_variables(void **state)
{
    (void)state;
    struct tmpdir dir;
    tmpdir_make(&dir);
    char prefix[600];
    snprintf(prefix, sizeof(prefix), "%s", tmpdir_path(&dir, "big"));
    mk_write_big_index(prefix, 9000);
    char data[700];
    snprintf(data, sizeof(data), "%s.data-00000-of-00001", prefix);
    FILE *file = fopen(data, "wb");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 9000 * 256), 0);
    fclose(file);
    opened_unlooked(
        &now, prefix,
        "[assignment_map]\n/ = a/scope/that/makes/keys/longer/so/that/there/are/more/blocks/\n");
    assert_int_equal(now.view.catalog->count, 9000);
    size_t len;
    char *index = index_bytes(&len);
    char path[700];
    snprintf(path, sizeof(path), "%s.index", prefix);
    mk_write_file(path, index, len);
    assert_true(len > 256 << 10);
    free(index);
    struct opened again;
    opened_unlooked(&again, prefix, NULL);
    assert_int_equal(again.view.catalog->count, 9000);
    for (uint32_t i = 0; i < 9000; i++) {
        const struct tensor *t = &again.view.catalog->tensors[i];
        const struct target *from = &now.view.plan->targets[i];
        assert_true(str_eq(tensor_name(t), target_name(from)));
        assert_int_equal(t->off, from->source->off);
        assert_int_equal(t->bytes, from->source->bytes);
        assert_int_equal(t->crc32c, from->source->crc32c);
    }
    opened_close(&again);
    tmpdir_remove(&dir);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_now)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tf_view_of_identity_is_the_source),
        TEST(tf_view_of_mixed_views),
        TEST(tf_view_names_that_begin_with_a_nul),
        TEST(tf_view_of_nine_thousand_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
