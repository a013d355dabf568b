/* SPDX-License-Identifier: Apache-2.0 */
/* What recipes are made of, for mutate_recipe.c. In templates, @ and a letter is
 *
 *   @N a name of a tensor   @S a scope   @T a dtype   @D dimensions   @# a number   @F a file */
#ifndef CKPTFS_TESTS_FUZZ_RECIPE_WORDS_H
#define CKPTFS_TESTS_FUZZ_RECIPE_WORDS_H

#include "fuzz/recipe.h"

struct word_list {
    const char *const *words;
    size_t count;
};

extern const struct word_list recipe_dtypes, recipe_shapes, recipe_numbers, recipe_names;
extern const struct word_list recipe_heads;      /* templates of whole heads */
extern const struct word_list recipe_head_words; /* and of words in them */

/* recipe_lines: templates of the lines of a section of that kind; none of an unknown one. */
struct word_list recipe_lines(struct str kind);

#endif
