/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/matching.h"

#include <string.h>

#include "base/lower_bound.h"
#include "propose/fingerprint.h"
#include "render/value_read.h"
#include "source/source.h"
#include "tensor/cast.h"

enum {
    CHUNK_BYTES = 8 << 20, /* of one piece of work */
    ELEMENT_MOST = 16      /* bytes */
};

/* ---- which tensors there are ----------------------------------------------------------------- */

static errint add_tensor(struct matching_side *s, uint32_t i, struct arena *a)
{
    const struct proposal_variable *v = &s->side->variables[i];
    struct matching_tensor t = {.variable = i};
    if (!v->tensor || v->tensor->hidden != TENSOR_SHOWN || dtype_bytes(v->tensor->dtype) == 0 ||
        shape_elements(tensor_shape(v->tensor), &t.elements) < 0 || t.elements == 0 ||
        shape_bytes(tensor_shape(v->tensor), v->tensor->dtype, &t.bytes) < 0) {
        return 0;
    }
    errint rc = value_of_tensor(s->side->catalog, v->tensor, a, &t.value);
    if (rc == 0) {
        memcpy(&s->tensors[s->count++], &t, sizeof(t));
    }
    return rc == -ENOMEM ? rc : 0;
}

static errint add_side(struct matching *m, enum proposal_end end, struct proposal_side *side)
{
    struct matching_side *s = &m->sides[end];
    s->side = side;
    s->tensors = ARENA_ARRAY(&m->scratch, struct matching_tensor, (size_t)side->count + 1);
    errint rc = s->tensors ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc == 0 && side->catalog && i < side->count; i++) {
        rc = end == PROPOSAL_TO && side->variables[i].pairs ? 0 : add_tensor(s, i, &m->scratch);
    }
    return rc;
}

/* As many threads as were asked for, but no more than can read either side without undoing what
 * another one has done. */
static unsigned threads_of(const struct proposal *p, unsigned wanted)
{
    const struct catalog *const catalogs[] = {p->from.catalog, p->to.catalog};
    for (size_t i = 0; i < ARRAY_LEN(catalogs); i++) {
        size_t most = catalogs[i] ? source_readers(catalogs[i]) : wanted;
        wanted = most < wanted ? (unsigned)most : wanted;
    }
    return wanted;
}

errint matching_init(struct matching *m, struct proposal *p, const struct content_request *r,
                     struct diag *d)
{
    *m = (struct matching){.proposal = p,
                           .request = r,
                           .diag = d,
                           .crew = {.threads = threads_of(p, r->threads),
                                    .catalogs = {p->from.catalog, p->to.catalog},
                                    .verified = {r->from, r->to}},
                           .lock = PTHREAD_MUTEX_INITIALIZER};
    arena_init(&m->scratch);
    errint rc = add_side(m, PROPOSAL_FROM, &p->from);
    return rc < 0 ? rc : add_side(m, PROPOSAL_TO, &p->to);
}

void matching_fini(struct matching *m)
{
    arena_fini(&m->scratch);
}

struct str matching_name(const struct matching *m, enum proposal_end end, uint32_t tensor)
{
    const struct matching_side *s = &m->sides[end];
    return s->side->variables[s->tensors[tensor].variable].name;
}

/* ---- what threads share ---------------------------------------------------------------------- */

void matching_read(struct matching *m, uint64_t bytes)
{
    uint64_t done = atomic_fetch_add(&m->done, bytes) + bytes;
    if (m->request->progress && pthread_mutex_trylock(&m->lock) == 0) {
        m->request->progress(m->request->context, done < m->bytes ? done : m->bytes, m->bytes);
        pthread_mutex_unlock(&m->lock);
    }
}

const char *matching_keep(struct matching *m, struct str text)
{
    pthread_mutex_lock(&m->lock);
    const char *kept = arena_cstr(&m->proposal->arena, text);
    pthread_mutex_unlock(&m->lock);
    return kept;
}

errint matching_failed(struct matching_tensor *t, errint rc)
{
    int none = 0;
    if (rc == -ENOMEM) {
        return rc;
    }
    atomic_compare_exchange_strong(&t->rc, &none, rc);
    return 0;
}

/* ---- other types ----------------------------------------------------------------------------- */

static bool is_kind(enum dtype from, enum dtype to, enum dtype_kind kind)
{
    return dtype_kind(from) == kind && dtype_kind(to) == kind;
}

static enum cast_mode mode_of(enum dtype from, enum dtype to)
{
    return cast_refusal(from, to, CAST_CHECKED) ? CAST_WRAP : CAST_CHECKED;
}

bool matching_casts(enum dtype from, enum dtype to)
{
    return from == to || is_kind(from, to, DTYPE_KIND_FLOAT) ||
           is_kind(from, to, DTYPE_KIND_INTEGER);
}

void matching_print_cast(enum dtype from, enum dtype to, struct buf *b)
{
    if (from != to) {
        buf_printf(b, "%scast %s%s", b->len ? " | " : "", dtype_name(to),
                   cast_mode_suffix(mode_of(from, to)));
    }
}

errint matching_as(const struct value *v, enum dtype dtype, struct arena *a, struct value *out)
{
    *out = *v;
    return v->dtype == dtype ? 0 : value_cast(v, dtype, mode_of(v->dtype, dtype), a, out);
}

/* The types of what is wanted. */
static void find_dtypes(struct matching *m)
{
    bool wanted[DTYPE_COUNT] = {false};
    const struct matching_side *to = &m->sides[PROPOSAL_TO];
    for (uint32_t i = 0; i < to->count; i++) {
        wanted[to->tensors[i].value.dtype] |= matching_is_open(&to->tensors[i]);
    }
    for (unsigned dtype = 0; dtype < DTYPE_COUNT; dtype++) {
        if (wanted[dtype]) {
            m->dtypes[m->dtype_count++] = (enum dtype)dtype;
        }
    }
}

/* ---- fingerprints ---------------------------------------------------------------------------- */

/* A tensor that is read, and where its chunks begin among those of all. */
struct summing {
    struct matching_tensor *tensor;
    enum proposal_end end;
    uint64_t first;
};

struct sum_run {
    struct matching *matching;
    struct summing *list;
    uint32_t count;
};

/* As what types a tensor is wanted, as bits. */
static unsigned wanted_of(const struct matching *m, const struct summing *s)
{
    unsigned bits = 0;
    enum dtype own = s->tensor->value.dtype;
    for (unsigned k = 0; k < m->dtype_count; k++) {
        bool use =
            s->end == PROPOSAL_FROM ? matching_casts(own, m->dtypes[k]) : own == m->dtypes[k];
        bits |= (unsigned)use << k;
    }
    return bits;
}

static errint sum_elements(struct matching *m, struct summing *s, struct prover *p, size_t count)
{
    struct matching_tensor *t = s->tensor;
    const char *read = p->blocks[s->end];
    char *other = p->blocks[!s->end];
    errint rc = 0;
    for (unsigned k = 0; rc == 0 && k < m->dtype_count; k++) {
        if (!(t->summed >> k & 1)) {
            continue;
        }
        enum dtype as = m->dtypes[k];
        bool same = as == t->value.dtype;
        if (!same) {
            rc = cast_run(t->value.dtype, as, mode_of(t->value.dtype, as), read, other, count);
        }
        atomic_fetch_add_explicit(&t->sums[k],
                                  fingerprint_sum(same ? read : other, dtype_bytes(as), count),
                                  memory_order_relaxed);
    }
    return rc;
}

static errint sum_chunk(void *context, struct prover *p, uint64_t i)
{
    const struct sum_run *run = context;
    uint32_t at = LOWER_BOUND(k, 0, run->count, run->list[k].first <= i) - 1;
    struct summing *s = &run->list[at];
    struct matching_tensor *t = s->tensor;
    unsigned width = dtype_bytes(t->value.dtype);
    uint64_t off = (i - s->first) * CHUNK_BYTES;
    uint64_t end = t->bytes - off < CHUNK_BYTES ? t->bytes : off + CHUNK_BYTES;
    const size_t most = PROVER_BLOCK / ELEMENT_MOST * width;
    errint rc = 0;
    for (; rc == 0 && off < end; off += most) {
        size_t len = end - off < most ? (size_t)(end - off) : most;
        rc = value_read(&p->readers[s->end], &t->value, off, len, p->blocks[s->end]);
        if (rc == 0) {
            rc = sum_elements(run->matching, s, p, len / width);
        }
        matching_read(run->matching, len);
    }
    return rc < 0 ? matching_failed(t, rc) : 0;
}

/* Of which of its fingerprints it is asked whether all elements are the same: that of its own type,
 * if there is one. */
static unsigned own_sum(const struct matching *m, const struct matching_tensor *t)
{
    unsigned any = 0;
    for (unsigned k = 0; k < m->dtype_count; k++) {
        if (t->summed >> k & 1) {
            any = k;
            if (m->dtypes[k] == t->value.dtype) {
                break;
            }
        }
    }
    return any;
}

/* Whether many tensors of one element have that one: a small whole number, a truth value. */
static bool is_frequent(const void *element, enum dtype dtype)
{
    enum { WHOLE_MOST = 16 };
    double x;
    enum dtype_kind kind = dtype_kind(dtype);
    if ((kind != DTYPE_KIND_FLOAT && kind != DTYPE_KIND_INTEGER) ||
        cast_run(dtype, DTYPE_FLOAT64, CAST_CHECKED, element, &x, 1) < 0) {
        return true;
    }
    return x - x != 0 || (x >= -WHOLE_MOST && x <= WHOLE_MOST && x == (double)(int)x);
}

/* All elements are the same where the fingerprint is as many times that of the first one. */
static errint see_constant(void *context, struct prover *p, uint64_t i)
{
    const struct sum_run *run = context;
    struct summing *s = &run->list[i];
    struct matching_tensor *t = s->tensor;
    unsigned k = own_sum(run->matching, t);
    enum dtype as = run->matching->dtypes[k];
    if (t->rc) {
        return 0;
    }
    errint rc =
        value_read(&p->readers[s->end], &t->value, 0, dtype_bytes(t->value.dtype), p->blocks[0]);
    if (rc == 0) {
        rc = cast_run(t->value.dtype, as, mode_of(t->value.dtype, as), p->blocks[0], p->blocks[1],
                      1);
    }
    if (rc == 0 && t->elements == 1) {
        t->constant = is_frequent(p->blocks[0], t->value.dtype);
    } else if (rc == 0) {
        t->constant = t->sums[k] == t->elements * fingerprint_sum(p->blocks[1], dtype_bytes(as), 1);
    }
    return rc < 0 ? matching_failed(t, rc) : 0;
}

/* Elements of all that still wants a pair: no tensor that has more is one of these, or a part. */
static uint64_t open_elements(const struct matching *m)
{
    uint64_t elements = 0;
    for (uint32_t i = 0; i < m->sides[PROPOSAL_TO].count; i++) {
        const struct matching_tensor *t = &m->sides[PROPOSAL_TO].tensors[i];
        elements += matching_is_open(t) ? t->elements : 0;
    }
    return elements;
}

/* Whether the tensor may have a use for fingerprints, and has none yet. */
static bool is_wanted(const struct matching_tensor *t, enum proposal_end end, uint64_t most,
                      bool paired)
{
    bool used = end == PROPOSAL_TO ? !t->paired : t->elements <= most && (paired || !t->paired);
    return used && !t->summed;
}

static errint add_summing(struct sum_run *run, enum proposal_end end, bool paired, uint64_t *chunks)
{
    struct matching *m = run->matching;
    uint64_t most = open_elements(m);
    for (uint32_t i = 0; i < m->sides[end].count; i++) {
        struct summing s = {&m->sides[end].tensors[i], end, *chunks};
        if (!is_wanted(s.tensor, end, most, paired)) {
            continue;
        }
        s.tensor->summed = wanted_of(m, &s);
        if (!s.tensor->summed) {
            continue;
        }
        s.tensor->sums = arena_calloc(&m->scratch, m->dtype_count, sizeof(*s.tensor->sums));
        if (!s.tensor->sums) {
            return -ENOMEM;
        }
        run->list[run->count++] = s;
        *chunks += (s.tensor->bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
        m->bytes += s.tensor->bytes * (end == PROPOSAL_TO ? 2 : 1);
    }
    return 0;
}

errint matching_sum(struct matching *m, bool paired, bool *any)
{
    struct sum_run run = {.matching = m};
    uint64_t chunks = 0;
    if (!m->dtype_count) {
        find_dtypes(m);
    }
    size_t most = (size_t)m->sides[0].count + m->sides[1].count + 1;
    run.list = ARENA_ARRAY(&m->scratch, struct summing, most);
    *any = false;
    if (!run.list) {
        return -ENOMEM;
    }
    errint rc = add_summing(&run, PROPOSAL_FROM, paired, &chunks);
    if (rc == 0) {
        rc = add_summing(&run, PROPOSAL_TO, paired, &chunks);
    }
    *any = run.count > 0;
    if (rc == 0) {
        rc = provers_run(&m->crew, chunks, sum_chunk, &run);
    }
    return rc < 0 ? rc : provers_run(&m->crew, run.count, see_constant, &run);
}
