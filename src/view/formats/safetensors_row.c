/* SPDX-License-Identifier: Apache-2.0 */
/* Safetensors in the table of kinds: files have their numbers, and the index of several the one
 * after them. */
#include "view/formats/safetensors.h"

static const char *refusal(const void *state, const struct view_variable *l)
{
    (void)state;
    return safetensors_refusal(l);
}

static errint open(struct catalog *c, const struct view_variables *l,
                   const struct view_options *options, struct diag *d, void **state)
{
    struct safetensors *s;
    errint rc = safetensors_open(c, l, options, d, &s);
    *state = s;
    return rc;
}

static uint32_t count(const void *state)
{
    return safetensors_count(state) + 1;
}

static void file(const void *state, uint32_t i, struct format_file *out)
{
    if (i < safetensors_count(state)) {
        *out = (struct format_file){.path = safetensors_name(state, i),
                                    .sized = safetensors_is_built(state, i),
                                    .lists = true,
                                    .has_values = true};
    } else {
        *out = (struct format_file){.path = safetensors_index_name(state),
                                    .sized = safetensors_is_indexed(state),
                                    .lists = true,
                                    .rank = 1};
    }
}

static errint layout(void *state, uint32_t i, enum content_need need, struct reader *r,
                     struct content *out)
{
    (void)need;
    return i < safetensors_count(state)
               ? safetensors_file(state, i, r->waiter, &out->layout)
               : safetensors_index(state, r->waiter, out->own, &out->layout);
}

static void stats(const void *state, struct buf *b)
{
    buf_printf(b, "safetensors.files %u\nsafetensors.built %u\n", safetensors_count(state),
               safetensors_built(state));
}

static void close(void *state)
{
    safetensors_close(state);
}

const struct view_format safetensors_format = {
    .name = "safetensors",
    .export_name = "safetensors",
    .refusal = refusal,
    .open = open,
    .count = count,
    .file = file,
    .layout = layout,
    .close = close,
    .stats = stats,
};
