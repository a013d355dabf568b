/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <snappy-c.h>

#include "codec/sstable_cache.h"
#include "io/io_file.h"
#include "support/mkckpt.h"
#include "support/tmpdir.h"

enum { BLOCKS = 8, BLOCK_BYTES = 10000, THREADS = 6 };

struct fixture {
    struct tmpdir dir;
    struct arena a;
    struct io *file;
    struct io *blocks[BLOCKS];
    struct sstable_cache *cache;
};

static char byte_at(unsigned block, size_t i)
{
    return (char)(block * 31 + i % 97);
}

/* A file of compressed blocks, that of number `damaged` with a wrong checksum, and a cache of
 * `most` bytes over it. */
static void make(struct fixture *f, uint64_t most, unsigned damaged)
{
    *f = (struct fixture){0};
    tmpdir_make(&f->dir);
    arena_init(&f->a);
    struct mktable t;
    mktable_init(&t);
    struct mkhandle at[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        char plain[BLOCK_BYTES];
        char packed[2 * BLOCK_BYTES];
        size_t len = sizeof(packed);
        for (size_t k = 0; k < sizeof(plain); k++) {
            plain[k] = byte_at(i, k);
        }
        assert_int_equal(snappy_compress(plain, sizeof(plain), packed, &len), SNAPPY_OK);
        at[i] = mktable_raw_block(&t, packed, len, 1, i == damaged ? 0x100 : 0);
    }
    const char *path = tmpdir_path(&f->dir, "blocks");
    mk_write_file(path, t.file.data, t.file.len);
    mktable_free(&t);
    assert_int_equal(io_file_new(&f->file), 0);
    assert_int_equal(io_file_hold(f->file, path), 0);
    f->cache = sstable_cache_new(most);
    for (unsigned i = 0; i < BLOCKS; i++) {
        const struct sstable_stored b = {{at[i].off, at[i].bytes}, at[i].crc32c};
        assert_int_equal(sstable_cache_io(f->cache, f->file, b, BLOCK_BYTES, &f->a, &f->blocks[i]),
                         0);
    }
}

static void unmake(struct fixture *f)
{
    sstable_cache_free(f->cache);
    io_close(f->file);
    arena_fini(&f->a);
    tmpdir_remove(&f->dir);
}

static errint read_one(struct fixture *f, unsigned block, size_t off, size_t len)
{
    char got[BLOCK_BYTES];
    errint rc = io_read(f->blocks[block], NULL, off, len, got);
    for (size_t i = 0; rc == 0 && i < len; i++) {
        if (got[i] != byte_at(block, off + i)) {
            return -EINVAL;
        }
    }
    return rc;
}

static void cache_the_oldest_goes_first(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 3 * BLOCK_BYTES, BLOCKS);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(read_one(&f, i, 0, BLOCK_BYTES), 0);
    }
    assert_int_equal(read_one(&f, 0, 17, 100), 0); /* used of late: 1 is the oldest now */
    struct sstable_cache_stats s = sstable_cache_stats(f.cache);
    assert_true(s.misses == 3 && s.hits == 1 && s.evicted == 0 && s.bytes == s.most);
    assert_int_equal(read_one(&f, 3, 0, 1), 0);
    assert_int_equal(read_one(&f, 0, 0, 1), 0);
    assert_int_equal(read_one(&f, 2, 0, 1), 0);
    s = sstable_cache_stats(f.cache);
    assert_true(s.misses == 4 && s.hits == 3 && s.evicted == 1 && s.bytes == s.most);
    assert_int_equal(read_one(&f, 1, BLOCK_BYTES - 1, 1), 0); /* comes back */
    s = sstable_cache_stats(f.cache);
    assert_true(s.misses == 5 && s.evicted == 2 && s.bytes == s.most);
    unmake(&f);
}

static void cache_a_damaged_block_takes_no_room_and_is_not_tried_again(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 3 * BLOCK_BYTES, 2);
    assert_int_equal(read_one(&f, 2, 0, 1), -EBADMSG);
    assert_int_equal(read_one(&f, 2, 0, 1), -EBADMSG);
    assert_int_equal(io_check(f.blocks[2], NULL, true), -EBADMSG);
    struct sstable_cache_stats s = sstable_cache_stats(f.cache);
    assert_true(s.misses == 1 && s.bytes == 0);
    assert_int_equal(io_check(f.blocks[1], NULL, true), 0);
    assert_int_equal(read_one(&f, 1, BLOCK_BYTES, 1), -EIO);
    assert_int_equal(read_one(&f, 1, 1, BLOCK_BYTES - 1), 0);
    unmake(&f);
}

struct reader {
    struct fixture *f;
    unsigned seed;
    pthread_t thread;
};

static void *read_many(void *data)
{
    struct reader *r = data;
    unsigned seed = r->seed;
    for (unsigned i = 0; i < 400; i++) {
        unsigned block = (unsigned)rand_r(&seed) % BLOCKS;
        size_t off = (size_t)rand_r(&seed) % BLOCK_BYTES;
        if (read_one(r->f, block, off, BLOCK_BYTES - off) != 0) {
            return r;
        }
    }
    return NULL;
}

/* Room for two blocks, six readers: most reads evict, and some wait for room. */
static void cache_holds_its_limit_with_many_readers(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 2 * BLOCK_BYTES, BLOCKS);
    struct reader readers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        readers[i] = (struct reader){.f = &f, .seed = i + 1};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(readers[i].thread, &wrong);
        assert_null(wrong);
    }
    struct sstable_cache_stats s = sstable_cache_stats(f.cache);
    assert_true(s.bytes <= s.most && s.evicted > 0 && s.hits + s.misses >= THREADS * 400);
    unmake(&f);
}

static void read_all_of_all(struct fixture *f)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        assert_int_equal(read_one(f, i, 0, BLOCK_BYTES / 2), 0);
        assert_int_equal(read_one(f, i, BLOCK_BYTES / 2, BLOCK_BYTES / 2), 0);
    }
}

static void cache_made_smaller_holds_that_and_its_largest_block(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 4 * BLOCK_BYTES, BLOCKS);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(read_one(&f, i, 0, BLOCK_BYTES), 0);
    }
    sstable_cache_shrink(f.cache, 2 * BLOCK_BYTES + 1);
    struct sstable_cache_stats s = sstable_cache_stats(f.cache);
    assert_true(s.most == 2 * BLOCK_BYTES + 1 && s.bytes == 2 * BLOCK_BYTES && s.evicted == 2);
    assert_int_equal(read_one(&f, 3, 0, 1), 0); /* the newest stayed */
    assert_true(sstable_cache_stats(f.cache).misses == 4);
    sstable_cache_shrink(f.cache, 3 * BLOCK_BYTES); /* does not make it larger */
    assert_true(sstable_cache_stats(f.cache).most == 2 * BLOCK_BYTES + 1);
    sstable_cache_shrink(f.cache, 1);
    s = sstable_cache_stats(f.cache);
    assert_true(s.most == BLOCK_BYTES && s.bytes == BLOCK_BYTES);
    for (unsigned pass = 1; pass <= 2 * SSTABLE_CACHE_CUT; pass++) {
        uint64_t before = sstable_cache_stats(f.cache).misses;
        read_all_of_all(&f);
        s = sstable_cache_stats(f.cache);
        assert_true(s.misses == before + BLOCKS && s.most == BLOCK_BYTES && s.bytes == BLOCK_BYTES);
    }
    sstable_cache_shrink(NULL, 1);
    unmake(&f);
}

/* Small parts of three blocks in turn: as a tensor is read that is put together from them. */
static uint64_t misses_of_turns(struct fixture *f, unsigned turns)
{
    uint64_t before = sstable_cache_stats(f->cache).misses;
    for (unsigned i = 0; i < turns; i++) {
        for (unsigned block = 0; block < 3; block++) {
            assert_int_equal(read_one(f, block, i, 1), 0);
        }
    }
    return sstable_cache_stats(f->cache).misses - before;
}

static void cache_made_smaller_grows_when_blocks_are_read_in_turn(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 5 * BLOCK_BYTES, BLOCKS);
    sstable_cache_shrink(f.cache, 1);
    assert_true(misses_of_turns(&f, SSTABLE_CACHE_CUT) == 3 * SSTABLE_CACHE_CUT);
    assert_true(sstable_cache_stats(f.cache).most == BLOCK_BYTES);
    assert_in_range(misses_of_turns(&f, 1000), 1, 9);
    struct sstable_cache_stats s = sstable_cache_stats(f.cache);
    assert_true(s.most >= 3 * BLOCK_BYTES && s.most <= 5 * BLOCK_BYTES);
    for (unsigned i = 0; i < 1000; i++) { /* more than fit: not beyond what it had at first */
        assert_int_equal(read_one(&f, i % BLOCKS, 0, 1), 0);
    }
    s = sstable_cache_stats(f.cache);
    assert_true(s.most == 5 * BLOCK_BYTES && s.bytes == s.most);
    unmake(&f);
}

static void cache_says_how_many_readers_fit(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(sstable_cache_readers(NULL) == SIZE_MAX);
    make(&f, 4 * BLOCK_BYTES - 1, BLOCKS);
    assert_int_equal(sstable_cache_readers(f.cache), 2);
    sstable_cache_shrink(f.cache, 2 * BLOCK_BYTES);
    assert_int_equal(sstable_cache_readers(f.cache), 1);
    sstable_cache_shrink(f.cache, 1);
    assert_int_equal(sstable_cache_readers(f.cache), 1);
    unmake(&f);
    make(&f, BLOCK_BYTES / 2, BLOCKS); /* no block fits, but the reader is to find that out */
    assert_int_equal(sstable_cache_readers(f.cache), 1);
    unmake(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cache_the_oldest_goes_first),
        cmocka_unit_test(cache_a_damaged_block_takes_no_room_and_is_not_tried_again),
        cmocka_unit_test(cache_holds_its_limit_with_many_readers),
        cmocka_unit_test(cache_made_smaller_holds_that_and_its_largest_block),
        cmocka_unit_test(cache_made_smaller_grows_when_blocks_are_read_in_turn),
        cmocka_unit_test(cache_says_how_many_readers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
