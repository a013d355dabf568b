/* SPDX-License-Identifier: Apache-2.0 */
/* How runs of strings are stored: reading one from end to end. */
#include "source/tf/strings.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/grow.h"
#include "base/once.h"
#include "base/pages.h"
#include "source/tf/strings_index.h"

enum { BYTES_AT_ONCE = 256 << 10 };
enum { ELEMENTS_UNASKED = 1 << 16 }; /* between two questions whether to go on */

void strings_wire(struct wire *w, struct io *base, const struct strings_run *run)
{
    wire_init(w, base, run->off + run->bytes);
}

void strings_index_fini(struct strings_index *x)
{
    free(x->marks);
    free(x->spots);
    *x = (struct strings_index){0};
}

static errint add_mark(struct strings_index *x, struct strings_mark mark)
{
    if (!grow(&x->marks, &x->mark_cap, x->mark_count, sizeof(*x->marks))) {
        return -ENOMEM;
    }
    x->marks[x->mark_count++] = mark;
    return 0;
}

/* ---- V2 -------------------------------------------------------------------------------------- */

uint32_t strings_extend_length(uint32_t crc, uint64_t len, bool big_endian)
{
    if (len <= UINT32_MAX) {
        uint32_t fixed = big_endian ? htobe32((uint32_t)len) : htole32((uint32_t)len);
        return crc32c_extend(crc, &fixed, sizeof(fixed));
    }
    uint64_t fixed = big_endian ? htobe64(len) : htole64(len);
    return crc32c_extend(crc, &fixed, sizeof(fixed));
}

/* All lengths, from the head of *at on, which moves past them. *total is their sum. *crc goes on
 * over them. */
static errint read_lengths(struct wire *w, const struct strings_run *run, struct wire_window *at,
                           struct strings_index *x, uint64_t *total, uint32_t *crc)
{
    bool big_endian = run->coding == STRINGS_BUNDLE_BIG_ENDIAN;
    *total = 0;
    for (uint64_t i = 0; i < run->elements; i++) {
        uint64_t len;
        errint rc =
            x && i % STRINGS_STEP == 0 ? add_mark(x, (struct strings_mark){at->off, *total}) : 0;
        if (rc == 0 && i % ELEMENTS_UNASKED == 0 && once_interrupted(w->waiter)) {
            return -EINTR;
        }
        if (rc < 0 || (rc = wire_varint(w, at, &len)) < 0) {
            return rc;
        }
        if (len > run->bytes - *total) {
            return -EBADMSG;
        }
        *total += len;
        *crc = strings_extend_length(*crc, len, big_endian);
    }
    return 0;
}

/* The checksum goes on over bytes [off, off + left) of `base`. */
static errint extend_bytes(struct io *base, struct once_waiter *w, uint64_t off, uint64_t left,
                           uint32_t *crc)
{
    size_t size = left < BYTES_AT_ONCE ? (size_t)left : BYTES_AT_ONCE;
    CLEANUP_FREE char *buf = pages_alloc(size);
    if (!buf) {
        return -ENOMEM;
    }
    while (left > 0) {
        size_t n = left < size ? (size_t)left : size;
        errint rc = once_interrupted(w) ? -EINTR : io_read(base, w, off, n, buf);
        if (rc < 0) {
            return rc;
        }
        *crc = crc32c_extend(*crc, buf, n);
        off += n;
        left -= n;
    }
    return 0;
}

static errint read_bundle(struct io *base, struct wire *w, const struct strings_run *run,
                          struct strings_index *x, uint32_t *crc)
{
    if (run->bytes == 0 && run->elements == 0) {
        return 0; /* TensorFlow takes an entry without any bytes too */
    }
    struct wire_window at = {run->off, run->off + run->bytes, 0};
    uint64_t total;
    uint8_t stored[4];
    errint rc = read_lengths(w, run, &at, x, &total, crc);
    if (rc < 0) {
        return rc;
    }
    if (wire_len(at) < sizeof(stored) || total > wire_len(at) - sizeof(stored)) {
        return -EBADMSG;
    }
    rc = wire_read(w, (struct wire_window){at.off, at.off + sizeof(stored), 0}, sizeof(stored),
                   stored);
    if (rc < 0) {
        return rc;
    }
    uint32_t masked = crc32c_mask(*crc);
    uint32_t wanted = run->coding == STRINGS_BUNDLE_BIG_ENDIAN ? htobe32(masked) : htole32(masked);
    if (memcmp(stored, &wanted, sizeof(stored)) != 0) {
        *crc = crc32c_unmask(~run->crc32c); /* surely not what the entry says */
        return 0;
    }
    *crc = crc32c_extend(*crc, stored, sizeof(stored));
    at.off += sizeof(stored);
    if (x) {
        x->bytes = at.off;
    }
    return extend_bytes(base, w->waiter, at.off, total, crc);
}

/* ---- V1 -------------------------------------------------------------------------------------- */

static bool same_windows(const struct record_place *a, const struct record_place *b)
{
    return a->tensor.end == b->tensor.end && a->slice.off == b->slice.off &&
           a->record.off == b->record.off;
}

/* Where in its window a spot is, each mark says itself; its chunk is not used. */
bool strings_index_same(const struct strings_index *a, const struct strings_index *b)
{
    bool same = a->mark_count == b->mark_count && a->spot_count == b->spot_count;
    for (size_t i = 0; same && i < a->mark_count; i++) {
        same = a->marks[i].at == b->marks[i].at && a->marks[i].base == b->marks[i].base;
    }
    for (size_t i = 0; same && i < a->spot_count; i++) {
        same = same_windows(&a->spots[i], &b->spots[i]) &&
               a->spots[i].slice.end == b->spots[i].slice.end &&
               a->spots[i].record.end == b->spots[i].record.end;
    }
    return same;
}

static errint add_place(struct strings_index *x, const struct record_place *p)
{
    if (!x->spot_count || !same_windows(&x->spots[x->spot_count - 1], p)) {
        if (!grow(&x->spots, &x->spot_cap, x->spot_count, sizeof(*x->spots))) {
            return -ENOMEM;
        }
        x->spots[x->spot_count++] = *p;
    }
    return add_mark(x, (struct strings_mark){p->tensor.off, x->spot_count - 1});
}

/* The blocks of a V1 file have checksums, its tensors have none: that there are as many elements as
 * the shape has is all that can be seen here. */
static errint read_tf_v1(struct wire *w, const struct strings_run *run, struct strings_index *x)
{
    struct record_place p =
        record_place_of((struct wire_window){run->off, run->off + run->bytes, 0});
    int rc;
    for (uint64_t i = 0; i < run->elements; i++) {
        rc = x && i % STRINGS_STEP == 0 ? add_place(x, &p) : 0;
        if (rc < 0) {
            return rc;
        }
        if (i % ELEMENTS_UNASKED == 0 && once_interrupted(w->waiter)) {
            return -EINTR;
        }
        rc = record_place_next(w, &p, STRINGS_FIELD, WIRE_BYTES);
        if (rc <= 0) {
            return rc < 0 ? rc : -EBADMSG; /* too few */
        }
    }
    rc = record_place_next(w, &p, STRINGS_FIELD, WIRE_BYTES);
    return rc > 0 ? -EBADMSG : rc;
}

/* ---- either ---------------------------------------------------------------------------------- */

static errint read_run(struct io *base, struct once_waiter *waiter, const struct strings_run *run,
                       struct strings_index *x, uint32_t *crc)
{
    CLEANUP_FREE struct wire *w = malloc(sizeof(*w));
    *crc = 0;
    if (!w) {
        return -ENOMEM;
    }
    strings_wire(w, base, run);
    w->waiter = waiter;
    errint rc =
        run->coding == STRINGS_TF_V1 ? read_tf_v1(w, run, x) : read_bundle(base, w, run, x, crc);
    *crc = crc32c_mask(*crc);
    if (rc == -EBADMSG && io_failed(base)) {
        return -EIO; /* a file that changed under us explains any nonsense */
    }
    return rc == -EOVERFLOW ? -EBADMSG : rc;
}

errint strings_check(struct io *base, struct once_waiter *w, const struct strings_run *run,
                     uint32_t *crc)
{
    return read_run(base, w, run, NULL, crc);
}

errint strings_index_make(struct io *base, struct once_waiter *w, const struct strings_run *run,
                          struct strings_index *x, uint32_t *crc)
{
    *x = (struct strings_index){0};
    return read_run(base, w, run, x, crc);
}
