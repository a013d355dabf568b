/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/part_sums.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "propose/sum_table.h"

enum {
    RUN_MEMBERS_MOST = 256, /* of names with a number, of which every run is looked at */
    WORD_MEMBERS_MOST = 12, /* of names with a word, of which every subset is */
};

struct finding {
    const struct sum_problem *problem;
    struct sum_sets *out;
    struct sum_table wholes; /* by fingerprint */
    struct sum_table parts;  /* those that are not constant */
    uint32_t *found;         /* owns: how many sets each whole has */
    uint32_t *newest;        /* owns: the number of the last one, from 1; 0: it has none */
    uint64_t lookups;
};

static void finding_fini(struct finding *f)
{
    sum_table_fini(&f->wholes);
    sum_table_fini(&f->parts);
    free(f->found);
    free(f->newest);
}

static bool is_known(const struct finding *f, uint32_t whole, const uint32_t *parts, uint32_t count)
{
    for (uint32_t i = f->newest[whole]; i; i = f->out->list[i - 1].before) {
        const struct sum_set *s = &f->out->list[i - 1];
        if (s->count == count && memcmp(s->parts, parts, count * sizeof(*parts)) == 0) {
            return true;
        }
    }
    return false;
}

/* Notes a set, if it has as many elements as the whole that it adds up to. */
static errint note_set(struct finding *f, uint32_t whole, const uint32_t *parts, uint32_t count)
{
    uint64_t elements = 0;
    for (uint32_t i = 0; i < count; i++) {
        elements += f->problem->parts[parts[i]].elements;
    }
    if (elements != f->problem->wholes[whole].elements || f->found[whole] == SUM_SETS_EACH ||
        is_known(f, whole, parts, count)) {
        return 0;
    }
    uint32_t *kept = ARENA_ARRAY(f->out->arena, uint32_t, count);
    if (!kept || !arena_grow(f->out->arena, &f->out->list, &f->out->cap, f->out->count,
                             sizeof(*f->out->list))) {
        return -ENOMEM;
    }
    memcpy(kept, parts, count * sizeof(*kept));
    f->out->list[f->out->count++] = (struct sum_set){whole, kept, count, f->newest[whole]};
    f->newest[whole] = (uint32_t)f->out->count;
    f->found[whole]++;
    return 0;
}

/* The whole that a set adds up to. */
static uint32_t whole_of(struct finding *f, uint64_t sum)
{
    f->lookups++;
    return sum_table_find(&f->wholes, sum);
}

static bool is_enough(const struct finding *f)
{
    return f->lookups > SUM_LOOKUPS_MOST;
}

/* ---- by names -------------------------------------------------------------------------------- */

/* A part, by what its name is without one number or word. */
struct member {
    uint64_t key;
    uint64_t number;
    uint32_t part;
};

struct members {
    struct member *list; /* owns */
    size_t count;
    size_t cap;
};

static void members_fini(struct members *m)
{
    free(m->list);
}

static int by_key(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    if (x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    return (x->part > y->part) - (x->part < y->part);
}

static uint64_t hash(uint64_t seed, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        seed = (seed ^ (unsigned char)s.ptr[i]) * 0x100000001b3;
    }
    return (seed ^ seed >> 29) * 0x9e3779b97f4a7c15;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_cut(char c)
{
    return c == '/' || c == '.' || c == '_' || c == '-';
}

/* Where the run of digits, or the word, that begins at i ends. */
static size_t run_end(struct str name, size_t i, bool digits)
{
    while (i < name.len && (digits ? is_digit(name.ptr[i]) : !is_cut(name.ptr[i]))) {
        i++;
    }
    return i;
}

static uint64_t number_of(struct str digits)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len && i < 18; i++) {
        number = number * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    return number;
}

/* The part, once for each of its numbers, or of its words. */
static errint add_members(struct members *m, struct str name, uint32_t part, bool digits)
{
    for (size_t i = 0, end; i < name.len; i = end + (end == i)) {
        end = run_end(name, i, digits);
        if (end == i) {
            continue;
        }
        if (!grow(&m->list, &m->cap, m->count, sizeof(*m->list))) {
            return -ENOMEM;
        }
        uint64_t key = hash(hash(i + 1, str_head(name, i)), str_from_pos(name, end));
        m->list[m->count++] =
            (struct member){key, digits ? number_of(str_of(name.ptr + i, end - i)) : 0, part};
    }
    return 0;
}

/* Every run of them. */
static errint try_runs(struct finding *f, const struct member *list, uint32_t count)
{
    uint32_t parts[SUM_PARTS_MOST];
    errint rc = 0;
    count = count < SUM_PARTS_MOST ? count : SUM_PARTS_MOST;
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = list[i].part;
    }
    uint32_t starts = count <= RUN_MEMBERS_MOST ? count : 1;
    for (uint32_t i = 0; rc == 0 && i < starts && !is_enough(f); i++) {
        uint64_t sum = 0;
        for (uint32_t j = i; rc == 0 && j < count; j++) {
            sum += f->problem->parts[parts[j]].sum;
            uint32_t whole = j > i ? whole_of(f, sum) : SUM_TABLE_NONE;
            if (whole != SUM_TABLE_NONE) {
                rc = note_set(f, whole, parts + i, j + 1 - i);
            }
        }
    }
    return rc;
}

/* Every subset of them. */
static errint try_subsets(struct finding *f, const struct member *list, uint32_t count)
{
    errint rc = 0;
    if (count > WORD_MEMBERS_MOST) {
        return 0;
    }
    for (unsigned bits = 3; rc == 0 && bits < 1u << count && !is_enough(f); bits++) {
        uint32_t parts[WORD_MEMBERS_MOST];
        uint32_t taken = 0;
        uint64_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (bits >> i & 1) {
                parts[taken++] = list[i].part;
                sum += f->problem->parts[list[i].part].sum;
            }
        }
        uint32_t whole = taken > 1 ? whole_of(f, sum) : SUM_TABLE_NONE;
        if (whole != SUM_TABLE_NONE) {
            rc = note_set(f, whole, parts, taken);
        }
    }
    return rc;
}

static errint find_by_names(struct finding *f, bool digits)
{
    CLEANUP(members_fini) struct members m = {0};
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < f->problem->part_count; i++) {
        rc = add_members(&m, f->problem->parts[i].name, i, digits);
    }
    if (rc == 0 && m.count) {
        qsort(m.list, m.count, sizeof(*m.list), by_key);
    }
    for (size_t i = 0, end; rc == 0 && i < m.count; i = end) {
        for (end = i + 1; end < m.count && m.list[end].key == m.list[i].key; end++) {
        }
        if (end - i > 1) {
            rc = (digits ? try_runs : try_subsets)(f, &m.list[i], (uint32_t)(end - i));
        }
    }
    return rc;
}

/* ---- any two, any three ---------------------------------------------------------------------- */

static bool is_candidate(const struct sum_item *part, const struct sum_item *whole)
{
    return !part->constant && part->elements < whole->elements;
}

static errint find_two(struct finding *f, uint32_t whole)
{
    const struct sum_problem *p = f->problem;
    const struct sum_item *w = &p->wholes[whole];
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < p->part_count && !is_enough(f); i++) {
        if (is_candidate(&p->parts[i], w)) {
            f->lookups++;
            uint32_t other = sum_table_find(&f->parts, w->sum - p->parts[i].sum);
            if (other != SUM_TABLE_NONE && other > i) {
                rc = note_set(f, whole, (const uint32_t[]){i, other}, 2);
            }
        }
    }
    return rc;
}

/* Three of which i is one, and j, after it, has as many elements. */
static errint find_three_of(struct finding *f, uint32_t whole, uint32_t i)
{
    const struct sum_problem *p = f->problem;
    const struct sum_item *w = &p->wholes[whole];
    const struct sum_item *one = &p->parts[i];
    errint rc = 0;
    for (uint32_t j = i + 1; rc == 0 && j < p->part_count && !is_enough(f); j++) {
        if (p->parts[j].elements != one->elements || !is_candidate(&p->parts[j], w)) {
            continue;
        }
        f->lookups++;
        uint32_t third = sum_table_find(&f->parts, w->sum - one->sum - p->parts[j].sum);
        if (third != SUM_TABLE_NONE && third != i && third != j) {
            const uint32_t low = third < i ? third : i;
            const uint32_t high = third > j ? third : j;
            rc = note_set(f, whole, (const uint32_t[]){low, i + j + third - low - high, high}, 3);
        }
    }
    return rc;
}

static errint find_any(struct finding *f, uint32_t whole)
{
    errint rc = f->found[whole] ? 0 : find_two(f, whole);
    for (uint32_t i = 0; rc == 0 && !f->found[whole] && i < f->problem->part_count; i++) {
        const struct sum_item *one = &f->problem->parts[i];
        if (is_candidate(one, &f->problem->wholes[whole]) &&
            one->elements * 2 < f->problem->wholes[whole].elements) {
            rc = find_three_of(f, whole, i);
        }
    }
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------- */

static errint make_tables(struct finding *f)
{
    const struct sum_problem *p = f->problem;
    f->found = calloc((size_t)p->whole_count + 1, sizeof(*f->found));
    f->newest = calloc((size_t)p->whole_count + 1, sizeof(*f->newest));
    if (!f->found || !f->newest || sum_table_init(&f->wholes, p->whole_count) < 0 ||
        sum_table_init(&f->parts, p->part_count) < 0) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < p->whole_count; i++) {
        sum_table_add(&f->wholes, p->wholes[i].sum, i);
    }
    for (uint32_t i = 0; i < p->part_count; i++) {
        if (!p->parts[i].constant) {
            sum_table_add(&f->parts, p->parts[i].sum, i);
        }
    }
    return 0;
}

errint sums_find(const struct sum_problem *problem, struct arena *a, struct sum_sets *out)
{
    CLEANUP(finding_fini) struct finding f = {.problem = problem, .out = out};
    *out = (struct sum_sets){.arena = a};
    errint rc = make_tables(&f);
    if (rc == 0) {
        rc = find_by_names(&f, true);
    }
    if (rc == 0) {
        rc = find_by_names(&f, false);
    }
    for (uint32_t i = 0; rc == 0 && i < problem->whole_count && !is_enough(&f); i++) {
        rc = find_any(&f, i);
    }
    return rc;
}
