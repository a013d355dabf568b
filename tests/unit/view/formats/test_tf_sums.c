/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <snappy-c.h>

#include "codec/sstable_cache.h"
#include "source/tf_v1/tf_v1.h"
#include "source/tf_v1/tf_v1_state.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"
#include "view/formats/tf_sums.h"

enum { BLOCKS = 6, BLOCK_BYTES = 2 << 20 }; /* several buffers of a reader each */

/* Sums of `BLOCKS` compressed blocks, with a cache that holds one and a half: each is unpacked
 * once, however many processors there are. */
static void sums_of_large_compressed_blocks_unpack_each_once(void **state)
{
    (void)state;
    struct tmpdir dir;
    struct diag d;
    struct mktable t;
    struct mkhandle at[BLOCKS];
    struct tf_sum sums[BLOCKS];
    uint32_t expected[BLOCKS];
    tmpdir_make(&dir);
    diag_init(&d);
    mktable_init(&t);
    char *plain = malloc(BLOCK_BYTES);
    size_t most = snappy_max_compressed_length(BLOCK_BYTES);
    char *packed = malloc(most);
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t len = most;
        for (size_t k = 0; k < BLOCK_BYTES; k++) {
            plain[k] = (char)(i * 31 + k % 97);
        }
        expected[i] = mk_mask(mk_crc32c(plain, BLOCK_BYTES));
        assert_int_equal(snappy_compress(plain, BLOCK_BYTES, packed, &len), SNAPPY_OK);
        at[i] = mktable_raw_block(&t, packed, len, 1, 0);
        sums[i] = (struct tf_sum){.placed = true, .shard = i + 1, .bytes = BLOCK_BYTES};
    }
    struct shard shards[BLOCKS + 1];
    struct tf_v1_state kept = {.cache = sstable_cache_new(BLOCK_BYTES * 3 / 2)};
    struct catalog c = {
        .driver = &tf_v1_driver, .state = &kept, .shards = shards, .shard_count = BLOCKS + 1};
    arena_init(&c.arena);
    const char *path = tmpdir_path(&dir, "blocks");
    mk_write_file(path, t.file.data, t.file.len);
    assert_int_equal(shard_init(&shards[0], path, 0), 0);
    assert_int_equal(shard_open(&shards[0], &d), 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        const struct sstable_stored b = {{at[i].off, at[i].bytes}, at[i].crc32c};
        struct io *io;
        assert_int_equal(sstable_cache_io(kept.cache, shards[0].io, b, BLOCK_BYTES, &c.arena, &io),
                         0);
        shard_derive(&shards[i + 1], &shards[0], io);
    }
    struct reader r = {.catalog = &c};
    assert_int_equal(tf_sums_run(&r, sums, BLOCKS), 0);
    reader_fini(&r);
    for (unsigned i = 0; i < BLOCKS; i++) {
        assert_int_equal(sums[i].crc32c, expected[i]);
    }
    struct sstable_cache_stats s = sstable_cache_stats(kept.cache);
    assert_true(s.misses == BLOCKS && s.evicted == BLOCKS - 1);
    sstable_cache_free(kept.cache);
    shard_close(&shards[0]);
    arena_fini(&c.arena);
    mktable_free(&t);
    free(packed);
    free(plain);
    diag_fini(&d);
    tmpdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_large_compressed_blocks_unpack_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
