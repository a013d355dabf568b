/* SPDX-License-Identifier: Apache-2.0 */
/* What parsers write into, made anew for each test: for cmocka_unit_test_setup_teardown. */
#ifndef CKPTFS_TESTS_SCRATCH_H
#define CKPTFS_TESTS_SCRATCH_H

#include "base/arena.h"
#include "base/diag.h"

extern struct scratch {
    struct arena arena;
    struct diag diag;
} scratch;

int scratch_set_up(void **state);
int scratch_tear_down(void **state);

#endif
