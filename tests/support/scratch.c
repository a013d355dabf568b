/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scratch.h"

struct scratch scratch;

int scratch_set_up(void **state)
{
    (void)state;
    arena_init(&scratch.arena);
    diag_init(&scratch.diag);
    return 0;
}

int scratch_tear_down(void **state)
{
    (void)state;
    diag_fini(&scratch.diag);
    arena_fini(&scratch.arena);
    return 0;
}
