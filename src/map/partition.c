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

struct part_list {
    struct position at;
    struct str name; /* NAME, of the first element, in the caller's arena */
    size_t count;
    unsigned char *seen; /* by number */
};

static errint add_part(struct part_list *list, struct str whole, int64_t number, struct arena *a,
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
    if ((uint64_t)number >= list->count) {
        return 0; /* then a smaller one is missing */
    }
    if (list->seen[number]) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, list->at, whole,
                             "part_%" PRId64 " of '%s' is listed twice", number,
                             message_shown(d, whole));
    }
    list->seen[number] = 1;
    return 0;
}

errint partition_list_parse(struct str text, struct position at, struct arena *a, struct str *name,
                            int64_t *parts, struct diag *d)
{
    *name = STR("");
    *parts = 0;
    struct part_list list = {.at = at, .count = count_elements(text)};
    if (list.count > PARTITION_PARTS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, at, STR(""),
                             "a list of %zu targets, the limit is %d parts", list.count,
                             PARTITION_PARTS_MOST);
    }
    CLEANUP_FREE unsigned char *seen = calloc(list.count, 1);
    if (!seen) {
        return diag_no_memory(d);
    }
    list.seen = seen;
    CLEANUP(arena_fini) struct arena scratch;
    arena_init(&scratch);
    errint rc = 0;
    for (struct str rest = text; rest.ptr;) {
        struct str word = token_cut(rest, ',', &rest);
        arena_reset(&scratch);
        struct name element;
        struct str whole;
        int64_t number;
        errint failed = name_parse(word, "target", at, &scratch, &element, d);
        if (failed == 0 && (element.is_scope || !name_split_part(element.text, &whole, &number))) {
            return diag_error_at(
                d, DIAG_MAP_SYNTAX, at, element.text,
                "'%s' in a list of targets: expected the parts of one variable, NAME/part_0 to "
                "NAME/part_%zu",
                message_shown(d, element.text), list.count - 1);
        }
        if (failed == 0) {
            failed = add_part(&list, whole, number, a, d);
        }
        if (rc == 0) {
            rc = failed;
        }
    }
    if (rc < 0) {
        return rc;
    }
    const unsigned char *missing = memchr(seen, 0, list.count);
    if (missing) {
        return diag_error_at(
            d, DIAG_MAP_SYNTAX, at, list.name,
            "part_%zu of '%s' is missing: %zu targets are part_0 to part_%zu, each once",
            (size_t)(missing - seen), message_shown(d, list.name), list.count, list.count - 1);
    }
    *name = list.name;
    *parts = (int64_t)list.count;
    return 0;
}
