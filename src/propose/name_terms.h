/* SPDX-License-Identifier: Apache-2.0 */
/* The words and numbers that names of both models are made of, and how like two names are by
 * them. */
#ifndef CKPTFS_PROPOSE_NAME_TERMS_H
#define CKPTFS_PROPOSE_NAME_TERMS_H

#include "propose/proposal.h"

/* Of one name. A word is its number among all words; synonyms have one. */
struct name_terms {
    const uint32_t *words; /* sorted */
    uint32_t word_count;
    uint32_t last; /* the word at its end; UINT32_MAX: there is none */
    const uint32_t *numbers;
    uint32_t number_count;
};

struct name_words {
    struct str *texts;     /* owns; sorted */
    uint32_t *frequencies; /* owns; in how many names of `from`, then likewise of `to` */
    double *weights;       /* owns: rare words weigh more, those of one model alone less */
    uint32_t count;
    struct name_terms *from; /* owns; as the variables of the proposal */
    struct name_terms *to;
};

/* name_words_find: of all names of p; what it holds of text is in `a`. -ENOMEM. */
MUST_CHECK errint name_words_find(const struct proposal *p, struct arena *a,
                                  struct name_words *out);

/* name_words_alike: 0 ... 3, of variable `from` and variable `to`: words, numbers in their order,
 * and the last word count 1 each. */
double name_words_alike(const struct name_words *n, uint32_t from, uint32_t to);

/* name_words_numbered: whether both names have the same numbers, in one order. */
bool name_words_numbered(const struct name_words *n, uint32_t from, uint32_t to);

void name_words_fini(struct name_words *n);

#endif
