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

#include "source/tf/locate.h"
#include "source/tf/locate_glob.h"
#include "source/tf/locate_scan.h"
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
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d),
                     0);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, prefix));
    assert_string_equal(f->out.index_path, index);
    assert_int_equal(f->d.errors, errors);
}

/* The newest entry of the diag, which is the only error of this call. */
static const struct diag_entry *assert_refused(struct fixture *f, const char *argument, errint rc,
                                               const char *words)
{
    uint64_t before = f->d.errors;
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d),
                     rc);
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
    write_table(f, "b.index");
    write_table(f, "a.index");
    touch(f, "0.index"); /* is none */
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
    write_state(f, "run/checkpoint", tmpdir_path(&f->dir, "run/m"));
    assert_found(f, "run", "run/m");
    assert_int_equal(f->d.warnings, 0);
    write_state(f, "run/checkpoint", tmpdir_path(&f->dir, "other/m"));
    assert_found(f, "run", "other/m"); /* as TensorFlow does */
    assert_int_equal(f->d.warnings, 1);
    assert_int_equal(f->d.entries[0].code, DIAG_MOVED);
    assert_non_null(strstr(f->d.entries[0].message, "leads out of its directory"));
    assert_non_null(strstr(f->d.entries[0].message, tmpdir_path(&f->dir, "run/m")));
}

static void locate_checkpoint_state_path_that_leads_nowhere_else_has_no_warning(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run");
    make_dir(f, "run/sub");
    make_dir(f, "other");
    touch(f, "run/m.index");
    touch(f, "run/sub/m.index");
    touch(f, "other/only.index");
    write_state(f, "run/checkpoint", "sub/m"); /* below */
    assert_found(f, "run", "run/sub/m");
    write_state(f, "run/checkpoint", "../run/m");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "run"), &f->arena, &f->out, &f->d), 0);
    write_state(f, "run/checkpoint", "../other/only"); /* nothing of that name is in it */
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "run"), &f->arena, &f->out, &f->d), 0);
    assert_int_equal(
        symlink(tmpdir_path(&f->dir, "other/only.index"), tmpdir_path(&f->dir, "run/link.index")),
        0);
    write_state(f, "run/checkpoint", "link"); /* a file that is in it, whatever it is a link to */
    assert_found(f, "run", "run/link");
    assert_int_equal(symlink("run", tmpdir_path(&f->dir, "alias")), 0);
    write_state(f, "run/checkpoint", tmpdir_path(&f->dir, "run/m"));
    assert_found(f, "alias", "run/m");
    assert_int_equal(f->d.warnings, 0);
    assert_int_equal(f->d.errors, 0);
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
    write_table(f, "m-1.index");
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
    assert_string_equal(f->out.driver, LOCATION_V1);
    assert_true(str_ends(str_from(f->out.prefix), STR("/run/data/m")));
    assert_int_equal(f->d.warnings, 1);
}

static void locate_checkpoint_directory_wins_over_prefix(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "export");
    touch(f, "export.index");
    assert_int_equal(assert_refused(f, "export", -ENOENT, "no checkpoint")->nearest_count, 0);
    write_table(f, "export.index");
    const struct diag_entry *e = assert_refused(f, "export", -ENOENT, "no checkpoint");
    assert_int_equal(e->nearest_count, 1);
    assert_true(str_ends(e->nearest[0], STR("/export.index")));
    touch(f, "export/m.index");
    write_state(f, "export/checkpoint", "m");
    assert_found(f, "export", "export/m");
    assert_int_equal(f->d.warnings, 1);
    assert_int_equal(f->d.entries[f->d.kept - 1].code, DIAG_NAME_AMBIGUOUS);
    assert_non_null(strstr(f->d.entries[f->d.kept - 1].message, "export.index for the other"));
    assert_found(f, "export/", "export/m"); /* is no prefix */
    assert_int_equal(f->d.warnings, 1);
    touch(f, "export/saved_model.pb");
    unlink(tmpdir_path(&f->dir, "export/checkpoint"));
    make_dir(f, "export/variables");
    touch(f, "export/variables/variables.index");
    assert_found(f, "export", "export/variables/variables");
    assert_int_equal(f->d.warnings, 2);
}

static void locate_checkpoint_files_that_are_none_are_told_and_not_suggested(void **state)
{
    struct fixture *f = *state;
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    touch(f, "m-2.index");
    mk_write_file(tmpdir_path(&f->dir, "m-1.index"), pointer, sizeof(pointer) - 1);
    touch(f, "index");
    touch(f, "notes.txt");
    mk_write_file(tmpdir_path(&f->dir, "model.h5"), "\x89HDF\r\n\x1a\n", 8);
    const struct diag_entry *e = assert_refused(f, ".", -ENOENT, "no checkpoint");
    assert_int_equal(e->nearest_count, 0);
    assert_non_null(strstr(e->message,
                           "m-1.index is a Git LFS pointer (run 'git lfs pull' in its repository), "
                           "m-2.index is empty"));
    assert_non_null(strstr(e->message, "model.h5 is an HDF5 file"));
    assert_null(strstr(e->message, "notes.txt"));
}

static void locate_checkpoint_folder_above_names_what_is_below(void **state)
{
    struct fixture *f = *state;
    static const char *const folders[] = {
        "top",          "top/checkpoint", "top/empty", "top/export",  "top/export/1",
        "top/export/2", "top/run",        "top/deep",  "top/deep/er", "top/deep/er/still"};
    for (unsigned i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        make_dir(f, folders[i]);
    }
    write_table(f, "top/checkpoint/m.index");
    touch(f, "top/empty/m.index");
    touch(f, "top/export/1/saved_model.pb");
    touch(f, "top/export/2/saved_model.pbtxt");
    touch(f, "top/deep/er/still/checkpoint");
    const struct diag_entry *e = assert_refused(f, "top", -ENOENT, "holds no checkpoint");
    assert_int_equal(e->nearest_count, 3);
    assert_true(str_ends(e->nearest[0], STR("top/checkpoint")));
    assert_true(str_ends(e->nearest[1], STR("top/export/1")));
    assert_true(str_ends(e->nearest[2], STR("top/export/2")));
    touch(f, "top/saved_model.pb");
    e = assert_refused(f, "top", -ENOENT, "the SavedModel has no variables");
    assert_int_equal(e->nearest_count, 3);
    e = assert_refused(f, "top/deep", -ENOENT, "holds no checkpoint");
    assert_int_equal(e->nearest_count, 1);
    assert_true(str_ends(e->nearest[0], STR("top/deep/er/still")));
    write_table(f, "top/run/part-00000-of-00002.index");
    unlink(tmpdir_path(&f->dir, "top/saved_model.pb"));
    unlink(tmpdir_path(&f->dir, "top/checkpoint/m.index"));
    e = assert_refused(f, "top", -ENOENT, "holds no checkpoint");
    assert_true(str_ends(e->nearest[2], STR("top/run/part-\?\?\?\?\?-of-00002")));
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
    const struct diag_entry *e =
        assert_refused(f, "run", -ENOENT, "2 checkpoints: name one of m-1, m-2");
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
        if (i ==
            LOCATE_OTHERS_MOST + 100) { /* in the middle, whichever end a listing begins with */
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
    assert_string_equal(f->out.driver, LOCATION_V1);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "one/old"));
    make_dir(f, "odd[1]");
    write_table(f, "odd[1]/m-5-00000-of-00002");
    write_table(f, "odd[1]/m-5-00001-of-00002");
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, "odd[1]"), &f->arena, &f->out, &f->d),
                     0);
    assert_string_equal(f->out.driver, LOCATION_V1);
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

static void locate_checkpoint_variables_elsewhere_are_taken_with_a_warning(void **state)
{
    static const char *const folders[] = {"beside", "upper", "upper/Variables",
                                          "old",    "lone",  "two"};
    static const char *const prefixes[] = {"beside/variables", "upper/Variables/Variables",
                                           "old/saved_model_variables", "lone/model.ckpt-5"};
    struct fixture *f = *state;
    for (unsigned i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        make_dir(f, folders[i]);
    }
    for (unsigned i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        char name[128];
        char dir[64];
        snprintf(dir, sizeof(dir), "%.*s", (int)strcspn(prefixes[i], "/"), prefixes[i]);
        snprintf(name, sizeof(name), "%s/saved_model.pb", dir);
        touch(f, name);
        snprintf(name, sizeof(name), "%s.index", prefixes[i]);
        write_table(f, name);
        assert_found(f, dir, prefixes[i]);
        assert_int_equal(f->d.warnings, i + 1);
        assert_int_equal(f->d.entries[i].code, DIAG_MOVED);
    }
    assert_found(f, "upper/Variables", "upper/Variables/Variables"); /* named by itself */
    assert_int_equal(f->d.warnings, 4);
    touch(f, "two/saved_model.pb");
    write_table(f, "two/a.index");
    write_table(f, "two/b.index");
    assert_refused(f, "two", -ENOENT, "no variables");
    make_dir(f, "beside/variables");
    write_table(f, "beside/variables/variables.index"); /* where they belong wins */
    assert_found(f, "beside", "beside/variables/variables");
    assert_int_equal(f->d.warnings, 4);
}

static void assert_v1(struct fixture *f, const char *argument, uint32_t files, const char *first)
{
    f->out = (struct location){0};
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d),
                     0);
    assert_string_equal(f->out.driver, LOCATION_V1);
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

static void locate_checkpoint_patterns_of_a_state_file_are_tensorflows_alone(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run");
    write_table(f, "run/m-00000-of-00002");
    write_table(f, "run/m-00001-of-00002");
    write_table(f, "run/a[0]*-00000-of-00001");
    write_table(f, "run/a0b-00000-of-00001");
    write_state(f, "run/checkpoint", "m-\?\?\?\?\?-of-00002");
    assert_v1(f, "run", 2, "/run/m-00000-of-00002");
    write_state(f, "run/checkpoint",
                "a[0]*-\?\?\?\?\?-of-00001"); /* what is before it has no meaning */
    assert_v1(f, "run", 1, "/run/a[0]*-00000-of-00001");
    static const char *const others[] = {"m-*-of-00002", "m*",   "m-0000[01]-of-00002",       "*",
                                         "/*/*/*/*/*/*", "../*", "m-\?\?\?\?\?-of-\?\?\?\?\?"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
        write_state(f, "run/checkpoint", others[i]);
        assert_refused(f, "run", -ENOENT, "does not exist");
    }
    assert_int_equal(f->d.warnings, 0);
}

static void locate_checkpoint_wildcards_are_in_the_last_component(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "run1");
    make_dir(f, "run*");
    write_table(f, "run1/m-00000-of-00001");
    write_table(f, "run1/.m-00000-of-00001");
    make_dir(f, "run1/m-folder-of-00001");
    assert_int_equal(mkfifo(tmpdir_path(&f->dir, "run1/m-fifo-of-00001"), 0666), 0);
    assert_v1(f, "run1/*-of-00001", 1, "/run1/m-00000-of-00001");
    assert_v1(f, "run1/.*-of-00001", 1, "/run1/.m-00000-of-00001");
    assert_refused(f, "run\?/m-00000-of-00001", -ENOENT,
                   "wildcards have a meaning in the last component alone");
    assert_refused(f, "run*/m", -ENOENT, "wildcards have a meaning");
    write_table(f, "run*/m-00000-of-00001"); /* the folder's name is no pattern */
    assert_v1(f, "run*/m*", 1, "/run*/m-00000-of-00001");
}

static void locate_checkpoint_too_many_matches_are_refused(void **state)
{
    struct fixture *f = *state;
    char name[32];
    make_dir(f, "many");
    for (unsigned i = 0; i < LOCATE_MATCHES_MOST; i++) {
        snprintf(name, sizeof(name), "many/m%u", i);
        assert_int_equal(mknod(tmpdir_path(&f->dir, name), S_IFREG | 0600, 0), 0);
    }
    write_table(f, "many/m0");
    assert_v1(f, "many/m*", LOCATE_MATCHES_MOST, "/many/m0");
    touch(f, "many/m-");
    const struct diag_entry *e =
        assert_refused(f, "many/m*", -EOVERFLOW, "more than 16384 files match");
    assert_int_equal(e->code, DIAG_LIMIT);
}

static void assert_parts(struct fixture *f, const char *argument, uint32_t files,
                         const char *pattern)
{
    assert_int_equal(locate_checkpoint(tmpdir_path(&f->dir, argument), &f->arena, &f->out, &f->d),
                     0);
    assert_string_equal(f->out.driver, LOCATION_V2);
    assert_int_equal(f->out.file_count, files);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, pattern));
    assert_string_equal(f->out.index_path, f->out.files[0]);
    assert_int_equal(f->d.errors, 0);
}

static void locate_checkpoint_pattern_takes_the_parts_of_a_save_as_one(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "tmp");
    write_table(f, "tmp/part-00000-of-00003.index");
    touch(f, "tmp/part-00000-of-00003.data-00000-of-00001");
    write_table(f, "tmp/part-00002-of-00003.index");
    assert_parts(f, "tmp/part-\?\?\?\?\?-of-00003", 2, "tmp/part-\?\?\?\?\?-of-00003");
    assert_int_equal(f->d.warnings, 1);
    assert_non_null(strstr(f->d.entries[0].message, "-of-00003, but 2 match"));
    write_table(f, "tmp/part-00001-of-00003.index");
    assert_parts(f, "tmp/part-*", 3, "tmp/part-\?\?\?\?\?-of-00003");
    assert_parts(f, "tmp/*.index", 3, "tmp/part-\?\?\?\?\?-of-00003");
    assert_int_equal(f->d.warnings, 1);
    assert_parts(f, "tmp/part-00000-*", 1, "tmp/part-\?\?\?\?\?-of-00003");
    assert_int_equal(f->d.warnings, 2);
    assert_found(f, "tmp/part-00000-of-00003", "tmp/part-00000-of-00003");
    assert_int_equal(f->out.file_count, 0);
    write_table(f, "tmp/other.index");
    const struct diag_entry *e = assert_refused(f, "tmp/*", -ENOTSUP, "4 checkpoints match");
    assert_true(str_ends(e->nearest[0], STR("tmp/other")));
    assert_found(f, "tmp/o*", "tmp/other");
}

static void locate_checkpoint_folder_of_parts_is_told_and_the_pattern_offered(void **state)
{
    struct fixture *f = *state;
    make_dir(f, "tmp");
    write_table(f, "tmp/part-00001-of-00002.index");
    const struct diag_entry *e = assert_refused(f, "tmp", -ENOENT, "1 of 2 are there");
    write_table(f, "tmp/part-00000-of-00002.index");
    e = assert_refused(f, "tmp", -ENOENT,
                       "a sharded save was interrupted before it merged them, 2 of 2");
    assert_int_equal(e->nearest_count, 1);
    assert_true(str_ends(e->nearest[0], STR("tmp/part-\?\?\?\?\?-of-00002")));
    write_table(f, "tmp/m.index");
    assert_refused(
        f, "tmp", -ENOENT,
        "2 checkpoints: name one of m, part-\?\?\?\?\?-of-00002 (parts of an interrupted save)");
    make_dir(f, "one");
    write_table(f, "one/part-00000-of-00001.index"); /* all of it */
    assert_only(f, "one", "one/part-00000-of-00001");
}

static void locate_checkpoint_state_value_that_is_a_file_is_cut(void **state)
{
    struct fixture *f = *state;
    static const char *const values[] = {"m.index", "m.data-00000-of-00001", "m.meta",
                                         "/gone/m.index", "C:\\\\old\\\\m.data-00000-of-00001"};
    touch(f, "m.index");
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        write_state(f, "checkpoint", values[i]);
        assert_int_equal(locate_checkpoint(f->dir.path, &f->arena, &f->out, &f->d), 0);
        assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "m"));
        assert_int_equal(f->d.warnings, i + 1);
        assert_int_equal(f->d.entries[i].code, DIAG_MOVED);
        assert_non_null(strstr(f->d.entries[i].message, "wants the prefix"));
    }
    touch(f, "m.index.index"); /* who calls a checkpoint so means it */
    write_state(f, "checkpoint", "m.index");
    assert_found(f, ".", "./m.index");
    assert_int_equal(f->d.warnings, sizeof(values) / sizeof(*values));
}

static void locate_checkpoint_windows_state_path_without_escapes_is_found(void **state)
{
    struct fixture *f = *state;
    static const char *const values[] = {"D:\\train\\model.ckpt", "D:\\train\\new",
                                         "runs\\model.ckpt"};
    touch(f, "model.ckpt.index");
    touch(f, "new.index");
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        write_state(f, "checkpoint", values[i]);
        assert_int_equal(locate_checkpoint(f->dir.path, &f->arena, &f->out, &f->d), 0);
        assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, i == 1 ? "new" : "model.ckpt"));
        assert_int_equal(f->d.warnings, i + 1);
    }
    write_state(f, "checkpoint", "D:\\train\\gone");
    assert_refused(f, ".", -ENOENT, "/gone.index");
}

static void locate_checkpoint_urls_are_no_local_paths(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(locate_checkpoint("gs://bucket/run/model.ckpt-5", &f->arena, &f->out, &f->d),
                     -ENOENT);
    assert_non_null(strstr(f->d.entries[0].message,
                           "'gs://bucket/run/model.ckpt-5' is no local path: copy it"));
    assert_int_equal(locate_checkpoint("https://host/m*", &f->arena, &f->out, &f->d), -ENOENT);
    assert_non_null(strstr(f->d.entries[1].message, "is no local path: download it"));
    write_state(f, "checkpoint", "gs://bucket/run/model.ckpt-5");
    assert_refused(f, ".", -ENOENT, "names 'gs://bucket/run/model.ckpt-5', which is no local path");
    touch(f, "model.ckpt-5.index");
    assert_int_equal(locate_checkpoint(f->dir.path, &f->arena, &f->out, &f->d), 0);
    assert_string_equal(f->out.prefix, tmpdir_path(&f->dir, "model.ckpt-5"));
    assert_int_equal(f->d.warnings, 1);
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
        TEST(locate_checkpoint_state_path_that_leads_nowhere_else_has_no_warning),
        TEST(locate_checkpoint_files_that_are_none_are_told_and_not_suggested),
        TEST(locate_checkpoint_folder_above_names_what_is_below),
        TEST(locate_checkpoint_variables_elsewhere_are_taken_with_a_warning),
        TEST(locate_checkpoint_patterns_of_a_state_file_are_tensorflows_alone),
        TEST(locate_checkpoint_wildcards_are_in_the_last_component),
        TEST(locate_checkpoint_too_many_matches_are_refused),
        TEST(locate_checkpoint_pattern_takes_the_parts_of_a_save_as_one),
        TEST(locate_checkpoint_folder_of_parts_is_told_and_the_pattern_offered),
        TEST(locate_checkpoint_state_value_that_is_a_file_is_cut),
        TEST(locate_checkpoint_windows_state_path_without_escapes_is_found),
        TEST(locate_checkpoint_urls_are_no_local_paths),
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
