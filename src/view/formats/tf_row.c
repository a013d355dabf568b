/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's checkpoint in the table of kinds. */
#include <string.h>

#include "source/tf_v2/objects_record.h"
#include "view/formats/tf_view.h"
#include "view/tree.h"

/* The numbers of its files. */
enum { STATE, INDEX, DATA };

static const char *refusal(const void *state, const struct view_variable *l)
{
    return tf_view_refusal(state, l);
}

static errint open(struct catalog *c, const struct view_variables *l,
                   const struct view_options *options, struct diag *d, void **state)
{
    struct tf_view *v;
    errint rc = tf_view_open(c, l, options, d, &v);
    *state = v;
    return rc;
}

static uint32_t count(const void *state)
{
    return DATA + tf_view_data_count(state);
}

static bool is_built(const struct tf_view *v)
{
    enum once_state built;
    enum once_state summed;
    tf_view_state_of(v, &built, &summed);
    return built == ONCE_FULL;
}

static void file(const void *state, uint32_t i, struct format_file *out)
{
    if (i == STATE) {
        *out = (struct format_file){.path = tf_view_state_path(state), .sized = true, .rank = 2};
    } else if (i == INDEX) {
        *out = (struct format_file){.path = tf_view_index_path(state),
                                    .sized = is_built(state),
                                    .lists = true,
                                    .has_values = true,
                                    .rank = 1};
    } else {
        struct shard *source = tf_view_source(state, i - DATA);
        *out = (struct format_file){.path = tf_view_data_path(state, i - DATA),
                                    .sized = source || is_built(state),
                                    .has_values = true,
                                    .source = source};
    }
}

static errint layout(void *state, uint32_t i, enum content_need need, struct reader *r,
                     struct content *out)
{
    switch (i) {
    case STATE:
        out->layout = layout_of_bytes(tf_view_state(state), out->own);
        return 0;
    case INDEX:
        return tf_view_index(state, need, r, out->own, &out->layout);
    default:
        return tf_view_data(state, i - DATA, r, out->own, &out->layout);
    }
}

static void close(void *state)
{
    tf_view_close(state);
}

static bool keeps(const void *state, const struct tensor *t)
{
    return tf_view_keeps(state, t);
}

/* What TensorFlow will not find as in the source, without an error of its own. */
static void warn(const void *state, const struct tree *t, const struct map *m, struct diag *d)
{
    if (tf_view_stale(state) && m->names != MAP_NAMES_FRIENDLY) {
        diag_warn(d, DIAG_UNSUPPORTED, "", STR(OBJECTS_KEY),
                  "the object graph is not in TensorFlow's files, since not all of the checkpoint "
                  "is in the view "
                  "under its own keys: tf.train.Checkpoint finds nothing by its objects' paths");
    }
    struct str prefix = str_from(tf_view_index_path(state));
    prefix.len -= strlen(".index");
    int64_t node = tree_find(t, prefix);
    if (node > TREE_ROOT && t->nodes[node].kind == NODE_DIR) {
        diag_warn(d, DIAG_NAME_COLLISION, "", prefix,
                  "'%s' is a scope of the view and the prefix of its checkpoint: "
                  "TensorFlow's load_checkpoint takes that path for the directory; %s",
                  diag_visible(d, prefix),
                  m->view.layout == VIEW_LAYOUT_FLAT
                      ? "another `name` in [view] gives the checkpoint another prefix"
                      : "give the scope another name");
    }
}

static void stats(const void *state, struct buf *b)
{
    enum once_state built;
    enum once_state summed;
    tf_view_state_of(state, &built, &summed);
    buf_printf(b, "index.built %d\nindex.summed %d\nindex.failed %d\n", built == ONCE_FULL,
               summed == ONCE_FULL, summed == ONCE_BAD);
}

const struct view_format tensorflow_format = {
    .name = "tensorflow",
    .export_name = "tf",
    .refusal = refusal,
    .open = open,
    .count = count,
    .file = file,
    .layout = layout,
    .close = close,
    .keeps = keeps,
    .warn = warn,
    .stats = stats,
};
