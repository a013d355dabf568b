/* SPDX-License-Identifier: Apache-2.0 */
/* A `checkpoint` state file. */
#include "fuzz/fuzz.h"
#include "source/tf/statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    diag_init(&d);
    struct arena a;
    arena_init(&a);
    struct statefile state;
    errint rc = statefile_parse(str_of(data, size), "checkpoint", &a, &state, &d);
    fuzz_said(rc, &d);
    if (rc == 0) {
        FUZZ_CHECK(state.latest.len > 0);
        fuzz_sum(state.latest.ptr, state.latest.len);
        for (uint32_t i = 0; i < state.all_count; i++) {
            fuzz_sum(state.all[i].ptr, state.all[i].len);
        }
    }
    arena_fini(&a);
    diag_fini(&d);
    return 0;
}
