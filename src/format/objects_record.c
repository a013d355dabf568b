/* SPDX-License-Identifier: Apache-2.0 */
#include "format/objects_record.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/cursor.h"
#include "base/file.h"
#include "format/dtype.h"

/* varint64 length, u32 masked crc of the length. */
enum { HEAD_MOST = 10 + 4, STREAM_BYTES = 256 << 10 };

static errint refuse(struct objects_record *r, errint rc, const char *why)
{
    r->why = why;
    return rc;
}

/* The bytes of a number as the writing machine had them. */
static void in_order(uint64_t value, unsigned size, bool big_endian, uint8_t *out)
{
    for (unsigned i = 0; i < size; i++) {
        out[big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
    }
}

/* The length, after its checksum was compared; *crc goes on over all that has been read. */
static errint read_head(struct objects_record *r, const struct catalog *c, const struct tensor *t,
                        uint32_t *crc)
{
    char head[HEAD_MOST];
    uint8_t bytes[8];
    size_t have = t->bytes < sizeof(head) ? (size_t)t->bytes : sizeof(head);
    if (file_read_at(r->fd, t->off, have, head) < 0) {
        return refuse(r, -EBADMSG, "its data file ends before it does");
    }
    struct cursor at = cursor_over(head, have);
    uint64_t len = cursor_varint64(&at);
    size_t after_len = have - cursor_left(&at);
    struct str stored = cursor_bytes(&at, 4);
    if (at.bad) {
        return refuse(r, -EBADMSG, "the length of its string is malformed");
    }
    unsigned size = len > UINT32_MAX ? 8 : 4;
    in_order(len, size, c->big_endian, bytes);
    *crc = crc32c_extend(0, bytes, size);
    in_order(crc32c_mask(*crc), 4, c->big_endian, bytes);
    if (memcmp(bytes, stored.ptr, 4) != 0) {
        return refuse(r, -EBADMSG, "the checksum of its length is wrong");
    }
    *crc = crc32c_extend(*crc, stored.ptr, 4);
    r->off = t->off + after_len + 4;
    r->len = len;
    if (len > OBJECTS_RECORD_MOST) {
        return refuse(r, -EOVERFLOW, "its string is longer than 2 GiB");
    }
    return 0;
}

/* The content's checksum, piece by piece. */
static errint check_content(struct objects_record *r, const struct tensor *t, uint32_t crc)
{
    CLEANUP_FREE char *piece = malloc(STREAM_BYTES);
    if (!piece) {
        return -ENOMEM;
    }
    for (uint64_t at = 0; at < r->len;) {
        size_t take = r->len - at < STREAM_BYTES ? (size_t)(r->len - at) : STREAM_BYTES;
        if (file_read_at(r->fd, r->off + at, take, piece) < 0) {
            return refuse(r, -EBADMSG, "its data file ends before it does");
        }
        crc = crc32c_extend(crc, piece, take);
        at += take;
    }
    return crc32c_mask(crc) == t->crc32c ? 0 : refuse(r, -EBADMSG, "its checksum is wrong");
}

errint objects_record_open(const struct catalog *c, const struct tensor *t, struct objects_record *out)
{
    *out = (struct objects_record){.path = c->index_path, .fd = -1};
    if (t->dtype != DTYPE_STRING || t->rank != 0 || t->sliced || t->shard >= c->shard_count) {
        return refuse(out, -EBADMSG, "it is not a single string");
    }
    struct stat st;
    uint32_t crc;
    out->path = shard_file(&c->shards[t->shard])->path;
    errint rc = file_open(out->path, &out->fd, &st);
    if (rc < 0) {
        return refuse(out, rc,
                      rc == -ENOENT ? "its data file is not there" : "its data file cannot be opened");
    }
    rc = read_head(out, c, t, &crc);
    return rc < 0 ? rc : check_content(out, t, crc);
}

void objects_record_close(struct objects_record *r)
{
    cleanup_close(&r->fd);
    r->fd = -1;
}

static errint read_at(void *from, uint64_t off, size_t len, void *buf)
{
    const struct objects_record *r = from;
    return file_read_at(r->fd, r->off + off, len, buf);
}

void objects_record_wire(struct objects_record *r, struct wire *w)
{
    wire_init_from(w, read_at, r, r->len);
}
