/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces and their bytes, against a renderer that computes each element by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "io/io_bytes.h"
#include "plan/piece.h"
#include "render/render.h"
#include "support/fake.h"
#include "tensor/cast.h"
#include "view/layout.h"

/* Element by element: for each index of the target, the piece that covers it, the formula of
 * piece.h. */
static void naive(const struct target_form *f, unsigned char *out)
{
    uint64_t elements;
    assert_int_equal(shape_elements(f->shape, &elements), 0);
    unsigned size = dtype_bytes(f->dtype);
    for (uint64_t e = 0; e < elements; e++) {
        int64_t index[8];
        uint64_t rest = e;
        for (unsigned k = f->shape.rank; k-- > 0;) {
            index[k] = (int64_t)(rest % (uint64_t)f->shape.dims[k]);
            rest /= (uint64_t)f->shape.dims[k];
        }
        int covered = 0;
        for (uint32_t p = 0; p < f->piece_count; p++) {
            const struct piece *piece = &f->pieces[p];
            int64_t off = (int64_t)piece->off;
            int inside = 1;
            for (unsigned k = 0; k < f->shape.rank; k++) {
                int64_t step = index[k] - piece->start[k];
                inside = inside && step >= 0 && step < piece->len[k];
                off += step * piece->stride[k];
            }
            if (inside) {
                covered++;
                for (unsigned b = 0; b < size; b++) {
                    out[e * size + b] = fake_byte((uint64_t)off + b);
                }
            }
        }
        assert_int_equal(covered, 1);
    }
}

/* Every offset with a few lengths when small, random windows when large. */
static void compare(const struct catalog *c, const struct target_form *f)
{
    struct target t = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0], .form = f};
    uint64_t bytes = target_bytes(&t);
    unsigned char *want = malloc(bytes + 1);
    unsigned char *got = malloc(bytes + 64);
    naive(f, want);
    struct reader reader = {.catalog = c};
    unsigned seed = 7;
    for (unsigned round = 0; round < 400; round++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t off = round == 0 ? 0 : (seed >> 8) % (bytes + 3);
        seed = seed * 1103515245u + 12345u;
        size_t len = round == 0 ? bytes : (seed >> 8) % (bytes + 7);
        memset(got, 0xee, bytes + 64);
        ssize_t n = render_read(&reader, &t, off, len, got);
        uint64_t expect = off >= bytes ? 0 : bytes - off < len ? bytes - off : len;
        assert_int_equal(n, expect);
        if (expect) {
            assert_memory_equal(got, want + off, expect);
        }
        assert_int_equal(got[expect], 0xee);
    }
    reader_fini(&reader);
    free(want);
    free(got);
}

static void slice(const struct catalog *c, const int64_t *start, const int64_t *len)
{
    struct arena a;
    arena_init(&a);
    struct piece p;
    assert_int_equal(piece_slice(&c->tensors[0], start, len, &a, &p), 0);
    struct target_form f = {.shape = {len, c->tensors[0].rank},
                            .dtype = c->tensors[0].dtype,
                            .part = 0,
                            .pieces = &p,
                            .piece_count = 1};
    compare(c, &f);
    arena_fini(&a);
}

static void render_slices_of_rank_3_equal_the_formula(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 3, {5, 6, 7}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    for (int64_t a = 0; a < 5; a += 2) {
        for (int64_t b = 0; b < 6; b += 2) {
            for (int64_t d = 0; d < 7; d += 3) {
                slice(c, (int64_t[]){a, b, d}, (int64_t[]){5 - a, 6 - b, 7 - d});
                slice(c, (int64_t[]){a, b, d}, (int64_t[]){1, 2, 1});
            }
        }
    }
    fake_close(c);
}

static void render_narrow_columns_of_wide_rows_equal_the_formula(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_INT16, 2, {700, 3000}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    slice(c, (int64_t[]){3, 17}, (int64_t[]){600, 2});    /* rows far apart: all in one call */
    slice(c, (int64_t[]){3, 17}, (int64_t[]){600, 2900}); /* close: through the window */
    fake_close(c);
    struct fake_tensor u[] = {{"u", DTYPE_UINT8, 2, {9000, 100}, 0}};
    c = fake_catalog(u, 1, 1);
    slice(c, (int64_t[]){0, 50}, (int64_t[]){9000, 50}); /* more rows than a window holds */
    fake_close(c);
}

static void render_scalar_and_ranks_of_one_are_whole(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT64, 0, {0}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    int64_t none[1] = {0};
    slice(c, none, none);
    struct target whole = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0]};
    unsigned char got[16];
    struct reader reader = {.catalog = c};
    assert_int_equal(render_read(&reader, &whole, 3, 100, got), 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(got[i], fake_byte(3 + i));
    }
    assert_int_equal(render_read(&reader, &whole, 8, 1, got), 0);
    assert_int_equal(render_read(&reader, &whole, UINT64_MAX, 1, got), 0);
    assert_null(reader_window(&reader));
    fake_close(c);
}

static void render_two_pieces_side_by_side_interleave(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 2, {40, 50}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    int64_t dims[] = {8, 10};
    int64_t s0[] = {0, 0}, l0[] = {8, 3}, st0[] = {200, 4};
    int64_t s1[] = {0, 3}, l1[] = {5, 7}, st1[] = {200, 4};
    int64_t s2[] = {5, 3}, l2[] = {3, 7}, st2[] = {28, 4};
    struct piece pieces[] = {{s0, l0, st0, 400, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL},
                             {s1, l1, st1, 12, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL},
                             {s2, l2, st2, 4000, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL}};
    struct target_form f = {
        .shape = {dims, 2}, .dtype = DTYPE_FLOAT32, .part = -1, .pieces = pieces, .piece_count = 3};
    compare(c, &f);
    fake_close(c);
}

static void render_strides_negative_zero_and_transposed_equal_the_formula(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 2, {40, 50}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    int64_t start[] = {0, 0};
    int64_t dims[] = {50, 40};
    int64_t transposed[] = {4, 200};
    struct piece p = {start, dims, transposed, 0, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL};
    struct target_form f = {
        .shape = {dims, 2}, .dtype = DTYPE_FLOAT32, .part = -1, .pieces = &p, .piece_count = 1};
    compare(c, &f);
    int64_t reversed[] = {-200, 4};
    int64_t square[] = {40, 50};
    p = (struct piece){start, square, reversed, 39 * 200, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL};
    f.shape.dims = square;
    compare(c, &f);
    int64_t broadcast[] = {0, 4};
    p = (struct piece){start, square, broadcast, 600, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL};
    compare(c, &f);
    fake_close(c);
}

/* A cast target read at every offset and length equals the cast of its naive bytes. */
static void cast_compare(const struct catalog *c, struct target_form *f, enum dtype to,
                         enum cast_mode mode)
{
    struct piece p = f->pieces[0];
    uint64_t elements;
    assert_int_equal(shape_elements(f->shape, &elements), 0);
    unsigned char *raw = malloc(elements * 16 + 1);
    unsigned char *want = malloc(elements * 16 + 1);
    unsigned char *got = malloc(elements * 16 + 64);
    naive(f, raw);
    assert_int_equal(cast_run(p.dtype, to, mode, raw, want, elements), 0);
    p.cast_mode = (uint8_t)mode;
    struct target_form cast = *f;
    cast.pieces = &p;
    cast.dtype = (uint8_t)to;
    struct target t = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0], .form = &cast};
    uint64_t bytes = target_bytes(&t);
    assert_int_equal(bytes, elements * dtype_bytes(to));
    struct reader reader = {.catalog = c};
    unsigned seed = 3;
    for (unsigned round = 0; round < 600; round++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t off = round == 0 ? 0 : (seed >> 8) % (bytes + 3);
        seed = seed * 1103515245u + 12345u;
        size_t len = round == 0 ? bytes : round % 2 ? (seed >> 8) % 40 : (seed >> 8) % (bytes + 7);
        memset(got, 0xee, bytes + 64);
        uint64_t expect = off >= bytes ? 0 : bytes - off < len ? bytes - off : len;
        assert_int_equal(render_read(&reader, &t, off, len, got), expect);
        if (expect) {
            assert_memory_equal(got, want + off, expect);
        }
        assert_int_equal(got[expect], 0xee);
    }
    reader_fini(&reader);
    free(raw);
    free(want);
    free(got);
}

static void permuted(const struct catalog *c, const int64_t *dims, const unsigned *axes,
                     enum dtype dtype)
{
    unsigned size = dtype_bytes(dtype);
    int64_t start[] = {0, 0, 0};
    int64_t len[3];
    int64_t stride[3];
    int64_t source[] = {dims[1] * dims[2] * size, dims[2] * size, size};
    for (unsigned k = 0; k < 3; k++) {
        len[k] = dims[axes[k]];
        stride[k] = source[axes[k]];
    }
    struct piece p = {start, len, stride, 0, 0, (uint8_t)dtype, 0, NULL, NULL, NULL};
    struct target_form f = {
        .shape = {len, 3}, .dtype = (uint8_t)dtype, .part = -1, .pieces = &p, .piece_count = 1};
    compare(c, &f);
    if (dtype == DTYPE_INT16) {
        cast_compare(c, &f, DTYPE_FLOAT32, CAST_CHECKED);
        cast_compare(c, &f, DTYPE_INT8, CAST_WRAP);
    }
}

/* By tiles: from the file in memory, and from an io that is read. */
static void render_permutations_equal_the_formula(void **state)
{
    (void)state;
    static const unsigned orders[][3] = {{1, 0, 2}, {2, 1, 0}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1}};
    static const int64_t shapes[][3] = {{1, 67, 70}, {5, 19, 33}, {40, 3, 16}, {3, 3, 65}};
    static const enum dtype dtypes[] = {DTYPE_UINT8, DTYPE_INT16, DTYPE_FLOAT32, DTYPE_INT64,
                                        DTYPE_COMPLEX128};
    struct fake_tensor t[] = {{"t", DTYPE_UINT8, 1, {80000}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    static char bytes[80000];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)fake_byte(i);
    }
    struct io_bytes read;
    io_bytes_init(&read, bytes, sizeof(bytes), "t");
    struct io *held = c->shards[0].io;
    for (unsigned i = 0; i < ARRAY_LEN(orders) * ARRAY_LEN(shapes) * ARRAY_LEN(dtypes); i++) {
        const int64_t *dims = shapes[i / ARRAY_LEN(orders) % ARRAY_LEN(shapes)];
        enum dtype dtype = dtypes[i / ARRAY_LEN(orders) / ARRAY_LEN(shapes)];
        c->shards[0].io = held;
        permuted(c, dims, orders[i % ARRAY_LEN(orders)], dtype);
        c->shards[0].io = &read.io;
        permuted(c, dims, orders[i % ARRAY_LEN(orders)], dtype);
    }
    c->shards[0].io = held;
    fake_close(c);
}

/* The first piece of a read is searched for: pieces in tiles, which begin and end in each other's
 * rows, and in runs. */
static void tiled(const struct catalog *c, int64_t high, int64_t wide)
{
    struct arena a;
    struct piece pieces[400];
    uint32_t count = 0;
    const struct tensor *t = &c->tensors[0];
    arena_init(&a);
    for (int64_t row = 0; row < t->dims[0]; row += high) {
        for (int64_t column = 0; column < t->dims[1]; column += wide) {
            int64_t *start = ARENA_ARRAY(&a, int64_t, 2);
            int64_t *len = ARENA_ARRAY(&a, int64_t, 2);
            int64_t *stride = ARENA_ARRAY(&a, int64_t, 2);
            start[0] = row;
            start[1] = column;
            len[0] = t->dims[0] - row < high ? t->dims[0] - row : high;
            len[1] = t->dims[1] - column < wide ? t->dims[1] - column : wide;
            stride[1] = 4;
            stride[0] = t->dims[1] * 4;
            uint64_t off = (uint64_t)(row * stride[0] + column * 4) % 4000;
            assert_true(count < 400);
            pieces[count++] =
                (struct piece){start, len, stride, off, 0, DTYPE_FLOAT32, 0, NULL, NULL, NULL};
        }
    }
    struct target_form f = {
        .shape = tensor_shape(t), .dtype = DTYPE_FLOAT32, .pieces = pieces, .piece_count = count};
    assert_int_equal(target_index_pieces(&f, &a), 0);
    assert_int_equal(f.ends != NULL, count >= PIECE_SEARCHED);
    compare(c, &f);
    if (f.ends) {
        assert_int_equal(piece_first(f.ends, count, 0), 0);
        assert_int_equal(piece_first(f.ends, count, (uint64_t)(t->dims[0] * t->dims[1] * 4)),
                         count);
        if (wide == t->dims[1] && high == 1) {
            assert_int_equal(piece_first(f.ends, count, (uint64_t)wide * 4 * 17 - 1), 16);
            assert_int_equal(piece_first(f.ends, count, (uint64_t)wide * 4 * 17), 17);
        }
    }
    arena_fini(&a);
}

static void render_many_pieces_equal_the_formula(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 2, {40, 50}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    for (int64_t high = 1; high <= 40; high += 3) {
        for (int64_t wide = 7; wide <= 50; wide += 43) {
            tiled(c, high, wide);
        }
    }
    fake_close(c);
}

static void render_truncated_shard_is_eio_for_good(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 2, {40, 50}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    struct target whole = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0]};
    unsigned char got[64];
    struct reader reader = {.catalog = c};
    assert_int_equal(render_read(&reader, &whole, 0, 64, got), 64);
    CLEANUP_CLOSE int fd = fake_writable(c);
    assert_int_equal(ftruncate(fd, 7000), 0);
    assert_int_equal(render_read(&reader, &whole, 0, 64, got), -EIO);
    assert_int_equal(ftruncate(fd, 8000), 0);
    assert_int_equal(render_read(&reader, &whole, 0, 64, got), -EIO);
    fake_close(c);
}

static void piece_dense_axis_of_full_and_partial_boxes(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 3, {5, 6, 7}, 0}};
    struct catalog *c = fake_catalog(t, 1, 0);
    struct arena a;
    arena_init(&a);
    struct piece p;
    uint64_t run;
    const int64_t origin[] = {0, 0, 0};
    assert_int_equal(piece_slice(&c->tensors[0], origin, c->tensors[0].dims, &a, &p), 0);
    assert_int_equal(piece_dense_axis(&p, tensor_shape(&c->tensors[0]), &run), 0);
    assert_int_equal(run, 5 * 6 * 7 * 4);
    /* Rows 1 to 3 as a target of their own: one run. */
    int64_t len[] = {3, 6, 7};
    assert_int_equal(piece_slice(&c->tensors[0], (int64_t[]){1, 0, 0}, len, &a, &p), 0);
    assert_int_equal(piece_dense_axis(&p, (struct shape){len, 3}, &run), 0);
    assert_int_equal(run, 3 * 6 * 7 * 4);
    assert_int_equal(p.off, 6 * 7 * 4);
    /* A cut on the middle axis: rows of 2 x 7 elements. */
    int64_t middle[] = {5, 2, 7};
    assert_int_equal(piece_slice(&c->tensors[0], (int64_t[]){0, 1, 0}, middle, &a, &p), 0);
    assert_int_equal(piece_dense_axis(&p, (struct shape){middle, 3}, &run), 1);
    assert_int_equal(run, 2 * 7 * 4);
    /* The box [0:5, 0:6, 0:7] inside a wider target is dense in the source only along the last
     * axis. */
    int64_t wide[] = {5, 6, 8};
    assert_int_equal(piece_slice(&c->tensors[0], origin, c->tensors[0].dims, &a, &p), 0);
    assert_int_equal(piece_dense_axis(&p, (struct shape){wide, 3}, &run), 2);
    assert_int_equal(run, 7 * 4);
    arena_fini(&a);
    fake_close(c);
}

static void layout_header_and_target_read_as_one_file(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_UINT8, 1, {100}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    struct target whole = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0]};
    struct layout_build b = {0};
    layout_add(&b, (struct extent){.kind = EXTENT_BYTES, .bytes = "0123456789"}, 10);
    layout_add(&b, (struct extent){.kind = EXTENT_SHARD, .shard = &c->shards[0], .from_off = 10},
               0);
    layout_add(&b, (struct extent){.kind = EXTENT_TARGET, .target = &whole, .from_off = 10}, 40);
    layout_add(&b, (struct extent){.kind = EXTENT_SHARD, .shard = &c->shards[0], .from_off = 50},
               20);
    layout_add(&b, (struct extent){.kind = EXTENT_SHARD, .shard = &c->shards[0], .from_off = 70},
               30);
    layout_add(&b, (struct extent){.kind = EXTENT_BYTES, .bytes = "the end", .from_off = 4}, 3);
    struct layout l = layout_made(&b);
    assert_int_equal(l.count, 4); /* nothing is no extent, and neighbours in a file are one */
    assert_int_equal(l.size, 103);
    unsigned char want[103];
    memcpy(want, "0123456789", 10);
    for (unsigned i = 10; i < 100; i++) {
        want[i] = fake_byte(i);
    }
    memcpy(want + 100, "end", 3);
    struct reader reader = {.catalog = c};
    for (uint64_t off = 0; off <= 104; off++) {
        for (size_t len = 0; len <= 104; len += 3) {
            unsigned char got[110] = {0};
            uint64_t expect = off >= 103 ? 0 : 103 - off < len ? 103 - off : len;
            assert_int_equal(layout_read(&l, &reader, off, len, got), expect);
            if (expect) {
                assert_memory_equal(got, want + off, expect);
            }
        }
    }
    struct extent one;
    struct layout raw;
    assert_int_equal(layout_of_target(&reader, &whole, &one, &raw), 0);
    assert_int_equal(raw.size, 100);
    struct layout text = layout_of_bytes(STR(""), &one);
    unsigned char got[4];
    assert_int_equal(layout_read(&text, &reader, 0, 4, got), 0);
    layout_build_fini(&b);
    fake_close(c);
}

static void render_casts_at_any_byte_equal_the_whole_cast(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_INT16, 2, {300, 500}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    struct arena a;
    arena_init(&a);
    const int64_t shapes[][4] = {
        {0, 0, 300, 500}, {7, 3, 200, 2}, {0, 100, 300, 399}, {5, 0, 1, 500}};
    const enum dtype to[] = {DTYPE_FLOAT64, DTYPE_INT8, DTYPE_COMPLEX128, DTYPE_BFLOAT16};
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 4; k++) {
            struct piece p;
            assert_int_equal(piece_slice(&c->tensors[0], shapes[i], shapes[i] + 2, &a, &p), 0);
            struct target_form f = {.shape = {shapes[i] + 2, 2},
                                    .dtype = DTYPE_INT16,
                                    .part = -1,
                                    .pieces = &p,
                                    .piece_count = 1};
            cast_compare(c, &f, to[k], to[k] == DTYPE_INT8 ? CAST_WRAP : CAST_CHECKED);
        }
    }
    arena_fini(&a);
    fake_close(c);
    /* More than a window, in one run. */
    struct fake_tensor u[] = {{"u", DTYPE_UINT8, 1, {700000}, 0}};
    c = fake_catalog(u, 1, 1);
    int64_t start[] = {0}, len[] = {700000}, stride[] = {1};
    struct piece p = {start, len, stride, 0, 0, DTYPE_UINT8, 0, NULL, NULL, NULL};
    struct target_form f = {
        .shape = {len, 1}, .dtype = DTYPE_UINT8, .part = -1, .pieces = &p, .piece_count = 1};
    cast_compare(c, &f, DTYPE_FLOAT32, CAST_CHECKED);
    fake_close(c);
}

static void render_value_that_does_not_fit_is_erange(void **state)
{
    (void)state;
    struct fake_tensor t[] = {{"t", DTYPE_FLOAT32, 1, {64}, 0}};
    struct catalog *c = fake_catalog(t, 1, 1);
    float values[64];
    for (unsigned i = 0; i < 64; i++) {
        values[i] = i == 40 ? 300.0f : (float)i;
    }
    CLEANUP_CLOSE int fd = fake_writable(c);
    assert_int_equal(pwrite(fd, values, sizeof(values), 0), sizeof(values));
    fake_reopened(c);
    int64_t start[] = {0}, len[] = {64}, stride[] = {4};
    struct piece p = {start, len, stride, 0, 0, DTYPE_FLOAT32, CAST_CHECKED, NULL, NULL, NULL};
    struct target_form f = {
        .shape = {len, 1}, .dtype = DTYPE_UINT8, .part = -1, .pieces = &p, .piece_count = 1};
    struct target target = {.name_ptr = "t", .name_len = 1, .source = &c->tensors[0], .form = &f};
    unsigned char got[64];
    struct reader reader = {.catalog = c};
    assert_int_equal(render_read(&reader, &target, 0, 40, got), 40);
    assert_int_equal(got[39], 39);
    assert_int_equal(render_read(&reader, &target, 40, 1, got), -ERANGE);
    assert_int_equal(render_read(&reader, &target, 0, 64, got), -ERANGE);
    assert_int_equal(render_read(&reader, &target, 41, 23, got), 23);
    reader_fini(&reader);
    fake_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(render_slices_of_rank_3_equal_the_formula),
        cmocka_unit_test(render_narrow_columns_of_wide_rows_equal_the_formula),
        cmocka_unit_test(render_scalar_and_ranks_of_one_are_whole),
        cmocka_unit_test(render_two_pieces_side_by_side_interleave),
        cmocka_unit_test(render_strides_negative_zero_and_transposed_equal_the_formula),
        cmocka_unit_test(render_permutations_equal_the_formula),
        cmocka_unit_test(render_casts_at_any_byte_equal_the_whole_cast),
        cmocka_unit_test(render_value_that_does_not_fit_is_erange),
        cmocka_unit_test(render_many_pieces_equal_the_formula),
        cmocka_unit_test(render_truncated_shard_is_eio_for_good),
        cmocka_unit_test(piece_dense_axis_of_full_and_partial_boxes),
        cmocka_unit_test(layout_header_and_target_read_as_one_file),
    };
    return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
