/* SPDX-License-Identifier: Apache-2.0 */
#include "render/string_head.h"

#include "base/crc32c.h"
#include "base/once.h"
#include "base/put.h"
#include "render/string_cursor.h"
#include "render/string_sized.h"

enum { ELEMENTS_UNASKED = 1 << 16 }; /* between two questions whether to go on */

static errint add_head(struct reader *r, const struct target *t, struct buf *b, uint32_t *crc)
{
    errint rc = string_need_sized(r, t); /* all of it is verified, and there is a cursor */
    if (rc == 0) {
        rc = string_cursor_to(r->strings, r, t, 0);
    }
    *crc = 0;
    struct string_element e;
    int got = 0;
    for (uint64_t i = 1; rc == 0 && !b->failed && (got = string_cursor_next(r->strings, &e)) > 0;
         i++) {
        put_varint(b, e.len);
        *crc = strings_extend_length(*crc, e.len, false);
        rc = i % ELEMENTS_UNASKED == 0 && once_interrupted(r->waiter) ? -EINTR : 0;
    }
    if (rc == 0) {
        rc = got;
    }
    unsigned char stored[4];
    put_le32_at(stored, crc32c_mask(*crc));
    buf_add(b, stored, sizeof(stored));
    *crc = crc32c_extend(*crc, stored, sizeof(stored));
    return rc < 0 ? rc : buf_check(b);
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
