/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/synonyms.h"

#include <stddef.h>

#include "base/errint.h"

/* The second stands for the first. What is `gamma` in one model is `weight` in another, where
 * `kernel` is, too: shapes and the words before it tell them apart. */
static const char *const synonyms[][2] = {
    {"kernel", "weight"},
    {"weights", "weight"},
    {"gamma", "weight"},
    {"scale", "weight"},
    {"g", "weight"},
    {"w", "weight"},
    {"embeddings", "embedding"},
    {"wte", "embedding"},
    {"beta", "bias"},
    {"biases", "bias"},
    {"offset", "bias"},
    {"b", "bias"},
    {"depthwise", "dw"},
    {"pointwise", "pw"},
    {"moving", "running"},
    {"variance", "var"},
    {"batchnorm", "bn"},
    {"normalization", "norm"},
    {"q", "query"},
    {"k", "key"},
    {"v", "value"},
    {"o", "output"},
    {"h", "layer"},
    {"block", "layer"},
    {"blocks", "layer"},
    {"layers", "layer"},
    {"model", ""},
    {"module", ""},
    {"variable", ""},
    {"attributes", ""},
};

struct str synonym_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(synonyms); i++) {
        if (str_eq(word, str_from(synonyms[i][0]))) {
            return str_from(synonyms[i][1]);
        }
    }
    return word;
}
