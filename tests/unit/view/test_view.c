/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/fake.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "tensor/dtype.h"
#include "view/view.h"

/* A save of `v`, whose bytes and length tell which it is, by TensorFlow's way: under another name,
 * and then renamed, the index last. */
static void save(const char *prefix, unsigned step, bool index, bool data)
{
    const int64_t dims[] = {(int64_t)step};
    uint8_t bytes[100];
    struct mkckpt c;
    char from[700];
    char to[700];
    memset(bytes, (int)step, sizeof(bytes));
    mkckpt_init(&c, 1);
    mkckpt_tensor(&c, "v", DTYPE_UINT8, 1, dims, 0, bytes, step);
    snprintf(from, sizeof(from), "%s.new", prefix);
    mkckpt_write(&c, from);
    mkckpt_free(&c);
    const char *const ends[] = {".data-00000-of-00001", ".index"};
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
        snprintf(from, sizeof(from), "%s.new%s", prefix, ends[i]);
        snprintf(to, sizeof(to), "%s%s", prefix, ends[i]);
        assert_int_equal((i == 0 ? data : index) ? rename(from, to) : unlink(from), 0);
    }
}

static void write_text(const char *path, const char *text)
{
    mk_write_file(path, text, strlen(text));
}

/* What is going on while a view is opened: at the n-th time that its index was read and its data
 * files come next. */
struct meanwhile {
    void (*happens)(struct meanwhile *m);
    struct tmpdir dir;
    const char *prefix;
    unsigned times;
    unsigned until; /* nothing happens after that time */
    struct diag diag;
    struct view view;
};

static errint open_data(struct view *v, struct diag *d, void *context)
{
    struct meanwhile *m = context;
    diag_warn(d, DIAG_NO_STATE, "", STR(""), "time %u", ++m->times);
    if (m->times <= m->until) {
        m->happens(m);
    }
    return catalog_open_shards(v->catalog, d);
}

static errint open_while(struct meanwhile *m, const char *checkpoint)
{
    const struct view_request request = {
        .checkpoint = checkpoint, .depth = VIEW_DATA, .open_data = open_data, .context = m};
    diag_init(&m->diag);
    return view_open(&request, &m->diag, &m->view);
}

static void begin(struct meanwhile *m, void (*happens)(struct meanwhile *m), unsigned until)
{
    *m = (struct meanwhile){.happens = happens, .until = until};
    tmpdir_make(&m->dir);
    m->prefix = tmpdir_path(&m->dir, "c");
    save(m->prefix, 10, true, true);
}

static void end(struct meanwhile *m)
{
    view_close(&m->view);
    diag_fini(&m->diag);
    tmpdir_remove(&m->dir);
}

/* The view is of that save, and nothing is told of the times before. */
static void expect_save(struct meanwhile *m, unsigned step, unsigned times)
{
    assert_int_equal(m->times, times);
    assert_int_equal(m->view.catalog->tensors[0].bytes, step);
    uint8_t byte;
    assert_int_equal(shard_read(&m->view.catalog->shards[0], NULL, step - 1, 1, &byte), 0);
    assert_int_equal(byte, step);
    assert_int_equal(m->diag.errors, 0);
    assert_int_equal(m->diag.warnings, 1);
    char text[16];
    snprintf(text, sizeof(text), "time %u", times);
    assert_true(fake_has(&m->diag, DIAG_NO_STATE, "", text));
}

static void next_save(struct meanwhile *m)
{
    save(m->prefix, 10 + m->times, true, true);
}

static void a_save_meanwhile_is_the_one_that_is_shown(void **state)
{
    (void)state;
    for (unsigned until = 0; until <= VIEW_AGAIN_MOST; until++) {
        struct meanwhile m;
        begin(&m, next_save, until);
        assert_int_equal(open_while(&m, m.prefix), 0);
        expect_save(&m, 10 + until, until + 1);
        end(&m);
    }
}

static void saves_without_end_are_an_error(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, next_save, UINT_MAX);
    assert_true(open_while(&m, m.prefix) < 0);
    assert_int_equal(m.times, VIEW_AGAIN_MOST + 1);
    char index[700];
    snprintf(index, sizeof(index), "%s.index", m.prefix);
    assert_true(fake_has(&m.diag, DIAG_FILE_UNREADABLE, index, "changed each of the 4 times"));
    assert_true(fake_has(&m.diag, DIAG_FILE_UNREADABLE, index, "try again when it is done"));
    end(&m);
}

/* A save that is rewritten in place, as object stores are. */
static void rewrite_index(struct meanwhile *m)
{
    char index[700];
    snprintf(index, sizeof(index), "%s.index", m->prefix);
    FILE *file = fopen(index, "ab");
    assert_non_null(file);
    fputc('x', file);
    fclose(file);
    save(m->prefix, 10, true, true);
}

static void an_index_that_was_not_whole_is_read_again(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, rewrite_index, 2);
    assert_int_equal(open_while(&m, m.prefix), 0);
    expect_save(&m, 10, 3);
    end(&m);
}

/* Between the renaming of the data file and of the index nothing else moves: the checksums tell. */
static void next_data(struct meanwhile *m)
{
    save(m->prefix, 11, false, true);
}

static void data_of_the_next_save_is_an_error(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, next_data, 1);
    assert_int_equal(open_while(&m, m.prefix), -EBADMSG);
    assert_int_equal(m.times, 1);
    char data[700];
    snprintf(data, sizeof(data), "%s.data-00000-of-00001", m.prefix);
    assert_true(fake_has(&m.diag, DIAG_CHECKPOINT_CORRUPT, data,
                         "'v' does not have the checksum that the index says: most likely the "
                         "index is of one save, and this "
                         "file of another"));
    assert_int_equal(m.diag.errors, 1);
    end(&m);
}

/* Training removes old checkpoints when the state file names the next. */
static void rotate(struct meanwhile *m)
{
    char path[700];
    snprintf(path, sizeof(path), "%s/c-%u", m->dir.path, m->times);
    save(path, 10 + m->times, true, true);
    snprintf(path, sizeof(path), "%s/checkpoint", m->dir.path);
    char text[64];
    snprintf(text, sizeof(text), "model_checkpoint_path: \"c-%u\"\n", m->times);
    write_text(path, text);
    snprintf(path, sizeof(path), "%s/c-%u.data-00000-of-00001", m->dir.path, m->times - 1);
    unlink(path);
}

static void a_checkpoint_that_is_rotated_away_makes_room_for_the_next(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, rotate, 2);
    rotate(&m); /* time 0 */
    assert_int_equal(open_while(&m, m.dir.path), 0);
    expect_save(&m, 12, 3);
    end(&m);
}

/* But a checkpoint that was opened is as good as its successor. */
static void name_another(struct meanwhile *m)
{
    char path[700];
    snprintf(path, sizeof(path), "%s/checkpoint", m->dir.path);
    write_text(path, "model_checkpoint_path: \"c-9\"\n");
}

static void a_state_file_alone_changes_nothing(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, rotate, 0);
    rotate(&m);
    m.happens = name_another;
    m.until = 1;
    assert_int_equal(open_while(&m, m.dir.path), 0);
    expect_save(&m, 10, 1);
    end(&m);
}

/* A V1 file is its own index. */
static void copy_v1(struct meanwhile *m)
{
    static const char golden[] = "tests/golden/v1/model-v1";
    char bytes[1 << 16];
    char path[700];
    char made[720];
    snprintf(path, sizeof(path), "%s/v1", m->dir.path);
    snprintf(made, sizeof(made), "%s.new", path);
    FILE *file = fopen(golden, "rb");
    assert_non_null(file);
    mk_write_file(made, bytes, fread(bytes, 1, sizeof(bytes), file));
    assert_true(feof(file));
    fclose(file);
    assert_int_equal(rename(made, path), 0);
}

static void a_v1_file_that_is_replaced_is_read_again(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, copy_v1, 2);
    copy_v1(&m);
    char path[700];
    snprintf(path, sizeof(path), "%s/v1", m.dir.path);
    assert_int_equal(open_while(&m, path), 0);
    assert_int_equal(m.times, 3);
    assert_int_equal(m.diag.errors, 0);
    assert_int_equal(m.view.spots.tensors, 0);
    end(&m);
}

/* What was missing from the start stays an error of its own, at once. */
static void nothing(struct meanwhile *m)
{
    (void)m;
}

static void what_does_not_change_is_looked_at_once(void **state)
{
    (void)state;
    struct meanwhile m;
    begin(&m, nothing, 0);
    char data[700];
    snprintf(data, sizeof(data), "%s.data-00000-of-00001", m.prefix);
    assert_int_equal(unlink(data), 0);
    assert_int_equal(open_while(&m, m.prefix), -ENOENT);
    assert_int_equal(m.times, 1);
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_meanwhile_is_the_one_that_is_shown),
        cmocka_unit_test(saves_without_end_are_an_error),
        cmocka_unit_test(an_index_that_was_not_whole_is_read_again),
        cmocka_unit_test(data_of_the_next_save_is_an_error),
        cmocka_unit_test(a_checkpoint_that_is_rotated_away_makes_room_for_the_next),
        cmocka_unit_test(a_state_file_alone_changes_nothing),
        cmocka_unit_test(a_v1_file_that_is_replaced_is_read_again),
        cmocka_unit_test(what_does_not_change_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
