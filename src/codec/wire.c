/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/wire.h"

enum { VARINT_BYTES_MOST = 10, READ_FIRST = 4 << 10, NUMBER_MOST = (1 << 29) - 1 };

void wire_init(struct wire *w, struct io *io, uint64_t size)
{
    w->io = io;
    w->waiter = NULL;
    w->size = size;
    w->wrong = "";
    w->wrong_at = 0;
    w->base = 0;
    w->filled = 0;
    w->ahead = READ_FIRST;
}

errint wire_blame(struct wire *w, errint rc, uint64_t at, const char *wrong)
{
    w->wrong = wrong;
    w->wrong_at = at;
    return rc;
}

/* How much to read at `off`: more each time, while reading goes on. */
static size_t choose_ahead(const struct wire *w, uint64_t off)
{
    /* Going on, or a little farther or back: small fields are jumped over, and some messages walked
     * twice. */
    bool onward = off <= w->base + w->filled + READ_FIRST && off + WIRE_BUFFER_BYTES > w->base;
    if (!onward) {
        return READ_FIRST;
    }
    return w->ahead < WIRE_BUFFER_BYTES ? w->ahead * 2 : WIRE_BUFFER_BYTES;
}

/* Have bytes [off, off + need) in the buffer. need <= WIRE_BUFFER_BYTES, and they are in the
 * file. */
static errint fill_buffer(struct wire *w, uint64_t off, size_t need)
{
    if (off >= w->base && off - w->base <= w->filled &&
        need <= w->filled - (size_t)(off - w->base)) {
        return 0;
    }
    w->ahead = choose_ahead(w, off);
    size_t len = w->ahead > need ? w->ahead : need;
    len = len < w->size - off ? len : (size_t)(w->size - off);
    w->base = off;
    w->filled = 0;
    errint rc = io_read(w->io, w->waiter, off, len, w->buffer);
    if (rc == -EIO) {
        return wire_blame(w, rc, off, "the file cannot be read, or was cut while it was read");
    }
    w->filled = rc < 0 ? 0 : len;
    return rc;
}

/* The next `need` bytes of the window, in the buffer. */
static errint take_bytes(struct wire *w, struct wire_window *at, size_t need, const uint8_t **bytes)
{
    if (need > wire_len(*at)) {
        return wire_blame(w, -EBADMSG, at->off, "a field passes the end of its message");
    }
    errint rc = fill_buffer(w, at->off, need);
    *bytes = w->buffer + (at->off - w->base);
    at->off += need;
    return rc;
}

static errint take_varint(struct wire *w, struct wire_window *at, uint64_t *value)
{
    uint64_t left = wire_len(*at);
    size_t most = left < VARINT_BYTES_MOST ? (size_t)left : VARINT_BYTES_MOST;
    errint rc = fill_buffer(w, at->off, most);
    if (rc < 0) {
        return rc;
    }
    const uint8_t *bytes = w->buffer + (at->off - w->base);
    uint64_t sum = 0;
    for (size_t i = 0; i < most; i++) {
        if (i == VARINT_BYTES_MOST - 1 && bytes[i] > 1) {
            break;
        }
        sum |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] < 0x80) {
            at->off += i + 1;
            *value = sum;
            return 0;
        }
    }
    return wire_blame(w, -EBADMSG, at->off,
                      most < VARINT_BYTES_MOST ? "a number passes the end of its message"
                                               : "a number has more than 64 bits");
}

errint wire_varint(struct wire *w, struct wire_window *at, uint64_t *value)
{
    return take_varint(w, at, value);
}

errint wire_view(struct wire *w, struct wire_window at, size_t least, const uint8_t **bytes,
                 size_t *len)
{
    *len = wire_len(at) < least ? (size_t)wire_len(at) : least;
    errint rc = fill_buffer(w, at.off, *len);
    if (rc < 0) {
        return rc;
    }
    size_t held = w->filled - (size_t)(at.off - w->base);
    *bytes = w->buffer + (at.off - w->base);
    *len = held < wire_len(at) ? held : (size_t)wire_len(at);
    return 0;
}

static errint take_fixed(struct wire *w, struct wire_window *at, size_t len, uint64_t *value)
{
    const uint8_t *bytes;
    errint rc = take_bytes(w, at, len, &bytes);
    *value = 0;
    for (size_t i = 0; rc == 0 && i < len; i++) {
        *value |= (uint64_t)bytes[i] << (8 * i);
    }
    return rc;
}

/* The window of a field of bytes; nothing of it is read. */
static errint take_window(struct wire *w, struct wire_window *at, struct wire_window *inside)
{
    uint64_t start = at->off;
    uint64_t len;
    errint rc = take_varint(w, at, &len);
    if (rc < 0) {
        return rc;
    }
    if (len > wire_len(*at)) {
        return wire_blame(w, -EBADMSG, start, "a length passes the end of its message");
    }
    *inside = (struct wire_window){at->off, at->off + len, at->depth + 1};
    at->off += len;
    return 0;
}

int wire_next(struct wire *w, struct wire_window *at, struct wire_field *f)
{
    *f = (struct wire_field){.at = at->off};
    if (at->off >= at->end) {
        return 0;
    }
    if (at->depth > WIRE_DEPTH_MOST) {
        return wire_blame(w, -EOVERFLOW, at->off, "messages are nested more than 64 deep");
    }
    uint64_t tag;
    errint rc = take_varint(w, at, &tag);
    if (rc < 0) {
        return rc;
    }
    if (tag >> 3 == 0 || tag >> 3 > NUMBER_MOST) {
        return wire_blame(w, -EBADMSG, f->at, "a field number is out of range");
    }
    f->number = (uint32_t)(tag >> 3);
    f->type = (enum wire_type)(tag & 7);
    uint64_t payload = at->off;
    switch (f->type) {
    case WIRE_VARINT:
        rc = take_varint(w, at, &f->value);
        break;
    case WIRE_FIXED64:
        rc = take_fixed(w, at, 8, &f->value);
        break;
    case WIRE_FIXED32:
        rc = take_fixed(w, at, 4, &f->value);
        break;
    case WIRE_BYTES:
        rc = take_window(w, at, &f->bytes);
        break;
    default:
        return wire_blame(w, -EBADMSG, f->at, "a field is a group or of an unknown wire type");
    }
    if (f->type != WIRE_BYTES) {
        f->bytes = (struct wire_window){payload, at->off, at->depth + 1};
    }
    return rc < 0 ? rc : 1;
}

int wire_next_bytes(struct wire *w, struct wire_window *at, struct wire_field *f)
{
    int rc;
    do {
        rc = wire_next(w, at, f);
    } while (rc > 0 && f->type != WIRE_BYTES);
    return rc;
}

int wire_next_of(struct wire *w, struct wire_window *at, uint32_t number, struct wire_window *bytes)
{
    struct wire_field f;
    int rc;
    do {
        rc = wire_next(w, at, &f);
    } while (rc > 0 && (f.number != number || f.type != WIRE_BYTES));
    *bytes = f.bytes;
    return rc;
}

errint wire_read(struct wire *w, struct wire_window at, size_t cap, void *buf)
{
    if (wire_len(at) > cap) {
        return wire_blame(w, -EOVERFLOW, at.off, "a field is longer than any of its kind");
    }
    for (char *pos = buf; at.off < at.end;) {
        size_t step = wire_len(at) < READ_FIRST ? (size_t)wire_len(at) : READ_FIRST;
        const uint8_t *bytes;
        errint rc = take_bytes(w, &at, step, &bytes);
        if (rc < 0) {
            return rc;
        }
        memcpy(pos, bytes, step);
        pos += step;
    }
    return 0;
}

int wire_is(struct wire *w, struct wire_window at, struct str text)
{
    char bytes[64];
    if (wire_len(at) != text.len || text.len > sizeof(bytes)) {
        return 0;
    }
    errint rc = wire_read(w, at, sizeof(bytes), bytes);
    return rc < 0 ? rc : str_eq(str_of(bytes, text.len), text);
}

errint wire_bytes(struct wire *w, struct wire_window at, size_t limit, struct arena *a,
                  struct str *out)
{
    *out = STR("");
    if (wire_len(at) > limit) {
        return wire_blame(w, -EOVERFLOW, at.off, "a field is longer than any of its kind");
    }
    size_t len = (size_t)wire_len(at);
    char *copy = arena_bytes(a, len);
    if (!copy) {
        return -ENOMEM;
    }
    errint rc = wire_read(w, at, len, copy);
    if (rc == 0) {
        *out = str_of(copy, len);
    }
    return rc;
}

/* One walk of wire_gather: counts, and copies to `out` unless that is NULL. */
static errint gather_fields(struct wire *w, struct wire_window at, uint32_t known, size_t limit,
                            char *out, size_t *len)
{
    unsigned fields = 0;
    struct wire_field f;
    int rc;
    *len = 0;
    while ((rc = wire_next(w, &at, &f)) > 0) {
        if (f.number >= 32 || !(known >> f.number & 1)) {
            continue;
        }
        struct wire_window field = {f.at, at.off, at.depth};
        fields++;
        if (fields > WIRE_GATHER_FIELDS_MOST || wire_len(field) > limit - *len) {
            return wire_blame(w, -EOVERFLOW, f.at, "a message is larger than any of its kind");
        }
        rc = out ? wire_read(w, field, limit - *len, out + *len) : 0;
        if (rc < 0) {
            return rc;
        }
        *len += (size_t)wire_len(field);
    }
    return rc;
}

errint wire_gather(struct wire *w, struct wire_window at, uint32_t known, size_t limit,
                   struct arena *a, struct str *out)
{
    *out = STR("");
    size_t len;
    errint rc = gather_fields(w, at, known, limit, NULL, &len);
    if (rc < 0) {
        return rc;
    }
    char *copy = arena_bytes(a, len);
    if (!copy) {
        return -ENOMEM;
    }
    rc = gather_fields(w, at, known, len, copy, &len);
    if (rc == 0) {
        *out = str_of(copy, len);
    }
    return rc;
}
