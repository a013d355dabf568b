/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/string_difference.h"

#include <stdlib.h>
#include <string.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "render/render.h"
#include "render/string_cursor.h"

enum { PIECE_BYTES = 16 << 10 /* of an element that are compared at once */ };

struct side {
    struct reader *reader;
    struct string_cursor cursor;
    struct string_element element;
    char bytes[PIECE_BYTES];
};

struct sides {
    struct side of[2];
    int failed; /* the side that could not be read */
};

static errint fail(struct sides *s, int side, errint rc)
{
    s->failed = side;
    return rc == -ESTALE ? -EIO : rc; /* a doubt arose: there is no going back to the beginning */
}

static errint begin(struct sides *s, int side, const struct target *t)
{
    uint64_t size;
    errint rc = render_size(s->of[side].reader, t, &size); /* verifies all of it */
    if (rc == 0) {
        rc = string_cursor_to(&s->of[side].cursor, s->of[side].reader, t, 0);
    }
    return rc < 0 ? fail(s, side, rc) : 0;
}

/* Both elements are as long: *same is whether they are equal. */
static errint compare_bytes(struct sides *s, bool *same)
{
    uint64_t len = s->of[0].element.len;
    *same = true;
    for (uint64_t at = 0; at < len && *same; at += PIECE_BYTES) {
        size_t piece = len - at < PIECE_BYTES ? (size_t)(len - at) : PIECE_BYTES;
        for (int side = 0; side < 2; side++) {
            const struct string_element *e = &s->of[side].element;
            errint rc = shard_read(e->shard, NULL, e->off + at, piece, s->of[side].bytes);
            if (rc < 0) {
                return fail(s, side, rc);
            }
        }
        *same = memcmp(s->of[0].bytes, s->of[1].bytes, piece) == 0;
    }
    return 0;
}

/* The next element of both: 1, or 0 at the end. */
static int next_elements(struct sides *s)
{
    for (int side = 0; side < 2; side++) {
        int got = string_cursor_next(&s->of[side].cursor, &s->of[side].element);
        if (got < 0) {
            return fail(s, side, got);
        }
        if (got == 0) {
            return 0; /* both have as many */
        }
    }
    return 1;
}

static errint compare_all(struct sides *s, bool all, struct difference *d)
{
    int got;
    while ((got = next_elements(s)) > 0) {
        bool same = s->of[0].element.len == s->of[1].element.len;
        errint rc = same ? compare_bytes(s, &same) : 0;
        if (rc < 0) {
            return rc;
        }
        if (!same) {
            d->first = d->unequal++ ? d->first : d->count;
            d->outside++;
        }
        d->count++;
        if (!same && !all) {
            return 0;
        }
    }
    return got;
}

int string_difference(struct reader readers[2], const struct pair *p, bool all,
                      struct difference *d, errint *rc)
{
    CLEANUP_FREE struct sides *s = calloc(1, sizeof(*s));
    if (!s) {
        *rc = -ENOMEM;
        return 0;
    }
    s->of[0].reader = &readers[0];
    s->of[1].reader = &readers[1];
    cause_clear();
    *rc = begin(s, 0, p->a);
    if (*rc == 0) {
        *rc = begin(s, 1, p->b);
    }
    if (*rc == 0) {
        *rc = compare_all(s, all, d);
    }
    return s->failed;
}
