/* SPDX-License-Identifier: Apache-2.0 */
/* What a shell may offer for a word of the command line that is being typed: the answer of
 * `--complete`, which the scripts of conf/completions read.
 *
 * The first line says which paths the shell adds by itself: "files", "directories" or "none", a
 * tab, and the part of the word that stands before the path, as "--map=". Each other line is a
 * whole word, a tab and what it is, sorted as they were added. A word that ends in '/' or '=' goes
 * on: no blank follows. */
#ifndef CKPTFS_BASE_CANDIDATES_H
#define CKPTFS_BASE_CANDIDATES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum candidates_paths { CANDIDATES_NO_PATHS, CANDIDATES_FILES, CANDIDATES_DIRECTORIES };

enum { CANDIDATES_MOST = 1000 }; /* lines; more are left out */

struct candidates {
    struct str word; /* borrows: what is typed of the word */
    size_t head;     /* bytes of it that stand before what is looked for: "--map=" */
    enum candidates_paths paths;
    struct buf lines;
    uint32_t count;
};

/* candidates_begin: for this word, of which nothing is a head. To be given to candidates_fini. */
struct candidates candidates_begin(struct str word);
void candidates_fini(struct candidates *c);

/* candidates_typed: what is typed after the head. */
struct str candidates_typed(const struct candidates *c);

/* candidates_add: the head and `text` may be meant, if what is typed begins so; `what` is a few
 * words on it. Text that could not be typed (controls, bytes that are no UTF-8) is left out. */
void candidates_add(struct candidates *c, struct str text, struct str what);

/* candidates_print: adds the whole answer. */
void candidates_print(const struct candidates *c, struct buf *b);

#endif
