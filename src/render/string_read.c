/* SPDX-License-Identifier: Apache-2.0 */
#include "render/string_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/lower_bound.h"
#include "base/once.h"
#include "render/string_cursor.h"
#include "render/string_sized.h"

/* ---- the forms ------------------------------------------------------------------------------- */

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
    *out = (struct places){.file = f, .line = string_line(t)};
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
        if (rc == 0 && !checked_mul_u64(out->elements, out->width, &out->bytes)) {
            rc = -EOVERFLOW;
        }
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

errint string_size(struct reader *r, const struct target *t, enum string_form form, uint64_t *bytes)
{
    const struct strings_file *f = t->form->strings;
    struct places places = {0};
    struct string_attempt a = string_attempt(r->catalog, t);
    ssize_t rc;
    do {
        bool known =
            atomic_load(&f->complete) && once_state(&f->once) != ONCE_BAD; /* it will be no other */
        rc = known ? 0 : string_need_sized(r, t);
    } while (string_again(&a, &rc));
    if (rc == 0) {
        rc = find_places(t, form, &places);
    }
    *bytes = places.bytes;
    return (errint)rc;
}

/* What is asked for: bytes [off, end) of the file, to buf; and what the reader's window holds:
 * [from, from + held) of a shard. */
struct request {
    uint64_t off;
    uint64_t end;
    char *buf;
    char *window; /* READER_WINDOW bytes; NULL: none was needed yet */
    const struct shard *shard;
    uint64_t from;
    size_t held;
};

/* Bytes [skip, skip + n) of an element to `out`: long ones straight from the file, others through
 * the window, which also takes what follows, as much as the request may want. */
static errint copy_bytes(struct request *q, struct reader *r, const struct string_element *e,
                         uint64_t skip, size_t n, char *out)
{
    uint64_t at = e->off + skip;
    if (n >= READER_WINDOW / 4) {
        return shard_read(e->shard, r->waiter, at, n, out);
    }
    if (q->shard != e->shard || at < q->from || at + n > q->from + q->held) {
        errint rc = reader_need_window(r);
        if (rc < 0) {
            return rc;
        }
        uint64_t wanted = q->end - q->off; /* never less than n */
        wanted = wanted < READER_WINDOW ? wanted : READER_WINDOW;
        wanted = wanted < e->end - at ? wanted : e->end - at;
        q->held = 0;
        rc = shard_read(e->shard, r->waiter, at, (size_t)wanted, reader_window(r));
        if (rc < 0) {
            return rc;
        }
        q->shard = e->shard;
        q->from = at;
        q->held = (size_t)wanted;
    }
    memcpy(out, reader_window(r) + (at - q->from), n);
    return 0;
}

/* The element that begins at byte `begins` of the form, and what comes after it. */
static errint copy_element(struct request *q, struct reader *r, const struct string_element *e,
                           const struct places *p, uint64_t begins, uint64_t ends)
{
    uint64_t from = begins > q->off ? begins : q->off;
    uint64_t to = begins + e->len < q->end ? begins + e->len : q->end;
    errint rc = 0;
    if (from < to) {
        rc = copy_bytes(q, r, e, from - begins, (size_t)(to - from), q->buf + (from - q->off));
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
    uint64_t count = (p->elements + STRINGS_STEP - 1) / STRINGS_STEP;
    return LOWER_BOUND(i, 1, count, start_of(p, i) <= off) - 1;
}

static ssize_t read_once(struct reader *r, const struct target *t, enum string_form form,
                         uint64_t off, size_t len, void *buf)
{
    struct places p;
    errint rc = string_need_sized(r, t);
    if (rc == 0) {
        rc = find_places(t, form, &p);
    }
    if (rc < 0 || off >= p.bytes || len == 0) {
        return rc;
    }
    struct string_cursor *cursor = r->strings;
    struct request q = {.off = off, .end = p.bytes - off < len ? p.bytes : off + len, .buf = buf};
    uint64_t first = p.width ? off / p.width : noted_before(&p, off) * STRINGS_STEP;
    uint64_t at = p.width ? first * p.width : start_of(&p, first / STRINGS_STEP);
    rc = string_cursor_to(cursor, r, t, first);
    while (rc == 0 && at < q.end) {
        struct string_element e;
        int got = string_cursor_next(cursor, &e);
        if (got <= 0 || (p.width && e.len > p.width)) {
            return string_blame(t, got < 0 ? got : -EBADMSG); /* it is not what it was */
        }
        uint64_t ends = at + (p.width ? p.width : e.len + p.after);
        rc = copy_element(&q, r, &e, &p, at, ends);
        at = ends;
    }
    return rc < 0 ? string_blame(t, rc) : (ssize_t)(q.end - q.off);
}

ssize_t string_read(struct reader *r, const struct target *t, enum string_form form, uint64_t off,
                    size_t len, void *buf)
{
    struct string_attempt a = string_attempt(r->catalog, t);
    ssize_t got;
    do {
        got = read_once(r, t, form, off, len, buf);
    } while (string_again(&a, &got));
    return got;
}
