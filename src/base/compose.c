/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compose.h"

#include "base/compose_table.h"
#include "base/lower_bound.h"
#include "base/utf8.h"

/* Hangul syllables are computed (The Unicode Standard, 3.12). */
enum {
    HANGUL_FIRST = 0xac00,
    HANGUL_COUNT = 11172,
    HANGUL_LEADING = 0x1100,
    HANGUL_VOWEL = 0x1161,
    HANGUL_TRAILING = 0x11a7,
    HANGUL_VOWELS = 21,
    HANGUL_TRAILINGS = 28,
};

enum {
    NO_CHARACTER = 0x110000, /* the end */
    FOREIGN = 0x200000,      /* plus a byte that is no UTF-8 */
    PENDING_MOST = 8,        /* no character is more than four others */
};

/* A text on its way to characters that are no compositions. */
struct decomposing {
    struct str text;
    size_t pos;
    uint32_t pending[PENDING_MOST]; /* the next one last */
    unsigned count;
};

/* Both parts of c, as far as it has such: false for a character of its own. */
static bool split_character(uint32_t c, uint32_t *first, uint32_t *second)
{
    if (c >= HANGUL_FIRST && c < HANGUL_FIRST + HANGUL_COUNT) {
        uint32_t index = c - HANGUL_FIRST;
        uint32_t trailing = index % HANGUL_TRAILINGS;
        *first =
            trailing ? c - trailing : HANGUL_LEADING + index / (HANGUL_VOWELS * HANGUL_TRAILINGS);
        *second = trailing ? HANGUL_TRAILING + trailing
                           : HANGUL_VOWEL + index / HANGUL_TRAILINGS % HANGUL_VOWELS;
        return true;
    }
    size_t at = LOWER_BOUND(i, 0, composition_count, composition_table[i].whole < c);
    if (at == composition_count || composition_table[at].whole != c) {
        return false;
    }
    *first = composition_table[at].first;
    *second = composition_table[at].second;
    return true;
}

static uint32_t next_written(struct decomposing *d)
{
    if (d->pos == d->text.len) {
        return NO_CHARACTER;
    }
    size_t len = utf8_sequence(d->text, d->pos);
    const char *p = d->text.ptr + d->pos;
    uint32_t c = len ? utf8_decode(p, len) : (uint32_t)FOREIGN + (unsigned char)*p;
    d->pos += len ? len : 1;
    return c;
}

static uint32_t next_character(struct decomposing *d)
{
    uint32_t c = d->count ? d->pending[--d->count] : next_written(d);
    uint32_t first, second;
    while (c >= 0x80 && d->count < PENDING_MOST && split_character(c, &first, &second)) {
        if (second) {
            d->pending[d->count++] = second;
        }
        c = first;
    }
    return c;
}

bool compose_alike(struct str a, struct str b)
{
    if (str_eq(a, b)) {
        return false;
    }
    struct decomposing left = {.text = a};
    struct decomposing right = {.text = b};
    uint32_t c;
    do {
        c = next_character(&left);
        if (c != next_character(&right)) {
            return false;
        }
    } while (c != NO_CHARACTER);
    return true;
}
