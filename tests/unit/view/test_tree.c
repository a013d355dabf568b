/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/fake.h"
#include "view/tree.h"

static struct {
    struct fake_resolved of;
    struct tree *tree;
    errint rc; /* of tree_build */
} now;

static int close_now(void **state)
{
    (void)state;
    tree_close(now.tree);
    now.tree = NULL;
    fake_resolved_close(&now.of);
    return 0;
}

static struct tree *build(const char *map, const struct fake_tensor *tensors, uint32_t count)
{
    close_now(NULL);
    fake_resolve(&now.of, tensors, count, map);
    assert_int_equal(now.of.rc, 0);
    now.rc = tree_build(now.of.plan, NULL, 0, &now.of.diag, &now.tree);
    return now.tree;
}

/* Identity view of scalars with these names. */
static struct tree *names(const char *const *list, uint32_t count)
{
    struct fake_tensor tensors[32] = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        tensors[i] = (struct fake_tensor){.name = list[i], .dtype = DTYPE_UINT8};
    }
    return build("[assignment_map]\n/ = /\n", tensors, count);
}

#define NAMES(...) names((const char *[]){__VA_ARGS__}, ARRAY_LEN(((const char *[]){__VA_ARGS__})))

static int64_t find(const struct tree *t, const char *path)
{
    int64_t node = TREE_ROOT;
    while (*path && node >= 0) {
        const char *slash = strchrnul(path, '/');
        node = tree_lookup(t, (uint32_t)node, str_of(path, (size_t)(slash - path)));
        path = *slash ? slash + 1 : slash;
    }
    return node;
}

/* The target at `path`, or NULL. */
static const struct target *at(const char *path)
{
    int64_t node = find(now.tree, path);
    if (node < 0 || now.tree->nodes[node].kind != NODE_TARGET) {
        return NULL;
    }
    uint32_t target = now.tree->nodes[node].target;
    assert_int_equal(now.tree->target_node[target], node);
    struct buf b = {0};
    tree_path(now.tree, (uint32_t)node, &b);
    assert_string_equal(b.data, path);
    buf_fini(&b);
    return &now.of.plan->targets[target];
}

#define ASSERT_AT(path, name)                                                                      \
    do {                                                                                           \
        const struct target *t_ = at(path);                                                        \
        assert_non_null(t_);                                                                       \
        assert_true(str_eq(target_name(t_), str_from(name)));                                      \
    } while (0)

/* Children of every directory are sorted, consecutive and know their parent. */
static void check_order(void)
{
    const struct tree *t = now.tree;
    uint32_t reached = 1;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct node *n = &t->nodes[i];
        if (n->kind != NODE_DIR) {
            continue;
        }
        for (uint32_t k = 0; k < n->child_count; k++) {
            const struct node *child = &t->nodes[n->first_child + k];
            assert_int_equal(child->parent, i);
            reached++;
            if (k) {
                assert_true(str_cmp(node_name(child - 1), node_name(child)) < 0);
            }
        }
    }
    assert_int_equal(reached, t->count);
}

static void build_nested_names_are_found_by_path(void **state)
{
    (void)state;
    NAMES("a/b/c", "a/b0", "a-b", "a0", "a/b/d", "z");
    assert_int_equal(now.rc, 0);
    ASSERT_AT("a/b/c", "a/b/c");
    ASSERT_AT("a/b/d", "a/b/d");
    ASSERT_AT("a/b0", "a/b0");
    ASSERT_AT("a-b", "a-b");
    ASSERT_AT("a0", "a0");
    assert_null(at("a"));
    assert_int_equal(find(now.tree, "a/x"), -ENOENT);
    assert_int_equal(find(now.tree, "z/x"), -ENOTDIR);
    assert_true(find(now.tree, ".ckptfs/report.json") > 0);
    assert_true(find(now.tree, ".ckptfs/map.ini") > 0);
    assert_int_equal(now.tree->moved_count, 0);
    check_order();
}

static void build_leaf_and_scope_moves_the_children(void **state)
{
    (void)state;
    NAMES("w", "w/Adam", "w/Adam/x", "w-", "w.e");
    assert_int_equal(now.rc, 0);
    ASSERT_AT("w", "w");
    ASSERT_AT("w.d/Adam", "w/Adam");
    ASSERT_AT("w.d/Adam.d/x", "w/Adam/x");
    assert_int_equal(now.tree->moved_count, 2);
    assert_true(str_eq(now.tree->moved[0].name, STR("w")));
    assert_true(str_eq(now.tree->moved[0].to, STR("w.d")));
    check_order();
}

static void build_moved_name_is_taken_again_and_again(void **state)
{
    (void)state;
    NAMES("w", "w/a", "w.d");
    ASSERT_AT("w.d", "w.d");
    ASSERT_AT("w.d.d/a", "w/a");
    NAMES("w", "w/a", "w.d/b");
    ASSERT_AT("w.d/b", "w.d/b");
    ASSERT_AT("w.d.d/a", "w/a");
    NAMES("w", "w/a", "w.d", "w.d/b"); /* both want w.d.d */
    ASSERT_AT("w", "w");
    ASSERT_AT("w.d", "w.d");
    ASSERT_AT("w.d.d/a", "w/a");
    ASSERT_AT("w.d.d.d/b", "w.d/b");
    NAMES("w", "w/a", "w-b", "w.a", "w.d", "w.d/b", "w.d.d", "w.d.d/c");
    ASSERT_AT("w.d.d", "w.d.d");
    ASSERT_AT("w.d.d.d/a", "w/a");
    ASSERT_AT("w.d.d.d.d/b", "w.d/b");
    ASSERT_AT("w.d.d.d.d.d/c", "w.d.d/c");
    check_order();
}

enum { BASES = 2, CHAIN = 6, NAME_BYTES = 32 };

static const char *const bases[BASES] = {"w",
                                         "w-1"}; /* the second stands amid the chain of the first */

static void chain_name(char *out, unsigned base, unsigned suffixes, const char *end)
{
    strcpy(out, bases[base]);
    while (suffixes-- > 0) {
        strcat(out, ".d");
    }
    strcat(out, end);
}

/* Each scope that a leaf has the name of goes, in their order, to the first name above its own that
 * neither a name nor a scope before it has. kind[i]: 1: a leaf with i suffixes, 2: a scope, 3:
 * both. */
static void check_chain(unsigned base, const unsigned kind[CHAIN])
{
    bool taken[3 * CHAIN] = {false};
    for (unsigned i = 0; i < CHAIN; i++) {
        taken[i] = kind[i] != 0;
    }
    for (unsigned i = 0; i < CHAIN; i++) {
        char name[NAME_BYTES];
        char path[NAME_BYTES];
        unsigned to = i;
        while (kind[i] == 3 && taken[to]) {
            to++;
        }
        taken[to] = true;
        chain_name(name, base, i, "/x");
        chain_name(path, base, to, "/x");
        if (kind[i] & 2) {
            ASSERT_AT(path, name);
        }
    }
}

static void build_moved_names_of_a_chain_are_the_next_free(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (unsigned round = 0; round < 500; round++) {
        char text[BASES * CHAIN * 2][NAME_BYTES];
        const char *list[BASES * CHAIN * 2];
        unsigned kind[BASES][CHAIN];
        uint32_t count = 0;
        for (unsigned i = 0; i < BASES * CHAIN; i++) {
            seed = seed * 1103515245 + 12345;
            kind[i / CHAIN][i % CHAIN] = seed >> 16 & 3;
            for (unsigned scope = 0; scope < 2; scope++) {
                if (seed >> 16 & (1u << scope)) {
                    chain_name(text[count], i / CHAIN, i % CHAIN, scope ? "/x" : "");
                    list[count] = text[count];
                    count++;
                }
            }
        }
        assert_non_null(names(list, count));
        for (unsigned base = 0; base < BASES; base++) {
            check_chain(base, kind[base]);
        }
        check_order();
    }
}

static void build_names_no_file_system_holds_are_escaped(void **state)
{
    (void)state;
    char longest[301];
    memset(longest, 'L', 300);
    longest[300] = '\0';
    NAMES("a//b", "/r", "t/", ".", "..", "x/../y", "n\nl", "100%25", "50%", "%", longest);
    assert_int_equal(now.rc, 0);
    ASSERT_AT("a/%/b", "a//b");
    ASSERT_AT("%/r", "/r");
    ASSERT_AT("t/%", "t/");
    ASSERT_AT("%2E", ".");
    ASSERT_AT("%2E%2E", "..");
    ASSERT_AT("x/%2E%2E/y", "x/../y");
    ASSERT_AT("n%0Al", "n\nl");
    ASSERT_AT("100%2525", "100%25");
    ASSERT_AT("50%", "50%");
    ASSERT_AT("%25", "%");
    char cut[256];
    memcpy(cut, longest, 200);
    strcpy(cut + 200, "%~");
    for (uint32_t i = 0; i < now.tree->nodes[0].child_count; i++) {
        const struct node *n = &now.tree->nodes[now.tree->nodes[0].first_child + i];
        if (n->name_len == 218) {
            assert_memory_equal(n->name, cut, 202);
            return;
        }
    }
    fail_msg("no file for the long name");
}

static void build_variable_wins_over_a_synthesized_file(void **state)
{
    (void)state;
    NAMES(".ckptfs/report.json", ".ckptfs/other");
    assert_int_equal(now.rc, 0);
    ASSERT_AT(".ckptfs/report.json", ".ckptfs/report.json");
    ASSERT_AT(".ckptfs/other", ".ckptfs/other");
    assert_true(find(now.tree, ".ckptfs/stats") > 0);
    assert_true(fake_has(&now.of.diag, DIAG_NAME_COLLISION, "", "report.json"));
    NAMES(".ckptfs");
    ASSERT_AT(".ckptfs", ".ckptfs");
    assert_true(find(now.tree, ".ckptfs.d/stats") > 0);
}

static void build_parts_stand_under_their_variable(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 2, {11, 4}, 0}, {"s", DTYPE_FLOAT32, 0, {0}, 0}};
    build("[assignment_map]\nt = e | partition 11,1\ns = e/Adam\n", t, 2);
    ASSERT_AT("e/part_0", "e/part_0");
    ASSERT_AT("e/part_10", "e/part_10");
    ASSERT_AT("e/Adam", "e/Adam");
    check_order();
}

static void build_without_targets_has_only_its_own_files(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 0, {0}, 0}};
    build("[assignment_map]\nzzz/ = a/\n[variables]\n", t, 1);
    assert_int_equal(now.rc, 0);
    assert_int_equal(now.tree->nodes[0].child_count, 1);
    assert_int_equal(now.tree->count, 7);
    check_order();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_nested_names_are_found_by_path),
        cmocka_unit_test(build_leaf_and_scope_moves_the_children),
        cmocka_unit_test(build_moved_name_is_taken_again_and_again),
        cmocka_unit_test(build_moved_names_of_a_chain_are_the_next_free),
        cmocka_unit_test(build_names_no_file_system_holds_are_escaped),
        cmocka_unit_test(build_variable_wins_over_a_synthesized_file),
        cmocka_unit_test(build_parts_stand_under_their_variable),
        cmocka_unit_test(build_without_targets_has_only_its_own_files),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, close_now);
}
