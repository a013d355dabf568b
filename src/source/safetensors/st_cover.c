/* SPDX-License-Identifier: Apache-2.0 */
#include "source/safetensors/st_cover.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of those that begin at one byte, the ones without elements come first. */
static int by_place(const void *a, const void *b)
{
    const struct st_tensor *left = a;
    const struct st_tensor *right = b;
    if (left->off != right->off) {
        return left->off < right->off ? -1 : 1;
    }
    return (left->bytes > right->bytes) - (left->bytes < right->bytes);
}

static void put_in_order(struct st_tensor *tensors, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; sorted && i < count; i++) {
        sorted = by_place(&tensors[i - 1], &tensors[i]) <= 0;
    }
    if (!sorted) {
        qsort(tensors, count, sizeof(*tensors), by_place);
    }
}

/* The tensor does not begin where the one before it, NULL for the first, ends. */
static errint complain_place(const struct st_tensor *t, const struct st_tensor *before,
                             uint64_t data, const char *path, struct diag *d)
{
    uint64_t end = before ? before->off + before->bytes : data;
    if (t->off > end) {
        return diag_error(d, DIAG_CHECKPOINT_CORRUPT, path, st_name(t),
                          "there is a hole: no tensor has bytes %" PRIu64 " to %" PRIu64
                          ", before '%s'",
                          end - data, t->off - data, diag_visible(d, str_head(st_name(t), 200)));
    }
    return diag_error(d, DIAG_CHECKPOINT_CORRUPT, path, st_name(t),
                      "tensors '%s' and '%s' overlap: one ends at %" PRIu64
                      ", the other begins at %" PRIu64,
                      before ? diag_visible(d, str_head(st_name(before), 200)) : "",
                      diag_visible(d, str_head(st_name(t), 200)), end - data, t->off - data);
}

errint st_cover_check(struct st_list *l, size_t first, const struct st_file *file, uint64_t data,
                      struct diag *d)
{
    size_t count = l->count - first;
    struct st_tensor *tensors = count ? l->tensors + first : NULL;
    uint64_t size = (uint64_t)file->st.st_size;
    const struct st_tensor *before = NULL;
    uint64_t end = data;
    if (count) {
        put_in_order(tensors, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].off != end) {
            return complain_place(&tensors[i], before, data, file->path, d);
        }
        before = &tensors[i];
        end += before->bytes;
    }
    if (end != size) {
        return diag_error(d, DIAG_CHECKPOINT_CORRUPT, file->path, STR(""),
                          "the tensors end at byte %" PRIu64 " of the file, which has %" PRIu64
                          ": %" PRIu64 " bytes at its end are no tensor's",
                          end, size, size - end);
    }
    return 0;
}
