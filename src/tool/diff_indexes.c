/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/diff_indexes.h"

#include <malloc.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "compare/listing.h"
#include "view/report.h"

struct sides {
    struct arena *arena;
    struct diff_list *list;
    size_t cap;
    struct listing_cursor a;
    struct listed next_a;
    int any_a;
    const struct catalog *b;
    uint32_t at_b;
    struct listed next_b;
    int any_b; /* 0 also after a tensor without a checksum */
    bool undecided;
};

static void step_a(struct sides *s)
{
    s->any_a = listing_next(&s->a, &s->next_a);
}

static void step_b(struct sides *s)
{
    while (s->at_b < s->b->count && s->b->tensors[s->at_b].hidden) {
        s->at_b++;
    }
    s->any_b = s->at_b < s->b->count;
    if (s->any_b && !listed_of(s->b, &s->b->tensors[s->at_b++], &s->next_b)) {
        s->undecided = true;
    }
}

static enum pair_state state_of(const struct listed *a, const struct listed *b)
{
    struct shape left = {a->dims, a->rank};
    uint64_t elements;
    if (a->dtype != b->dtype) {
        return PAIR_DTYPE;
    }
    if (!shape_eq(left, (struct shape){b->dims, b->rank})) {
        return PAIR_SHAPE;
    }
    if (shape_elements(left, &elements) == 0 && elements == 0) {
        return PAIR_EQUAL;
    }
    return a->crc32c == b->crc32c ? PAIR_SAME_SUM : PAIR_OTHER_SUM;
}

/* Keeps a pair that is told; a side that it is not in is NULL. */
static errint keep(struct sides *s, const struct listed *a, const struct listed *b,
                   enum pair_state state)
{
    struct pairs *pairs = &s->list->pairs;
    if (!grow(&pairs->pairs, &s->cap, pairs->count, sizeof(*pairs->pairs))) {
        return -ENOMEM;
    }
    struct pair p = {a ? listed_target(a, s->arena) : NULL, b ? listed_target(b, s->arena) : NULL,
                     (uint8_t)state};
    if ((a && !p.a) || (b && !p.b)) {
        return -ENOMEM;
    }
    pairs->pairs[pairs->count++] = p;
    return 0;
}

/* The next pair. */
static errint step(struct sides *s)
{
    int order = s->any_a > 0 ? -1 : 1;
    if (s->any_a > 0 && s->any_b) {
        order = str_cmp(s->next_a.name, s->next_b.name);
    }
    enum pair_state state = order < 0 ? PAIR_ONLY_A : PAIR_ONLY_B;
    if (order == 0) {
        state = state_of(&s->next_a, &s->next_b);
    }
    s->list->count++;
    s->list->states[state]++;
    errint rc = 0;
    if (state != PAIR_SAME_SUM && state != PAIR_EQUAL) {
        const struct listed *a = order <= 0 ? &s->next_a : NULL;
        rc = keep(s, a, order >= 0 ? &s->next_b : NULL, state);
    }
    if (order <= 0) {
        step_a(s);
    }
    if (order >= 0) {
        step_b(s);
    }
    return rc;
}

/* 1, or 0 where a tensor of B has no checksum. */
static int compare(const struct listing *a, const struct catalog *b, struct arena *arena,
                   struct diff_list *l)
{
    struct sides s = {.arena = arena, .list = l, .a = listing_first(a), .b = b};
    errint rc = 0;
    step_a(&s);
    step_b(&s);
    while (rc == 0 && !s.undecided && (s.any_a > 0 || s.any_b)) {
        rc = step(&s);
    }
    listing_end(&s.a);
    if (rc < 0 || s.any_a < 0) {
        return -ENOMEM;
    }
    return !s.undecided;
}

static errint open_index(const char *checkpoint, struct diag *d, struct view *out)
{
    const struct view_request request = {.checkpoint = checkpoint, .depth = VIEW_CATALOG};
    return view_open(&request, d, out);
}

static int list_a(const struct tool_args *args, struct diag *d, struct diff_list *l,
                  struct listing *out)
{
    struct view v = {0};
    errint rc = open_index(args->operands[0], d, &v);
    int made = rc < 0 ? rc : listing_make(v.catalog, out);
    if (made > 0) {
        diff_note_view(l, &v, false);
    }
    view_close(&v);
    malloc_trim(0); /* B takes as much */
    return made;
}

static int compare_b(const struct tool_args *args, struct diag *d, const struct listing *a,
                     struct arena *arena, struct diff_list *l)
{
    struct view v = {0};
    errint rc = open_index(args->operands[1], d, &v);
    bool plain = rc == 0 && !v.catalog->names && !v.catalog->names_fault;
    int done = rc < 0 ? rc : plain && compare(a, v.catalog, arena, l);
    if (done > 0) {
        diff_note_view(l, &v, true);
    }
    view_close(&v);
    return done;
}

static bool is_plain(const struct tool_args *args)
{
    const struct map_extra *e = &args->extra;
    return !args->map && !args->map_b && !e->names && !e->drop_count && !e->keep_count &&
           !args->json && strcmp(args->operands[0], "none") != 0 &&
           strcmp(args->operands[1], "none") != 0;
}

int diff_indexes(const struct tool_args *args, struct diag *d, struct arena *a, struct diff_list *l)
{
    if (l->values || !is_plain(args)) {
        return 0;
    }
    const struct diag_mark before = diag_mark(d);
    struct listing listing = {0};
    int done = list_a(args, d, l, &listing);
    if (done > 0) {
        done = compare_b(args, d, &listing, a, l);
    }
    listing_fini(&listing);
    if (done <= 0) {
        diag_forget(d, &before);
        diff_list_clear(l);
    }
    return done;
}
