/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/single.h"

#include <string.h>

#include "propose/axis_sums.h"
#include "propose/places.h"
#include "propose/rearrangement.h"

enum {
    TURNED_LEAST = 4, /* elements of what is flipped, of floats: of fewer, it may be by chance */
    TURNED_INTEGERS_LEAST = 8, /* of other types */
    OTHERS_MOST = 3,           /* arrangements that are compared after one was proved */
};

/* Where the elements of a made value come from, if that is one box: to tell arrangements apart that
 * are written differently. */
struct arrangement {
    bool known;
    unsigned rank;
    uint64_t off;
    int64_t strides[REARRANGEMENT_AXES_MOST];
};

static struct arrangement arrangement_of(const struct value *v)
{
    struct arrangement a = {.known = v->count == 1 && !v->pieces[0].more};
    for (unsigned k = 0; a.known && k < v->shape.rank; k++) {
        if (v->shape.dims[k] != 1) {
            a.known = a.rank < ARRAY_LEN(a.strides);
            a.strides[a.known ? a.rank++ : 0] = v->pieces[0].stride[k];
        }
    }
    a.off = a.known ? v->pieces[0].off : 0;
    return a;
}

static bool is_other(const struct arrangement *a, const struct arrangement *b)
{
    return a->known && b->known &&
           (a->rank != b->rank || a->off != b->off ||
            memcmp(a->strides, b->strides, sizeof(a->strides)) != 0);
}

struct trying {
    struct matching *matching;
    struct prover *prover;
    struct single *single;
    const struct matching_tensor *source;
    struct matching_tensor *target;
    const struct proof_sample *sample;
    struct arrangement first; /* that was proved */
    unsigned others;
};

/* What is the first that was proved, or does as it does, is one of its forms. */
static errint add_form(struct trying *t, const char *text)
{
    struct single *s = t->single;
    if (s->form_count == SINGLE_FORMS_MOST) {
        return 0;
    }
    const char *kept = matching_keep(t->matching, str_from(text));
    s->forms[s->form_count++] = kept;
    s->operations = s->forms[0];
    return kept ? 0 : -ENOMEM;
}

/* Whether it is worth a comparison. Of what was made after a proof, only what does something
 * else. */
static errint look_at(struct trying *t, const struct op_result *made, const char *text, bool *worth)
{
    const struct value *v = made->values;
    *worth = made->count == 1 && v->dtype == t->target->value.dtype &&
             shape_eq(v->shape, t->target->value.shape);
    if (!*worth) {
        return 0;
    }
    struct arrangement a = arrangement_of(v);
    if (!t->single->operations) {
        t->first = a;
        return 0;
    }
    *worth = is_other(&t->first, &a);
    return !*worth && a.known && t->first.known ? add_form(t, text) : 0;
}

/* Whether these operations make the target of the source. */
static errint try_operations(struct trying *t, const char *text, bool *equal)
{
    struct op_result made;
    struct proof_outcome outcome = {0};
    bool fits;
    proof_forget(t->prover);
    errint rc = proof_make(t->prover, &t->source->value, 1, text, &made, &fits);
    if (rc == 0 && fits) {
        rc = look_at(t, &made, text, &fits);
    }
    if (rc == 0 && fits) {
        rc = proof_fits(t->prover, PROPOSAL_FROM, made.values, t->sample, &fits);
    }
    if (rc == 0 && fits) {
        rc = proof_compare(t->prover, made.values, &t->target->value, &outcome);
        t->others += t->single->operations != NULL;
        matching_read(t->matching, t->target->bytes * 2);
    }
    op_result_fini(&made);
    t->target->constant = outcome.equal && outcome.constant && t->target->elements > 1;
    *equal = outcome.equal && !t->target->constant;
    return rc;
}

/* Whether these operations and the cast do: then they are the source's, or, if it has some already,
 * others that make the same. */
static errint try_text(struct trying *t, const char *operations)
{
    CLEANUP_BUF struct buf text = {0};
    struct single *s = t->single;
    bool equal = false;
    buf_text(&text, operations);
    matching_print_cast(t->source->value.dtype, t->target->value.dtype, &text);
    errint rc = buf_check(&text);
    if (rc == 0) {
        rc = try_operations(t, text.len ? text.data : "", &equal);
    }
    if (rc < 0 || !equal) {
        return rc;
    }
    const char *said = text.len ? text.data : "";
    if (!s->operations) {
        return add_form(t, said);
    }
    s->also = matching_keep(t->matching, str_from(said));
    return s->also ? 0 : -ENOMEM;
}

static errint try_guess(struct trying *t, const struct buf *operations)
{
    errint rc = buf_check(operations);
    if (rc == 0 && operations->len == 0) {
        return try_text(t, "");
    }
    return rc < 0 ? rc : try_text(t, operations->data);
}

/* By what the slices of both hold: their indices in another order. */
static errint try_axes(struct trying *t, const struct value *source)
{
    struct axis_sums sums[2];
    bool found[2] = {false};
    CLEANUP_BUF struct buf text = {0};
    errint rc = axis_sums_find(t->prover, PROPOSAL_FROM, source, &sums[0], &found[0]);
    if (rc == 0 && found[0]) {
        rc = axis_sums_find(t->prover, PROPOSAL_TO, &t->target->value, &sums[1], &found[1]);
    }
    if (rc < 0 || !found[0] || !found[1] ||
        !axis_sums_guess(t->prover, &sums[0], &sums[1], &text)) {
        return rc;
    }
    return try_guess(t, &text);
}

/* By where a few elements are: any axes, also those of another shape. */
static errint try_places(struct trying *t, const struct value *source)
{
    const struct value *target = &t->target->value;
    struct digits digits;
    bool found;
    CLEANUP_BUF struct buf text = {0};
    errint rc = places_digits(t->prover, &(struct place_list){PROPOSAL_FROM, &source, 1},
                              &(struct place_list){PROPOSAL_TO, &target, 1}, &digits, &found);
    if (rc < 0 || !found || !digits_print(&digits, source->shape, target->shape, &text)) {
        return rc;
    }
    return try_guess(t, &text);
}

/* Whether it is no chance if the elements are those of another tensor, in some order. */
static bool says_enough(const struct matching_tensor *t)
{
    enum dtype_kind kind = dtype_kind(t->value.dtype);
    bool floats = kind == DTYPE_KIND_FLOAT || kind == DTYPE_KIND_COMPLEX;
    return t->elements >= TURNED_LEAST && (floats || t->elements >= TURNED_INTEGERS_LEAST);
}

/* What no guess from the shapes alone has found. */
static errint try_harder(struct trying *t)
{
    struct value source;
    if (!says_enough(t->target)) {
        return 0;
    }
    errint rc = matching_as(&t->source->value, t->target->value.dtype, &t->prover->arena, &source);
    if (rc == 0) {
        rc = try_axes(t, &source);
    }
    return rc < 0 || t->single->operations ? rc : try_places(t, &source);
}

/* The shortest operations that do, and whether others do, too. */
static errint try_source(struct trying *t)
{
    struct rearrangements all;
    struct single *s = t->single;
    errint rc = rearrangements_find(t->source->value.shape, t->target->value.shape,
                                    &t->prover->arena, &all);
    for (size_t i = 0; rc == 0 && i < all.count && !s->also; i++) {
        if (t->others == OTHERS_MOST || t->target->constant) {
            return 0;
        }
        rc = try_text(t, all.texts[i]);
    }
    return rc < 0 || s->operations || s->guessed ? rc : try_harder(t);
}

errint single_sampled(struct prover *p, const struct matching_tensor *source,
                      const struct matching_tensor *target, const struct proof_sample *sample,
                      bool *fits)
{
    struct rearrangements all;
    CLEANUP_BUF struct buf text = {0};
    *fits = false;
    errint rc = rearrangements_find(source->value.shape, target->value.shape, &p->arena, &all);
    for (size_t i = 0; rc == 0 && !*fits && i < all.count && i < SINGLE_GUESSES_MOST; i++) {
        struct op_result made;
        text.len = 0;
        buf_text(&text, all.texts[i]);
        matching_print_cast(source->value.dtype, target->value.dtype, &text);
        proof_forget(p);
        rc = buf_check(&text);
        if (rc < 0) {
            return rc;
        }
        rc = proof_make(p, &source->value, 1, text.len ? text.data : "", &made, fits);
        if (rc == 0 && *fits) {
            rc = proof_fits(p, PROPOSAL_FROM, made.values, sample, fits);
        }
        op_result_fini(&made);
    }
    return rc;
}

errint single_prove(struct matching *m, struct prover *p, struct single *s)
{
    struct matching_tensor *target = &m->sides[PROPOSAL_TO].tensors[s->target];
    struct proof_sample sample;
    errint rc = proof_sample(p, PROPOSAL_TO, &target->value, &sample);
    if (rc < 0) {
        return matching_failed(target, rc);
    }
    for (uint32_t k = 0; k < s->source_count && !s->operations && !target->constant; k++) {
        struct matching_tensor *source = &m->sides[PROPOSAL_FROM].tensors[s->sources[k]];
        struct trying t = {.matching = m,
                           .prover = p,
                           .single = s,
                           .source = source,
                           .target = target,
                           .sample = &sample};
        rc = try_source(&t);
        if (rc < 0 && matching_failed(source, rc) < 0) {
            return rc;
        }
        s->proved = s->operations ? k : s->proved;
    }
    return 0;
}
