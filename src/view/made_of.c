/* SPDX-License-Identifier: Apache-2.0 */
#include "view/made_of.h"

#include "tensor/dtype.h"

/* Whether the bytes of that shard are those of a data file, as they are. */
static bool is_file(const struct catalog *c, uint32_t shard)
{
    return shard < c->shard_count && !c->shards[shard].base;
}

static void add_piece(struct made_of *m, const struct catalog *c, const struct target_form *f,
                      const struct piece *p)
{
    const struct piece_more *more = p->more;
    uint64_t run;
    uint64_t bytes;
    if (shape_bytes((struct shape){p->len, f->shape.rank}, f->dtype, &bytes) < 0) {
        return;
    }
    if ((more && (more->computed || more->filled)) || p->dtype != f->dtype ||
        !is_file(c, p->shard)) {
        m->computed += bytes;
    } else if (more || piece_dense_axis(p, f->shape, &run) != 0) {
        m->rearranged += bytes;
    } else {
        m->in_place += bytes;
    }
}

void made_of_add(struct made_of *m, const struct catalog *c, const struct target *t)
{
    const struct target_form *f = t->form;
    if (!target_sized(t)) {
        return;
    }
    if (!f) {
        *(is_file(c, t->source->shard) ? &m->in_place : &m->computed) += t->source->bytes;
        return;
    }
    for (uint32_t i = 0; i < f->piece_count; i++) {
        add_piece(m, c, f, &f->pieces[i]);
    }
}

unsigned made_of_kinds(const struct made_of *m, struct made_of_kind out[MADE_OF_KINDS])
{
    const struct made_of_kind all[MADE_OF_KINDS] = {
        {m->in_place, "in place"}, {m->rearranged, "rearranged"}, {m->computed, "computed"}};
    unsigned count = 0;
    for (size_t i = 0; i < MADE_OF_KINDS; i++) {
        if (all[i].bytes) {
            out[count++] = all[i];
        }
    }
    return count;
}
