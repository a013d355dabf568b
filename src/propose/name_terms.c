/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/name_terms.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/grow.h"
#include "propose/synonyms.h"

enum { TERMS_MOST = 64 }; /* of a name; what follows says nothing */

struct split {
    struct str words[TERMS_MOST];
    uint32_t numbers[TERMS_MOST];
    uint32_t word_count;
    uint32_t number_count;
};

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The end of the word at `i`: "LayerNorm" is two, "FFN" one. */
static size_t word_end(struct str name, size_t i)
{
    size_t end = i;
    while (end < name.len && is_upper(name.ptr[end])) {
        end++;
    }
    if (end > i + 1) {
        bool next = end < name.len && is_lower(name.ptr[end]);
        return next ? end - 1 : end;
    }
    while (end < name.len && is_lower(name.ptr[end])) {
        end++;
    }
    return end;
}

static errint add_word(struct split *s, struct str word, struct arena *a)
{
    char *lower = arena_bytes(a, word.len);
    if (!lower) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < word.len; i++) {
        lower[i] = is_upper(word.ptr[i]) ? (char)(word.ptr[i] | 32) : word.ptr[i];
    }
    struct str known = synonym_of(str_of(lower, word.len));
    if (known.len && s->word_count < TERMS_MOST) {
        s->words[s->word_count++] = known;
    }
    return 0;
}

static errint split_name(struct str name, struct arena *a, struct split *s)
{
    s->word_count = s->number_count = 0;
    errint rc = 0;
    size_t end;
    for (size_t i = 0; rc == 0 && i < name.len; i = end) {
        uint32_t number = 0;
        for (end = i; end < name.len && isdigit((unsigned char)name.ptr[end]); end++) {
            number = number * 10 + (uint32_t)(name.ptr[end] - '0');
        }
        if (end > i) {
            if (s->number_count < TERMS_MOST) {
                s->numbers[s->number_count++] = number;
            }
            continue;
        }
        end = word_end(name, i);
        if (end > i) {
            rc = add_word(s, str_of(name.ptr + i, end - i), a);
        } else {
            end++;
        }
    }
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t word_number(const struct name_words *n, struct str word)
{
    const struct str *at = bsearch(&word, n->texts, n->count, sizeof(word), by_text);
    return (uint32_t)(at - n->texts);
}

static errint add_terms(const struct name_words *n, const struct split *s, struct arena *a,
                        struct name_terms *out)
{
    uint32_t *words = arena_calloc(a, s->word_count + 1, sizeof(*words));
    uint32_t *numbers = arena_calloc(a, s->number_count + 1, sizeof(*numbers));
    if (!words || !numbers) {
        return -ENOMEM;
    }
    *out = (struct name_terms){words, s->word_count, UINT32_MAX, numbers, s->number_count};
    for (uint32_t i = 0; i < s->word_count; i++) {
        out->last = words[i] = word_number(n, s->words[i]);
    }
    for (uint32_t i = 0; i < s->number_count; i++) {
        numbers[i] = s->numbers[i];
    }
    qsort(words, s->word_count, sizeof(*words), by_number);
    return 0;
}

/* All words of one side, with repetitions. */
static errint gather(struct name_words *n, const struct proposal_side *side, struct arena *a,
                     size_t *cap)
{
    struct split s;
    for (uint32_t i = 0; i < side->count; i++) {
        errint rc = split_name(side->variables[i].name, a, &s);
        if (rc < 0) {
            return rc;
        }
        for (uint32_t k = 0; k < s.word_count; k++) {
            if (!grow(&n->texts, cap, n->count, sizeof(*n->texts))) {
                return -ENOMEM;
            }
            n->texts[n->count++] = s.words[k];
        }
    }
    return 0;
}

static void keep_each_once(struct name_words *n)
{
    uint32_t kept = 0;
    if (n->count) {
        qsort(n->texts, n->count, sizeof(*n->texts), by_text);
    }
    for (uint32_t i = 0; i < n->count; i++) {
        if (!kept || !str_eq(n->texts[kept - 1], n->texts[i])) {
            n->texts[kept++] = n->texts[i];
        }
    }
    n->count = kept;
}

static errint find_terms(struct name_words *n, const struct proposal_side *side, struct arena *a,
                         struct name_terms **out)
{
    struct split s;
    *out = calloc((size_t)side->count + 1, sizeof(**out));
    errint rc = *out ? 0 : -ENOMEM;
    uint32_t *frequencies = n->frequencies + (out == &n->to ? n->count : 0);
    for (uint32_t i = 0; rc == 0 && i < side->count; i++) {
        rc = split_name(side->variables[i].name, a, &s);
        if (rc == 0) {
            rc = add_terms(n, &s, a, &(*out)[i]);
        }
        for (uint32_t k = 0; rc == 0 && k < s.word_count; k++) {
            const uint32_t *words = (*out)[i].words;
            frequencies[words[k]] += k == 0 || words[k] != words[k - 1];
        }
    }
    return rc;
}

static void weigh(struct name_words *n, const struct proposal *p)
{
    for (uint32_t i = 0; i < n->count; i++) {
        uint32_t from = n->frequencies[i];
        uint32_t to = n->frequencies[n->count + i];
        double all = (double)p->from.count + p->to.count + 1;
        n->weights[i] = (from && to ? 1 : 0.25) * (0.1 + log(all / (from + to + 1)));
    }
}

errint name_words_find(const struct proposal *p, struct arena *a, struct name_words *out)
{
    size_t cap = 0;
    *out = (struct name_words){0};
    errint rc = gather(out, &p->from, a, &cap);
    if (rc == 0) {
        rc = gather(out, &p->to, a, &cap);
    }
    if (rc < 0) {
        return rc;
    }
    keep_each_once(out);
    out->frequencies = calloc(2 * (size_t)out->count + 1, sizeof(*out->frequencies));
    out->weights = calloc((size_t)out->count + 1, sizeof(*out->weights));
    if (!out->frequencies || !out->weights) {
        return -ENOMEM;
    }
    rc = find_terms(out, &p->from, a, &out->from);
    if (rc == 0) {
        rc = find_terms(out, &p->to, a, &out->to);
    }
    weigh(out, p);
    return rc;
}

/* How much of the words both have, by weight. */
static double words_alike(const struct name_words *n, const struct name_terms *a,
                          const struct name_terms *b)
{
    double both = 0;
    double all = 0;
    uint32_t i = 0;
    uint32_t k = 0;
    while (i < a->word_count || k < b->word_count) {
        if (k == b->word_count || (i < a->word_count && a->words[i] < b->words[k])) {
            all += n->weights[a->words[i++]];
        } else if (i == a->word_count || b->words[k] < a->words[i]) {
            all += n->weights[b->words[k++]];
        } else {
            both += 2 * n->weights[a->words[i]];
            all += 2 * n->weights[a->words[i]];
            i++;
            k++;
        }
    }
    return all > 0 ? both / all : 0;
}

/* How many numbers both have, in one order. */
static double numbers_alike(const struct name_terms *a, const struct name_terms *b)
{
    uint32_t row[TERMS_MOST + 1] = {0};
    if (a->number_count == 0 || b->number_count == 0) {
        return a->number_count + b->number_count == 0 ? 1 : 0.6;
    }
    for (uint32_t i = 0; i < a->number_count; i++) {
        uint32_t diagonal = 0;
        for (uint32_t k = 0; k < b->number_count; k++) {
            uint32_t above = row[k + 1];
            uint32_t side = row[k] > above ? row[k] : above;
            row[k + 1] = a->numbers[i] == b->numbers[k] ? diagonal + 1 : side;
            diagonal = above;
        }
    }
    return 2.0 * row[b->number_count] / (a->number_count + b->number_count);
}

double name_words_alike(const struct name_words *n, uint32_t from, uint32_t to)
{
    const struct name_terms *a = &n->from[from];
    const struct name_terms *b = &n->to[to];
    return words_alike(n, a, b) + numbers_alike(a, b) + (a->last == b->last);
}

bool name_words_numbered(const struct name_words *n, uint32_t from, uint32_t to)
{
    return numbers_alike(&n->from[from], &n->to[to]) > 0.99;
}

void name_words_fini(struct name_words *n)
{
    free(n->texts);
    free(n->frequencies);
    free(n->weights);
    free(n->from);
    free(n->to);
    *n = (struct name_words){0};
}
