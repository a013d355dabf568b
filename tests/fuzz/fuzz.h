/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share. A target is one file fuzz_NAME.c that defines LLVMFuzzerTestOneInput,
 * and a folder corpus/NAME; the Makefile and scripts/check find it by its name. It is built twice:
 * with clang and libFuzzer (`make fuzz TARGET=NAME`), and with replay.c into a program that feeds
 * it files (build/tests/replay_NAME), which `make check` runs over the folder. */
#ifndef CKPTFS_TESTS_FUZZ_H
#define CKPTFS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "support/mkckpt.h"

/* The target: returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional: mutates `data` in place, to at most `most` bytes; returns how many. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* libFuzzer's own mutation. Not there in a replay. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* FUZZ_CHECK: what has to hold of every result. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* fuzz_said: a failure has at least one error in d, a success none. */
static inline void fuzz_said(errint rc, const struct diag *d)
{
    FUZZ_CHECK((rc < 0) == (d->errors > 0));
}

/* fuzz_file: a file in memory with this content, the same one in every call. Returns its
 * descriptor; fuzz_path is its path. */
int fuzz_file(const uint8_t *data, size_t size);
const char *fuzz_path(void);

/* fuzz_sum: reads every byte of [at, at+len), so that the sanitizers see it. */
void fuzz_sum(const void *at, size_t len);

/* fuzz_random: the next number of a sequence that starts with any *state. */
uint32_t fuzz_random(uint32_t *state);

/* Bodies for LLVMFuzzerCustomMutator that keep intact what a blind change would break.
 *
 * mutate_message: a field somewhere in a protobuf message, with the lengths of all messages around
 * it. mutate_table: a record of a table (as a message, or as bytes), which is written again in
 * blocks of some size, with checksums; or any byte of the file, and then the checksum of each block
 * that the index names. */
size_t mutate_message(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t mutate_table(uint8_t *data, size_t size, size_t most, unsigned seed);

/* mutate_recipe: lines and words of a recipe (recipe.h). */
size_t mutate_recipe(uint8_t *data, size_t size, size_t most, unsigned seed);

/* mutate_message_into: the same, adding the result to `out`. */
void mutate_message_into(struct mkbuf *out, const uint8_t *data, size_t size, uint32_t *random);

/* mutate_bytes_into: libFuzzer's mutation of some bytes, added to `out`. */
void mutate_bytes_into(struct mkbuf *out, const uint8_t *data, size_t size);

#endif
