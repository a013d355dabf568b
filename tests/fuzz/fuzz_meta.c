/* SPDX-License-Identifier: Apache-2.0 */
/* A graph file: a MetaGraphDef or a SavedModel. */
#include "fuzz/fuzz.h"
#include "model/graph_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    diag_init(&d);
    struct arena a;
    arena_init(&a);
    fuzz_file(data, size);
    struct variable_list list;
    errint rc = graph_file_read(fuzz_path(), NULL, NULL, &a, &list, &d);
    fuzz_said(rc, &d);
    FUZZ_CHECK(rc == 0 || (!list.items && list.count == 0));
    for (uint32_t i = 0; i < list.count; i++) {
        const struct variable *v = &list.items[i];
        FUZZ_CHECK(i == 0 || str_cmp(v[-1].name, v->name) < 0);
        fuzz_sum(v->name.ptr, v->name.len);
        if (v->shape.rank != SHAPE_RANK_UNKNOWN) {
            fuzz_sum(v->shape.dims, v->shape.rank * sizeof(*v->shape.dims));
        }
    }
    arena_fini(&a);
    diag_fini(&d);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_message(data, size, most, seed);
}
