/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/path.h"
#include "codec/sstable_block.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/io_file.h"
#include "io/nearest_file.h"
#include "model/graph_reading.h"
#include "source/tf/locate.h"

enum { HEAD_BYTES = 64 };

static const char *in_directory(const char *dir, const char *file, struct arena *a)
{
    struct str name = str_from(dir);
    return arena_printf(a, "%s%s%s", dir, str_ends(name, STR("/")) ? "" : "/", file);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return file_stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool path_exists(const char *path)
{
    struct stat st;
    return path && file_stat(path, &st) == 0;
}

bool graph_file_named(const char *path)
{
    if (is_directory(path)) {
        struct arena scratch;
        arena_init(&scratch);
        bool found = path_exists(in_directory(path, "saved_model.pb", &scratch)) ||
                     path_exists(in_directory(path, "saved_model.pbtxt", &scratch));
        arena_fini(&scratch);
        return found;
    }
    struct str base = path_base(path);
    if (str_ends(base, STR(".meta")) || str_ends(base, STR(".pb")) ||
        str_ends(base, STR(".pbtxt"))) {
        return true;
    }
    if (str_eq(base, STR("checkpoint")) || str_ends(base, STR(".index")) ||
        str_search(base, STR(".data-")) >= 0 || locate_is_safetensors(path)) {
        return false;
    }
    CLEANUP_IO struct io *io = NULL;
    return io_open(path, &io) == 0 && !file_ends_as_table(io);
}

/* "meta_info_def {", "saved_model_schema_version: 1", or a comment: no binary message begins so. */
static bool is_text(struct str head)
{
    size_t i = 0;
    while (i < head.len && strchr(" \t\r\n", head.ptr[i])) {
        i++;
    }
    size_t word = i;
    while (i < head.len && ((head.ptr[i] >= 'a' && head.ptr[i] <= 'z') || head.ptr[i] == '_')) {
        i++;
    }
    size_t len = i - word;
    while (i < head.len && head.ptr[i] == ' ') {
        i++;
    }
    bool comment = word < head.len && head.ptr[word] == '#';
    return comment || (len >= 3 && i < head.len && (head.ptr[i] == '{' || head.ptr[i] == ':'));
}

/* What is no graph file at all, by its first and last bytes. */
static errint refuse_others(struct graph_reading *g)
{
    struct wire *w = &g->wire;
    char head[HEAD_BYTES];
    size_t len = w->size < sizeof(head) ? (size_t)w->size : sizeof(head);
    if (io_read(w->io, NULL, 0, len, head) < 0) {
        return wire_blame(w, -EIO, WIRE_NOWHERE, "the file cannot be read");
    }
    if (len == 0) {
        return wire_blame(w, -EBADMSG, WIRE_NOWHERE, "the file is empty");
    }
    if (file_ends_as_table(w->io)) {
        return wire_blame(
            w, -EBADMSG, WIRE_NOWHERE,
            "the file is a checkpoint or its index, not a graph; to take the variables of a "
            "checkpoint, name it without .meta or .pb");
    }
    const struct file_kind *kind = file_kind_of(w->io);
    if (kind->group != FILE_KIND_UNKNOWN && kind->group != FILE_KIND_GRAPH) {
        g->complained = true;
        return file_kind_complain(g->diag, DIAG_GRAPH_INVALID, g->path, kind,
                                  "a graph (.meta) or a SavedModel");
    }
    if (is_text(str_of(head, len))) {
        return wire_blame(
            w, -EBADMSG, WIRE_NOWHERE,
            "the file is in protobuf's text format, expected the binary one: export it with "
            "as_text=False");
    }
    return 0;
}

/* Whether the message in the window is a MetaGraphDef, and no GraphDef: it has a graph (2) and
 * meta_info_def (1) at most once, where a GraphDef has a node (1) for each of its operations. */
static int is_meta_graph(struct graph_reading *g, struct wire_window at)
{
    struct wire_field f;
    bool has_graph = false;
    unsigned first = 0;
    int rc;
    while ((rc = wire_next_bytes(&g->wire, &at, &f)) > 0 && first < 2) {
        first += f.number == 1;
        has_graph |= f.number == 2;
    }
    return rc < 0 ? rc : first < 2 && has_graph;
}

/* A SavedModel begins with a number, its schema version, where a MetaGraphDef has a message. Those
 * of TF Hub have none: meta graphs (2) are all that there is in them, where a MetaGraphDef has one
 * graph (2) and nearly always other fields. */
static int is_saved_model(struct graph_reading *g)
{
    struct wire_window at = wire_whole(&g->wire);
    struct wire_window first = {0};
    struct wire_field f;
    int rc = wire_next(&g->wire, &at, &f);
    if (rc > 0 && f.number == 1 && f.type == WIRE_VARINT) {
        return 1;
    }
    if (rc > 0 && f.type == WIRE_BYTES) {
        first = f.bytes;
    }
    for (; rc > 0; rc = wire_next(&g->wire, &at, &f)) {
        if (f.number != 2 || f.type != WIRE_BYTES) {
            return 0;
        }
    }
    return rc < 0 || wire_len(first) == 0 ? rc : is_meta_graph(g, first);
}

/* Fills the lists of g. */
static errint walk_file(struct graph_reading *g, const char *tag)
{
    errint rc = refuse_others(g);
    int model = rc ? rc : is_saved_model(g);
    if (model < 0) {
        return model;
    }
    struct wire_window meta = wire_whole(&g->wire);
    rc = model ? graph_saved_model_choose(g, tag, &meta) : 0;
    if (rc == 0) {
        rc = graph_meta_walk(g, meta);
    }
    if (rc == 0 && !g->has_graph && !g->has_collection && !g->saved.count) {
        return wire_blame(
            &g->wire, -EBADMSG, 0,
            "the file holds no graph: expected a MetaGraphDef (.meta) or a SavedModel; a frozen "
            "GraphDef is neither");
    }
    return rc;
}

/* The error that belongs to a failure of the walker or a decoder. */
static errint complain_of_walk(struct graph_reading *g, errint rc)
{
    const struct wire *w = &g->wire;
    if (g->complained || rc == -ENOMEM) {
        return g->complained ? rc : diag_no_memory(g->diag);
    }
    enum diag_code code = rc == -EOVERFLOW ? DIAG_LIMIT : DIAG_FILE_UNREADABLE;
    if (rc == -EBADMSG) {
        code = DIAG_GRAPH_INVALID;
    }
    struct str path = str_from(g->path);
    if (w->wrong_at == WIRE_NOWHERE) {
        return diag_error(g->diag, code, g->path, path, "%s", w->wrong);
    }
    return diag_error(g->diag, code, g->path, path,
                      "the graph is damaged, or the file is none: %s, at byte %" PRIu64, w->wrong,
                      w->wrong_at);
}

static void reading_free(struct graph_reading **g)
{
    if (*g) {
        free((*g)->nodes.items);
        free((*g)->saved.items);
        free((*g)->members);
        object_tree_fini(&(*g)->objects);
        arena_fini(&(*g)->keep);
        arena_fini(&(*g)->leaf);
        free(*g);
    }
}

/* Names and tensors of the variables, where both graphs are of objects. */
static errint match_objects(struct graph_reading *g)
{
    if (!g->catalog || g->has_collection || !g->saved.count) {
        return 0;
    }
    errint rc = object_tree_finish(&g->objects, &g->wire);
    return rc < 0 ? complain_of_walk(g, rc) : graph_name_objects(g);
}

errint graph_file_read(const char *path, const char *tag, const struct catalog *c, struct arena *a,
                       struct variable_list *out, struct diag *d)
{
    *out = (struct variable_list){0};
    CLEANUP(reading_free) struct graph_reading *g = calloc(1, sizeof(*g));
    if (!g) {
        return diag_no_memory(d);
    }
    arena_init(&g->keep);
    arena_init(&g->leaf);
    object_tree_init(&g->objects);
    g->catalog = c && c->names ? c : NULL;
    g->arena = a;
    g->diag = d;
    g->path = is_directory(path) ? in_directory(path, "saved_model.pb", a)
                                 : arena_cstr(a, str_from(path));
    g->at = ARENA_NEW(a, struct position);
    if (!g->path || !g->at) {
        return diag_no_memory(d);
    }
    *g->at = position_file(g->path);
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(g->path, &io);
    if (rc < 0) {
        rc = file_complain(d, DIAG_FILE_UNREADABLE, g->path, rc);
        if (rc == -ENOENT) {
            nearest_path(d, g->path);
        }
        return rc;
    }
    wire_init(&g->wire, io, io->size);
    rc = walk_file(g, tag);
    if (io_unchanged(io) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, g->path, str_from(g->path),
                          "the file changed while it was read");
    }
    if (rc < 0) {
        return complain_of_walk(g, rc);
    }
    if (g->saver_v1) {
        diag_warn(d, DIAG_UNSUPPORTED, g->path, str_from(g->path),
                  "the graph's own Saver reads V1 checkpoints alone, and the view is one of V2: "
                  "restore it by a new "
                  "tf.compat.v1.train.Saver()");
    }
    rc = match_objects(g);
    return rc < 0 ? rc : graph_declare(g, out);
}
