/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fake.h"
#include "view/attr.h"
#include "view/content.h"
#include "view/stats.h"

static const struct fake_tensor tensors[] = {
    {"table", DTYPE_FLOAT32, 2, {100, 100}, TENSOR_SHOWN},
    {"w", DTYPE_INT8, 1, {5}, TENSOR_SHOWN},
};

static struct {
    struct view view;
    struct diag diag;
    struct buf text;
    struct shard *shard;
    struct stat shard_st;
} now;

static int setup(void **state)
{
    (void)state;
    memset(&now, 0, sizeof(now));
    diag_init(&now.diag);
    now.view.catalog = fake_catalog(tensors, ARRAY_LEN(tensors), 0);
    now.view.map = fake_map("[assignment_map]\ntable = t | partition 5,1\nw = scope/w\n");
    errint rc = plan_resolve(now.view.catalog, now.view.map, &now.view.map->graph, false, &now.diag,
                             &now.view.plan);
    rc = rc < 0 ? rc : tree_build(now.view.plan, NULL, 0, &now.diag, &now.view.tree);
    assert_int_equal(rc, 0);
    now.shard = &now.view.catalog->shards[0];
    now.shard->opened = true;
    now.shard->io->st = &now.shard_st;
    now.shard_st =
        (struct stat){.st_mode = S_IFREG | 0644, .st_uid = 10, .st_gid = 20, .st_mtim = {77, 5}};
    now.view.catalog->index_st =
        (struct stat){.st_mode = S_IFREG | 0600, .st_uid = 11, .st_gid = 21, .st_mtim = {50, 0}};
    now.view.map->st =
        (struct stat){.st_mode = S_IFREG | 0444, .st_uid = 11, .st_gid = 22, .st_mtim = {60, 0}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tree_close(now.view.tree);
    plan_close(now.view.plan);
    map_close(now.view.map);
    fake_close(now.view.catalog);
    diag_fini(&now.diag);
    buf_fini(&now.text);
    return 0;
}

static uint32_t node(const char *path)
{
    int64_t at = TREE_ROOT;
    struct str rest = str_from(path);
    while (rest.len) {
        long slash = str_find(rest, '/');
        struct str name = slash < 0 ? rest : str_head(rest, (size_t)slash);
        at = tree_lookup(now.view.tree, (uint32_t)at, name);
        assert_true(at >= 0);
        rest = slash < 0 ? STR("") : str_from_pos(rest, (size_t)slash + 1);
    }
    return (uint32_t)at;
}

static struct stat stat_as(const char *path, uid_t uid, gid_t gid)
{
    struct attr_policy policy = {.uid = uid, .gid = gid};
    struct stat st;
    struct reader reader = view_reader(&now.view);
    assert_int_equal(attr_stat(&now.view, &policy, node(path), &reader, &st), 0);
    return st;
}

static void check_owner(struct stat st, mode_t mode, uid_t uid, gid_t gid)
{
    assert_int_equal(st.st_mode & 07777, mode);
    assert_int_equal(st.st_uid, uid);
    assert_int_equal(st.st_gid, gid);
}

static void attr_stat_of_a_tensor_is_that_of_its_bytes(void **state)
{
    (void)state;
    struct stat st = stat_as("t/part_1", 0, 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_ino, node("t/part_1") + 1);
    assert_int_equal(st.st_size, 8000);
    assert_int_equal(st.st_blocks, 16);
    assert_int_equal(st.st_blksize, 1 << 20);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(st.st_mtim.tv_sec, 77);
    assert_int_equal(st.st_mtim.tv_nsec, 5);
    assert_int_equal(stat_as("scope/w", 0, 0).st_blocks, 1);
}

static void attr_stat_of_a_directory_and_of_reports(void **state)
{
    (void)state;
    struct stat st = stat_as("scope", 0, 0);
    assert_true(S_ISDIR(st.st_mode));
    check_owner(st, 0500, 11, 0); /* the index is 0600; index and map have several groups */
    assert_int_equal(st.st_nlink, 1);
    now.view.catalog->index_st.st_mode = S_IFREG | 0640;
    check_owner(stat_as("scope", 0, 0), 0500, 11, 0);
    now.view.map->st.st_gid = 21;
    check_owner(stat_as("scope", 0, 0), 0550, 11, 21);
    check_owner(stat_as("scope", 11, 99), 0550, 11, 21);
    check_owner(stat_as("scope", 33, 99), 0500, 33, 99); /* by ACL */
    now.view.catalog->index_st.st_mode = S_IFREG | 0644;
    check_owner(stat_as("scope", 33, 99), 0555, 33, 99);
    now.view.catalog->index_st.st_mode = S_IFREG | 0600;
    now.view.map->st.st_gid = 22;
    st = stat_as(".ckptfs/report.json", 0, 0);
    assert_int_equal(st.st_size, 0);
    check_owner(st, 0400, 11, 0);
    assert_int_equal(st.st_mtim.tv_sec, 60);
    assert_int_equal(stat_as(".ckptfs/map.ini", 0, 0).st_size, view_map_text(&now.view).len);
}

static void attr_stat_mounted_by_root_keeps_the_owner(void **state)
{
    (void)state;
    check_owner(stat_as("scope/w", 0, 0), 0444, 10, 20);
    now.shard_st.st_mode = S_IFREG | 0640;
    check_owner(stat_as("scope/w", 0, 0), 0440, 10, 20);
    now.shard_st.st_mode = S_IFREG | 0200;
    check_owner(stat_as("scope/w", 0, 0), 0, 10, 20);
}

static void attr_stat_mounted_by_a_user_belongs_to_the_user(void **state)
{
    (void)state;
    check_owner(stat_as("scope/w", 10, 99), 0444, 10, 20); /* its owner */
    check_owner(stat_as("scope/w", 33, 99), 0444, 33, 99); /* as others */
    now.shard_st.st_mode = S_IFREG | 0640;
    check_owner(stat_as("scope/w", 10, 99), 0440, 10, 20);
    check_owner(stat_as("scope/w", 33, 20), 0400, 33, 20); /* by group */
    check_owner(stat_as("scope/w", 33, 99), 0400, 33, 99); /* by ACL */
    now.shard_st.st_mode = S_IFREG | 0040;
    check_owner(stat_as("scope/w", 10, 20), 0400, 10, 20);
}

static void attr_stat_follows_the_options(void **state)
{
    (void)state;
    struct attr_policy policy = {
        .set_uid = true, .force_uid = 5, .set_gid = true, .force_gid = 6, .umask = 027};
    struct stat st;
    struct reader reader = view_reader(&now.view);
    assert_int_equal(attr_stat(&now.view, &policy, node("scope/w"), &reader, &st), 0);
    check_owner(st, 0440, 5, 6);
    assert_int_equal(attr_stat(&now.view, &policy, node("scope"), &reader, &st), 0);
    check_owner(st, 0500, 5, 6);
    now.view.catalog->index_st.st_mode = S_IFREG | 0644;
    assert_int_equal(attr_stat(&now.view, &policy, node("scope"), &reader, &st), 0);
    check_owner(st, 0550, 5, 6);
}

static const char *value(const char *path, const char *name)
{
    now.text.len = 0;
    errint rc = attr_value(&now.view, node(path), name, &now.text);
    assert_true(rc == 0 || rc == -ENODATA);
    return rc == 0 ? now.text.data : NULL;
}

static void attr_value_of_whole_and_part(void **state)
{
    (void)state;
    assert_string_equal(value("t/part_1", "user.ckptfs.name"), "t/part_1");
    assert_string_equal(value("t/part_1", "user.ckptfs.dtype"), "float32");
    assert_string_equal(value("t/part_1", "user.ckptfs.shape"), "[20, 100]");
    assert_string_equal(value("t/part_1", "user.ckptfs.source"), "table");
    assert_string_equal(value("t/part_1", "user.ckptfs.slice"), "[20:40, 0:100] of [100, 100]");
    assert_null(value("t/part_1", "user.ckptfs.crc32c"));
    assert_null(value("scope/w", "user.ckptfs.slice"));
    assert_int_equal(strlen(value("scope/w", "user.ckptfs.crc32c")), 8);
    assert_null(value("scope/w", "user.ckptfs"));
    assert_null(value("scope/w", "user.other"));
    assert_null(value("scope", "user.ckptfs.name"));
    assert_null(value(".ckptfs/stats", "user.ckptfs.name"));
}

static void attr_names_are_those_that_have_a_value(void **state)
{
    (void)state;
    static const char *const paths[] = {"t/part_1", "scope/w", "scope", ".ckptfs/map.ini"};
    static const unsigned counts[] = {5, 5, 0, 0};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        CLEANUP_BUF struct buf names = {0};
        attr_names(&now.view, node(paths[i]), &names);
        unsigned count = 0;
        for (size_t pos = 0; pos < names.len; pos += strlen(names.data + pos) + 1) {
            assert_non_null(value(paths[i], names.data + pos));
            count++;
        }
        assert_int_equal(count, counts[i]);
    }
}

static void count_shard(void *context, struct shard *shard)
{
    unsigned *count = context;
    assert_ptr_equal(shard, now.shard);
    ++*count;
}

static unsigned shards_of(const char *path)
{
    unsigned count = 0;
    content_shards(&now.view, node(path), count_shard, &count);
    return count;
}

static void content_shards_of_nodes(void **state)
{
    (void)state;
    assert_int_equal(shards_of("scope/w"), 1);
    assert_int_equal(shards_of("t/part_4"), 1);
    assert_int_equal(shards_of("scope"), 0);
}

static void stats_render_shows_counters_and_failed_shards(void **state)
{
    (void)state;
    struct stats stats = {0};
    stats_count(&stats.opens, 2);
    stats_count(&stats.bytes, UINT64_MAX);
    atomic_store(&now.shard->io->failed, true);
    stats_render(&stats, &now.view, &now.text);
    static const char *const lines[] = {
        "opens 2\n",           "reads 0\n",   "bytes 18446744073709551615\n",
        "errors 0\n",          "targets 6\n", "\nshards 1\nshards.failed 1\n",
        "\nshard.0.failed 1\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_non_null(strstr(now.text.data, lines[i]));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(attr_stat_of_a_tensor_is_that_of_its_bytes),
        TEST(attr_stat_of_a_directory_and_of_reports),
        TEST(attr_stat_mounted_by_root_keeps_the_owner),
        TEST(attr_stat_mounted_by_a_user_belongs_to_the_user),
        TEST(attr_stat_follows_the_options),
        TEST(attr_value_of_whole_and_part),
        TEST(attr_names_are_those_that_have_a_value),
        TEST(content_shards_of_nodes),
        TEST(stats_render_shows_counters_and_failed_shards),
    };
    return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
