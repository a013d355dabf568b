/* SPDX-License-Identifier: Apache-2.0 */
/* The choice among the meta graphs of a SavedModel (tensorflow/core/protobuf/saved_model.proto):
 *
 *   SavedModel    saved_model_schema_version 1 (a varint), meta_graphs 2 *
 *   MetaGraphDef  meta_info_def 1
 *   MetaInfoDef   tags 4 *
 */
#include "base/buf.h"
#include "map/message.h"
#include "map/token.h"
#include "model/graph_reading.h"

enum { MODEL_META_GRAPH = 2, META_INFO = 1, INFO_TAG = 4 };

enum { TAGS_MOST = 16, TAG_BYTES_MOST = 64, LISTED_MOST = 16 };

/* The tags that are wanted. */
struct wanted {
    struct str tags[TAGS_MOST];
    unsigned count;
};

/* How well one meta graph fits them. */
struct fit {
    unsigned found; /* wanted tags that it has */
    unsigned other; /* tags that are not wanted */
};

struct choice {
    struct wire_window exact; /* the first with just these tags; an empty window if there is none */
    struct wire_window close; /* the last with these and others */
    struct wire_window last;
    uint32_t exact_count;
    uint32_t close_count;
    uint32_t count;
};

static errint parse_tags(struct graph_reading *g, const char *text, struct wanted *out)
{
    *out = (struct wanted){0};
    for (struct str rest = str_from(text); rest.ptr;) {
        struct str tag = token_cut(rest, ',', &rest);
        if (tag.len == 0) {
            continue;
        }
        if (tag.len > TAG_BYTES_MOST || out->count == TAGS_MOST) {
            return diag_error(g->diag, DIAG_LIMIT, g->path, str_from(text),
                              "a tag has at most %d bytes, and at most %d of them are taken",
                              TAG_BYTES_MOST, TAGS_MOST);
        }
        out->tags[out->count++] = tag;
    }
    return 0;
}

/* Weighs one tag: sets the bit of the wanted one that it is in *seen. */
static errint weigh_tag(struct graph_reading *g, struct wire_window tag, const struct wanted *w,
                        struct fit *fit, uint32_t *seen)
{
    for (unsigned i = 0; i < w->count; i++) {
        int same = wire_is(&g->wire, tag, w->tags[i]);
        if (same < 0) {
            return same;
        }
        if (same) {
            fit->found += !(*seen >> i & 1);
            *seen |= UINT32_C(1) << i;
            return 0;
        }
    }
    fit->other++;
    return 0;
}

static errint weigh_meta_graph(struct graph_reading *g, struct wire_window meta,
                               const struct wanted *w, struct fit *fit)
{
    *fit = (struct fit){0};
    uint32_t seen = 0;
    struct wire_window info;
    struct wire_window tag;
    int rc;
    while ((rc = wire_next_of(&g->wire, &meta, META_INFO, &info)) > 0) {
        while ((rc = wire_next_of(&g->wire, &info, INFO_TAG, &tag)) > 0) {
            errint bad = weigh_tag(g, tag, w, fit, &seen);
            if (bad < 0) {
                return bad;
            }
        }
        if (rc < 0) {
            return rc;
        }
    }
    return rc;
}

static errint weigh_all(struct graph_reading *g, const struct wanted *w, struct choice *c)
{
    *c = (struct choice){0};
    struct wire_window at = wire_whole(&g->wire);
    struct wire_window meta;
    int rc;
    while ((rc = wire_next_of(&g->wire, &at, MODEL_META_GRAPH, &meta)) > 0) {
        struct fit fit;
        errint bad = weigh_meta_graph(g, meta, w, &fit);
        if (bad < 0) {
            return bad;
        }
        c->count++;
        c->last = meta;
        if (fit.found == w->count && fit.other == 0) {
            c->exact = c->exact_count ? c->exact : meta;
            c->exact_count++;
        } else if (fit.found == w->count && w->count) {
            c->close = meta;
            c->close_count++;
        }
    }
    return rc;
}

/* The tags of one meta graph, such as "serve,gpu"; long or many ones are cut. */
static errint print_tags(struct graph_reading *g, struct wire_window meta, struct buf *b)
{
    struct wire_window info;
    struct wire_window tag;
    unsigned count = 0;
    int rc;
    while ((rc = wire_next_of(&g->wire, &meta, META_INFO, &info)) > 0) {
        while (count < TAGS_MOST && (rc = wire_next_of(&g->wire, &info, INFO_TAG, &tag)) > 0) {
            char text[TAG_BYTES_MOST];
            struct wire_window head = tag;
            head.end = wire_len(tag) > sizeof(text) ? tag.off + sizeof(text) : tag.end;
            errint bad = wire_read(&g->wire, head, sizeof(text), text);
            if (bad < 0) {
                return bad;
            }
            buf_text(b, count++ ? "," : "");
            buf_visible(b, str_of(text, (size_t)wire_len(head)));
        }
        if (rc < 0) {
            return rc;
        }
    }
    buf_text(b, count ? "" : "(no tags)");
    return rc;
}

/* The error that lists what there is. */
static errint refuse_choice(struct graph_reading *g, const char *tag, const struct choice *c)
{
    CLEANUP_BUF struct buf list = {0};
    struct wire_window at = wire_whole(&g->wire);
    struct wire_window meta;
    int rc = 0;
    for (unsigned i = 0;
         i < LISTED_MOST && (rc = wire_next_of(&g->wire, &at, MODEL_META_GRAPH, &meta)) > 0; i++) {
        buf_text(&list, i ? "; " : "");
        errint bad = print_tags(g, meta, &list);
        if (bad < 0) {
            return bad;
        }
    }
    if (rc < 0 || buf_check(&list) < 0) {
        return rc < 0 ? rc : -ENOMEM;
    }
    g->complained = true;
    return diag_error(
        g->diag, DIAG_GRAPH_INVALID, g->path, str_from(tag),
        "of %u meta graphs %s tagged '%s', expected one; their tags are: " STR_FMT "%s", c->count,
        c->close_count ? "several are" : "none is", message_shown(g->diag, str_from(tag)),
        STR_ARG(buf_view(&list)), c->count > LISTED_MOST ? "; ..." : "");
}

errint graph_saved_model_choose(struct graph_reading *g, const char *tag, struct wire_window *out)
{
    *out = (struct wire_window){0};
    const char *tags = tag ? tag : "serve";
    struct wanted wanted;
    struct choice c;
    errint rc = parse_tags(g, tags, &wanted);
    if (rc < 0) {
        g->complained = true;
        return rc;
    }
    rc = weigh_all(g, &wanted, &c);
    if (rc < 0) {
        return rc;
    }
    if (c.count == 0) {
        return wire_blame(&g->wire, -EBADMSG, WIRE_NOWHERE, "the SavedModel holds no meta graph");
    }
    bool chosen = c.exact_count || c.close_count == 1 || (!tag && c.count == 1);
    if (!chosen) {
        return refuse_choice(g, tags, &c);
    }
    if (c.exact_count) {
        *out = c.exact;
    } else {
        *out = c.close_count == 1 ? c.close : c.last;
    }
    CLEANUP_BUF struct buf file = {0};
    buf_printf(&file, "%s (tags ", g->path);
    rc = print_tags(g, *out, &file);
    buf_text(&file, ")");
    if (rc < 0) {
        return rc;
    }
    g->at->file = buf_check(&file) < 0 ? NULL : arena_cstr(g->arena, buf_view(&file));
    return g->at->file ? 0 : -ENOMEM;
}
