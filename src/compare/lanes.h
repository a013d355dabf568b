/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over float64 that are vector code: four numbers side by side, whatever the machine has, so
 * that sums come out the same everywhere. On x86-64 each loop is there a second time for AVX2,
 * chosen when run. */
#ifndef CKPTFS_COMPARE_LANES_H
#define CKPTFS_COMPARE_LANES_H

#include <stdint.h>
#include <string.h>

enum { LANES = 4 };

typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef int64_t lanes_mask __attribute__((vector_size(8 * LANES))); /* of a comparison: -1 or 0 */

#define LANES_INLINE static inline __attribute__((always_inline))

/* They are macros, since functions that are given vectors, or give one, have another ABI with AVX.
 * LANES_KEEP: v where the mask is set, else 0. LANES_CHOOSE: `yes` there, else `no`. LANES_SUM and
 * LANES_COUNT: of all four. */
#define LANES_LOAD(x)                                                                              \
    ({                                                                                             \
        lanes _v;                                                                                  \
        memcpy(&_v, (x), sizeof(_v));                                                              \
        _v;                                                                                        \
    })
#define LANES_KEEP(mask, v) ((lanes)((lanes_mask)(v) & (mask)))
#define LANES_CHOOSE(mask, yes, no)                                                                \
    ({                                                                                             \
        lanes_mask _m = (mask);                                                                    \
        (lanes)(((lanes_mask)(yes)&_m) | ((lanes_mask)(no) & ~_m));                                \
    })
#define LANES_SUM(v)                                                                               \
    ({                                                                                             \
        lanes _s = (v);                                                                            \
        (_s[0] + _s[1]) + (_s[2] + _s[3]);                                                         \
    })
#define LANES_COUNT(counts)                                                                        \
    ({                                                                                             \
        lanes_mask _c = (counts);                                                                  \
        (uint64_t)(_c[0] + _c[1] + _c[2] + _c[3]);                                                 \
    })

/* LANES_LOOP(type, name, parameters, arguments): the functions name_base and name_avx2 of the
 * inline function `name`, and name_run, which calls the one that the machine has. */
#if defined(__x86_64__)
#define LANES_LOOP(type, name, parameters, arguments)                                              \
    static type name##_base parameters                                                             \
    {                                                                                              \
        return name arguments;                                                                     \
    }                                                                                              \
    __attribute__((target("avx2"))) static type name##_avx2 parameters                             \
    {                                                                                              \
        return name arguments;                                                                     \
    }                                                                                              \
    static type name##_run parameters                                                              \
    {                                                                                              \
        return (__builtin_cpu_supports("avx2") ? name##_avx2 : name##_base)arguments;              \
    }
#else
#define LANES_LOOP(type, name, parameters, arguments)                                              \
    static type name##_run parameters                                                              \
    {                                                                                              \
        return name arguments;                                                                     \
    }
#endif

#endif
