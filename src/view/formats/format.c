/* SPDX-License-Identifier: Apache-2.0 */
#include "view/formats/format.h"

#include "view/formats/npy.h"
#include "view/formats/raw.h"
#include "view/formats/safetensors.h"
#include "view/formats/tf_view.h"

const struct view_format *const view_formats[FORMAT_COUNT] = {
    [FORMAT_RAW] = &raw_format,
    [FORMAT_NPY] = &npy_format,
    [FORMAT_TENSORFLOW] = &tensorflow_format,
    [FORMAT_SAFETENSORS] = &safetensors_format,
};

errint formats_open(struct catalog *c, const struct view_variables *l,
                    const struct view_options *options, struct diag *d, struct formats *out)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (!view_formats[i]->open) {
            continue;
        }
        errint rc = view_formats[i]->open(c, l, options, d, &out->state[i]);
        if (rc < 0) {
            return rc;
        }
    }
    out->open = true;
    return 0;
}

void formats_close(struct formats *f)
{
    for (unsigned i = FORMAT_COUNT; i-- > 0;) {
        if (f->state[i]) {
            view_formats[i]->close(f->state[i]);
        }
    }
    *f = (struct formats){0};
}

struct format_names format_names(const char **names)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        names[i] = view_formats[i]->name;
    }
    return (struct format_names){names, FORMAT_COUNT};
}

unsigned formats_default(void)
{
    unsigned listed = 0;
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        listed |= view_formats[i]->unlisted ? 0 : FORMAT_BIT(i);
    }
    return listed;
}
