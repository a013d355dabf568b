/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/fingerprint.h"

#include <string.h>

/* Two rounds of multiplying by an odd number and folding the upper bits down. What comes out is no
 * linear function of x, else sums of other elements would be equal, too. */
static inline uint64_t mix(uint64_t x)
{
    x = (x + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
    x ^= x >> 32;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 29;
}

#define SUM_OF(type)                                                                               \
    static uint64_t sum_##type(const char *at, size_t count)                                       \
    {                                                                                              \
        uint64_t sum = 0;                                                                          \
        for (size_t i = 0; i < count; i++) {                                                       \
            type x;                                                                                \
            memcpy(&x, at + i * sizeof(x), sizeof(x));                                             \
            sum += mix(x);                                                                         \
        }                                                                                          \
        return sum;                                                                                \
    }

SUM_OF(uint8_t)
SUM_OF(uint16_t)
SUM_OF(uint32_t)
SUM_OF(uint64_t)

static uint64_t sum_pairs(const char *at, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t x[2];
        memcpy(x, at + i * sizeof(x), sizeof(x));
        sum += mix(x[0] + 3 * mix(x[1]));
    }
    return sum;
}

uint64_t fingerprint_sum(const void *elements, unsigned width, size_t count)
{
    switch (width) {
    case 1:
        return sum_uint8_t(elements, count);
    case 2:
        return sum_uint16_t(elements, count);
    case 4:
        return sum_uint32_t(elements, count);
    case 8:
        return sum_uint64_t(elements, count);
    default:
        return sum_pairs(elements, count);
    }
}

void fingerprint_each(const void *elements, unsigned width, size_t count, uint64_t *out)
{
    const char *at = elements;
    for (size_t i = 0; i < count; i++, at += width) {
        out[i] = fingerprint_sum(at, width, 1);
    }
}
