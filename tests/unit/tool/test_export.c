/* SPDX-License-Identifier: Apache-2.0 */
/* When an export can be ended. What it writes and refuses: tests/tool/test_export.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "support/opened.h"
#include "tool/export.h"

/* Ends the export when it is told for the `left`-th time of a stage; -1: never. */
struct ending {
    enum export_stage stage;
    int left;
    unsigned told[2];
    uint64_t first; /* what was done when it was told first */
};

static bool progress(void *context, enum export_stage stage, uint64_t done, uint64_t bytes)
{
    struct ending *e = context;
    assert_true(done <= bytes);
    if (e->told[0] + e->told[1] == 0) {
        e->first = done;
    }
    e->told[stage]++;
    return stage != e->stage || --e->left != 0;
}

static errint export(struct ending *ending, size_t *there)
{
    struct opened now;
    opened_golden(&now, "demo", NULL);
    const char *to = tmpdir_path(&now.dir, "out");
    struct export e = {.view = &now.view, .diag = &now.diag};
    assert_int_equal(export_plan(&e, to, FORMAT_BIT(FORMAT_RAW)), 0);
    errint rc = export_run(&e, progress, ending);
    *there = 0;
    for (size_t i = 0; i < e.count; i++) {
        *there += access(e.files[i].path, F_OK) == 0;
    }
    assert_true(rc < 0 || *there == e.count);
    assert_true((access(to, F_OK) == 0) == (rc == 0));
    export_fini(&e);
    opened_close(&now);
    return rc;
}

static void export_can_be_ended_until_files_have_names(void **state)
{
    (void)state;
    size_t there;
    struct ending never = {.left = -1};
    assert_int_equal(export(&never, &there), 0);
    assert_true(there > 0);
    assert_int_equal(never.first, 0);
    assert_int_equal(never.told[EXPORT_WRITING], 1 + there); /* they are small */
    assert_int_equal(never.told[EXPORT_SETTLING], 2);
    for (int i = 1; i <= (int)never.told[EXPORT_WRITING]; i++) {
        struct ending e = {.stage = EXPORT_WRITING, .left = i};
        assert_int_equal(export(&e, &there), -EINTR);
        assert_int_equal(there, 0);
    }
    for (int i = 1; i <= 2; i++) {
        struct ending e = {.stage = EXPORT_SETTLING, .left = i};
        assert_int_equal(export(&e, &there), -EINTR);
        assert_int_equal(there, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(export_can_be_ended_until_files_have_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
