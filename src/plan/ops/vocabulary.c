/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/ops/vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "io/file.h"

/* ---- lines ----------------------------------------------------------------------------------- */

struct lines {
    struct arena arena; /* of the text */
    struct str *lines;  /* owns; borrowed from the text */
    size_t count;
    size_t cap;
};

static void lines_fini(struct lines *l)
{
    free(l->lines);
    arena_fini(&l->arena);
}

/* What diag says of a file, as the reason of the operation. */
static errint explain(struct op_result *out, const struct diag *d)
{
    return d->kept ? op_fail_as(out, DIAG_FILE_UNREADABLE, "%s: %s", d->entries[0].at.file,
                                d->entries[0].message)
                   : op_fail_as(out, DIAG_FILE_UNREADABLE, "a file cannot be read");
}

static errint read_text(const char *path, struct lines *l, struct op_result *out, struct str *text)
{
    struct diag d;
    struct stat st;
    diag_init(&d);
    d.denied = out->denied;
    errint rc = file_read_text(path, VOCABULARY_BYTES_MOST, &l->arena, text, &st, &d);
    if (rc < 0 && rc != -ENOMEM) {
        rc = explain(out, &d);
    }
    diag_fini(&d);
    return rc;
}

/* A line as TensorFlow's readers have it: no carriage returns at its end. */
static errint read_lines(const char *path, struct lines *l, struct op_result *out)
{
    struct str text;
    errint rc = read_text(path, l, out, &text);
    while (rc == 0 && text.len) {
        long end = str_find(text, '\n');
        struct str line = end < 0 ? text : str_head(text, (size_t)end);
        text = str_from_pos(text, line.len + 1);
        if (str_ends(line, STR("\r"))) {
            line.len--;
        }
        if (l->count == VOCABULARY_ROWS_MOST) {
            return op_fail_as(out, DIAG_LIMIT, "%s has more than %d lines", path,
                              VOCABULARY_ROWS_MOST);
        }
        if (!grow(&l->lines, &l->cap, l->count, sizeof(*l->lines))) {
            return -ENOMEM;
        }
        l->lines[l->count++] = line;
    }
    return rc;
}

/* ---- a table of lines ------------------------------------------------------------------------ */

/* Open addressing; a slot has the number of a line and 1. Nobody who writes the file can foresee
 * which lines meet, since the hash begins with a random number. */
struct table {
    uint32_t *slots; /* owns */
    size_t mask;
    uint64_t seed;
};

static uint64_t hash_of(const struct table *t, struct str line)
{
    uint64_t hash = t->seed;
    for (size_t i = 0; i < line.len; i++) {
        hash = (hash ^ (unsigned char)line.ptr[i]) * 0x100000001b3u;
        hash ^= hash >> 29;
    }
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

/* The slot of the line: that which has it, or the free one for it. */
static uint32_t *slot_of(const struct table *t, const struct lines *l, struct str line)
{
    size_t at = hash_of(t, line) & t->mask;
    while (t->slots[at] && !str_eq(l->lines[t->slots[at] - 1], line)) {
        at = (at + 1) & t->mask;
    }
    return &t->slots[at];
}

static errint fill_table(const char *path, const struct lines *l, struct table *t,
                         struct op_result *out)
{
    size_t size = 16;
    while (size < 2 * l->count) {
        size *= 2;
    }
    t->mask = size - 1;
    t->slots = calloc(size, sizeof(*t->slots));
    if (!t->slots) {
        return -ENOMEM;
    }
    if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != sizeof(t->seed)) {
        t->seed = (uint64_t)(uintptr_t)t->slots;
    }
    for (size_t i = 0; i < l->count; i++) {
        uint32_t *slot = slot_of(t, l, l->lines[i]);
        if (*slot) {
            return op_fail_as(out, DIAG_MAP_SYNTAX, "%s has the same token in lines %u and %zu",
                              path, *slot, i + 1);
        }
        *slot = (uint32_t)(i + 1);
    }
    return 0;
}

static errint remap(const char *from_path, const struct lines *from, const struct lines *to,
                    struct table *t, struct op_result *out, int64_t **rows)
{
    errint rc = fill_table(from_path, from, t, out);
    int64_t *made = rc < 0 ? NULL : malloc((to->count + 1) * sizeof(*made));
    if (rc < 0 || !made) {
        return rc < 0 ? rc : -ENOMEM;
    }
    for (size_t i = 0; i < to->count; i++) {
        uint32_t found = *slot_of(t, from, to->lines[i]);
        made[i] = found ? (int64_t)found - 1 : VALUE_NOTHING;
    }
    *rows = made;
    return 0;
}

errint vocabulary_remap(const char *from, const char *to, struct op_result *out, int64_t **rows,
                        int64_t *count, int64_t *lines)
{
    struct lines old = {0};
    struct lines new = {0};
    struct table t = {0};
    arena_init(&old.arena);
    arena_init(&new.arena);
    errint rc = read_lines(from, &old, out);
    if (rc == 0) {
        rc = read_lines(to, &new, out);
    }
    if (rc == 0) {
        rc = remap(from, &old, &new, &t, out, rows);
    }
    *count = (int64_t) new.count;
    *lines = (int64_t)old.count;
    free(t.slots);
    lines_fini(&old);
    lines_fini(&new);
    return rc;
}

errint vocabulary_indices(const char *path, struct op_result *out, int64_t **rows, int64_t *count)
{
    struct lines l = {0};
    arena_init(&l.arena);
    errint rc = read_lines(path, &l, out);
    int64_t *made = rc < 0 ? NULL : malloc((l.count + 1) * sizeof(*made));
    if (rc == 0 && !made) {
        rc = -ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < l.count; i++) {
        if (!op_integer(str_trim(l.lines[i]), &made[i])) {
            rc = op_fail_as(out, DIAG_MAP_SYNTAX, "%s:%zu: expected an integer", path, i + 1);
        }
    }
    *count = (int64_t)l.count;
    *rows = rc < 0 ? NULL : made;
    if (rc < 0) {
        free(made);
    }
    lines_fini(&l);
    return rc;
}
