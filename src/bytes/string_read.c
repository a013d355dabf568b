/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes/string_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/cause.h"
#include "base/cell.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "base/pages.h"
#include "bytes/checked.h"
#include "bytes/string_cursor.h"

enum { ELEMENTS_UNASKED = 1 << 16 }; /* between two questions whether to go on */

static errint need_cursor(struct render_scratch *scratch)
{
    if (!scratch->strings) {
        scratch->strings = malloc(sizeof(*scratch->strings));
    }
    return scratch->strings ? 0 : -ENOMEM;
}

static bool is_scalar(const struct target *t)
{
    return t->form->shape.rank == 0;
}

/* With -o verify, what it is made of. (The blocks of V1 files have checksums that nobody else looks at.) */
static errint need_checked(const struct catalog *c, const struct target *t)
{
    const struct form *f = t->form;
    bool whole = c->checked && f->piece_count == 0 && !t->source->sliced; /* no elements, but a checksum */
    errint rc = whole ? checked_need(c->checked, t->source, NULL) : 0;
    for (uint32_t i = 0; c->checked && rc == 0 && i < f->piece_count; i++) {
        rc = f->pieces[i].source ? checked_need(c->checked, f->pieces[i].source, f->pieces[i].slice) : 0;
    }
    return rc;
}

/* Goes over all elements. *starts is the caller's in any case. */
static errint measure(const struct catalog *c, const struct target *t, struct string_cursor *cursor,
                      uint64_t *bytes, uint64_t *longest, uint64_t **starts)
{
    const struct tensor *source = t->source;
    size_t count = 0;
    size_t cap = 0;
    struct string_element e;
    int got = 0;
    errint rc = string_cursor_to(cursor, c, t, 0);
    *bytes = *longest = 0;
    if (rc == 0 && cursor->elements == 0 && source->shard != TENSOR_NO_SHARD) {
        return strings_need(&c->shards[source->shard], source->off); /* no lengths, but their checksum */
    }
    while (rc == 0 && (got = string_cursor_next(cursor, &e)) > 0) {
        if ((cursor->next - 1) % STRINGS_STEP == 0) {
            if (!grow(starts, &cap, count, sizeof(**starts))) {
                return -ENOMEM;
            }
            (*starts)[count++] = *bytes;
        }
        if (cursor->next % ELEMENTS_UNASKED == 0 && cell_interrupted()) {
            return -EINTR;
        }
        if (!checked_add_u64(*bytes, e.len, bytes) || *bytes >= INT64_MAX) {
            return -EBADMSG;
        }
        *bytes += !is_scalar(t);
        *longest = e.len > *longest ? e.len : *longest;
    }
    return rc < 0 ? rc : got;
}

struct sizing {
    const struct catalog *catalog;
    const struct target *target;
    struct string_cursor *cursor;
};

static errint size_file(void *context)
{
    const struct sizing *s = context;
    struct strings_file *f = s->target->form->strings;
    CLEANUP_FREE uint64_t *starts = NULL;
    errint rc = need_checked(s->catalog, s->target);
    rc = rc < 0 ? rc : measure(s->catalog, s->target, s->cursor, &f->bytes, &f->longest, &starts);
    if (rc == 0) {
        f->starts = STEAL(starts);
    }
    f->entangled = rc == -EOVERFLOW;
    return f->entangled ? -EBADMSG : rc;
}

/* What nobody nearer to it has noted. */
static errint blame(const struct target *t, errint rc)
{
    if (rc == -EBADMSG || rc == -EOVERFLOW) {
        cause_note((struct cause){.kind = CAUSE_TENSOR, .rc = rc, .what = t->source});
    }
    return rc;
}

/* Makes sure that what is found out about t is there. */
static errint need_sized(const struct catalog *c, const struct target *t, struct render_scratch *scratch)
{
    struct strings_file *f = t->form->strings;
    errint rc = need_cursor(scratch);
    if (rc == 0) {
        struct sizing s = {c, t, scratch->strings};
        rc = cell_need(&f->cell, size_file, &s);
    }
    return blame(t, rc == -EBADMSG && f->entangled ? -EOVERFLOW : rc);
}

/* ---- the forms ----------------------------------------------------------------------------------- */

/* Where elements are in a form. */
struct places {
    const struct strings_file *file;
    uint64_t elements;
    uint64_t line;  /* bytes after each element of a file of lines: 1, but 0 of a scalar */
    uint64_t after; /* bytes after each element in this form */
    uint64_t width; /* of each element; 0: as long as it is */
    uint64_t bytes; /* of all */
};

static errint find_places(const struct target *t, enum string_form form, struct places *out)
{
    const struct strings_file *f = t->form->strings;
    *out = (struct places){.file = f, .line = !is_scalar(t)};
    errint rc = shape_elements(t->form->shape, &out->elements);
    switch (form) {
    case STRING_LINES:
        out->after = out->line;
        out->bytes = f->bytes;
        break;
    case STRING_JOINED:
        out->bytes = f->bytes - out->elements * out->line;
        break;
    case STRING_FIXED:
        out->width = string_width(t);
        rc = rc < 0 || checked_mul_u64(out->elements, out->width, &out->bytes) ? rc : -EOVERFLOW;
        break;
    }
    return rc;
}

/* The first of the form's bytes that are of element number `noted` * STRINGS_STEP. */
static uint64_t start_of(const struct places *p, uint64_t noted)
{
    return p->width ? noted * STRINGS_STEP * p->width
                    : p->file->starts[noted] - noted * STRINGS_STEP * (p->line - p->after);
}

uint64_t string_width(const struct target *t)
{
    const struct strings_file *f = t->form->strings;
    return f->longest ? f->longest : 1;
}

errint string_size(const struct catalog *c, const struct target *t, enum string_form form,
                   struct render_scratch *scratch, uint64_t *bytes)
{
    struct places places = {0};
    errint rc = need_sized(c, t, scratch);
    if (rc == 0) {
        rc = find_places(t, form, &places);
    }
    *bytes = places.bytes;
    return rc;
}

/* What is asked for: bytes [off, end) of the file, to buf; and what the scratch's window holds: [from, from + held) of a shard. */
struct request {
    uint64_t off;
    uint64_t end;
    char *buf;
    char *window; /* RENDER_WINDOW bytes; NULL: none was needed yet */
    const struct shard *shard;
    uint64_t from;
    size_t held;
};

/* Bytes [skip, skip + n) of an element to `out`: long ones straight from the file, others through the window, which also takes what
 * follows, as much as the request may want. */
static errint copy_bytes(struct request *q, struct render_scratch *scratch, const struct string_element *e,
                         uint64_t skip, size_t n, char *out)
{
    uint64_t at = e->off + skip;
    if (n >= RENDER_WINDOW / 4) {
        return shard_read(e->shard, at, n, out);
    }
    if (q->shard != e->shard || at < q->from || at + n > q->from + q->held) {
        if (!scratch->window && !(scratch->window = pages_alloc(RENDER_WINDOW))) {
            return -ENOMEM;
        }
        uint64_t wanted = q->end - q->off; /* never less than n */
        wanted = wanted < RENDER_WINDOW ? wanted : RENDER_WINDOW;
        wanted = wanted < e->end - at ? wanted : e->end - at;
        q->held = 0;
        errint rc = shard_read(e->shard, at, (size_t)wanted, scratch->window);
        if (rc < 0) {
            return rc;
        }
        q->shard = e->shard;
        q->from = at;
        q->held = (size_t)wanted;
    }
    memcpy(out, scratch->window + (at - q->from), n);
    return 0;
}

/* The element that begins at byte `begins` of the form, and what comes after it. */
static errint copy_element(struct request *q, struct render_scratch *scratch, const struct string_element *e,
                           const struct places *p, uint64_t begins, uint64_t ends)
{
    uint64_t from = begins > q->off ? begins : q->off;
    uint64_t to = begins + e->len < q->end ? begins + e->len : q->end;
    errint rc = 0;
    if (from < to) {
        rc = copy_bytes(q, scratch, e, from - begins, (size_t)(to - from), q->buf + (from - q->off));
    }
    from = begins + e->len > q->off ? begins + e->len : q->off;
    to = ends < q->end ? ends : q->end;
    if (from < to) {
        memset(q->buf + (from - q->off), p->width ? '\0' : '\n', (size_t)(to - from));
    }
    return rc;
}

/* The last of the noted elements that begins at or before byte `off`, which the form has. */
static uint64_t noted_before(const struct places *p, uint64_t off)
{
    uint64_t low = 0;
    uint64_t high = (p->elements + STRINGS_STEP - 1) / STRINGS_STEP;
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (start_of(p, mid) <= off) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return low;
}

ssize_t string_read(const struct catalog *c, const struct target *t, enum string_form form, uint64_t off,
                    size_t len, void *buf, struct render_scratch *scratch)
{
    struct places p;
    errint rc = need_sized(c, t, scratch);
    rc = rc < 0 ? rc : find_places(t, form, &p);
    if (rc < 0 || off >= p.bytes || len == 0) {
        return rc;
    }
    struct string_cursor *cursor = scratch->strings;
    struct request q = {.off = off, .end = p.bytes - off < len ? p.bytes : off + len, .buf = buf};
    uint64_t first = p.width ? off / p.width : noted_before(&p, off) * STRINGS_STEP;
    uint64_t at = p.width ? first * p.width : start_of(&p, first / STRINGS_STEP);
    rc = string_cursor_to(cursor, c, t, first);
    while (rc == 0 && at < q.end) {
        struct string_element e;
        int got = string_cursor_next(cursor, &e);
        if (got <= 0 || (p.width && e.len > p.width)) {
            return blame(t, got < 0 ? got : -EBADMSG); /* it is not what it was */
        }
        uint64_t ends = at + (p.width ? p.width : e.len + p.after);
        rc = copy_element(&q, scratch, &e, &p, at, ends);
        at = ends;
    }
    return rc < 0 ? blame(t, rc) : (ssize_t)(q.end - q.off);
}
