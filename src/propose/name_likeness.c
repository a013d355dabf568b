/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/name_likeness.h"

#include <strings.h>

enum { TOKENS_MOST = 48, NUMBER_POINTS = 4, WORD_POINTS = 2 };

/* The words and the numbers of a name, in its order. */
struct tokens {
    struct str words[TOKENS_MOST];
    struct str numbers[TOKENS_MOST];
    unsigned word_count;
    unsigned number_count;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

static void add_token(struct str *list, unsigned *count, struct str token)
{
    if (token.len && *count < TOKENS_MOST) {
        list[(*count)++] = token;
    }
}

static void find_tokens(struct str name, struct tokens *out)
{
    out->word_count = out->number_count = 0;
    for (size_t i = 0; i < name.len;) {
        size_t end = i;
        while (end < name.len && is_digit(name.ptr[end])) {
            end++;
        }
        add_token(out->numbers, &out->number_count, str_of(name.ptr + i, end - i));
        i = end;
        while (end < name.len && is_letter(name.ptr[end])) {
            end++;
        }
        add_token(out->words, &out->word_count, str_of(name.ptr + i, end - i));
        i = end + (end == i && i < name.len && !is_digit(name.ptr[i]));
    }
}

static bool has_word(const struct tokens *t, struct str word)
{
    for (unsigned i = 0; i < t->word_count; i++) {
        if (t->words[i].len == word.len && strncasecmp(t->words[i].ptr, word.ptr, word.len) == 0) {
            return true;
        }
    }
    return false;
}

int name_likeness(struct str a, struct str b)
{
    struct tokens left;
    struct tokens right;
    int points = 0;
    find_tokens(a, &left);
    find_tokens(b, &right);
    for (unsigned i = 0; i < left.number_count && i < right.number_count; i++) {
        points += str_eq(left.numbers[i], right.numbers[i]) ? NUMBER_POINTS : -NUMBER_POINTS;
    }
    for (unsigned i = 0; i < left.word_count; i++) {
        points += has_word(&right, left.words[i]) ? WORD_POINTS : 0;
    }
    unsigned words = left.word_count + right.word_count;
    unsigned numbers = left.number_count + right.number_count;
    return points * 64 - (int)(words + numbers); /* of equals, the shorter ones */
}
