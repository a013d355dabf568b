/* SPDX-License-Identifier: Apache-2.0 */
/* Values under chains of operations at random, against the same chains over arrays in which each
 * element has a number. */
#include "plan/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANK_MOST = 5, ELEMENTS_MOST = 4000, CHAINS = 20000, CHAIN_MOST = 8, FILL = -5 };

/* An array as it should be. */
struct array {
    unsigned rank;
    int64_t dims[RANK_MOST + 2];
    int64_t count;
    int64_t *elements; /* owns */
};

static struct arena arena;
static struct tensor tensor;
static int64_t tensor_dims[RANK_MOST];

static struct shape shape_of(const struct array *x)
{
    int64_t *dims = ARENA_ARRAY(&arena, int64_t, RANK_MOST + 2);
    assert_non_null(dims);
    memcpy(dims, x->dims, sizeof(x->dims));
    return (struct shape){dims, (uint8_t)x->rank};
}

static struct array new_array(unsigned rank, const int64_t *dims)
{
    struct array x = {.rank = rank, .count = 1};
    memcpy(x.dims, dims, rank * sizeof(*dims));
    for (unsigned k = 0; k < rank; k++) {
        x.count *= dims[k];
    }
    x.elements = calloc((size_t)x.count + 1, sizeof(*x.elements));
    assert_non_null(x.elements);
    return x;
}

static void unravel(const int64_t *dims, unsigned rank, int64_t flat, int64_t *index)
{
    for (unsigned k = rank; k-- > 0;) {
        index[k] = flat % dims[k];
        flat /= dims[k];
    }
}

static int64_t ravel(const int64_t *dims, unsigned rank, const int64_t *index)
{
    int64_t flat = 0;
    for (unsigned k = 0; k < rank; k++) {
        flat = flat * dims[k] + index[k];
    }
    return flat;
}

/* ---- what a value has ------------------------------------------------------------------------ */

static int64_t element_of(const struct value *v, const int64_t *index);

static int64_t read_at(const struct piece *p, int64_t off)
{
    assert_int_equal(off % 8, 0);
    if (!p->more || !p->more->computed) {
        assert_in_range(off, 0, ELEMENTS_MOST * 8);
        return off / 8;
    }
    const struct computed *c = p->more->computed;
    int64_t index[RANK_MOST + 2];
    assert_true(off >= 0 && (uint64_t)off < c->bytes);
    unravel(c->inputs->shape.dims, c->inputs->shape.rank, off / 8, index);
    return element_of(c->inputs, index);
}

static bool is_inside(const struct piece *p, unsigned rank, const int64_t *index)
{
    for (unsigned k = 0; k < rank; k++) {
        if (index[k] < p->start[k] || index[k] >= p->start[k] + p->len[k]) {
            return false;
        }
    }
    return true;
}

static int64_t element_of(const struct value *v, const int64_t *index)
{
    const struct piece *found = NULL;
    for (uint32_t i = 0; i < v->count; i++) {
        if (is_inside(&v->pieces[i], v->shape.rank, index)) {
            assert_null(found); /* pieces are disjoint */
            found = &v->pieces[i];
        }
    }
    assert_non_null(found);
    const struct piece_more *more = found->more;
    int64_t fill;
    if (more) {
        memcpy(&fill, more->fill, 8);
    }
    if (more && more->filled) {
        return fill;
    }
    int64_t off = (int64_t)found->off;
    for (unsigned k = 0; k < v->shape.rank; k++) {
        int64_t at = index[k] - found->start[k];
        const int64_t *offsets = more && more->offsets ? more->offsets[k] : NULL;
        if (offsets && offsets[at] == PIECE_NOTHING) {
            return fill;
        }
        off += offsets ? offsets[at] : at * found->stride[k];
    }
    return read_at(found, off);
}

static void check(const struct value *v, const struct array *expected, const char *what)
{
    int64_t index[RANK_MOST + 2];
    assert_int_equal(v->shape.rank, expected->rank);
    assert_memory_equal(v->shape.dims, expected->dims, expected->rank * sizeof(int64_t));
    for (int64_t i = 0; i < expected->count; i++) {
        unravel(expected->dims, expected->rank, i, index);
        int64_t got = element_of(v, index);
        if (got != expected->elements[i]) {
            fail_msg("%s: element %lld is %lld, expected %lld", what, (long long)i, (long long)got,
                     (long long)expected->elements[i]);
        }
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

struct step {
    struct value value;
    struct array array;
};

static int64_t some(int64_t below)
{
    return below > 0 ? rand() % below : 0;
}

static void settle(struct step *s, const struct value *v, struct array *x)
{
    free(s->array.elements);
    s->value = *v;
    s->array = *x;
}

static const char *permute(struct step *s)
{
    uint8_t axes[RANK_MOST + 2];
    int64_t dims[RANK_MOST + 2];
    int64_t index[RANK_MOST + 2];
    int64_t from[RANK_MOST + 2];
    unsigned rank = s->array.rank;
    for (unsigned k = 0; k < rank; k++) {
        unsigned at = (unsigned)some(k + 1);
        axes[k] = axes[at];
        axes[at] = (uint8_t)k;
    }
    for (unsigned k = 0; k < rank; k++) {
        dims[k] = s->array.dims[axes[k]];
    }
    struct array x = new_array(rank, dims);
    for (int64_t i = 0; i < x.count; i++) {
        unravel(dims, rank, i, index);
        for (unsigned k = 0; k < rank; k++) {
            from[axes[k]] = index[k];
        }
        x.elements[i] = s->array.elements[ravel(s->array.dims, rank, from)];
    }
    struct value v;
    assert_int_equal(value_permute(&s->value, axes, &arena, &v), 0);
    settle(s, &v, &x);
    return "permute";
}

static struct value_range some_range(int64_t dim)
{
    struct value_range r = {0, 0, 1};
    if (dim == 0 || some(12) == 0) {
        return r;
    }
    r.step = 1 + some(3);
    r.start = some(dim);
    if (some(3) == 0) {
        r.step = -r.step;
        r.count = 1 + some(r.start / -r.step + 1);
    } else {
        r.count = 1 + some((dim - 1 - r.start) / r.step + 1);
    }
    if (some(2)) {
        r = (struct value_range){0, dim, 1};
    }
    return r;
}

/* The values of x at places that `where` gives for each index of the result. */
static const char *slice(struct step *s)
{
    struct value_range ranges[RANK_MOST + 2];
    int64_t dims[RANK_MOST + 2];
    int64_t index[RANK_MOST + 2];
    unsigned rank = s->array.rank;
    for (unsigned k = 0; k < rank; k++) {
        ranges[k] = some_range(s->array.dims[k]);
        dims[k] = ranges[k].count;
    }
    struct array x = new_array(rank, dims);
    for (int64_t i = 0; i < x.count; i++) {
        unravel(dims, rank, i, index);
        for (unsigned k = 0; k < rank; k++) {
            index[k] = ranges[k].start + index[k] * ranges[k].step;
        }
        x.elements[i] = s->array.elements[ravel(s->array.dims, rank, index)];
    }
    struct value v;
    assert_int_equal(value_slice(&s->value, ranges, &arena, &v), 0);
    settle(s, &v, &x);
    return "slice";
}

static const char *take(struct step *s)
{
    enum { TAKEN_MOST = 80 };
    int64_t taken[TAKEN_MOST];
    int64_t dims[RANK_MOST + 2];
    int64_t index[RANK_MOST + 2];
    unsigned rank = s->array.rank;
    if (rank == 0) {
        return "";
    }
    unsigned axis = (unsigned)some(rank);
    int64_t count = some(8) ? some(6) : some(TAKEN_MOST);
    bool nothing = some(3) == 0 || s->array.dims[axis] == 0;
    if (s->array.count * count > ELEMENTS_MOST) {
        count = 1;
    }
    for (int64_t i = 0; i < count; i++) {
        bool none = s->array.dims[axis] == 0 || (nothing && some(2));
        taken[i] = none ? VALUE_NOTHING : some(s->array.dims[axis]);
    }
    memcpy(dims, s->array.dims, sizeof(dims));
    dims[axis] = count;
    struct array x = new_array(rank, dims);
    for (int64_t i = 0; i < x.count; i++) {
        unravel(dims, rank, i, index);
        index[axis] = taken[index[axis]];
        x.elements[i] = index[axis] == VALUE_NOTHING
                            ? FILL
                            : s->array.elements[ravel(s->array.dims, rank, index)];
    }
    struct value v;
    const int64_t fill = FILL;
    errint rc = value_take(&s->value, axis, taken, count, &fill, &arena, &v);
    if (rc == -ELOOP) {
        free(x.elements);
        return "";
    }
    assert_int_equal(rc, 0);
    settle(s, &v, &x);
    return "take";
}

/* Itself, a part of itself and a fill, one after the other. */
static const char *join(struct step *s)
{
    int64_t dims[RANK_MOST + 2];
    int64_t index[RANK_MOST + 2];
    unsigned rank = s->array.rank;
    if (rank == 0 || s->array.count * 3 > ELEMENTS_MOST) {
        return "";
    }
    unsigned axis = (unsigned)some(rank);
    int64_t dim = s->array.dims[axis];
    int64_t part = some(dim + 1);
    struct value parts[3] = {s->value};
    struct value_range ranges[RANK_MOST + 2];
    for (unsigned k = 0; k < rank; k++) {
        ranges[k] = (struct value_range){0, s->array.dims[k], 1};
    }
    ranges[axis].count = part;
    assert_int_equal(value_slice(&s->value, ranges, &arena, &parts[1]), 0);
    memcpy(dims, s->array.dims, sizeof(dims));
    dims[axis] = 1;
    struct array one = {.rank = rank};
    memcpy(one.dims, dims, sizeof(dims));
    const int64_t fill = FILL;
    assert_int_equal(value_filled(shape_of(&one), DTYPE_INT64, &fill, &arena, &parts[2]), 0);
    dims[axis] = dim + part + 1;
    struct array x = new_array(rank, dims);
    for (int64_t i = 0; i < x.count; i++) {
        unravel(dims, rank, i, index);
        bool filled = index[axis] == dim + part;
        index[axis] -= index[axis] >= dim ? dim : 0;
        x.elements[i] = filled ? FILL : s->array.elements[ravel(s->array.dims, rank, index)];
    }
    struct value v;
    assert_int_equal(value_join(parts, 3, axis, &arena, &v), 0);
    settle(s, &v, &x);
    return "join";
}

static const char *broadcast(struct step *s)
{
    int64_t dims[RANK_MOST + 2];
    int64_t index[RANK_MOST + 2];
    unsigned rank = s->array.rank;
    unsigned more = rank < RANK_MOST ? (unsigned)some(2) : 0;
    int64_t count = 1;
    for (unsigned k = 0; k < rank + more; k++) {
        dims[k] = k < more ? some(3) + (some(9) > 0) : s->array.dims[k - more];
        if (k >= more && dims[k] == 1) {
            dims[k] = 1 + some(4);
        }
        count *= dims[k];
    }
    if (count > ELEMENTS_MOST) {
        return "";
    }
    struct array x = new_array(rank + more, dims);
    for (int64_t i = 0; i < x.count; i++) {
        unravel(dims, rank + more, i, index);
        for (unsigned k = 0; k < rank; k++) {
            index[k] = s->array.dims[k] == 1 ? 0 : index[k + more];
        }
        x.elements[i] = s->array.elements[ravel(s->array.dims, rank, index)];
    }
    struct value v;
    assert_int_equal(value_broadcast(&s->value, shape_of(&x), &arena, &v), 0);
    settle(s, &v, &x);
    return "broadcast";
}

static const char *reshape(struct step *s)
{
    int64_t dims[RANK_MOST + 2];
    unsigned rank = 0;
    int64_t left = s->array.count;
    if (left == 0) {
        return "";
    }
    while (rank < RANK_MOST - 1 && some(5)) {
        int64_t dim = 1 + some(6);
        while (left % dim) {
            dim--;
        }
        dims[rank++] = dim;
        left /= dim;
    }
    if (left > 1 || some(2)) {
        dims[rank++] = left;
    }
    struct array x = new_array(rank, dims);
    memcpy(x.elements, s->array.elements, (size_t)x.count * sizeof(*x.elements));
    struct value v;
    errint rc = value_reshape(&s->value, shape_of(&x), &arena, &v);
    if (rc == -ELOOP) {
        free(x.elements);
        return "";
    }
    assert_int_equal(rc, 0);
    settle(s, &v, &x);
    return "reshape";
}

static struct step begin(void)
{
    struct step s;
    unsigned rank = (unsigned)some(RANK_MOST);
    int64_t count = 1;
    for (unsigned k = 0; k < rank; k++) {
        tensor_dims[k] = some(15) ? 1 + some(6) : 0;
        count *= tensor_dims[k];
    }
    tensor = (struct tensor){.dims = tensor_dims,
                             .rank = (uint8_t)rank,
                             .dtype = DTYPE_INT64,
                             .bytes = (uint64_t)count * 8};
    const struct catalog c = {0};
    assert_int_equal(value_of_tensor(&c, &tensor, &arena, &s.value), 0);
    s.array = new_array(rank, tensor_dims);
    for (int64_t i = 0; i < s.array.count; i++) {
        s.array.elements[i] = i;
    }
    return s;
}

static void value_chains_are_what_they_are_over_arrays(void **state)
{
    (void)state;
    static const char *(*const operations[])(struct step *) = {permute, slice,     take,
                                                               join,    broadcast, reshape};
    srand(2021);
    for (int chain = 0; chain < CHAINS; chain++) {
        char what[200] = "";
        struct step s = begin();
        check(&s.value, &s.array, what);
        for (int i = 0; i < CHAIN_MOST; i++) {
            strcat(what, " ");
            strcat(what, operations[some(ARRAY_LEN(operations))](&s));
            check(&s.value, &s.array, what);
        }
        free(s.array.elements);
        arena_reset(&arena);
    }
}

static void value_reshape_of_what_lies_in_order_reads_the_file(void **state)
{
    (void)state;
    static const int64_t dims[] = {4, 6, 5};
    static const int64_t flat[] = {120};
    static const int64_t cut[] = {2, 2, 3, 10};
    const struct catalog c = {0};
    const struct tensor t = {.dims = dims, .rank = 3, .dtype = DTYPE_INT64};
    struct value v;
    struct value out;
    assert_int_equal(value_of_tensor(&c, &t, &arena, &v), 0);
    assert_true(value_is_dense(&v));
    assert_int_equal(value_reshape(&v, (struct shape){flat, 1}, &arena, &out), 0);
    assert_true(value_is_dense(&out));
    assert_int_equal(value_reshape(&v, (struct shape){cut, 4}, &arena, &out), 0);
    assert_true(value_is_dense(&out));
    assert_int_equal(value_depth(&out), 0);
    /* A part of it is still no reason to compute. */
    static const struct value_range part[] = {{1, 2, 1}, {0, 6, 1}, {0, 5, 1}};
    static const int64_t two[] = {10, 6};
    assert_int_equal(value_slice(&v, part, &arena, &out), 0);
    assert_int_equal(value_reshape(&out, (struct shape){two, 2}, &arena, &out), 0);
    assert_true(value_is_dense(&out));
    /* What stands the other way round is. */
    static const uint8_t axes[] = {2, 1, 0};
    assert_int_equal(value_permute(&v, axes, &arena, &out), 0);
    assert_int_equal(value_reshape(&out, (struct shape){flat, 1}, &arena, &out), 0);
    assert_int_equal(value_depth(&out), 1);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_chains_are_what_they_are_over_arrays),
        cmocka_unit_test(value_reshape_of_what_lies_in_order_reads_the_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
