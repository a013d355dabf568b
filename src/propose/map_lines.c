/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/map_lines.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/grow.h"
#include "map/pattern.h"

enum {
    NUMBERS_MOST = 32, /* in the names of a pair */
    DIGITS_MOST = 9
};

/* The numbers in the names of a pair, from left to right. */
struct pair_key {
    const struct proposal_pair *pair;
    struct str shape; /* the names with a 0 byte for each number, and the operations */
    uint32_t numbers[NUMBERS_MOST];
    bool zeros[NUMBERS_MOST]; /* it is written with zeros before it */
    uint32_t count;
    uint32_t sources; /* of them, those of sources */
    size_t order;     /* of the pair */
    bool plain;       /* its numbers are too many, or too long, to be understood */
};

/* Adds a name, and notes its numbers. */
static void add_name(struct pair_key *k, struct str name, struct buf *shape)
{
    for (size_t i = 0; i < name.len;) {
        size_t end = i;
        while (end < name.len && isdigit((unsigned char)name.ptr[end])) {
            end++;
        }
        if (end == i) {
            buf_char(shape, name.ptr[i++]);
            continue;
        }
        k->plain |= end - i > DIGITS_MOST || k->count == NUMBERS_MOST;
        if (!k->plain) {
            k->zeros[k->count] = end - i > 1 && name.ptr[i] == '0';
            k->numbers[k->count++] = (uint32_t)strtoul(name.ptr + i, NULL, 10);
        }
        buf_char(shape, '\0');
        i = end;
    }
    buf_char(shape, '\n');
}

static errint make_key(struct proposal *p, const struct proposal_pair *pair, struct pair_key *k)
{
    CLEANUP_BUF struct buf shape = {0};
    *k = (struct pair_key){.pair = pair};
    for (uint32_t i = 0; i < pair->source_count; i++) {
        add_name(k, p->from.variables[pair->sources[i]].name, &shape);
    }
    k->sources = k->count;
    buf_char(&shape, '=');
    for (uint32_t i = 0; i < pair->target_count; i++) {
        add_name(k, p->to.variables[pair->targets[i]].name, &shape);
    }
    buf_printf(&shape, "|%d%s\n%s", pair->certainty, pair->operations, pair->why ? pair->why : "");
    k->shape = arena_str(&p->arena, buf_view(&shape));
    return shape.failed || !k->shape.ptr ? -ENOMEM : 0;
}

static int by_shape(const void *a, const void *b)
{
    const struct pair_key *left = a;
    const struct pair_key *right = b;
    int order = str_cmp(left->shape, right->shape);
    return order ? order : (left->order > right->order) - (left->order < right->order);
}

static int by_order(const void *a, const void *b)
{
    const struct map_line *left = a;
    const struct map_line *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

/* ---- a line ---------------------------------------------------------------------------------- */

/* What a line writes for each number of its pairs. */
struct spelling {
    const struct pair_key *keys;
    uint32_t count;           /* of keys */
    int letter[NUMBERS_MOST]; /* which of {i}, {j} ...; -1: the digits */
    int shift[NUMBERS_MOST];  /* of a target's: {i+1}, {i-1} */
    unsigned letters;
};

static bool is_constant(const struct spelling *s, uint32_t number)
{
    for (uint32_t k = 1; k < s->count; k++) {
        if (s->keys[k].numbers[number] != s->keys[0].numbers[number] ||
            s->keys[k].zeros[number] != s->keys[0].zeros[number]) {
            return false;
        }
    }
    return true;
}

static bool agree(const struct spelling *s, uint32_t a, uint32_t b, int shift)
{
    for (uint32_t k = 0; k < s->count; k++) {
        if ((int64_t)s->keys[k].numbers[a] + shift != (int64_t)s->keys[k].numbers[b]) {
            return false;
        }
    }
    return true;
}

/* Gives number `at` the letter of an earlier one of the sources that it always equals. */
static bool find_letter(struct spelling *s, uint32_t at, int shift)
{
    uint32_t sources = s->keys->sources;
    for (uint32_t i = 0; i < at && i < sources; i++) {
        if (s->letter[i] >= 0 && agree(s, i, at, shift)) {
            s->letter[at] = s->letter[i];
            s->shift[at] = shift;
            return true;
        }
    }
    return false;
}

/* Whether a target's number can be written: without zeros before it, by a letter of the sources. */
static bool spell_target(struct spelling *s, uint32_t at)
{
    for (uint32_t k = 0; k < s->count; k++) {
        if (s->keys[k].zeros[at]) {
            return false;
        }
    }
    return find_letter(s, at, 0) || find_letter(s, at, 1) || find_letter(s, at, -1);
}

static bool spell(struct spelling *s)
{
    const struct pair_key *first = s->keys;
    for (uint32_t i = 0; i < first->count; i++) {
        s->letter[i] = -1;
        s->shift[i] = 0;
        if (is_constant(s, i)) {
            continue;
        }
        if (i >= first->sources) {
            if (!spell_target(s, i)) {
                return false;
            }
        } else if (!find_letter(s, i, 0)) {
            if (s->letters == 4) {
                return false;
            }
            s->letter[i] = (int)s->letters++;
        }
    }
    return s->letters > 0;
}

/* Adds one name of the line. *number is that of its first number, and becomes that behind it. With
 * a spelling, nothing in the name has to be escaped (can_be_spelt); NULL: it stands alone. */
static void write_name(const struct spelling *s, struct str name, uint32_t *number, struct buf *b)
{
    if (!s) {
        escape_name(b, name, false, false);
        return;
    }
    for (size_t i = 0; i < name.len;) {
        size_t end = i;
        while (end < name.len && isdigit((unsigned char)name.ptr[end])) {
            end++;
        }
        if (end == i) {
            buf_char(b, name.ptr[i++]);
            continue;
        }
        int letter = s->letter[*number];
        if (letter < 0) {
            buf_add(b, name.ptr + i, end - i);
        } else {
            buf_printf(b, s->shift[*number] ? "{%c%+d}" : "{%c}", 'i' + letter, s->shift[*number]);
        }
        (*number)++;
        i = end;
    }
}

static bool is_escaped(struct str name)
{
    CLEANUP_BUF struct buf escaped = {0};
    escape_name(&escaped, name, false, false);
    return escaped.failed || escaped.len != name.len;
}

static errint write_line(struct proposal *p, const struct proposal_pair *pair,
                         const struct spelling *s, const char **out)
{
    CLEANUP_BUF struct buf b = {0};
    uint32_t number = 0;
    for (uint32_t i = 0; i < pair->source_count; i++) {
        buf_text(&b, i ? ", " : "");
        write_name(s, p->from.variables[pair->sources[i]].name, &number, &b);
    }
    buf_text(&b, " = ");
    for (uint32_t i = 0; i < pair->target_count; i++) {
        buf_text(&b, i ? ", " : "");
        write_name(s, p->to.variables[pair->targets[i]].name, &number, &b);
    }
    buf_printf(&b, "%s%s", pair->operations[0] ? " | " : "", pair->operations);
    *out = b.failed ? NULL : arena_cstr(&p->arena, buf_view(&b));
    return *out ? 0 : -ENOMEM;
}

/* ---- whether it gives these pairs and no other ----------------------------------------------- */

/* Whether as many variables match the line's source number `i` as it has pairs, and it has all the
 * line's letters. */
static errint matches_all(struct proposal *p, const struct spelling *s, uint32_t i,
                          uint32_t *number, bool *exact)
{
    CLEANUP_BUF struct buf text = {0};
    struct pattern pattern;
    struct pattern_fault fault;
    struct pattern_scratch scratch = {0};
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    unsigned letters = 0;
    uint32_t first = *number;
    write_name(s, p->from.variables[s->keys->pair->sources[i]].name, number, &text);
    for (uint32_t k = first; k < *number; k++) {
        letters |= s->letter[k] >= 0 ? 1u << s->letter[k] : 0;
    }
    struct str kept = text.failed ? (struct str){NULL, 0} : arena_str(&p->arena, buf_view(&text));
    if (!kept.ptr) {
        return -ENOMEM;
    }
    errint rc = pattern_parse(kept, &p->arena, &pattern, &fault);
    uint32_t found = 0;
    for (uint32_t k = 0; rc == 0 && k < p->from.count; k++) {
        int got = pattern_match(&pattern, p->from.variables[k].name, &scratch, captures);
        rc = got < 0 ? got : 0;
        found += got > 0;
    }
    pattern_scratch_fini(&scratch);
    *exact = rc == 0 && found == s->count && letters == (1u << s->letters) - 1;
    return rc == -ENOMEM ? rc : 0;
}

static errint is_exact(struct proposal *p, const struct spelling *s, bool *exact)
{
    const struct proposal_pair *pair = s->keys->pair;
    uint32_t number = 0;
    *exact = true;
    for (uint32_t i = 0; *exact && i < pair->source_count; i++) {
        errint rc = matches_all(p, s, i, &number, exact);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static bool can_be_spelt(const struct proposal *p, const struct pair_key *k)
{
    for (uint32_t i = 0; i < k->pair->source_count; i++) {
        if (is_escaped(p->from.variables[k->pair->sources[i]].name)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < k->pair->target_count; i++) {
        if (is_escaped(p->to.variables[k->pair->targets[i]].name)) {
            return false;
        }
    }
    return !k->plain;
}

static errint add_line(struct map_lines *l, struct map_line line)
{
    if (!grow(&l->lines, &l->cap, l->count, sizeof(*l->lines))) {
        return -ENOMEM;
    }
    l->lines[l->count++] = line;
    return 0;
}

/* The line, or the lines, of pairs that differ in numbers alone. */
static errint add_group(struct proposal *p, const struct pair_key *keys, uint32_t count,
                        struct map_lines *out)
{
    struct spelling s = {.keys = keys, .count = count};
    struct map_line line = {NULL, keys->pair, count};
    bool exact = false;
    errint rc = 0;
    if (count > 1 && can_be_spelt(p, keys) && spell(&s)) {
        rc = is_exact(p, &s, &exact);
    }
    if (rc == 0 && exact) {
        rc = write_line(p, keys->pair, &s, &line.text);
        return rc < 0 ? rc : add_line(out, line);
    }
    line.pairs = 1;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        line.first = keys[i].pair;
        rc = write_line(p, line.first, NULL, &line.text);
        if (rc == 0) {
            rc = add_line(out, line);
        }
    }
    return rc;
}

errint map_lines_find(struct proposal *p, struct map_lines *out)
{
    *out = (struct map_lines){0};
    CLEANUP_FREE struct pair_key *keys = calloc(p->pair_count + 1, sizeof(*keys));
    errint rc = keys ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < p->pair_count; i++) {
        rc = make_key(p, &p->pairs[i], &keys[i]);
        keys[i].order = i;
    }
    if (rc < 0) {
        return rc;
    }
    qsort(keys, p->pair_count, sizeof(*keys), by_shape);
    size_t end;
    for (size_t i = 0; rc == 0 && i < p->pair_count; i = end) {
        for (end = i + 1; end < p->pair_count && str_eq(keys[i].shape, keys[end].shape); end++) {
        }
        rc = add_group(p, &keys[i], (uint32_t)(end - i), out);
    }
    if (out->count) {
        qsort(out->lines, out->count, sizeof(*out->lines), by_order);
    }
    return rc;
}

void map_lines_fini(struct map_lines *l)
{
    free(l->lines);
    *l = (struct map_lines){0};
}
