/* SPDX-License-Identifier: Apache-2.0 */
#include "map/partition.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "map/message.h"
#include "map/name.h"
#include "map/token.h"
#include "tensor/shape.h"

static size_t count_elements(struct str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += text.ptr[i] == ',';
    }
    return count;
}

errint partition_parse(struct str text, struct position at, struct arena *a, struct partition *out,
                       struct diag *d)
{
    *out = (struct partition){0};
    if (text.len == 0) {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, text,
            "'partition' lacks its counts: expected one for each axis, such as 'partition 5,1'");
    }
    size_t rank = count_elements(text);
    if (rank > SHAPE_RANK_MOST) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, STR(""),
                             "'partition' has %zu counts, the limit is %d axes", rank,
                             SHAPE_RANK_MOST);
    }
    int64_t *counts = ARENA_ARRAY(a, int64_t, rank);
    if (!counts) {
        return diag_no_memory(d);
    }
    unsigned cut = 0; /* axes with more than one part */
    struct str rest = text;
    for (size_t i = 0; i < rank; i++) {
        struct str word = token_cut(rest, ',', &rest);
        counts[i] = token_number(word);
        if (counts[i] < 1) {
            return diag_error_at(
                d, DIAG_MAP_SYNTAX, at, text,
                "'partition %s': '%s' is no count of parts; expected a number from 1 "
                "for each axis, "
                "such as 'partition 5,1'",
                message_shown(d, text), message_shown(d, word));
        }
        if (counts[i] > PARTITION_PARTS_MOST) {
            return diag_error_at(d, DIAG_LIMIT, at, text,
                                 "'partition %s' makes %" PRId64 " parts, the limit is %d",
                                 message_shown(d, text), counts[i], PARTITION_PARTS_MOST);
        }
        cut += counts[i] > 1;
    }
    if (cut > 1) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, at, text,
                             "'partition %s' cuts %u axes: only one count may exceed 1",
                             message_shown(d, text), cut);
    }
    *out = (struct partition){counts, (uint8_t)rank};
    return 0;
}

/* A list amid its parsing. */
struct listing {
    struct position at;
    struct str name; /* NAME, of the first element, in the caller's arena */
    int64_t *numbers;
    size_t count; /* of the list */
    size_t known; /* of the numbers */
};

static errint add_part(struct listing *list, struct str whole, int64_t number, struct arena *a,
                       struct diag *d)
{
    if (!list->name.ptr) {
        list->name = arena_str(a, whole);
        if (!list->name.ptr) {
            return diag_no_memory(d);
        }
    }
    if (!str_eq(whole, list->name)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, list->at, whole,
                             "part_%" PRId64
                             " is one of '%s', the list began with '%s': a list of targets is the "
                             "parts of one variable",
                             number, message_shown(d, whole), message_shown(d, list->name));
    }
    list->numbers[list->known++] = number;
    return 0;
}

static errint add_element(struct listing *list, struct str word, struct arena *scratch,
                          struct arena *a, struct diag *d)
{
    struct name element;
    struct str whole;
    int64_t number;
    errint rc = name_parse(word, "target", list->at, scratch, &element, d);
    if (rc == 0 && (element.is_scope || !name_split_part(element.text, &whole, &number))) {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, list->at, element.text,
            "'%s' in a list of targets: expected the parts of one variable, NAME/part_0 to "
            "NAME/part_%zu",
            message_shown(d, element.text), list->count - 1);
    }
    return rc < 0 ? rc : add_part(list, whole, number, a, d);
}

static int by_number(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* The numbers are sorted, and each is there once. */
static errint finish_list(struct listing *list, struct part_list *out, struct diag *d)
{
    qsort(list->numbers, list->count, sizeof(*list->numbers), by_number);
    for (size_t i = 1; i < list->count; i++) {
        if (list->numbers[i] == list->numbers[i - 1]) {
            return diag_error_at(d, DIAG_MAP_SYNTAX, list->at, list->name,
                                 "part_%" PRId64 " of '%s' is listed twice", list->numbers[i],
                                 message_shown(d, list->name));
        }
    }
    bool whole = list->numbers[list->count - 1] == (int64_t)list->count - 1;
    *out = (struct part_list){list->name, (int64_t)list->count, whole ? NULL : list->numbers};
    return 0;
}

errint partition_list_parse(struct str text, struct position at, struct arena *a,
                            struct part_list *out, struct diag *d)
{
    *out = (struct part_list){.name = STR("")};
    struct listing list = {.at = at, .count = count_elements(text)};
    if (list.count > PARTITION_PARTS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, STR(""),
                             "a list of %zu targets, the limit is %d parts", list.count,
                             PARTITION_PARTS_MOST);
    }
    list.numbers = ARENA_ARRAY(a, int64_t, list.count);
    if (!list.numbers) {
        return diag_no_memory(d);
    }
    CLEANUP(arena_fini) struct arena scratch;
    arena_init(&scratch);
    for (struct str rest = text; rest.ptr;) {
        struct str word = token_cut(rest, ',', &rest);
        arena_reset(&scratch);
        errint rc = add_element(&list, word, &scratch, a, d);
        if (rc < 0) {
            return rc; /* one error for a list */
        }
    }
    return finish_list(&list, out, d);
}
