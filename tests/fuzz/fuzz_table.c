/* SPDX-License-Identifier: Apache-2.0 */
/* A table, read from its first record to its last. */
#include <string.h>

#include "codec/sstable.h"
#include "fuzz/fuzz.h"
#include "io/io_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d;
    diag_init(&d);
    struct sstable *t;
    struct io_bytes io;
    io_bytes_init(&io, data, size, "input");
    errint rc = sstable_open(&io.io, &d, &t);
    if (rc == 0) {
        struct mkbuf last = {0};
        struct str key, value;
        for (size_t n = 0; (rc = sstable_next(t, &key, &value)) == 1; n++) {
            FUZZ_CHECK(n == 0 || str_cmp(str_of(last.data, last.len), key) < 0);
            fuzz_sum(value.ptr, value.len);
            last.len = 0;
            mkbuf_add(&last, key.ptr, key.len);
        }
        FUZZ_CHECK(sstable_next(t, &key, &value) == rc);
        mkbuf_free(&last);
    }
    fuzz_said(rc, &d);
    sstable_close(t);
    diag_fini(&d);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_table(data, size, most, seed);
}
