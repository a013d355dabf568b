/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_values.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/grow.h"
#include "base/once.h"
#include "source/tf/record_place.h"

enum { CHUNKS_LOOKED_AT = 64, VARINT_MOST = 10 };
enum { STEPS_UNASKED = 1024 }; /* of TF_V1_STEP values between two questions whether to go on */

/* The next chunk that is not empty: 1; 0 after the last; negative. */
static int next_chunk(struct wire *w, struct record_place *p, const struct tf_v1_coding *coding)
{
    enum wire_type single = WIRE_VARINT;
    if (coding->fixed) {
        single = coding->bytes == 4 ? WIRE_FIXED32 : WIRE_FIXED64;
    }
    int rc;
    do {
        rc = record_place_next(w, p, coding->field, single);
    } while (rc > 0 && wire_len(p->chunk) == 0);
    return rc;
}

int tf_v1_values_place(struct wire *w, struct wire_window record, const struct tf_v1_coding *coding,
                       uint64_t count, uint64_t *off, const char **why)
{
    struct record_place p = record_place_of(record);
    uint64_t bytes = 0;
    unsigned chunks = 0;
    int rc;
    *off = record.off;
    *why = NULL;
    if (!coding->bytes) { /* strings: a tag and a length each */
        *why =
            count > wire_len(record) / 2 ? "it has fewer values than its shape has elements" : NULL;
        return *why ? -EBADMSG : 0;
    }
    while (chunks < CHUNKS_LOOKED_AT && (rc = next_chunk(w, &p, coding)) > 0) {
        *off = chunks ? *off : p.chunk.off;
        bytes += wire_len(p.chunk);
        chunks++;
    }
    if (chunks < CHUNKS_LOOKED_AT && rc < 0) {
        return rc;
    }
    if (count > wire_len(record)) { /* a value has a byte at least */
        *why = "it has fewer values than its shape has elements";
    } else if (chunks < CHUNKS_LOOKED_AT && coding->fixed && bytes != count * coding->bytes) {
        *why = bytes < count * coding->bytes ? "it has fewer values than its shape has elements"
                                             : "it has more values than its shape has elements";
    } else if (chunks < CHUNKS_LOOKED_AT && bytes < count) {
        *why = "it has fewer values than its shape has elements";
    } else if (chunks < CHUNKS_LOOKED_AT && bytes > count * VARINT_MOST) {
        *why = "it has more values than its shape has elements";
    }
    return *why ? -EBADMSG : chunks == 0 || (chunks == 1 && coding->fixed);
}

/* Where a value begins. Most entries of a tensor lie in one chunk and share its `spot`. */
struct entry {
    uint64_t at;
    uint64_t spot;
};

/* A walk over all values. */
struct walk {
    struct record_place at;
    uint64_t left;
};

struct values {
    struct io io;
    struct tf_v1_coding coding;
    uint64_t count;
    struct wire_window record;
    struct once table;
    atomic_uint found_in; /* the doubt in which the table was found to be right */
    bool complete;        /* the table was full once: it does not change any more */
    uint32_t walked_in;   /* of `walk`: the doubt in which it began */
    struct walk *walk;    /* owns; how far the fill is: an interrupted reader leaves it to the next;
                             NULL before and after */
    struct entry *entries; /* owns; one for each TF_V1_STEP values */
    size_t entry_count;
    size_t entry_cap;
    struct record_place *spots; /* owns; chunk.off is not used */
    size_t spot_count;
    size_t spot_cap;
};

/* Encoded values at hand. */
struct encoded {
    const uint8_t *bytes;
    size_t len;
    bool last; /* the chunk ends with them, so the last value is not cut */
};

/* Decodes varints until `want` are done, or what is left of `in` may be cut. Those done go to
 * `out`, `bytes` each (0: nowhere). Returns how many were done, or -1; *used is their bytes. */
static inline __attribute__((always_inline)) int64_t
decode_varints(const struct tf_v1_coding *coding, const struct encoded *in, uint64_t want,
               char *out, unsigned bytes, size_t *used)
{
    const uint8_t *at = in->bytes;
    const uint8_t *end = in->bytes + in->len;
    uint64_t low = coding->low;
    uint64_t span = coding->span;
    uint64_t done = 0;
    while (done < want && at < end) {
        uint64_t value = *at;
        if (value < 0x80) {
            at++;
        } else {
            if (end - at < VARINT_MOST && !in->last) {
                break;
            }
            struct cursor c = cursor_over(at, (size_t)(end - at));
            value = cursor_varint64(&c);
            if (c.bad) {
                return -1;
            }
            at = c.pos;
        }
        if (value - low > span) {
            return -1;
        }
        if (bytes) {
            memcpy(out + done * bytes, &value, bytes);
        }
        done++;
    }
    *used = (size_t)(at - in->bytes);
    return (int64_t)done;
}

/* As decode_varints, of values that have `bytes` bytes each. */
static int64_t copy_fixed(unsigned bytes, const struct encoded *in, uint64_t want, char *out,
                          size_t *used)
{
    uint64_t done = in->len / bytes < want ? in->len / bytes : want;
    if (in->last && done < want && in->len % bytes) {
        return -1; /* a value that its chunk cuts */
    }
    *used = (size_t)done * bytes;
    if (out) {
        memcpy(out, in->bytes, *used);
    }
    return (int64_t)done;
}

/* The loop, compiled for each size. `out` may be NULL. */
static int64_t decode_some(const struct tf_v1_coding *coding, const struct encoded *in,
                           uint64_t want, char *out, size_t *used)
{
    if (coding->fixed) {
        return copy_fixed(coding->bytes, in, want, out, used);
    }
    switch (out ? coding->bytes : 0) {
    case 1:
        return decode_varints(coding, in, want, out, 1, used);
    case 2:
        return decode_varints(coding, in, want, out, 2, used);
    case 4:
        return decode_varints(coding, in, want, out, 4, used);
    case 8:
        return decode_varints(coding, in, want, out, 8, used);
    default:
        return decode_varints(coding, in, want, NULL, 0, used);
    }
}

/* As many of the next `want` values as the chunk at *p has at hand: how many, at least one, or
 * negative. */
static int64_t take_some(struct wire *w, struct record_place *p, const struct tf_v1_coding *coding,
                         uint64_t want, char *out)
{
    struct encoded in;
    size_t used;
    errint rc = wire_view(w, p->chunk, VARINT_MOST, &in.bytes, &in.len);
    if (rc < 0) {
        return rc;
    }
    in.last = in.len == wire_len(p->chunk);
    int64_t done = decode_some(coding, &in, want, out, &used);
    if (done <= 0) {
        return -EBADMSG;
    }
    p->chunk.off += used;
    return done;
}

/* Exactly the next `want` values; at the end of the record -EBADMSG. */
static errint take_values(struct wire *w, struct record_place *p, const struct tf_v1_coding *coding,
                          uint64_t want, char *out)
{
    while (want) {
        if (wire_len(p->chunk) == 0) {
            int rc = next_chunk(w, p, coding);
            if (rc <= 0) {
                return rc < 0 ? rc : -EBADMSG;
            }
        }
        int64_t done = take_some(w, p, coding, want, out);
        if (done < 0) {
            return (errint)done;
        }
        out = out ? out + done * coding->bytes : NULL;
        want -= (uint64_t)done;
    }
    return 0;
}

/* What to do with where a step begins. */
enum step { STEP_PASS, STEP_ADD, STEP_COMPARE };

static bool same_window(struct wire_window a, struct wire_window b)
{
    return a.off == b.off && a.end == b.end;
}

/* Whether entry `i` says that its value begins at *p. */
static bool is_entry(const struct values *v, uint64_t i, const struct record_place *p)
{
    const struct entry *e = &v->entries[i];
    const struct record_place *spot = &v->spots[e->spot];
    return e->at == p->chunk.off && spot->chunk.end == p->chunk.end &&
           same_window(spot->tensor, p->tensor) && same_window(spot->slice, p->slice) &&
           same_window(spot->record, p->record);
}

/* The next value begins at *p. */
static errint add_entry(struct values *v, const struct record_place *p)
{
    const struct record_place *newest = v->spot_count ? &v->spots[v->spot_count - 1] : NULL;
    if (!newest || newest->chunk.end != p->chunk.end) {
        if (!grow(&v->spots, &v->spot_cap, v->spot_count, sizeof(*v->spots))) {
            return -ENOMEM;
        }
        v->spots[v->spot_count++] = *p;
    }
    if (!grow(&v->entries, &v->entry_cap, v->entry_count, sizeof(*v->entries))) {
        return -ENOMEM;
    }
    v->entries[v->entry_count++] = (struct entry){p->chunk.off, v->spot_count - 1};
    return 0;
}

/* The next values, at most TF_V1_STEP. */
static errint take_step(struct values *v, struct wire *w, struct walk *k, enum step how)
{
    if (wire_len(k->at.chunk) == 0) {
        int rc = next_chunk(w, &k->at, &v->coding);
        if (rc <= 0) {
            return rc < 0 ? rc : -EBADMSG; /* too few */
        }
    }
    uint64_t step = k->left < TF_V1_STEP ? k->left : TF_V1_STEP;
    if (how == STEP_COMPARE && !is_entry(v, (v->count - k->left) / TF_V1_STEP, &k->at)) {
        return -EBADMSG;
    }
    errint rc = how == STEP_ADD ? add_entry(v, &k->at) : 0;
    if (rc == 0) {
        rc = take_values(w, &k->at, &v->coding, step, NULL);
    }
    k->left -= rc < 0 ? 0 : step;
    return rc;
}

/* Goes over all that is left. What fails is as if the step had not begun, so that another walk can
 * go on there. */
static errint go_over(struct values *v, struct wire *w, struct walk *k, enum step how)
{
    for (unsigned steps = 1; k->left > 0; steps++) {
        if (steps % STEPS_UNASKED == 0 && once_interrupted(w->waiter)) {
            return -EINTR;
        }
        struct walk before = *k;
        size_t entries = how == STEP_ADD ? v->entry_count : 0;
        errint rc = take_step(v, w, k, how);
        if (rc < 0) {
            *k = before;
            if (how == STEP_ADD) {
                v->entry_count = entries;
            }
            return rc;
        }
    }
    if (wire_len(k->at.chunk)) {
        return -EBADMSG; /* too many */
    }
    struct record_place end = k->at;
    int rc = next_chunk(w, &end, &v->coding);
    return rc > 0 ? -EBADMSG : rc;
}

/* What the walker says, in the words of io_read. */
static errint in_io_words(struct values *v, errint rc)
{
    /* A file that changed under us explains any nonsense. */
    if (rc == -EBADMSG && io_failed(&v->io)) {
        return io_blame(&v->io, -ESTALE);
    }
    return rc == -EOVERFLOW ? -EBADMSG : rc;
}

struct making {
    struct values *values;
    struct wire *wire;
};

static errint make_table(void *context)
{
    struct making *m = context;
    struct values *v = m->values;
    uint32_t doubt = io_doubt(&v->io);
    bool begun = v->walk && v->walked_in == doubt;
    if (!v->walk && !(v->walk = malloc(sizeof(*v->walk)))) {
        return -ENOMEM;
    }
    if (!begun) {
        *v->walk = (struct walk){record_place_of(v->record), v->count};
        v->walked_in = doubt;
    }
    if (!begun && !v->complete) {
        v->entry_count = 0;
        v->spot_count = 0;
    }
    errint rc = in_io_words(v, go_over(v, m->wire, v->walk, v->complete ? STEP_COMPARE : STEP_ADD));
    if (io_doubt(&v->io) != doubt && rc != -ENOMEM && rc != -EINTR) {
        return -ESTALE;
    }
    if (rc == 0 || rc == -EBADMSG) {
        free(STEAL(v->walk));
    }
    if (rc == 0) {
        v->complete = true;
        atomic_store(&v->found_in, doubt);
    }
    return rc;
}

static errint need_table(struct values *v, struct wire *w)
{
    struct making m = {v, w};
    if (once_state(&v->table) == ONCE_FULL && atomic_load(&v->found_in) != io_doubt(&v->io)) {
        once_again(&v->table);
    }
    return once_need(&v->table, w->waiter, make_table, &m);
}

/* Bytes [from, to) of the next value. */
static errint take_part(struct wire *w, struct record_place *p, const struct tf_v1_coding *coding,
                        size_t from, size_t to, char *out)
{
    char value[8];
    errint rc = take_values(w, p, coding, 1, value);
    if (rc == 0) {
        memcpy(out, value + from, to - from);
    }
    return rc;
}

static errint read_with(struct values *v, struct wire *w, uint64_t off, size_t len, char *out)
{
    errint rc = need_table(v, w);
    if (rc < 0) {
        return rc;
    }
    unsigned bytes = v->coding.bytes;
    uint64_t first = off / bytes;
    const struct entry *e = &v->entries[first / TF_V1_STEP];
    struct record_place p = v->spots[e->spot];
    p.chunk.off = e->at;
    rc = take_values(w, &p, &v->coding, first % TF_V1_STEP, NULL);
    size_t lead = (size_t)(off % bytes);
    if (rc == 0 && lead) {
        size_t end = lead + len < bytes ? lead + len : bytes;
        rc = take_part(w, &p, &v->coding, lead, end, out);
        out += end - lead;
        len -= end - lead;
    }
    size_t whole = len - len % bytes;
    if (rc == 0 && whole) {
        rc = take_values(w, &p, &v->coding, whole / bytes, out);
    }
    if (rc == 0 && len > whole) {
        rc = take_part(w, &p, &v->coding, 0, len - whole, out + whole);
    }
    return rc;
}

static errint read_values(struct io *io, struct once_waiter *waiter, uint64_t off, size_t len,
                          void *buf)
{
    struct values *v = (struct values *)io;
    uint64_t bytes = v->count * v->coding.bytes;
    if (off > bytes || len > bytes - off) {
        return -EIO;
    }
    CLEANUP_FREE struct wire *w = malloc(sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    wire_init(w, io->base, v->record.end);
    w->waiter = waiter;
    return in_io_words(v, len ? read_with(v, w, off, len, buf) : 0);
}

static errint check_values(struct io *io, struct once_waiter *waiter, bool keep)
{
    struct values *v = (struct values *)io;
    CLEANUP_FREE struct wire *w = malloc(sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    wire_init(w, io->base, v->record.end);
    w->waiter = waiter;
    struct walk all = {record_place_of(v->record), v->count};
    enum once_state state = once_state(&v->table);
    if (keep) {
        return need_table(v, w);
    }
    if (state == ONCE_BAD || (state == ONCE_FULL && atomic_load(&v->found_in) == io_doubt(io))) {
        return state == ONCE_BAD ? -EBADMSG : 0;
    }
    return in_io_words(v, go_over(v, w, &all, STEP_PASS));
}

static uint64_t origin_of(const struct io *io, uint64_t off)
{
    (void)off;
    return ((const struct values *)io)->record.off;
}

static void close_values(struct io *io)
{
    struct values *v = (struct values *)io;
    free(v->walk);
    free(v->entries);
    free(v->spots);
    free(v);
}

static const struct io_ops values_ops = {
    .read = read_values, .check = check_values, .origin = origin_of, .close = close_values};

enum once_state tf_v1_values_table(const struct io *io, uint64_t *bytes)
{
    *bytes = 0;
    if (io->ops != &values_ops) {
        return ONCE_EMPTY;
    }
    const struct values *v = (const struct values *)io;
    enum once_state state = once_state(&v->table);
    if (state == ONCE_FULL) {
        *bytes = v->entry_count * sizeof(*v->entries) + v->spot_count * sizeof(*v->spots);
    }
    return state;
}

errint tf_v1_values_io(struct io *base, struct wire_window record,
                       const struct tf_v1_coding *coding, uint64_t count, struct io **out)
{
    struct values *v = calloc(1, sizeof(*v));
    *out = NULL;
    if (!v) {
        return -ENOMEM;
    }
    v->io.ops = &values_ops;
    v->io.base = base;
    v->coding = *coding;
    v->count = count;
    v->record = record;
    *out = &v->io;
    return 0;
}
