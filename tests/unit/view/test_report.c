/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/fake.h"
#include "view/report.h"

/* All of a report.json. */
static void add_json(const struct view *v, const struct diag *d, struct buf *b)
{
    struct report_json r;
    report_json_begin(&r, v, d);
    while (report_json_next(&r, b)) {
    }
    report_json_fini(&r);
}

static struct {
    struct view view;
    struct diag diag;
    struct buf text;
    bool open;
} now;

static int close_now(void **state)
{
    (void)state;
    if (now.open) {
        tree_close(now.view.tree);
        plan_close(now.view.plan);
        map_close(now.view.map);
        fake_close(now.view.catalog);
        diag_fini(&now.diag);
        buf_fini(&now.text);
    }
    memset(&now, 0, sizeof(now));
    return 0;
}

static errint open_view(const char *map, const struct fake_tensor *tensors, uint32_t count)
{
    close_now(NULL);
    now.open = true;
    diag_init(&now.diag);
    now.view.catalog = fake_catalog(tensors, count, 0);
    now.view.map = fake_map(map);
    errint rc = plan_resolve(now.view.catalog, now.view.map, &now.view.map->graph, false, &now.diag,
                             &now.view.plan);
    return rc < 0 ? rc : tree_build(now.view.plan, NULL, 0, &now.diag, &now.view.tree);
}

static const char *json(void)
{
    now.text.len = 0;
    add_json(&now.view, &now.diag, &now.text);
    assert_int_equal(buf_check(&now.text), 0);
    return now.text.data;
}

static const char *text(void)
{
    now.text.len = 0;
    report_text(&now.view, &now.diag, &now.text);
    assert_int_equal(buf_check(&now.text), 0);
    return now.text.data;
}

static void check_has(const char *whole, const char *part)
{
    if (!strstr(whole, part)) {
        fail_msg("this:\n%s\nhas not:\n%s", whole, part);
    }
}

static void check_lacks(const char *whole, const char *part)
{
    if (strstr(whole, part)) {
        fail_msg("this:\n%s\nhas:\n%s", whole, part);
    }
}

static void report_json_lists_a_target_a_line(void **state)
{
    (void)state;
    const struct fake_tensor tensors[] = {
        {"spare", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"table", DTYPE_FLOAT32, 2, {5, 3}, TENSOR_SHOWN},
        {"text", DTYPE_VARIANT, 0, {0}, TENSOR_VARIANT},
        {"w", DTYPE_INT64, 0, {0}, TENSOR_SHOWN},
    };
    assert_int_equal(open_view("[assignment_map]\n"
                               "w = step\n"
                               "table = emb | partition 2,1\n",
                               tensors, 4),
                     0);
    const char *out = json();
    check_has(out, "{\n  \"version\": 1,\n  \"checkpoint\": {\"path\": ");
    check_has(
        out,
        "\"tensors\": 4},\n  \"targets\": [\n    {\"path\": \"emb/part_0\", \"variable\": \"emb\", "
        "\"dtype\": \"float32\", \"shape\": [3, 3], \"bytes\": 36, "
        "\"slice\": {\"of\": [5, 3], \"start\": [0, 0]}, \"sources\": [\"table\"], \"rule\": \"");
    check_has(out, ":3\", \"operations\": [\"partition 2,1\"]},\n");
    check_has(out, "\"slice\": {\"of\": [5, 3], \"start\": [3, 0]}");
    check_has(
        out,
        "    {\"path\": \"step\", \"variable\": \"step\", \"dtype\": \"int64\", \"shape\": [], "
        "\"bytes\": 8, \"sources\": [\"w\"], \"rule\": \"");
    check_has(out, ":2\", \"operations\": []}\n  ],\n  \"unused\": [\n    \"spare\"\n  ],\n");
    check_has(
        out, "\"hidden\": [\n    {\"name\": \"text\", \"from\": [\"raw\", \"npy\", \"tensorflow\", "
             "\"safetensors\"], \"reason\": \"");
    check_has(out, "\"warnings\": [],\n  \"errors\": []\n}\n");
}

static void report_json_gives_paths_of_the_mount(void **state)
{
    (void)state;
    const struct fake_tensor tensors[] = {
        {"a//b", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"w", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"w/Adam", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
    };
    assert_int_equal(open_view("[assignment_map]\n/ = /\n", tensors, 3), 0);
    check_has(json(), "{\"path\": \"a/%/b\", \"variable\": \"a//b\"");
    check_has(json(), "{\"path\": \"w.d/Adam\", \"variable\": \"w/Adam\"");
    check_has(text(), "\nmoved (1): ");
    check_has(text(), "\n  w is a variable and a scope: its children are under w.d/\n");
}

static void report_json_of_an_override(void **state)
{
    (void)state;
    const struct fake_tensor tensors[] = {
        {"a", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"b", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
    };
    assert_int_equal(open_view("[assignment_map]\na = x\nb = x\n", tensors, 2), 0);
    check_has(json(), "\"overridden\": [\n    {\"path\": \"x\", \"rule\": \"");
    check_has(json(), ":2\", \"by\": \"");
    check_has(json(), ":3\"}\n  ],");
    check_has(text(), "\noverridden (1): ");
}

static void report_of_errors_is_whole(void **state)
{
    (void)state;
    const struct fake_tensor tensors[] = {{"some_var", DTYPE_INT8, 0, {0}, TENSOR_SHOWN}};
    assert_true(open_view("[assignment_map]\nsome_vr = x\n", tensors, 1) < 0);
    check_has(json(), "\"errors\": [\n    {\"where\": \"");
    check_has(json(),
              ":2\", \"code\": \"tensor-not-found\", \"subject\": \"some_vr\", \"message\": \"");
    check_has(json(), "\"nearest\": [\"some_var\"]}\n  ]\n}\n");
    check_has(text(), "\n1 error, 0 warnings\n");
    check_has(text(), "; did you mean 'some_var'?\n");
}

static void report_of_nothing_is_whole(void **state)
{
    (void)state;
    struct view v = {.checkpoint = "not/there"};
    struct diag d;
    CLEANUP_BUF struct buf b = {0};
    diag_init(&d);
    diag_error(&d, DIAG_CHECKPOINT_NOT_FOUND, "not/there", STR("not/there"), "no such checkpoint");
    add_json(&v, &d, &b);
    assert_string_equal(
        b.data, "{\n"
                "  \"version\": 1,\n"
                "  \"checkpoint\": {\"path\": \"not/there\", \"format\": null, \"shards\": null, "
                "\"tensors\": null},\n"
                "  \"targets\": [],\n"
                "  \"unused\": [],\n"
                "  \"unassigned\": [],\n"
                "  \"overridden\": [],\n"
                "  \"uncast\": [],\n"
                "  \"hidden\": [],\n"
                "  \"averaged\": [],\n"
                "  \"unaveraged\": [],\n"
                "  \"dropped\": [],\n"
                "  \"warnings\": [],\n"
                "  \"errors\": [\n"
                "    {\"where\": \"not/there\", \"code\": \"checkpoint-not-found\", \"subject\": "
                "\"not/there\", \"message\": \"no such checkpoint\", \"nearest\": []}\n"
                "  ]\n"
                "}\n");
    b.len = 0;
    report_text(&v, &d, &b);
    assert_string_equal(b.data, "checkpoint  not/there\n"
                                "map         not read\n"
                                "\n"
                                "1 error, 0 warnings\n"
                                "not/there: no such checkpoint\n");
    diag_fini(&d);
}

static void report_text_cuts_long_lists(void **state)
{
    (void)state;
    enum { COUNT = REPORT_TEXT_MOST + 8 };
    struct fake_tensor tensors[COUNT] = {{0}};
    char names[COUNT][8];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "n%03d", i);
        tensors[i] = (struct fake_tensor){.name = names[i], .dtype = DTYPE_INT8};
    }
    assert_int_equal(open_view("[assignment_map]\nn000 = x\n", tensors, COUNT), 0);
    check_has(text(), "\nunused (57): ");
    check_has(text(), "\n  n001\n");
    check_has(text(), "\n  n050\n");
    check_lacks(text(), "\n  n051\n");
    check_has(text(), "\n  ... and 7 more (see report.json)\n");
}

static void report_text_makes_names_visible(void **state)
{
    (void)state;
    const struct fake_tensor tensors[] = {
        {"a\x1b[31m", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"b\xff", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
        {"c", DTYPE_INT8, 0, {0}, TENSOR_SHOWN},
    };
    assert_int_equal(open_view("[assignment_map]\nc = c\n", tensors, 3), 0);
    check_has(text(), "\n  a\\x1b[31m\n");
    check_has(text(), "\n  b\\xff\n");
    check_has(json(), "    \"a\\u001b[31m\",\n    \"b\\udcff\"\n");
}

static void report_diag_prints_warnings_then_errors(void **state)
{
    (void)state;
    struct diag d;
    CLEANUP_BUF struct buf b = {0};
    diag_init(&d);
    report_diag(&d, "prog", 2, &b);
    assert_int_equal(b.len, 0);
    diag_error(&d, DIAG_TENSOR_NOT_FOUND, "m:1", STR("x"), "one");
    diag_nearest(&d, STR("a\n"));
    diag_warn(&d, DIAG_OVERRIDDEN, "", STR("x"), "two");
    diag_error(&d, DIAG_TENSOR_NOT_FOUND,
               "p\x1b"
               "q",
               STR("x"), "bell \a");
    diag_nearest(&d, STR("a"));
    diag_nearest(&d, STR("b"));
    diag_nearest(&d, STR("c"));
    report_diag(&d, "prog", 2, &b);
    assert_string_equal(b.data, "prog: warning: 'x': two\n"
                                "prog: m:1: 'x': one; did you mean 'a\\x0a'?\n"
                                "prog: p\\x1bq: 'x': bell \\x07; did you mean 'a', 'b' or 'c'?\n");
    diag_fini(&d);
}

static void report_diag_counts_what_it_leaves_out(void **state)
{
    (void)state;
    struct diag d;
    CLEANUP_BUF struct buf b = {0};
    diag_init(&d);
    for (int i = 0; i < DIAG_KEPT + 5; i++) {
        diag_error(&d, DIAG_LIMIT, "", STR(""), "e%d", i);
    }
    diag_warn(&d, DIAG_OVERRIDDEN, "", STR("x"), "never kept");
    report_diag(&d, "prog", 1, &b);
    assert_string_equal(b.data, "prog: e0\nprog: ... and 1004 more errors, 1 more warning\n");
    b.len = 0;
    report_errors(&d, "prog", 1, &b);
    assert_string_equal(b.data, "prog: e0\nprog: ... and 1004 more errors\n");
    b.len = 0;
    add_json(&(struct view){0}, &d, &b);
    check_has(b.data, "\"message\": \"5 more are not listed\", \"nearest\": []}\n  ]\n}\n");
    check_has(b.data, "\"message\": \"1 more are not listed\"");
    diag_fini(&d);
}

static void report_size_for_people(void **state)
{
    (void)state;
    const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {{0, "0 bytes"},          {1, "1 byte"},           {1023, "1023 bytes"},
                 {1024, "1.0 KiB"},       {1536, "1.5 KiB"},       {1024 * 1024 - 1, "1.0 MiB"},
                 {5ull << 30, "5.0 GiB"}, {UINT64_MAX, "16.0 EiB"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP_BUF struct buf b = {0};
        report_size(&b, cases[i].bytes);
        assert_string_equal(b.data, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(report_json_lists_a_target_a_line, close_now),
        cmocka_unit_test_teardown(report_json_gives_paths_of_the_mount, close_now),
        cmocka_unit_test_teardown(report_json_of_an_override, close_now),
        cmocka_unit_test_teardown(report_of_errors_is_whole, close_now),
        cmocka_unit_test(report_of_nothing_is_whole),
        cmocka_unit_test_teardown(report_text_cuts_long_lists, close_now),
        cmocka_unit_test_teardown(report_text_makes_names_visible, close_now),
        cmocka_unit_test(report_diag_prints_warnings_then_errors),
        cmocka_unit_test(report_diag_counts_what_it_leaves_out),
        cmocka_unit_test(report_size_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
