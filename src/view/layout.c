/* SPDX-License-Identifier: Apache-2.0 */
#include "view/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/grow.h"
#include "base/lower_bound.h"
#include "render/string_read.h"
#include "render/verified.h"
#include "view/formats/in_place.h"

static struct layout of_one(const struct extent *extent, uint64_t size)
{
    return (struct layout){extent, size ? 1 : 0, size};
}

errint layout_of_target(struct reader *r, const struct target *t, struct extent *extent,
                        struct layout *out)
{
    uint64_t bytes;
    errint rc = render_size(r, t, &bytes);
    *extent = (struct extent){.kind = EXTENT_TARGET, .target = t};
    *out = of_one(extent, bytes);
    return rc;
}

struct layout layout_of_bytes(struct str bytes, struct extent *extent)
{
    *extent = (struct extent){.kind = EXTENT_BYTES, .bytes = bytes.ptr};
    return of_one(extent, bytes.len);
}

struct layout layout_of_shard(struct shard *s, struct extent *extent)
{
    *extent = (struct extent){.kind = EXTENT_SHARD, .shard = s};
    return of_one(extent, s->io->size);
}

/* Index of the extent that holds byte `off`, which is below the size. */
static uint32_t find(const struct layout *l, uint64_t off)
{
    return LOWER_BOUND(i, 1, l->count, l->extents[i].off <= off) - 1;
}

/* Bytes [from, from+len) of what the extent is from. */
static errint read_extent(const struct extent *e, struct reader *r, uint64_t from, size_t len,
                          char *to)
{
    ssize_t got = -EIO;
    switch (e->kind) {
    case EXTENT_BYTES:
        memcpy(to, e->bytes + from, len);
        return 0;
    case EXTENT_SHARD:
        return verified_read(r, e->shard, from, len, to);
    case EXTENT_TARGET:
        got = render_read(r, e->target, from, len, to);
        break;
    case EXTENT_STRINGS_JOINED:
        got = string_read(r, e->target, STRING_JOINED, from, len, to);
        break;
    case EXTENT_STRINGS_FIXED:
        got = string_read(r, e->target, STRING_FIXED, from, len, to);
        break;
    }
    if (got < 0) {
        return (errint)got;
    }
    return (size_t)got == len ? 0 : -EIO;
}

ssize_t layout_read(const struct layout *l, struct reader *r, uint64_t off, size_t len, void *buf)
{
    if (off >= l->size || len == 0) {
        return 0;
    }
    uint64_t count = l->size - off < len ? l->size - off : len;
    uint64_t done = 0;
    for (uint32_t i = find(l, off); done < count; i++) {
        const struct extent *e = &l->extents[i];
        uint64_t end = i + 1 < l->count ? l->extents[i + 1].off : l->size;
        uint64_t part = end - (off + done) < count - done ? end - (off + done) : count - done;
        errint rc = read_extent(e, r, e->from_off + (off + done - e->off), (size_t)part,
                                (char *)buf + done);
        if (rc < 0) {
            return rc;
        }
        done += part;
    }
    return (ssize_t)count;
}

bool layout_file_range(const struct layout *l, const struct catalog *c, struct file_range *out)
{
    const struct extent *e = l->extents;
    struct in_place at;
    if (l->count != 1) {
        return false;
    }
    if (e->kind == EXTENT_SHARD && !e->shard->base) {
        *out = (struct file_range){e->shard, e->from_off};
        return true;
    }
    if (e->kind == EXTENT_TARGET && in_place_run(c, e->target, &at)) {
        *out = (struct file_range){&c->shards[at.shard], at.off + e->from_off};
        return true;
    }
    return false;
}

/* Whether `e` begins where `last`, up to byte `end` of the file, ends in what both are from. */
static bool goes_on(const struct extent *last, uint64_t end, const struct extent *e)
{
    return last->kind == EXTENT_SHARD && e->kind == EXTENT_SHARD && last->shard == e->shard &&
           last->from_off + (end - last->off) == e->from_off;
}

void layout_add(struct layout_build *b, struct extent e, uint64_t len)
{
    uint64_t size;
    if (!checked_add_u64(b->size, len, &size) || size > INT64_MAX) {
        b->failed = b->too_long = true;
        return;
    }
    e.off = b->size;
    if (len && !(b->count && goes_on(&b->extents[b->count - 1], b->size, &e))) {
        if (b->count == UINT32_MAX || !grow(&b->extents, &b->cap, b->count, sizeof(*b->extents))) {
            b->failed = true;
            return;
        }
        b->extents[b->count++] = e;
    }
    b->size = size;
}

errint layout_build_check(const struct layout_build *b)
{
    if (b->too_long) {
        return -EOVERFLOW;
    }
    return b->failed ? -ENOMEM : 0;
}

struct layout layout_made(const struct layout_build *b)
{
    return (struct layout){b->extents, (uint32_t)b->count, b->size};
}

void layout_build_fini(struct layout_build *b)
{
    free(b->extents);
    *b = (struct layout_build){0};
}
