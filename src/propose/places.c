/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/places.h"

#include <string.h>

#include "base/lower_bound.h"
#include "propose/fingerprint.h"
#include "render/value_read.h"

enum {
    DIVISORS_MOST = 1024, /* of a number of elements */
    SLOTS = 1 << 13,      /* of the table of elements that are looked for */
    NO_SAMPLE = 0,
    TWICE = -2, /* a place that there is more than one of */
};

/* Elements that are looked for. */
struct samples {
    uint64_t *index; /* ascending */
    int64_t *at;     /* where each is: DIGITS_UNKNOWN, or TWICE, or the place */
    uint8_t (*elements)[16];
    unsigned count;
    unsigned width;
    uint16_t slots[SLOTS]; /* numbers of samples from 1, by their fingerprints; NO_SAMPLE */
};

static struct samples *new_samples(struct prover *p, unsigned most, unsigned width)
{
    struct samples *s = ARENA_NEW(&p->arena, struct samples);
    if (!s) {
        return NULL;
    }
    s->index = ARENA_ARRAY(&p->arena, uint64_t, most);
    s->at = ARENA_ARRAY(&p->arena, int64_t, most);
    s->elements = arena_calloc(&p->arena, most, sizeof(*s->elements));
    s->width = width;
    return s->index && s->at && s->elements ? s : NULL;
}

static unsigned slot_of(const struct samples *s, const void *element)
{
    return (unsigned)(fingerprint_sum(element, s->width, 1) >> 7) % SLOTS;
}

static void index_samples(struct samples *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        unsigned slot = slot_of(s, s->elements[i]);
        while (s->slots[slot] != NO_SAMPLE) {
            slot = (slot + 1) % SLOTS;
        }
        s->slots[slot] = (uint16_t)(i + 1);
        s->at[i] = DIGITS_UNKNOWN;
    }
}

/* An element of `in`: if it is looked for, it is there. */
static void see_element(struct samples *s, const char *element, int64_t at)
{
    for (unsigned slot = slot_of(s, element); s->slots[slot] != NO_SAMPLE;
         slot = (slot + 1) % SLOTS) {
        unsigned i = s->slots[slot] - 1u;
        if (memcmp(s->elements[i], element, s->width) == 0) {
            s->at[i] = s->at[i] == DIGITS_UNKNOWN ? at : TWICE;
        }
    }
}

static uint64_t elements_of(const struct value *v)
{
    uint64_t elements;
    return shape_elements(v->shape, &elements) < 0 ? 0 : elements;
}

/* Goes over all elements of `in`. */
static errint look_for(struct prover *p, struct samples *s, const struct place_list *in)
{
    const size_t lot = PROVER_BLOCK / s->width;
    int64_t at = 0;
    errint rc = 0;
    index_samples(s);
    for (uint32_t i = 0; i < in->count; i++) {
        uint64_t elements = elements_of(in->values[i]);
        for (uint64_t done = 0; rc == 0 && done < elements; done += lot) {
            size_t count = elements - done < lot ? (size_t)(elements - done) : lot;
            const char *block = p->blocks[in->end];
            rc = value_read(&p->readers[in->end], in->values[i], done * s->width, count * s->width,
                            p->blocks[in->end]);
            for (size_t k = 0; rc == 0 && k < count; k++) {
                see_element(s, block + k * s->width, at++);
            }
        }
    }
    for (unsigned i = 0; i < s->count; i++) {
        s->at[i] = s->at[i] == TWICE ? DIGITS_UNKNOWN : s->at[i];
    }
    return rc;
}

/* The element of that index of all of the list. */
static errint add_sample(struct prover *p, struct samples *s, const struct place_list *list,
                         uint64_t index)
{
    uint64_t each = elements_of(list->values[0]);
    s->index[s->count] = index;
    return value_read(&p->readers[list->end], list->values[index / each], index % each * s->width,
                      s->width, s->elements[s->count++]);
}

errint places_of_firsts(struct prover *p, const struct place_list *list,
                        const struct place_list *in, int64_t *at)
{
    if (list->count > DIVISORS_MOST) {
        return 0;
    }
    struct samples *s = new_samples(p, list->count, dtype_bytes(list->values[0]->dtype));
    errint rc = s ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc == 0 && i < list->count; i++) {
        rc = add_sample(p, s, list, i * elements_of(list->values[i]));
    }
    if (rc == 0) {
        rc = look_for(p, s, in);
    }
    if (rc == 0) {
        memcpy(at, s->at, list->count * sizeof(*at));
    }
    return rc;
}

/* 0 and the divisors of n but n, ascending; how many they are, 0: too many. */
static unsigned find_divisors(uint64_t n, uint64_t *out)
{
    unsigned count = 0;
    unsigned small;
    out[count++] = 0;
    for (uint64_t d = 1; d * d <= n; d++) {
        if (n % d == 0 && d < n) {
            if (count == DIVISORS_MOST / 2) {
                return 0;
            }
            out[count++] = d;
        }
    }
    small = count;
    for (unsigned i = small; i-- > 1;) {
        uint64_t d = n / out[i];
        if (d != out[i] && d < n) {
            out[count++] = d;
        }
    }
    return count;
}

static int64_t place_at(const void *context, uint64_t index)
{
    const struct samples *s = context;
    unsigned i = LOWER_BOUND(k, 0, s->count, s->index[k] < index);
    return i < s->count && s->index[i] == index ? s->at[i] : DIGITS_UNKNOWN;
}

errint places_digits(struct prover *p, const struct place_list *from, const struct place_list *to,
                     struct digits *out, bool *found)
{
    uint64_t divisors[DIVISORS_MOST];
    uint64_t all = elements_of(to->values[0]) * to->count;
    unsigned count = find_divisors(all, divisors);
    struct samples *s = new_samples(p, DIVISORS_MOST, dtype_bytes(to->values[0]->dtype));
    *found = false;
    errint rc = s ? 0 : -ENOMEM;
    for (unsigned i = 0; rc == 0 && i < count; i++) {
        rc = add_sample(p, s, to, divisors[i]);
    }
    if (rc == 0 && count) {
        rc = look_for(p, s, from);
    }
    *out = (struct digits){0};
    *found = rc == 0 && count && digits_find(all, place_at, s, out);
    return rc;
}
