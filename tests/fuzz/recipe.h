/* SPDX-License-Identifier: Apache-2.0 */
/* The input of fuzz_view.c: a text that says which files to make, and what to do with them. Any
 * bytes are a recipe: what is not understood is left out. Sections begin with a line `== KIND
 * HEAD`, and a line below one has words between blanks:
 *
 *   == v2 ckpt shards=2 snappy block=64   a checkpoint, ckpt.index and ckpt.data-*
 *   kernel float32 4,3 parts=0:2          a line a tensor: NAME DTYPE DIMS WORD...
 *   step int64 . shard=1
 *   @ 0 1 model                           an edge of its object graph (make_objects.c)
 *   == v1 old shards=2                    likewise, of version 1
 *   == meta g.meta                        a graph of such lines (make_graph.c); also `saved`
 *   == file map.ini                       a file with this text; $DIR is the folder of all files
 *   == damage                             before anything is opened, see made_change.c
 *   flip ckpt.data-00000-of-00002 17      HOW FILE NUMBER
 *   == open ckpt map=map.ini graph=g.meta npy verify friendly compact threads small few values
 *   assign a = b                          as on the command line; also `define`
 *   == change                             as damage, while the view of the section before is open
 *
 * In names, %XX is a byte. */
#ifndef CKPTFS_TESTS_FUZZ_RECIPE_H
#define CKPTFS_TESTS_FUZZ_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "support/mkckpt.h"

enum { RECIPE_SECTIONS = 24 };

struct section {
    struct str kind;
    struct str head; /* the rest of its first line */
    struct str body; /* all lines below */
};

/* recipe_sections: the sections of a text, up to RECIPE_SECTIONS of them; lines before the first
 * belong to none. Borrow from text. */
size_t recipe_sections(struct str text, struct section *out);

/* take_line: the next line of *rest, without its newline; false at the end. take_word: the next
 * word of *rest. */
bool take_line(struct str *rest, struct str *line);
bool take_word(struct str *rest, struct str *word);

/* word_value: what follows `key=` in the first word that begins so; ptr is NULL without one. */
struct str word_value(struct str words, const char *key);
bool has_word(struct str words, const char *word);

/* number_of: a decimal number; `otherwise` for any other text. word_number: likewise of what
 * follows `key=`. */
int64_t number_of(struct str text, int64_t otherwise);
int64_t word_number(struct str words, const char *key, int64_t otherwise);

/* numbers_of: the numbers between commas, up to `most`; returns how many. "." has none. */
unsigned numbers_of(struct str text, int64_t *out, unsigned most);

/* add_unescaped: text, %XX undone. add_hex: bytes of pairs of hex digits, up to the first other
 * thing. */
void add_unescaped(struct mkbuf *out, struct str text);
void add_hex(struct mkbuf *out, struct str text);

#endif
