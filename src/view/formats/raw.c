/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/raw.h"

static const char *refusal(const void *state, const struct view_variable *l)
{
    (void)state;
    (void)l;
    return NULL;
}

static errint layout(struct reader *r, const struct target *t, struct content *out)
{
    return layout_of_target(r, t, out->own, &out->layout);
}

const struct view_format raw_format = {
    .name = "raw",
    .export_name = "raw",
    .refusal = refusal,
    .target_layout = layout,
};
