/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/target_data.h"

static void use_piece(void *context, const struct piece *p)
{
    catalog_use(context, p->source, p->slice);
}

static void use_target(struct catalog *c, const struct target *t)
{
    const struct target_form *f = t->form;
    bool whole =
        !f || f->strings || f->piece_count == 0; /* without elements, there may be a checksum */
    if (whole && t->source && t->source->shard < c->shard_count) {
        catalog_use(c, t->source, NULL);
    }
    if (f) {
        target_visit(t, use_piece, c);
    }
}

errint target_data_open(struct catalog *c, const struct target *const *targets, size_t count,
                        struct diag *d)
{
    catalog_use_nothing(c);
    for (size_t i = 0; i < count; i++) {
        use_target(c, targets[i]);
    }
    struct diag found;
    diag_init(&found);
    errint rc = catalog_open_shards(c, &found);
    diag_take_errors(d, &found); /* its warnings are about the other shards */
    diag_fini(&found);
    return rc;
}
