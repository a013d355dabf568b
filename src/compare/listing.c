/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/listing.h"

#include <string.h>

#include "view/formats/in_place.h"

bool listed_of(const struct catalog *c, const struct tensor *t, struct listed *out)
{
    const struct target whole = {.name_ptr = t->name_ptr, .name_len = t->name_len, .source = t};
    struct in_place place = {0};
    uint64_t elements;
    out->name = tensor_name(t);
    out->rank = t->rank;
    out->dtype = t->dtype;
    for (unsigned axis = 0; axis < t->rank; axis++) {
        out->dims[axis] = t->dims[axis];
    }
    if (shape_elements(tensor_shape(t), &elements) < 0) {
        return false;
    }
    bool summed = elements > 0 && in_place_of(c, &whole, &place) && place.summed;
    out->crc32c = summed ? place.crc32c : 0;
    return summed || elements == 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void put_number(struct buf *b, uint64_t n)
{
    while (n > 0x7f) {
        buf_char(b, (char)(n | 0x80));
        n >>= 7;
    }
    buf_char(b, (char)n);
}

static size_t shared_head(struct str a, struct str b)
{
    size_t most = a.len < b.len ? a.len : b.len;
    size_t n = 0;
    while (n < most && a.ptr[n] == b.ptr[n]) {
        n++;
    }
    return n;
}

static void put(struct buf *b, struct str before, const struct listed *l)
{
    size_t shared = shared_head(before, l->name);
    put_number(b, shared);
    put_number(b, l->name.len - shared);
    buf_str(b, str_from_pos(l->name, shared));
    buf_char(b, (char)l->dtype);
    buf_char(b, (char)l->rank);
    for (unsigned axis = 0; axis < l->rank; axis++) {
        put_number(b, (uint64_t)l->dims[axis]);
    }
    buf_add(b, &l->crc32c, sizeof(l->crc32c));
}

int listing_make(const struct catalog *c, struct listing *out)
{
    *out = (struct listing){0};
    if (c->names || c->names_fault || c->member_count) {
        return 0;
    }
    struct str before = STR("");
    struct listed l;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        if (t->hidden) {
            continue;
        }
        if (!listed_of(c, t, &l)) {
            return 0;
        }
        put(&out->bytes, before, &l);
        before = l.name;
        out->count++;
    }
    errint rc = buf_check(&out->bytes);
    return rc < 0 ? rc : 1;
}

void listing_fini(struct listing *l)
{
    buf_fini(&l->bytes);
    l->count = 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t get_number(struct listing_cursor *at)
{
    uint64_t n = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char c = (unsigned char)at->of->bytes.data[at->at++];
        n |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            return n;
        }
    }
}

int listing_next(struct listing_cursor *at, struct listed *out)
{
    if (!at->left) {
        return 0;
    }
    at->left--;
    at->name.len = (size_t)get_number(at);
    size_t more = (size_t)get_number(at);
    const char *data = at->of->bytes.data;
    buf_add(&at->name, data + at->at, more);
    at->at += more;
    out->name = buf_view(&at->name);
    out->dtype = (uint8_t)data[at->at++];
    out->rank = (uint8_t)data[at->at++];
    for (unsigned axis = 0; axis < out->rank; axis++) {
        out->dims[axis] = (int64_t)get_number(at);
    }
    memcpy(&out->crc32c, data + at->at, sizeof(out->crc32c));
    at->at += sizeof(out->crc32c);
    errint rc = buf_check(&at->name);
    return rc < 0 ? rc : 1;
}

void listing_end(struct listing_cursor *at)
{
    buf_fini(&at->name);
}

const struct target *listed_target(const struct listed *l, struct arena *a)
{
    struct tensor *t = ARENA_NEW(a, struct tensor);
    struct target *target = ARENA_NEW(a, struct target);
    int64_t *dims = ARENA_ARRAY(a, int64_t, l->rank);
    struct str name = arena_str(a, l->name);
    if (!t || !target || !dims || !name.ptr) {
        return NULL;
    }
    memcpy(dims, l->dims, l->rank * sizeof(*dims));
    *t = (struct tensor){.name_ptr = name.ptr,
                         .name_len = (uint32_t)name.len,
                         .dims = dims,
                         .rank = l->rank,
                         .dtype = l->dtype,
                         .shard = TENSOR_NO_SHARD};
    *target = (struct target){.name_ptr = name.ptr, .name_len = (uint32_t)name.len, .source = t};
    return target;
}
