/* SPDX-License-Identifier: Apache-2.0 */
/* The view as TensorFlow reads it: each entry of its index has the checksum of the bytes that the
 * view's data files have there. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "codec/sstable.h"
#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "io/io_bytes.h"
#include "source/catalog_names.h"
#include "view/formats/tf_view.h"

/* What an entry says, as far as it matters here. */
struct entry {
    uint64_t dtype, shard, off, size, elements;
    uint32_t crc;
    bool sliced;
};

static uint64_t read_dim(struct str text)
{
    struct cursor c = cursor_over(text.ptr, text.len);
    uint64_t size = 0;
    while (cursor_left(&c)) {
        FUZZ_CHECK(cursor_varint64(&c) == (1 << 3 | 0)); /* ours has no names */
        size = cursor_varint64(&c);
    }
    return size;
}

static uint64_t read_elements(struct str text)
{
    struct cursor c = cursor_over(text.ptr, text.len);
    uint64_t elements = 1;
    while (cursor_left(&c)) {
        FUZZ_CHECK(cursor_varint64(&c) == (2 << 3 | 2));
        elements *= read_dim(cursor_bytes(&c, cursor_varint64(&c)));
    }
    return elements;
}

static struct entry read_entry(struct str text)
{
    struct entry e = {0};
    struct cursor c = cursor_over(text.ptr, text.len);
    uint64_t *const numbers[] = {NULL, &e.dtype, NULL, &e.shard, &e.off, &e.size};
    while (cursor_left(&c)) {
        uint64_t tag = cursor_varint64(&c);
        if (tag == (6 << 3 | 5)) {
            e.crc = cursor_le32(&c);
        } else if (tag == (2 << 3 | 2)) {
            e.elements = read_elements(cursor_bytes(&c, cursor_varint64(&c)));
        } else if (tag == (7 << 3 | 2)) {
            e.sliced = true;
            (void)cursor_bytes(&c, cursor_varint64(&c));
        } else {
            FUZZ_CHECK(tag >> 3 < ARRAY_LEN(numbers) && numbers[tag >> 3] && (tag & 7) == 0);
            *numbers[tag >> 3] = cursor_varint64(&c);
        }
    }
    FUZZ_CHECK(!c.bad);
    return e;
}

/* ---- checksums ------------------------------------------------------------------------------- */

/* That of strings is over their lengths in 4 bytes each, the checksum of those, and the strings. */
static uint32_t strings_crc(const uint8_t *bytes, size_t len, uint64_t elements)
{
    struct cursor c = cursor_over(bytes, len);
    struct mkbuf summed = {0};
    for (uint64_t i = 0; i < elements && !c.bad; i++) {
        mkbuf_le32(&summed, (uint32_t)cursor_varint64(&c));
    }
    uint32_t head = mk_mask(mk_crc32c(summed.data, summed.len));
    uint32_t stored = cursor_le32(&c);
    mkbuf_le32(&summed, head);
    size_t left = cursor_left(&c);
    mkbuf_add(&summed, c.pos, left);
    uint32_t crc = mk_mask(mk_crc32c(summed.data, summed.len));
    mkbuf_free(&summed);
    return c.bad || stored != head ? ~crc : crc;
}

/* The number in content.h of data file `shard`; UINT32_MAX where a variable hides it. */
static uint32_t data_file(const struct view *v, uint64_t shard)
{
    const struct tf_view *tf = v->formats.state[FORMAT_TENSORFLOW];
    FUZZ_CHECK(shard < tf_view_data_count(tf));
    int64_t node = tree_find(v->tree, str_from(tf_view_data_path(tf, (uint32_t)shard)));
    return node > 0 && v->tree->nodes[node].kind == NODE_FORMAT ? (uint32_t)node : UINT32_MAX;
}

/* The bytes of the entry; NULL where they cannot be read, or are many. */
static uint8_t *read_bytes(struct check *c, const struct entry *e)
{
    uint32_t file = data_file(c->view, e->shard);
    uint64_t size;
    uint8_t *bytes = file != UINT32_MAX && e->size <= CHECK_BYTES ? malloc(e->size + 1) : NULL;
    ssize_t got = bytes ? check_read(c, &c->reader, file, e->off, e->size, bytes, &size) : -1;
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    FUZZ_CHECK((uint64_t)got == e->size);
    return bytes;
}

/* What is known of a variable's sources. */
enum health { HEALTH_UNKNOWN, HEALTH_GOOD, HEALTH_DAMAGED };

static enum health health_of(const struct check *c, const struct target *t)
{
    const struct made_tensor *m = check_source(c, t->source);
    for (uint32_t i = 0; t->form && i < t->form->piece_count; i++) {
        m = t->form->pieces[i].source == t->source ? m : NULL;
    }
    return !m                                   ? HEALTH_UNKNOWN
           : !m->damaged                        ? HEALTH_GOOD
           : c->made.legacy || m->run_count > 1 ? HEALTH_UNKNOWN
                                                : HEALTH_DAMAGED;
}

static enum health health_of_key(const struct check *c, struct str key)
{
    struct variable_cursor at = variable_first(&c->view->variables);
    struct view_variable l;
    while (variable_next(&at, &l)) {
        if (l.whole && str_eq(variable_name(&l), key)) {
            return health_of(c, l.whole);
        }
    }
    return HEALTH_UNKNOWN; /* a slice, or a variant that is kept */
}

static void check_entry(struct check *c, struct str key, struct str value)
{
    struct entry e = read_entry(value);
    if (e.sliced || e.dtype == DTYPE_VARIANT) {
        return;
    }
    enum health health = health_of_key(c, key);
    uint8_t *bytes = read_bytes(c, &e);
    if (bytes) {
        uint32_t crc = e.dtype == DTYPE_STRING ? strings_crc(bytes, e.size, e.elements)
                                               : mk_mask(mk_crc32c(bytes, e.size));
        FUZZ_CHECK(health != HEALTH_GOOD || crc == e.crc);
        FUZZ_CHECK(health != HEALTH_DAMAGED || crc != e.crc || e.size == 0);
    } else {
        FUZZ_CHECK(health != HEALTH_GOOD || e.size > CHECK_BYTES || check_may_fail(c) ||
                   data_file(c->view, e.shard) == UINT32_MAX);
    }
    free(bytes);
}

static void check_table(struct check *c, const struct check_file *f)
{
    struct io_bytes io;
    io_bytes_init(&io, f->bytes, f->len, "index");
    struct sstable *t;
    struct str key, value;
    errint rc = sstable_open(&io.io, NULL, &t);
    FUZZ_CHECK(rc == 0 && sstable_next(t, &key, &value) == 1 && key.len == 0);
    int more;
    while ((more = sstable_next(t, &key, &value)) == 1) {
        check_entry(c, key, value);
    }
    FUZZ_CHECK(more == 0);
    sstable_close(t);
}

/* Whether all that is in the view can be read, so that its index has to be. */
static bool is_healthy(const struct check *c)
{
    bool healthy = c->made.count > 0;
    for (uint32_t i = 0; healthy && i < c->view->plan->count; i++) {
        struct expected e;
        healthy = check_target(c, &c->view->plan->targets[i], &e) && !e.any_bad && !e.damaged;
        expected_fini(&e);
    }
    return healthy;
}

void check_index(struct check *c)
{
    int64_t node = tree_find(
        c->view->tree, str_from(tf_view_index_path(c->view->formats.state[FORMAT_TENSORFLOW])));
    if (node <= 0 || c->view->tree->nodes[node].kind != NODE_FORMAT) {
        return;
    }
    const struct check_file *f = &c->files[node];
    FUZZ_CHECK(f->rc == 0 || !is_healthy(c));
    if (f->rc == 0 && f->len == f->size) {
        check_table(c, f);
    }
}
