/* SPDX-License-Identifier: Apache-2.0 */
#include "render/string_head.h"

#include "base/crc32c.h"
#include "base/once.h"
#include "base/put.h"
#include "render/string_cursor.h"
#include "render/string_sized.h"

enum { ELEMENTS_UNASKED = 1 << 16 }; /* between two questions whether to go on */

/* Adds the lengths, and has *crc go on over them. */
static errint add_lengths(const struct reader *r, struct buf *b, uint32_t *crc)
{
    struct string_element e;
    int got;
    for (uint64_t i = 1; !b->failed && (got = string_cursor_next(r->strings, &e)) > 0; i++) {
        put_varint(b, e.len);
        *crc = strings_extend_length(*crc, e.len, false);
        if (i % ELEMENTS_UNASKED == 0 && once_interrupted(r->waiter)) {
            return -EINTR;
        }
    }
    return b->failed ? -ENOMEM : got;
}

static errint add_head(struct reader *r, const struct target *t, struct buf *b, uint32_t *crc)
{
    *crc = 0;
    errint rc = string_need_sized(r, t); /* all of it is verified, and there is a cursor */
    if (rc == 0) {
        rc = string_cursor_to(r->strings, r, t, 0);
    }
    if (rc == 0) {
        rc = add_lengths(r, b, crc);
    }
    if (rc < 0) {
        return rc;
    }
    unsigned char stored[4];
    put_le32_at(stored, crc32c_mask(*crc));
    buf_add(b, stored, sizeof(stored));
    *crc = crc32c_extend(*crc, stored, sizeof(stored));
    return buf_check(b);
}

errint string_head(struct reader *r, const struct target *t, struct buf *b, uint32_t *crc)
{
    struct string_attempt a = string_attempt(r->catalog, t);
    size_t begin = b->len;
    ssize_t rc;
    do {
        b->len = begin;
        rc = add_head(r, t, b, crc);
    } while (string_again(&a, &rc));
    return (errint)rc;
}
