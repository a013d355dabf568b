/* SPDX-License-Identifier: Apache-2.0 */
/* A view whose data files change. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/check.h"
#include "fuzz/fuzz.h"

/* How a target may come out. */
enum fate { FATE_ANY, FATE_AS_BEFORE, FATE_LOST };

/* What a change has done to the files that a tensor stands in. */
static bool any_file(const struct made *m, const struct made_tensor *t, bool few)
{
    bool any = false;
    for (unsigned i = 0; i < t->run_count; i++) {
        const struct kept_file *f = &m->files[t->runs[i].file];
        any |= f->resized || f->hidden || f->lost || (few && f->replaced);
    }
    return any;
}

/* Of V1 it is not known which tensors a byte belongs to. A tensor that was damaged before may have
 * been read all the same, and a slice that is damaged may not be one that is read. */
static enum fate fate_of(const struct check *c, const struct made *m, const struct target *t,
                         bool damaged_before)
{
    const struct made_tensor *made = check_source(c, t->source);
    if (!made || any_file(m, made, c->few) || damaged_before) {
        return FATE_ANY;
    }
    for (uint32_t i = 0; t->form && i < t->form->piece_count; i++) {
        if (t->form->pieces[i].source != t->source) {
            return FATE_ANY;
        }
    }
    if (made->damaged) {
        return c->made.legacy || made->run_count > 1 ? FATE_ANY : FATE_LOST;
    }
    return FATE_AS_BEFORE;
}

/* Of each target, whether its source was damaged. */
static bool *note_damage(const struct check *c)
{
    const struct plan *p = c->view->plan;
    bool *damaged = calloc(p->count + 1, sizeof(*damaged));
    FUZZ_CHECK(damaged);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct made_tensor *made = check_source(c, p->targets[i].source);
        damaged[i] = !made || made->damaged;
    }
    return damaged;
}

/* -o verify sees what nothing else does. */
static bool is_hidden(const struct check *c, const struct made *m)
{
    bool hidden = false;
    for (unsigned i = 0; i < m->file_count; i++) {
        hidden |= m->files[i].hidden && !c->verify;
    }
    return hidden;
}

/* The data file of the checkpoint that a file is; NULL. */
static const struct shard *source_of(const struct view *v, uint32_t file)
{
    return content_kind(v, file) == NODE_FORMAT ? content_format_file(v, file).source : NULL;
}

/* The bytes of a data file that no tensor has are not told to be others. */
static void check_tensors(const struct check *c, const struct made *m, const struct shard *s,
                          const struct check_file *f, const uint8_t *now)
{
    for (unsigned i = 0; i < c->made.count; i++) {
        for (unsigned k = 0; k < c->made.of[i]->count; k++) {
            const struct made_tensor *t = &c->made.of[i]->tensors[k];
            for (unsigned r = 0; r < t->run_count; r++) {
                const struct made_run *run = &t->runs[r];
                if (t->known && strcmp(m->files[run->file].path, s->path) == 0 &&
                    run->off + run->bytes <= f->len) {
                    FUZZ_CHECK(run->bytes == 0 ||
                               memcmp(now + run->off, f->bytes + run->off, run->bytes) == 0);
                }
            }
        }
    }
}

static void check_again(struct check *c, const struct made *m, uint32_t file, enum fate fate,
                        bool hidden)
{
    static uint8_t now[CHECK_BYTES];
    const struct check_file *f = &c->files[file];
    uint64_t size;
    ssize_t got = check_read(c, &c->reader, file, 0, CHECK_BYTES, now, &size);
    if (got >= 0 && f->rc == 0 && !hidden) {
        FUZZ_CHECK(size == f->size && (size_t)got == f->len);
        const struct shard *source = source_of(c->view, file);
        if (source) {
            check_tensors(c, m, source, f, now);
        } else {
            FUZZ_CHECK(got == 0 || memcmp(now, f->bytes, f->len) == 0);
        }
    }
    if (f->rc == 0 && f->len) {
        FUZZ_CHECK(got >= 0 || fate != FATE_AS_BEFORE);
        FUZZ_CHECK(got < 0 || fate != FATE_LOST || hidden);
    }
}

void check_change(struct check *c, struct made *m, struct str lines)
{
    bool *damaged = note_damage(c);
    made_change(m, lines);
    made_look(m, true);
    bool hidden = is_hidden(c, m);
    for (uint32_t file = 0; file < content_files(c->view); file++) {
        const struct target *t =
            check_is_file(c->view, file) ? content_target(c->view, file) : NULL;
        bool raw = t && content_format(c->view, file) == FORMAT_RAW;
        if (check_is_file(c->view, file)) {
            check_again(c, m, file,
                        raw ? fate_of(c, m, t, damaged[t - c->view->plan->targets]) : FATE_ANY,
                        hidden);
            check_stat(c, file);
        }
    }
    free(damaged);
}
