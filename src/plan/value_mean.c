/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/value.h"

#include <string.h>

#include "plan/value_build.h"

static errint mean_rows(const struct value *v, struct arena *a, uint64_t *kept, struct value *out)
{
    struct computed *computed = ARENA_NEW(a, struct computed);
    struct computed_rows *rows = ARENA_NEW(a, struct computed_rows);
    if (!computed || !rows) {
        return -ENOMEM;
    }
    computed->is_arithmetic = true;
    computed->over_rows = true;
    computed->arithmetic = ARITHMETIC_MEAN;
    computed->shape = (struct shape){v->shape.dims + 1, (uint8_t)(v->shape.rank - 1)};
    computed->dtype = v->dtype;
    computed->inputs = v;
    computed->input_count = 1;
    computed->rows = rows;
    errint rc = value_read_computed(computed, a, out);
    if (rc < 0) {
        return rc;
    }
    if (computed->bytes > VALUE_ROWS_MOST - *kept) {
        return -EFBIG;
    }
    *kept += computed->bytes;
    rows->bytes = arena_alloc(a, computed->bytes);
    return rows->bytes ? 0 : -ENOMEM;
}

/* The axis goes before the others, and comes back where it was. */
errint value_mean_row(const struct value *v, unsigned axis, struct arena *a, uint64_t *kept,
                      struct value *out)
{
    uint8_t axes[SHAPE_RANK_MOST];
    struct value first;
    struct value mean;
    unsigned rank = v->shape.rank;
    for (unsigned k = 0; k < rank; k++) {
        axes[k] = (uint8_t)(k == 0 ? axis : k - (k <= axis));
    }
    errint rc = value_permute(v, axes, a, &first);
    if (rc == 0) {
        rc = mean_rows(&first, a, kept, &mean);
    }
    int64_t *dims = value_new_dims(a, rank);
    if (rc < 0 || !dims) {
        return rc < 0 ? rc : -ENOMEM;
    }
    memcpy(dims, v->shape.dims, rank * sizeof(*dims));
    dims[axis] = 1;
    return value_reshape(&mean, (struct shape){dims, (uint8_t)rank}, a, out);
}
