/* SPDX-License-Identifier: Apache-2.0 */
/* The index of several safetensors files. */
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "source/safetensors/st_index.h"

static void look(const struct st_index *x)
{
    FUZZ_CHECK(x->count > 0 && x->file_count > 0);
    for (size_t i = 0; i < x->count; i++) {
        const struct st_place *p = &x->places[i];
        FUZZ_CHECK(p->file < x->file_count && utf8_valid(st_place_name(p)));
        FUZZ_CHECK(i == 0 || str_cmp(st_place_name(p - 1), st_place_name(p)) < 0);
        FUZZ_CHECK(st_index_find(x, st_place_name(p)) == p);
    }
    for (uint32_t i = 0; i < x->file_count; i++) {
        struct str name = str_from(x->files[i]);
        FUZZ_CHECK(name.len && str_find(name, '/') < 0 && str_search(name, STR("..")) < 0);
        FUZZ_CHECK(i == 0 || str_cmp(str_from(x->files[i - 1]), name) < 0);
    }
    FUZZ_CHECK(!st_index_find(x, STR("\xff")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    struct st_index x;
    diag_init(&d);
    fuzz_file(data, size);
    errint rc = st_index_read(fuzz_path(), &d, &x);
    fuzz_said(rc, &d);
    if (rc == 0) {
        look(&x);
    }
    st_index_fini(&x);
    diag_fini(&d);
    return 0;
}
