/* SPDX-License-Identifier: Apache-2.0 */
#include "map/partitioner.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/checked.h"
#include "map/message.h"
#include "map/token.h"

/* The numbers that a partitioner takes after its first, by TensorFlow's names. */
static const struct {
    const char *name;
    size_t field;
    int64_t least;
    unsigned kinds; /* bits of the kinds that take it */
} settings[] = {
    {"axis", offsetof(struct partitioner, axis), 0,
     1u << PARTITIONER_FIXED | 1u << PARTITIONER_MIN_MAX | 1u << PARTITIONER_VARIABLE_AXIS},
    {"min_slice_size", offsetof(struct partitioner, min_slice_size), 1, 1u << PARTITIONER_MIN_MAX},
    {"max_shards", offsetof(struct partitioner, max_shards), 0, 1u << PARTITIONER_VARIABLE_AXIS},
    {"bytes_per_string_element", offsetof(struct partitioner, bytes_per_string_element), 1,
     1u << PARTITIONER_MIN_MAX | 1u << PARTITIONER_VARIABLE_AXIS},
};

static const struct {
    const char *name;
    const char *first; /* what its number is */
} kinds[] = {
    [PARTITIONER_FIXED] = {"fixed", "the number of shards"},
    [PARTITIONER_MIN_MAX] = {"min_max", "the most partitions"},
    [PARTITIONER_VARIABLE_AXIS] = {"variable_axis", "the most bytes of a shard"},
};

static int64_t *setting_of(struct partitioner *p, size_t field)
{
    return (int64_t *)(void *)((char *)p + field);
}

static errint complain_word(struct diag *d, struct position at, struct str text, struct str word,
                            const char *expected)
{
    return diag_error_at(d, DIAG_MAP_SYNTAX, at, text, "'partition %s': '%s' is not %s",
                         message_shown(d, text), message_shown(d, word), expected);
}

/* One `name value` pair; `rest` begins at the value. */
static errint parse_setting(struct partitioner *p, struct str text, struct str word,
                            struct str value, struct position at, struct diag *d)
{
    const char *known[ARRAY_LEN(settings)];
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (!(settings[i].kinds >> p->kind & 1)) {
            continue;
        }
        known[count++] = settings[i].name;
        if (!str_eq(word, str_from(settings[i].name))) {
            continue;
        }
        int64_t number = token_number(value);
        if (number < settings[i].least) {
            return complain_word(d, at, text, value, "a number that this setting takes");
        }
        *setting_of(p, settings[i].field) = number;
        return 0;
    }
    errint rc = complain_word(d, at, text, word, "a setting of this partitioner");
    message_nearest(d, word, known, count);
    return rc;
}

errint partitioner_parse(struct str text, struct position at, struct arena *a,
                         struct partitioner *out, struct diag *d)
{
    *out = (struct partitioner){.min_slice_size = 256 << 10, .bytes_per_string_element = 16};
    struct str rest;
    struct str word = token_next(text, &rest);
    if (!word.len || (word.ptr[0] >= '0' && word.ptr[0] <= '9') || word.ptr[0] == '-' ||
        word.ptr[0] == ',') {
        out->kind = PARTITIONER_COUNTS;
        errint rc = partition_parse(text, at, a, &out->counts, d);
        if (rc < 0) {
            *out = (struct partitioner){0};
        }
        return rc;
    }
    for (enum partitioner_kind kind = PARTITIONER_FIXED; kind <= PARTITIONER_VARIABLE_AXIS;
         kind++) {
        if (str_eq(word, str_from(kinds[kind].name))) {
            out->kind = kind;
        }
    }
    errint rc = 0;
    if (out->kind == PARTITIONER_NONE) {
        static const char *const names[] = {"fixed", "min_max", "variable_axis"};
        rc = complain_word(d, at, text, word,
                           "a partitioner: counts such as 5,1, fixed, min_max or variable_axis");
        message_nearest(d, word, names, ARRAY_LEN(names));
    } else {
        word = token_next(rest, &rest);
        out->first = token_number(word);
        if (out->first < 1) {
            rc = complain_word(d, at, text, word, kinds[out->kind].first);
        }
    }
    while (rc == 0 && rest.len) {
        word = token_next(rest, &rest);
        struct str value = token_next(rest, &rest);
        rc = parse_setting(out, text, word, value, at, d);
    }
    if (rc < 0) {
        *out = (struct partitioner){0};
    }
    return rc;
}

/* ceil(a / b) for b > 0. */
static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* The count on the cut axis, of length n > 0. */
static int64_t count_parts(const struct partitioner *p, uint64_t elements, uint64_t element_bytes,
                           int64_t n)
{
    uint64_t bytes;
    uint64_t parts;
    if (!checked_mul_u64(elements, element_bytes, &bytes)) {
        bytes = UINT64_MAX;
    }
    switch (p->kind) {
    case PARTITIONER_FIXED:
        return p->first < n ? p->first : n;
    case PARTITIONER_MIN_MAX:
        parts = divide_up(bytes, (uint64_t)p->min_slice_size);
        parts = parts < (uint64_t)p->first ? parts : (uint64_t)p->first;
        parts = parts < (uint64_t)n ? parts : (uint64_t)n;
        return parts ? (int64_t)parts : 1;
    case PARTITIONER_VARIABLE_AXIS: {
        uint64_t slice = bytes / (uint64_t)n;
        uint64_t slices = slice ? (uint64_t)p->first / slice : (uint64_t)n;
        parts = divide_up((uint64_t)n, slices ? slices : 1);
        return (int64_t)(p->max_shards && parts > (uint64_t)p->max_shards ? (uint64_t)p->max_shards
                                                                          : parts);
    }
    case PARTITIONER_NONE:
    case PARTITIONER_COUNTS:
        break;
    }
    return 1;
}

/* Counts of the named partitioners. */
static const char *counts_of(const struct partitioner *p, struct shape shape, enum dtype dtype,
                             struct arena *a, struct partition *out)
{
    if (p->axis >= shape.rank) {
        return arena_printf(a, "has shape %s, which has no axis %" PRId64, shape_text(shape).text,
                            p->axis);
    }
    uint64_t elements;
    int64_t n = shape.dims[p->axis];
    if (shape_elements(shape, &elements) < 0 || (n == 0 && p->kind != PARTITIONER_MIN_MAX)) {
        return arena_printf(a, "has shape %s, whose axis %" PRId64 " has no elements",
                            shape_text(shape).text, p->axis);
    }
    int64_t *counts = ARENA_ARRAY(a, int64_t, shape.rank);
    if (!counts) {
        return "finds no memory";
    }
    for (unsigned i = 0; i < shape.rank; i++) {
        counts[i] = 1;
    }
    uint64_t element_bytes =
        dtype == DTYPE_STRING ? (uint64_t)p->bytes_per_string_element : dtype_bytes(dtype);
    counts[p->axis] = count_parts(p, elements, element_bytes, n);
    *out = (struct partition){counts, shape.rank};
    return NULL;
}

const char *partitioner_apply(const struct partitioner *p, struct shape shape, enum dtype dtype,
                              struct arena *a, struct partition *out)
{
    *out = (struct partition){0};
    if (shape.rank == SHAPE_RANK_UNKNOWN || shape.rank == 0) {
        return arena_printf(
            a, "has shape %s: a partitioned variable has a known shape of rank 1 or more",
            shape_text(shape).text);
    }
    for (unsigned i = 0; i < shape.rank; i++) {
        if (shape.dims[i] == SHAPE_DIM_UNKNOWN || shape.dims[i] == 0) {
            return arena_printf(
                a, "has shape %s: a partitioned variable has only known dimensions above 0",
                shape_text(shape).text);
        }
    }
    if (p->kind != PARTITIONER_COUNTS) {
        const char *why = counts_of(p, shape, dtype, a, out);
        if (why) {
            return why;
        }
    } else if (p->counts.rank != shape.rank) {
        return arena_printf(a, "has shape %s, so a partition of it takes %u counts, not %u",
                            shape_text(shape).text, shape.rank, p->counts.rank);
    } else {
        *out = p->counts;
    }
    unsigned axis;
    int64_t parts = partition_axis(out, &axis);
    if (parts > 1 && parts > shape.dims[axis]) {
        return arena_printf(a, "has shape %s, whose axis %u cannot be cut into %" PRId64 " parts",
                            shape_text(shape).text, axis, parts);
    }
    if (parts > PARTITION_PARTS_MOST) {
        return arena_printf(a, "would have %" PRId64 " parts, the limit is %d", parts,
                            PARTITION_PARTS_MOST);
    }
    return NULL;
}

void partitioner_print(struct buf *b, const struct partitioner *p)
{
    if (p->kind == PARTITIONER_NONE) {
        return;
    }
    buf_text(b, "partition ");
    if (p->kind == PARTITIONER_COUNTS) {
        for (unsigned i = 0; i < p->counts.rank; i++) {
            buf_printf(b, "%s%" PRId64, i ? "," : "", p->counts.counts[i]);
        }
        return;
    }
    const struct partitioner defaults = {.min_slice_size = 256 << 10,
                                         .bytes_per_string_element = 16};
    buf_printf(b, "%s %" PRId64, kinds[p->kind].name, p->first);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        int64_t value = *(const int64_t *)(const void *)((const char *)p + settings[i].field);
        int64_t usual =
            *(const int64_t *)(const void *)((const char *)&defaults + settings[i].field);
        if (value != usual && settings[i].kinds >> p->kind & 1) {
            buf_printf(b, " %s %" PRId64, settings[i].name, value);
        }
    }
}
