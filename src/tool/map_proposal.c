/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/map_proposal.h"

#include <stdlib.h>

#include "base/thread.h"
#include "map/optimizer_names.h"
#include "model/graph_file.h"
#include "propose/content.h"
#include "propose/map_text.h"
#include "propose/names.h"
#include "source/catalog_names.h"

struct map_run {
    const struct tool_args *args;
    struct diag *diag;
    struct view from;
    struct view to;
    struct proposal proposal;
    struct map_lines lines;
    uint32_t slots; /* of the checkpoint, an optimizer's */
    struct tool_bar bar;
};

/* TensorFlow's record of objects is none. */
static bool is_variable(const struct tensor *t)
{
    return t->hidden == TENSOR_SHOWN && !str_eq(tensor_name(t), STR(OBJECTS_KEY));
}

static errint add_side(struct proposal_side *s, const struct view *v)
{
    const struct catalog *c = v->catalog;
    s->catalog = v->catalog;
    s->variables = calloc((size_t)c->count + 1, sizeof(*s->variables));
    for (uint32_t i = 0; s->variables && i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        if (is_variable(t)) {
            s->variables[s->count++] = (struct proposal_variable){
                tensor_name(t), (enum dtype)t->dtype, tensor_shape(t), t, 0};
        }
    }
    return s->variables ? 0 : -ENOMEM;
}

static errint open_side(struct map_run *r, const char *word, bool data, struct view *v)
{
    const struct view_request request = {
        .checkpoint = word, .depth = data ? VIEW_DATA : VIEW_CATALOG, .values_only = true};
    return view_open(&request, r->diag, v);
}

/* ---- a map to begin with --------------------------------------------------------------------- */

/* Pairs of each variable with itself. */
static errint add_same(struct map_run *r)
{
    struct proposal *p = &r->proposal;
    for (uint32_t i = 0; i < p->from.count; i++) {
        uint32_t *number = arena_alloc(&p->arena, sizeof(*number));
        if (optimizer_owns(p->from.variables[i].name)) {
            r->slots++;
            continue;
        }
        if (!number) {
            return -ENOMEM;
        }
        *number = i;
        const struct proposal_pair pair = {number, 1, number, 1, "", PROPOSAL_PROVED, NULL};
        errint rc = proposal_add(p, &pair);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static errint begin_map(struct map_run *r)
{
    errint rc = open_side(r, r->args->operands[0], false, &r->from);
    if (rc < 0) {
        return rc;
    }
    errint from = add_side(&r->proposal.from, &r->from);
    rc = first_failure(from, add_side(&r->proposal.to, &r->from));
    return rc < 0 ? rc : add_same(r);
}

/* ---- from one to the other ------------------------------------------------------------------- */

static void draw(void *context, uint64_t done, uint64_t bytes)
{
    bar_draw(&((struct map_run *)context)->bar, done, bytes);
}

/* The variables of a graph, which have no data. */
static errint add_graph(struct map_run *r)
{
    struct proposal_side *s = &r->proposal.to;
    struct variable_list list;
    errint rc = graph_file_read(r->args->graph, NULL, NULL, &r->proposal.arena, &list, r->diag);
    if (rc < 0) {
        return rc;
    }
    s->variables = calloc((size_t)list.count + 1, sizeof(*s->variables));
    for (uint32_t i = 0; s->variables && i < list.count; i++) {
        s->variables[s->count++] = (struct proposal_variable){
            list.items[i].name, list.items[i].dtype, list.items[i].shape, NULL, 0};
    }
    return s->variables ? 0 : -ENOMEM;
}

static errint find_by_content(struct map_run *r)
{
    const struct view *views[] = {&r->from, &r->to};
    sandbox_narrow_all(r->args->sandbox, views, ARRAY_LEN(views));
    const struct content_request request = {.from = r->from.verified,
                                            .to = r->to.verified,
                                            .threads = thread_processors(),
                                            .progress = draw,
                                            .context = r};
    bar_begin(&r->bar, r->args->quiet);
    errint rc = propose_content(&r->proposal, &request, r->diag);
    bar_end(&r->bar);
    return rc;
}

static errint find_map(struct map_run *r)
{
    bool graph = graph_file_named(r->args->graph);
    bool data = !graph && !r->args->names_only;
    errint from = open_side(r, r->args->operands[0], data, &r->from);
    errint rc = graph ? add_graph(r) : open_side(r, r->args->graph, data, &r->to);
    rc = first_failure(from, rc);
    if (rc < 0) {
        return rc;
    }
    from = add_side(&r->proposal.from, &r->from);
    rc = first_failure(from, graph ? 0 : add_side(&r->proposal.to, &r->to));
    if (rc == 0 && data) {
        rc = find_by_content(r);
    }
    return rc < 0 ? rc : propose_names(&r->proposal);
}

/* ---- the command ----------------------------------------------------------------------------- */

static errint print_map(struct map_run *r, struct tool_out *o)
{
    errint rc = map_lines_find(&r->proposal, &r->lines);
    if (rc < 0) {
        return rc;
    }
    if (r->args->graph) {
        map_text_found(&r->proposal, &r->lines, &o->text);
    } else {
        map_text_begun(&r->proposal, &r->lines, r->slots, &o->text);
    }
    return buf_check(&o->text);
}

/* How many of the model's variables are likely alone. */
static unsigned likely_count(const struct proposal *p)
{
    unsigned count = 0;
    for (size_t i = 0; i < p->pair_count; i++) {
        count += p->pairs[i].certainty == PROPOSAL_LIKELY ? p->pairs[i].target_count : 0;
    }
    return count;
}

/* What is left over, and what is not sure, is said on the terminal, too. */
static void tell_open(struct map_run *r, uint32_t open)
{
    unsigned likely = likely_count(&r->proposal);
    if (likely) {
        diag_warn(r->diag, DIAG_TENSOR_NOT_FOUND, r->args->graph, STR(""),
                  "%u of the model's %u variables are likely, and not proved", likely,
                  r->proposal.to.count);
    }
    if (r->proposal.pair_count == 0) {
        diag_warn(r->diag, DIAG_TENSOR_NOT_FOUND, r->args->graph, STR(""),
                  "the checkpoint and the model have nothing in common");
    } else if (open) {
        diag_warn(r->diag, DIAG_TENSOR_NOT_FOUND, r->args->graph, STR(""),
                  "nothing was found for %u of the model's %u variables", open,
                  r->proposal.to.count);
    }
}

int map_proposal(const struct tool_args *args, struct tool_out *o)
{
    struct diag d;
    struct map_run r = {.args = args, .diag = &d};
    uint32_t open = 0;
    diag_init(&d);
    arena_init(&r.proposal.arena);
    errint rc = args->graph ? find_map(&r) : begin_map(&r);
    if (rc == 0) {
        rc = print_map(&r, o);
    }
    if (rc == 0 && args->graph) {
        open = map_text_open(&r.proposal);
        tell_open(&r, open);
    }
    if (rc == -ENOMEM && d.errors == 0) {
        rc = diag_no_memory(&d);
    }
    rc = tool_complain(&d, args->quiet, rc);
    map_lines_fini(&r.lines);
    proposal_fini(&r.proposal);
    view_close(&r.to);
    view_close(&r.from);
    diag_fini(&d);
    return rc < 0 || open ? TOOL_FAILED : TOOL_OK;
}
