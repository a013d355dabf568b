/* SPDX-License-Identifier: Apache-2.0 */
/* Every cast against the reference (support/ref_cast.h): all patterns of the small types, chosen
 * and random ones of the wide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ref_cast.h"
#include "tensor/cast.h"
#include "tensor/cast_number.h"

enum { MOST = 1 << 16, RANDOM = 5000 };

struct elements {
    enum dtype type;
    size_t count;
    uint8_t bytes[MOST * 8];
};

static void add(struct elements *e, uint64_t bits)
{
    assert_true(e->count < MOST);
    ref_store(e->type, bits, e->bytes + e->count++ * ref_bytes(e->type));
}

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void check_element(const struct elements *from, enum dtype to, enum cast_mode mode, size_t i,
                          const void *got, const uint64_t *wanted)
{
    uint64_t bits = ref_load(to, got);
    if (bits != *wanted) {
        fail_msg("%s %llx to %s, mode %d: %llx, but should be %llx", dtype_name(from->type),
                 (unsigned long long)ref_load(from->type, from->bytes + i * ref_bytes(from->type)),
                 dtype_name(to), mode, (unsigned long long)bits, (unsigned long long)*wanted);
    }
}

/* What fits is cast at once, by cast_run and by cast_each; each that does not has to be refused
 * alone. */
static void check_pair(const struct elements *from, enum dtype to, enum cast_mode mode)
{
    static struct elements fit;
    static uint64_t wanted[MOST];
    static uint8_t got[MOST * 8];
    static uint8_t each[MOST * 8];
    unsigned size = ref_bytes(from->type);

    fit.type = from->type;
    fit.count = 0;
    for (size_t i = 0; i < from->count; i++) {
        uint64_t bits = ref_load(from->type, from->bytes + i * size);
        if (ref_encode(to, mode, ref_decode(from->type, bits), &wanted[fit.count])) {
            add(&fit, bits);
        } else {
            assert_int_equal(cast_run(from->type, to, mode, from->bytes + i * size, got, 1),
                             -ERANGE);
        }
    }
    assert_int_equal(cast_run(from->type, to, mode, fit.bytes, got, fit.count), 0);
    assert_int_equal(
        cast_each(cast_real_of(from->type), cast_real_of(to), mode, fit.bytes, each, fit.count), 0);
    assert_memory_equal(got, each, fit.count * ref_bytes(to));
    for (size_t i = 0; i < fit.count; i++) {
        check_element(&fit, to, mode, i, got + i * ref_bytes(to), &wanted[i]);
    }
    if (fit.count < from->count && from->count) {
        assert_int_equal(cast_run(from->type, to, mode, from->bytes, got, from->count), -ERANGE);
    }
}

static void check_all_targets(const struct elements *from)
{
    for (size_t i = 0; i < REF_REALS; i++) {
        enum dtype to = ref_reals[i];
        for (enum cast_mode mode = CAST_CHECKED; mode <= CAST_WRAP; mode++) {
            bool plannable = ref_plannable(from->type, to, mode);
            assert_int_equal(cast_refusal(from->type, to, mode) == NULL, plannable);
            if (plannable && to != from->type) {
                check_pair(from, to, mode);
            }
        }
    }
}

static void fill(struct elements *e, enum dtype type)
{
    e->type = type;
    e->count = 0;
    for (unsigned bits = 0; bits < 1u << (8 * ref_bytes(type)); bits++) {
        add(e, bits);
    }
}

static void cast_all_8_bit_patterns_are_exact(void **state)
{
    static struct elements e;
    (void)state;
    for (size_t i = 0; i < REF_REALS; i++) {
        if (ref_bytes(ref_reals[i]) == 1) {
            fill(&e, ref_reals[i]); /* 256: below the table of bytes */
            check_all_targets(&e);
            for (size_t k = 0; k < 4000; k++) {
                add(&e, e.bytes[k]); /* above it */
            }
            check_all_targets(&e);
        }
    }
}

static void cast_all_16_bit_patterns_are_exact(void **state)
{
    static struct elements e;
    const enum dtype sources[] = {DTYPE_INT16, DTYPE_UINT16, DTYPE_FLOAT16, DTYPE_BFLOAT16};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        fill(&e, sources[i]);
        check_all_targets(&e);
    }
}

/* Quantized types of 16 bits are the integers, with all targets and as targets. */
static void cast_all_16_bit_quantized_patterns_are_integers(void **state)
{
    static struct elements e;
    static uint8_t as_integer[MOST * 8];
    static uint8_t as_quantized[MOST * 8];
    const enum dtype pairs[][2] = {{DTYPE_QINT16, DTYPE_INT16}, {DTYPE_QUINT16, DTYPE_UINT16}};
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(pairs); p++) {
        fill(&e, pairs[p][0]);
        for (size_t i = 0; i < REF_REALS; i++) {
            for (enum cast_mode mode = CAST_CHECKED; mode <= CAST_WRAP; mode++) {
                bool plannable = cast_refusal(pairs[p][1], ref_reals[i], mode) == NULL;
                assert_int_equal(cast_refusal(pairs[p][0], ref_reals[i], mode) == NULL, plannable);
                if (plannable) {
                    assert_int_equal(
                        cast_run(pairs[p][0], ref_reals[i], mode, e.bytes, as_quantized, e.count),
                        0);
                    assert_int_equal(
                        cast_run(pairs[p][1], ref_reals[i], mode, e.bytes, as_integer, e.count), 0);
                    assert_memory_equal(as_quantized, as_integer,
                                        e.count * ref_bytes(ref_reals[i]));
                }
            }
        }
    }
}

/* The float's bits of a value that is one of its own. */
static uint64_t bits_in(enum dtype type, long double value)
{
    uint64_t bits = 0;
    assert_true(ref_encode(type, CAST_CHECKED, value, &bits));
    assert_true(ref_decode(type, bits) == value);
    return bits;
}

/* Halfway between every two neighbours of a small float, and one bit of the source off that, both
 * signs. The last halfway point is that beyond the largest value, where overflow begins. bfloat16's
 * subnormals have none in float32, which are checked elsewhere. */
static void check_halfway(enum dtype from, enum dtype to)
{
    static struct elements e;
    uint64_t sign = UINT64_C(1) << (ref_bits(from) - 1);
    long double previous = 0;
    e.type = from;
    e.count = 0;
    for (uint64_t bits = 0; bits <= ref_largest(to); bits++) {
        long double value = ref_decode(to, bits);
        long double next =
            bits < ref_largest(to) ? ref_decode(to, bits + 1) : value + (value - previous);
        long double half = value + (next - value) / 2;
        previous = value;
        uint64_t probe = 0;
        assert_true(ref_encode(from, CAST_CHECKED, half, &probe));
        if (ref_decode(from, probe) != half) {
            assert_true(from == DTYPE_FLOAT32 && to == DTYPE_BFLOAT16);
            continue;
        }
        for (uint64_t k = 0; k < 6; k++) {
            add(&e, (bits_in(from, half) + k % 3 - 1) | (k < 3 ? 0 : sign));
        }
        if (e.count + 6 > MOST || bits == ref_largest(to)) {
            check_pair(&e, to, CAST_CHECKED);
            check_pair(&e, to, CAST_SATURATE);
            e.count = 0;
        }
    }
}

static void cast_halfway_points_go_to_even(void **state)
{
    (void)state;
    for (size_t i = 0; i < REF_REALS; i++) {
        if (ref_is_float(ref_reals[i]) && ref_bits(ref_reals[i]) <= 16) {
            check_halfway(DTYPE_FLOAT32, ref_reals[i]);
            check_halfway(DTYPE_FLOAT64, ref_reals[i]);
        }
    }
}

/* Around each power of two and each sum of two: ends of all integer types, and halfway points of
 * all floats. */
static void cast_edges_of_wide_integers_are_exact(void **state)
{
    static struct elements e;
    const enum dtype sources[] = {DTYPE_INT32, DTYPE_UINT32, DTYPE_QINT32, DTYPE_INT64,
                                  DTYPE_UINT64};
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(sources); s++) {
        e.type = sources[s];
        e.count = 0;
        unsigned bits = ref_bits(e.type);
        for (unsigned i = 0; i < bits; i++) {
            for (unsigned k = 0; k <= i; k++) {
                for (int add_one = -1; add_one <= 1; add_one++) {
                    uint64_t value =
                        (UINT64_C(1) << i | UINT64_C(1) << k) + (uint64_t)(int64_t)add_one;
                    add(&e, value);
                    add(&e, -value);
                }
            }
        }
        check_all_targets(&e);
    }
}

/* Around 0, the powers of two, infinity and NaN of the wide floats. */
static void cast_edges_of_wide_floats_are_exact(void **state)
{
    static struct elements e;
    const enum dtype sources[] = {DTYPE_FLOAT32, DTYPE_FLOAT64};
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(sources); s++) {
        e.type = sources[s];
        e.count = 0;
        unsigned mantissa = e.type == DTYPE_FLOAT32 ? 23 : 52;
        uint64_t sign = UINT64_C(1) << (ref_bits(e.type) - 1);
        for (uint64_t bits = 0; bits < sign; bits += UINT64_C(1) << mantissa) {
            for (uint64_t k = 0; k < 10; k++) {
                uint64_t near = (bits + k % 5 - 2) & (sign - 1);
                add(&e, near | (k < 5 ? 0 : sign));
            }
        }
        for (unsigned i = 0; i < mantissa; i++) {
            add(&e, UINT64_C(1) << i);
            add(&e, sign | UINT64_C(3) << i);
        }
        check_all_targets(&e);
    }
}

/* Random patterns; half of those of floats near 1, where all targets have values. */
static void cast_random_wide_patterns_are_exact(void **state)
{
    static struct elements e;
    const enum dtype sources[] = {DTYPE_INT32,  DTYPE_UINT32,  DTYPE_QINT32, DTYPE_INT64,
                                  DTYPE_UINT64, DTYPE_FLOAT32, DTYPE_FLOAT64};
    uint64_t seed = 20240229;
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(sources); s++) {
        e.type = sources[s];
        e.count = 0;
        for (size_t i = 0; i < RANDOM; i++) {
            uint64_t bits = next_random(&seed);
            if (i % 2 && e.type == DTYPE_FLOAT32) {
                bits = (bits & 0x80ffffff) + 0x3b000000 + (bits >> 32 & 7) * 0x01000000;
            } else if (i % 2 && e.type == DTYPE_FLOAT64) {
                bits = (bits & 0x801fffffffffffff) + 0x3f60000000000000 +
                       (bits >> 56 & 7) * 0x0020000000000000;
            } else if (i % 2) {
                bits >>= next_random(&seed) % 64;
            }
            add(&e, bits);
        }
        check_all_targets(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cast_all_8_bit_patterns_are_exact),
        cmocka_unit_test(cast_all_16_bit_patterns_are_exact),
        cmocka_unit_test(cast_all_16_bit_quantized_patterns_are_integers),
        cmocka_unit_test(cast_halfway_points_go_to_even),
        cmocka_unit_test(cast_edges_of_wide_integers_are_exact),
        cmocka_unit_test(cast_edges_of_wide_floats_are_exact),
        cmocka_unit_test(cast_random_wide_patterns_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
