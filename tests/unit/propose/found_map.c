/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the map that is found by content from one checkpoint to another, for tests in Python:
 * found_map FROM TO. Each line of it has one before it, "; proved" or "; likely", with the reason
 * why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "map/expand.h"
#include "propose/content.h"
#include "view/view.h"

static int complain(const struct diag *d)
{
    for (unsigned i = 0; i < d->kept; i++) {
        fprintf(stderr, "found_map: %.*s: %s\n", (int)d->entries[i].subject.len,
                d->entries[i].subject.ptr, d->entries[i].message);
    }
    return d->errors ? 2 : 0;
}

static void add_side(struct proposal_side *s, const struct view *v)
{
    s->catalog = v->catalog;
    s->variables = calloc((size_t)v->catalog->count + 1, sizeof(*s->variables));
    for (uint32_t i = 0; s->variables && i < v->catalog->count; i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        s->variables[s->count++] =
            (struct proposal_variable){tensor_name(t), t->dtype, tensor_shape(t), t, 0};
    }
}

static void print_names(struct buf *b, const struct proposal_side *s, const uint32_t *list,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_text(b, i ? ", " : "");
        escape_name(b, s->variables[list[i]].name, false, false);
    }
}

/* A pair of more than a line can name is left out. */
static void print_pair(const struct proposal *p, const struct proposal_pair *pair)
{
    CLEANUP_BUF struct buf line = {0};
    if (pair->source_count > EXPAND_SOURCES_MOST || pair->target_count > EXPAND_TARGETS_MOST) {
        return;
    }
    print_names(&line, &p->from, pair->sources, pair->source_count);
    buf_text(&line, " = ");
    print_names(&line, &p->to, pair->targets, pair->target_count);
    printf("; %s%s%s\n%s%s%s\n", pair->certainty == PROPOSAL_PROVED ? "proved" : "likely",
           pair->why ? ": " : "", pair->why ? pair->why : "", line.data,
           pair->operations[0] ? " | " : "", pair->operations);
}

int main(int argc, char **argv)
{
    struct view views[2] = {0};
    struct diag d;
    struct proposal p = {0};
    errint rc = argc == 3 ? 0 : -EINVAL;
    diag_init(&d);
    arena_init(&p.arena);
    for (int i = 0; rc == 0 && i < 2; i++) {
        const struct view_request request = {
            .checkpoint = argv[1 + i], .depth = VIEW_DATA, .values_only = true};
        rc = view_open(&request, &d, &views[i]);
    }
    if (argc != 3) {
        fprintf(stderr, "found_map FROM TO\n");
    }
    if (rc == 0) {
        add_side(&p.from, &views[0]);
        add_side(&p.to, &views[1]);
        const struct content_request request = {
            .from = views[0].verified, .to = views[1].verified, .threads = 2};
        rc = propose_content(&p, &request, &d);
    }
    printf("[assignment_map]\n");
    for (size_t i = 0; i < p.pair_count; i++) {
        print_pair(&p, &p.pairs[i]);
    }
    int told = complain(&d);
    proposal_fini(&p);
    view_close(&views[0]);
    view_close(&views[1]);
    diag_fini(&d);
    return rc < 0 ? 2 : told;
}
