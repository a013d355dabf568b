/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/variants.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/once.h"
#include "codec/wire.h"

struct reading {
    struct io *file;
    struct wire *lengths;  /* what is small is read through it */
    struct wire_window at; /* from the next byte to the end of the file */
    char *buf;             /* VARIANTS_BUFFER bytes */
    uint32_t crc;
};

/* The next `left` bytes: through the walker's window if they are few, past it if they are not. */
static errint extend_bytes(struct reading *r, uint64_t left)
{
    while (left > 0) {
        size_t n = left < VARIANTS_BUFFER ? (size_t)left : VARIANTS_BUFFER;
        struct wire_window run = {r->at.off, r->at.off + n, 0};
        if (once_interrupted(r->lengths->waiter)) {
            return -EINTR;
        }
        errint rc = n <= WIRE_BUFFER_BYTES / 2
                        ? wire_read(r->lengths, run, VARIANTS_BUFFER, r->buf)
                        : io_read(r->file, r->lengths->waiter, run.off, n, r->buf);
        if (rc < 0) {
            return rc;
        }
        r->crc = crc32c_extend(r->crc, r->buf, n);
        r->at.off += n;
        left -= n;
    }
    return 0;
}

/* *good: whether the checksum after the element is right. */
static errint read_element(struct reading *r, bool *good)
{
    uint64_t len;
    uint32_t sum;
    errint rc = wire_varint(r->lengths, &r->at, &len);
    if (rc < 0) {
        return rc;
    }
    if (wire_len(r->at) < sizeof(sum) || len > wire_len(r->at) - sizeof(sum)) {
        return -EBADMSG;
    }
    uint64_t fixed = htole64(len);
    r->crc = crc32c_extend(r->crc, &fixed, sizeof(fixed));
    rc = extend_bytes(r, len);
    if (rc < 0) {
        return rc;
    }
    struct wire_window stored = {r->at.off, r->at.off + sizeof(sum), 0};
    rc = wire_read(r->lengths, stored, sizeof(sum), &sum);
    if (rc < 0) {
        return rc;
    }
    *good = le32toh(sum) == crc32c_mask(r->crc);
    r->crc = crc32c_extend(r->crc, &sum, sizeof(sum));
    r->at.off = stored.end;
    return 0;
}

errint variants_check(struct io *file, struct once_waiter *waiter, const struct variants_run *run,
                      char *buf, uint32_t *crc, uint64_t *bytes)
{
    uint64_t size = file->size;
    *crc = 0;
    *bytes = 0;
    if (run->off > size) {
        return run->elements ? -EIO : 0;
    }
    CLEANUP_FREE struct wire *w = malloc(sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    wire_init(w, file, size);
    w->waiter = waiter;
    struct reading r = {.file = file, .lengths = w, .at = {run->off, size, 0}, .buf = buf};
    bool good = true;
    errint rc = 0;
    /* However many they are said to be: each takes five bytes at least. */
    for (uint64_t i = 0; rc == 0 && good && i < run->elements; i++) {
        rc = read_element(&r, &good);
    }
    *bytes = r.at.off - run->off;
    *crc = good ? crc32c_mask(r.crc) : ~run->crc32c;
    /* A file that changed under us explains any nonsense. */
    return rc == -EBADMSG && io_failed(file) ? -EIO : rc;
}
