/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "render/string_cursor.h"
#include "render/text.h"
#include "source/catalog_names.h"
#include "support/ref_cast.h"

const struct made_tensor *check_source(const struct check *c, const struct tensor *t)
{
    const struct made_tensor *m =
        t ? made_tensor_find(&c->made, catalog_key(c->view->catalog, t)) : NULL;
    return m && m->known && m->dtype == t->dtype &&
                   shape_eq(tensor_shape(t), (struct shape){m->dims, (uint8_t)m->rank})
               ? m
               : NULL;
}

void expected_fini(struct expected *e)
{
    free(e->bytes);
    free(e->bad);
}

/* ---- elements -------------------------------------------------------------------------------- */

/* Which element of its source element i of the target is; false where the target is neither all of
 * the source nor a box of it. */
struct mapping {
    struct shape target;
    struct shape source;
    const int64_t *start; /* NULL: all of it, in order */
};

static bool map_target(const struct target *t, const struct made_tensor *m, struct mapping *out)
{
    *out = (struct mapping){.target = target_shape(t), .source = {m->dims, (uint8_t)m->rank}};
    for (uint32_t i = 0; t->form && i < t->form->piece_count; i++) {
        if (t->form->pieces[i].source != t->source) {
            return false;
        }
    }
    if (t->form && t->form->slice_start && !t->form->into_part) {
        out->start = t->form->slice_start;
        return shape_eq(t->form->full, out->source);
    }
    return shape_eq(out->target, out->source);
}

static uint64_t source_element(const struct mapping *m, uint64_t i)
{
    uint64_t at = 0;
    uint64_t step = 1;
    for (unsigned k = m->target.rank; m->start && k-- > 0;) {
        at += ((uint64_t)m->start[k] + i % (uint64_t)m->target.dims[k]) * step;
        i /= (uint64_t)m->target.dims[k];
        step *= (uint64_t)m->source.dims[k];
    }
    return m->start ? at : i;
}

static bool is_complex(unsigned dtype)
{
    return dtype == DTYPE_COMPLEX64 || dtype == DTYPE_COMPLEX128;
}

static enum dtype part_of(unsigned dtype)
{
    return dtype == DTYPE_COMPLEX64    ? DTYPE_FLOAT32
           : dtype == DTYPE_COMPLEX128 ? DTYPE_FLOAT64
                                       : (enum dtype)dtype;
}

/* One real number after the other; false where it does not fit. */
static bool cast_part(unsigned from, unsigned to, enum cast_mode mode, const uint8_t *src,
                      uint8_t *dst)
{
    uint64_t bits = 0;
    bool fits = ref_encode(part_of(to), mode,
                           ref_decode(part_of(from), ref_load(part_of(from), src)), &bits);
    ref_store(part_of(to), bits, dst);
    return fits;
}

static bool cast_element(unsigned from, unsigned to, enum cast_mode mode, const uint8_t *src,
                         uint8_t *dst)
{
    unsigned half = dtype_bytes(from) / 2;
    if (from == to) {
        memcpy(dst, src, dtype_bytes(to));
        return true;
    }
    if (to == DTYPE_BOOL && is_complex(from)) {
        uint8_t imaginary = 0;
        bool fits = cast_part(from, to, mode, src, dst) &&
                    cast_part(from, to, mode, src + half, &imaginary);
        *dst |= imaginary;
        return fits;
    }
    memset(dst, 0, dtype_bytes(to));
    bool fits = cast_part(from, to, mode, src, dst);
    return fits &&
           (!is_complex(from) || cast_part(from, to, mode, src + half, dst + dtype_bytes(to) / 2));
}

/* The file of strings: a scalar as it is, else each element and a newline. */
static void expect_strings(const struct made_tensor *m, const struct mapping *map,
                           uint64_t elements, struct expected *out)
{
    struct mkbuf lines = {0};
    for (uint64_t i = 0; i < elements; i++) {
        struct str s = values_string(m, source_element(map, i));
        mkbuf_add(&lines, s.ptr, s.len);
        if (map->target.rank) {
            mkbuf_u8(&lines, '\n');
        }
    }
    out->len = lines.len;
    out->bytes = lines.data;
    out->element = 1;
}

static void expect_numbers(const struct target *t, const struct made_tensor *m,
                           const struct mapping *map, uint64_t elements, struct expected *out)
{
    enum cast_mode mode = t->form ? t->form->cast_mode : CAST_CHECKED;
    unsigned from = dtype_bytes(m->dtype);
    out->element = dtype_bytes(target_dtype(t));
    out->len = elements * out->element;
    out->bytes = malloc(out->len + 1);
    out->bad = calloc(elements + 1, sizeof(*out->bad));
    FUZZ_CHECK(out->bytes && out->bad);
    for (uint64_t i = 0; i < elements; i++) {
        const uint8_t *src = m->values.data + source_element(map, i) * from;
        out->bad[i] =
            !cast_element(m->dtype, target_dtype(t), mode, src, out->bytes + i * out->element);
        out->any_bad |= out->bad[i];
    }
}

bool check_target(const struct check *c, const struct target *t, struct expected *out)
{
    const struct made_tensor *m = check_source(c, t->source);
    struct mapping map;
    uint64_t elements;
    *out = (struct expected){0};
    if (!m || !map_target(t, m, &map) || shape_elements(map.target, &elements) < 0) {
        return false;
    }
    out->damaged = m->damaged;
    if (m->dtype == DTYPE_STRING) {
        expect_strings(m, &map, elements, out);
    } else {
        expect_numbers(t, m, &map, elements, out);
    }
    return true;
}

/* ---- raw files ------------------------------------------------------------------------------- */

/* Whether nothing of a damaged source comes out. Strings of V2 are always verified. */
static bool is_verified(const struct check *c, const struct target *t)
{
    return c->verify || (!target_sized(t) && !c->made.legacy);
}

/* Of V1 it is not known which tensors a changed byte belongs to, and a slice that is damaged may
 * not be one that is read. */
static bool is_lost(const struct check *c, const struct target *t, const struct expected *e)
{
    return e->damaged && e->len && !c->made.legacy && !t->source->sliced;
}

static void check_bytes(const struct check *c, const struct target *t, const struct check_file *f,
                        const struct expected *e)
{
    if (e->damaged && !is_verified(c, t)) {
        return;
    }
    if (f->rc < 0) {
        FUZZ_CHECK(e->any_bad || e->damaged);
        FUZZ_CHECK(f->rc == -ERANGE || e->damaged);
        return;
    }
    FUZZ_CHECK(!is_lost(c, t, e) && f->size == e->len);
    for (size_t i = 0; e->bad && i < f->len / e->element; i++) {
        FUZZ_CHECK(!e->bad[i]);
    }
    FUZZ_CHECK(f->len == 0 || memcmp(f->bytes, e->bytes, f->len) == 0);
}

/* A part of a file whose whole cannot be cast: elements that can come out right. */
static void check_around_bad(struct check *c, uint32_t file, const struct expected *e)
{
    uint8_t element[16];
    uint64_t size;
    for (size_t i = 0; e->bad && e->any_bad && i < e->len / e->element && i < 64; i++) {
        ssize_t got = check_read(c, &c->reader, file, i * e->element, e->element, element, &size);
        FUZZ_CHECK(e->damaged || (got == -ERANGE) == e->bad[i]);
        FUZZ_CHECK(got < 0 || e->damaged ||
                   memcmp(element, e->bytes + i * e->element, e->element) == 0);
    }
}

/* ---- text ------------------------------------------------------------------------------------ */

static errint print_strings(const struct check *c, const struct target *t, struct text_printer *p,
                            struct buf *b)
{
    struct string_cursor *cursor = malloc(sizeof(*cursor));
    struct string_element e;
    FUZZ_CHECK(cursor);
    int got = string_cursor_to(cursor, &c->reader, t, 0);
    while (got >= 0 && (got = string_cursor_next(cursor, &e)) > 0) {
        char bytes[300];
        size_t len = e.len < sizeof(bytes) ? (size_t)e.len : sizeof(bytes);
        got = shard_read(e.shard, NULL, e.off, len, bytes);
        if (got < 0 || !text_string_open(p, len && memchr(bytes, '\'', len),
                                         len && memchr(bytes, '"', len), b)) {
            break;
        }
        text_string_bytes(p, bytes, len, b);
        text_string_close(p, b);
    }
    free(cursor);
    return got < 0 ? got : 0;
}

static void check_text(const struct check *c, const struct target *t, const struct check_file *f,
                       uint64_t limit)
{
    struct text_printer p;
    CLEANUP_BUF struct buf b = {0};
    text_begin(&p, target_dtype(t), target_shape(t), limit, &b);
    if (!target_sized(t)) {
        if (f->rc < 0 || print_strings(c, t, &p, &b) < 0) {
            return;
        }
    } else if (f->rc < 0 || f->len != f->size) {
        return;
    } else {
        (void)text_add(&p, f->bytes, f->len, &b);
    }
    text_end(&p, &b);
    FUZZ_CHECK(!b.failed && b.len && b.data[b.len - 1] == '\n');
    for (size_t i = 0; i + 1 < b.len; i++) {
        FUZZ_CHECK((unsigned char)b.data[i] >= 0x20 ? (unsigned char)b.data[i] < 0x7f
                                                    : b.data[i] == '\n');
    }
}

void check_values(struct check *c)
{
    for (uint32_t i = 0; i < c->view->plan->count; i++) {
        const struct target *t = &c->view->plan->targets[i];
        uint32_t file = c->view->tree->target_node[i];
        struct expected e;
        if (check_target(c, t, &e)) {
            check_bytes(c, t, &c->files[file], &e);
            check_around_bad(c, file, &e);
        }
        expected_fini(&e);
        check_text(c, t, &c->files[file], i % 3 ? 1000 : 3);
    }
}
