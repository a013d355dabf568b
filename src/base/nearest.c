/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "base/edit_distance.h"

enum { BEGINNING_LEAST = 3 };

unsigned nearest_most(size_t len)
{
    if (len < 4) {
        return 1;
    }
    return len < 9 ? 2 : 3;
}

static unsigned distance(struct str word, struct str known, unsigned most)
{
    unsigned edits = edit_distance(word, known, most);
    if (edits > 1 && word.len >= BEGINNING_LEAST && str_starts(known, word)) {
        return 1;
    }
    return edits;
}

const char *nearest_word(struct str word, const char *const *known, size_t count)
{
    const char *best = NULL;
    unsigned least = nearest_most(word.len) + 1;
    for (size_t i = 0; i < count; i++) {
        unsigned edits = distance(word, str_from(known[i]), least);
        if (edits < least) {
            least = edits;
            best = known[i];
        }
    }
    return best;
}
