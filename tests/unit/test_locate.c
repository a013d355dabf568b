/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/locate.h"
#include "format/locate_scan.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

struct fixture {
    struct tmpdir dir;
    struct arena arena;
    struct diag d;
    struct location out;
};

static int setup(void **state)
{
    static struct fixture f;
    tmpdir_make(&f.dir);
    arena_init(&f.arena);
    diag_init(&f.d);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    tmpdir_remove(&f->dir);
    arena_fini(&f->arena);
    diag_fini(&f->d);
    return 0;
}

static void touch(struct fixture *f, const char *name)
{
    mk_write_file(tmpdir_path(&f->dir, name), "", 0);
}

static void make_dir(struct fixture *f, const char *name)
{
    assert_int_equal(mkdir(tmpdir_path(&f->dir, name), 0777), 0);
}

static void write_state(struct fixture *f, const char *name, const char *latest)
{
    char text[2048];
    int len = snprintf(text, sizeof(text), "model_checkpoint_path: \"%s\"\n", latest);
    mk_write_file(tmpdir_path(&f->dir, name), text, (size_t)len);
}

/* A file that is a table: a V1 checkpoint, as far as can be seen. */
static void write_table(struct fixture *f, const char *name)
{
    struct mktable t;
    mktable_init(&t);
    mktable_finish(&t);
    mk_write_file(tmpdir_path(&f->dir, name), t.file.data, t.file.len);
    mktable_free(&t);
}

/* `argument` and `prefix` are names in the directory. */
static void assert_found(struct fixture *f, const char *argument, const char *prefix)
{
    char index[1024];
    uint64_t errors = f->d.errors;
    snprintf(index, sizeof(index), "%s.index", tmpdir_path(&f->dir, prefix));
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d), 0);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, prefix));
    assert_string_equal(f->out.index_path, index);
    assert_int_equal(f->d.errors, errors);
}

/* The newest entry of the diag, which is the only error of this call. */
static const struct diag_entry *assert_refused(struct fixture *f, const char *argument, errint rc,
                                               const char *words)
{
    uint64_t before = f->d.errors;
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d), rc);
    assert_int_equal(f->d.errors, before + 1);
    assert_null(f->out.prefix);
    const struct diag_entry *e = &f->d.entries[f->d.kept - 1];
    if (!strstr(e->message, words)) {
        fail_msg("'%s' is not in '%s'", words, e->message);
    }
    return e;
}

static void locate_checkpoint_prefix_and_its_files_are_found(void **state)
{
    struct fixture *f = *state;
    touch(f, "m.ckpt-1.index");
    touch(f, "m.ckpt-1.data-00000-of-00001");
    assert_found(f, "m.ckpt-1", "m.ckpt-1");
    assert_found(f, "m.ckpt-1.index", "m.ckpt-1");
    assert_found(f, "m.ckpt-1.data-00000-of-00001", "m.ckpt-1");
    assert_found(f, "m.ckpt-1.data-123456-of-200000", "m.ckpt-1");
    assert_found(f, "m.ckpt-1.meta", "m.ckpt-1");
    assert_int_equal(f->d.warnings, 0);
}

static void locate_checkpoint_prefix_with_glob_characters_is_found(void **state)
{
    struct fixture *f = *state;
    touch(f, "m[1]*?.index");
    assert_found(f, "m[1]*?", "m[1]*?");
}

static void locate_checkpoint_nothing_there_names_what_is(void **state)
{
    struct fixture *f = *state;
    touch(f, "b.index");
    touch(f, "a.index");
    const struct diag_entry *e = assert_refused(f, "m", -ENOENT, "m.index");
    assert_int_equal(e->code, DIAG_CHECKPOINT_NOT_FOUND);
    assert_int_equal(e->nearest_count, 2);
    assert_true(str_ends(e->nearest[0], STR("/a.index")));
    assert_refused(f, "m.data-00000-of-00001", -ENOENT, "m.index");
    assert_refused(f, "a.index/x", -ENOENT, "no checkpoint there");
    assert_refused(f, "nowhere/m", -ENOENT, "no checkpoint there");
}

static void locate_checkpoint_empty_argument_is_enoent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(locate_checkpoint("", &f->arena, &f->out, &f->d), -ENOENT);
    assert_int_equal(f->d.errors, 1);
}

static void locate_checkpoint_fifo_or_directory_as_index_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkfifo(tmpdir_path(&f->dir, "m.index"), 0666), 0);
    make_dir(f, "n.index");
    const struct diag_entry *e = assert_refused(f, "m", -EINVAL, "not a regular file");
    assert_int_equal(e->code, DIAG_FILE_UNREADABLE);
    assert_refused(f, "m.index", -EINVAL, "not a regular file");
    assert_refused(f, "n", -EISDIR, "irectory");
    assert_int_equal(mkfifo(tmpdir_path(&f->dir, "checkpoint"), 0666), 0);
    assert_refused(f, ".", -EINVAL, "not a regular file");
}

static void locate_checkpoint_directory_with_state_file_is_found(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run");
    touch(f, "run/m-2.index");
    touch(f, "run/m-3.index");
    write_state(f, "run/checkpoint", "m-2");
    assert_found(f, "run", "run/m-2");
    assert_found(f, "run/checkpoint", "run/m-2");
    assert_int_equal(f->d.warnings, 0);
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "run/"), &f->arena, &f->out, &f->d), 0);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "run/m-2"));
}

static void locate_checkpoint_absolute_state_path_is_followed(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run");
    make_dir(f, "other");
    touch(f, "run/m.index");
    touch(f, "other/m.index");
    write_state(f, "run/checkpoint", tmpdir_path(&f->dir, "other/m"));
    assert_found(f, "run", "other/m");
    assert_int_equal(f->d.warnings, 0);
}

static void locate_checkpoint_moved_directory_is_found_with_a_warning(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/gone/run/m", "old/place/m", "C:\\\\dir\\\\m", "..\\\\m",
                                        "C:m/../x\\\\m"};
    touch(f, "m.index");
    for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        write_state(f, "checkpoint", paths[i]);
        assert_int_equal(locate_checkpoint(f->dir.path, &f->arena, &f->out, &f->d), 0);
        assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "m"));
        assert_int_equal(f->d.warnings, i + 1);
        assert_int_equal(f->d.entries[i].code, DIAG_MOVED);
    }
    assert_int_equal(f->d.errors, 0);
}

static void locate_checkpoint_stale_state_file_is_enoent(void **state)
{
    struct fixture *f = *state;
    touch(f, "m-1.index");
    write_state(f, "checkpoint", "/gone/m-9");
    const struct diag_entry *e = assert_refused(f, ".", -ENOENT, "/gone/m-9.index and ");
    assert_true(str_eq(e->subject, STR("/gone/m-9")));
    assert_int_equal(e->nearest_count, 1);
    write_state(f, "checkpoint", "m-9");
    assert_refused(f, ".", -ENOENT, "m-9.index");
    write_state(f, "checkpoint", "/");
    assert_refused(f, ".", -ENOENT, "tried /.index");
}

static void locate_checkpoint_bad_state_file_is_ebadmsg(void **state)
{
    struct fixture *f = *state;
    write_state(f, "checkpoint", "");
    assert_refused(f, ".", -EBADMSG, "model_checkpoint_path");
    write_state(f, "checkpoint", "a\\000b");
    assert_refused(f, ".", -EBADMSG, "NUL");
    mk_write_file(tmpdir_path(&f->dir, "checkpoint"), "\0\1\2", 3);
    assert_refused(f, ".", -EBADMSG, "expected");
}

static void locate_checkpoint_state_path_that_is_v1_is_not_moved(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run");
    make_dir(f, "run/data");
    write_state(f, "run/checkpoint", "data/m");
    touch(f, "run/m.index");
    assert_found(f, "run", "run/m");
    assert_int_equal(f->d.warnings, 1);
    write_table(f, "run/data/m");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "run"), &f->arena, &f->out, &f->d), 0);
    assert_int_equal(f->out.format, LOCATION_V1);
    assert_true(str_ends(str_from(f->out.prefix), STR("/run/data/m")));
    assert_int_equal(f->d.warnings, 1);
}

static void locate_checkpoint_directory_wins_over_prefix(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "export");
    touch(f, "export.index");
    const struct diag_entry *e = assert_refused(f, "export", -ENOENT, "no checkpoint");
    assert_int_equal(e->nearest_count, 1);
    assert_true(str_ends(e->nearest[0], STR("/export.index")));
    touch(f, "export/m.index");
    write_state(f, "export/checkpoint", "m");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "export"), &f->arena, &f->out, &f->d), 0);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "export/m"));
}

static void locate_checkpoint_directory_without_state_file_lists_indexes(void **state)
{
    struct fixture *f = *state;
    touch(f, "m-2.index"); /* no tables, but near */
    touch(f, "m-1.index");
    touch(f, "index");
    const struct diag_entry *e = assert_refused(f, ".", -ENOENT, "no checkpoint");
    assert_int_equal(e->nearest_count, 2);
    assert_true(str_ends(e->nearest[0], STR("/m-1.index")));
    assert_true(str_ends(e->nearest[1], STR("/m-2.index")));
}

/* `argument` leads to a V2 prefix, and says in one warning that no state file does. */
static void assert_only(struct fixture *f, const char *argument, const char *prefix)
{
    uint64_t warnings = f->d.warnings;
    assert_found(f, argument, prefix);
    assert_int_equal(f->d.warnings, warnings + 1);
    assert_int_equal(f->d.entries[f->d.kept - 1].code, DIAG_NO_STATE);
}

static void locate_checkpoint_only_one_in_a_directory_is_taken_with_a_warning(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, ".", -ENOENT, "no checkpoint");
    make_dir(f, "run");
    write_table(f, "run/m-1.index");
    touch(f, "run/m-1.data-00000-of-00001");
    touch(f, "run/m-1.meta");
    touch(f, "run/m-2.meta");
    touch(f, "run/graph.pbtxt");
    write_table(f, "run/m-2.index.tempstate123"); /* a writer that was killed */
    write_table(f, "run/m-1");                    /* V1: the index of that name wins */
    make_dir(f, "run/m-3_temp");
    write_table(f, "run/m-3_temp/part-00000-of-00001.index");
    assert_only(f, "run", "run/m-1");
    write_table(f, "run/m-2.index");
    const struct diag_entry *e = assert_refused(f, "run", -ENOENT, "2 checkpoints: name one of m-1, m-2");
    assert_int_equal(e->code, DIAG_CHECKPOINT_NOT_FOUND);
    for (int i = 3; i < 9; i++) {
        char name[32];
        snprintf(name, sizeof(name), "run/m-%d.index", i);
        write_table(f, name);
    }
    assert_refused(f, "run", -ENOENT, "8 checkpoints: name one of m-1, m-2, m-3, m-4, m-5, ...");
    write_state(f, "run/checkpoint", "m-7");
    assert_found(f, "run", "run/m-7");
}

static void locate_checkpoint_is_found_among_many_other_files(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "many");
    for (unsigned i = 0; i < 2 * (LOCATE_OTHERS_MOST + 100); i++) {
        char name[32];
        snprintf(name, sizeof(name), "many/%u", i);
        touch(f, name);
        if (i == LOCATE_OTHERS_MOST + 100) { /* in the middle, whichever end a listing begins with */
            write_table(f, "many/m-1.index");
        }
    }
    assert_found(f, "many", "many/m-1");
}

static void locate_checkpoint_only_v1_in_a_directory_is_taken_with_a_warning(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "one");
    write_table(f, "one/old");
    touch(f, "one/old.meta");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "one"), &f->arena, &f->out, &f->d), 0);
    assert_int_equal(f->out.format, LOCATION_V1);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "one/old"));
    make_dir(f, "odd[1]");
    write_table(f, "odd[1]/m-5-00000-of-00002");
    write_table(f, "odd[1]/m-5-00001-of-00002");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "odd[1]"), &f->arena, &f->out, &f->d), 0);
    assert_int_equal(f->out.format, LOCATION_V1);
    assert_int_equal(f->out.file_count, 2);
    assert_int_equal(f->d.warnings, 2);
    write_table(f, "odd[1]/m-6.index");
    assert_refused(f, "odd[1]", -ENOENT, "m-5-\?\?\?\?\?-of-00002, m-6");
}

static void locate_checkpoint_saved_model_is_its_variables(void **state)
{
    static const char *const models[] = {"saved_model.pb", "saved_model.pbtxt"};
    struct fixture *f = *state;
    for (unsigned i = 0; i < 2; i++) {
        char name[128];
        const char *dir = i ? "text" : "binary";
        make_dir(f, dir);
        snprintf(name, sizeof(name), "%s/%s", dir, models[i]);
        touch(f, name);
        assert_refused(f, dir, -ENOENT, "no variables");
        assert_refused(f, name, -ENOENT, "no variables");
        snprintf(name, sizeof(name), "%s/variables", dir);
        make_dir(f, name);
        assert_refused(f, dir, -ENOENT, "no variables");
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "%s/variables/saved_model_variables", dir);
        snprintf(name, sizeof(name), "%s.index", prefix);
        touch(f, name);
        assert_found(f, dir, prefix);
        snprintf(prefix, sizeof(prefix), "%s/variables/variables", dir);
        snprintf(name, sizeof(name), "%s.index", prefix);
        touch(f, name);
        assert_found(f, dir, prefix);
        snprintf(name, sizeof(name), "%s/%s", dir, models[i]);
        assert_found(f, name, prefix);
        snprintf(name, sizeof(name), "%s/variables", dir);
        assert_found(f, name, prefix);
    }
    assert_int_equal(f->d.warnings, 0);
}

static void locate_checkpoint_variables_without_their_graph_are_taken_with_a_warning(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "bare");
    make_dir(f, "bare/variables");
    assert_refused(f, "bare", -ENOENT, "holds no checkpoint");
    touch(f, "bare/variables/variables.index");
    assert_found(f, "bare", "bare/variables/variables");
    assert_int_equal(f->d.warnings, 1);
    write_table(f, "bare/m-1.index"); /* is nearer */
    assert_found(f, "bare", "bare/m-1");
    assert_int_equal(f->d.warnings, 2);
}

static void assert_v1(struct fixture *f, const char *argument, uint32_t files, const char *first)
{
    f->out = (struct location){0};
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d), 0);
    assert_int_equal(f->out.format, LOCATION_V1);
    assert_int_equal(f->out.file_count, files);
    assert_true(str_ends(str_from(f->out.files[0]), str_from(first)));
    assert_null(f->out.index_path);
}

static void locate_checkpoint_v1_files_are_found(void **state)
{
    struct fixture *f = *state;
    write_table(f, "model-v1");
    touch(f, "model-v1.meta");
    write_table(f, "sharded-00000-of-00002");
    touch(f, "sharded-00001-of-00002"); /* damaged: whoever opens it will say so */
    touch(f, "sharded-00001-of-00002.bak");
    assert_v1(f, "model-v1", 1, "/model-v1");
    assert_v1(f, "model-v1.meta", 1, "/model-v1");
    assert_v1(f, "sharded", 2, "/sharded-00000-of-00002");
    assert_v1(f, "sharded-00000-of-00002", 1, "/sharded-00000-of-00002");
    assert_v1(f, "sharded-*-of-00002", 2, "/sharded-00000-of-00002");
    assert_v1(f, "sharded-\?\?\?\?\?-of-00002", 2, "/sharded-00000-of-00002");
    assert_int_equal(f->d.warnings, 0);
    write_state(f, "checkpoint", "model-v1");
    assert_v1(f, ".", 1, "/model-v1");
    write_state(f, "checkpoint", "sharded-\?\?\?\?\?-of-00002");
    assert_v1(f, ".", 2, "/sharded-00000-of-00002");
    write_state(f, "checkpoint", "/gone/model-v1");
    assert_v1(f, ".", 1, "/model-v1");
    assert_int_equal(f->d.warnings, 1);
    assert_int_equal(f->d.entries[0].code, DIAG_MOVED);
}

static void locate_checkpoint_v1_shards_that_are_odd(void **state)
{
    struct fixture *f = *state;
    write_table(f, "m-00000-of-00003");
    write_table(f, "m-00002-of-00003");
    assert_v1(f, "m", 2, "/m-00000-of-00003");
    assert_int_equal(f->d.warnings, 1);
    write_table(f, "m-00000-of-00001");
    assert_refused(f, "m", -ENOTSUP, "several V1 checkpoints");
    assert_v1(f, "m-*-of-00001", 1, "/m-00000-of-00001");
    write_table(f, "a[b]-00000-of-00001"); /* the prefix is no pattern */
    assert_v1(f, "a[b]", 1, "/a[b]-00000-of-00001");
}

static void locate_checkpoint_v2_beside_a_v1_file_is_found(void **state)
{
    struct fixture *f = *state;
    write_table(f, "m");
    touch(f, "m.index");
    assert_found(f, "m", "m");
}

static void locate_checkpoint_other_files_are_not_found(void **state)
{
    struct fixture *f = *state;
    touch(f, "lone.meta");
    touch(f, "text");
    assert_refused(f, "lone.meta", -ENOENT, "lone.index");
    assert_refused(f, "text", -ENOENT, "text.index");
    assert_int_equal(mkfifo(tmpdir_path(&f->dir, "fifo"), 0666), 0);
    assert_refused(f, "fifo", -EINVAL, "not a regular file");
}

#define TEST(func) cmocka_unit_test_setup_teardown(func, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(locate_checkpoint_prefix_and_its_files_are_found),
        TEST(locate_checkpoint_prefix_with_glob_characters_is_found),
        TEST(locate_checkpoint_nothing_there_names_what_is),
        TEST(locate_checkpoint_empty_argument_is_enoent),
        TEST(locate_checkpoint_fifo_or_directory_as_index_is_refused),
        TEST(locate_checkpoint_directory_with_state_file_is_found),
        TEST(locate_checkpoint_absolute_state_path_is_followed),
        TEST(locate_checkpoint_moved_directory_is_found_with_a_warning),
        TEST(locate_checkpoint_stale_state_file_is_enoent),
        TEST(locate_checkpoint_bad_state_file_is_ebadmsg),
        TEST(locate_checkpoint_state_path_that_is_v1_is_not_moved),
        TEST(locate_checkpoint_directory_wins_over_prefix),
        TEST(locate_checkpoint_directory_without_state_file_lists_indexes),
        TEST(locate_checkpoint_only_one_in_a_directory_is_taken_with_a_warning),
        TEST(locate_checkpoint_is_found_among_many_other_files),
        TEST(locate_checkpoint_only_v1_in_a_directory_is_taken_with_a_warning),
        TEST(locate_checkpoint_saved_model_is_its_variables),
        TEST(locate_checkpoint_variables_without_their_graph_are_taken_with_a_warning),
        TEST(locate_checkpoint_v1_files_are_found),
        TEST(locate_checkpoint_v1_shards_that_are_odd),
        TEST(locate_checkpoint_v2_beside_a_v1_file_is_found),
        TEST(locate_checkpoint_other_files_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
