/* SPDX-License-Identifier: Apache-2.0 */
/* What the tree is made of, in the order in which it is built: targets and other files. */
#include <stdlib.h>
#include <string.h>

#include "base/lower_bound.h"
#include "view/tree_build.h"

enum { INSERTED_MOST = 64 };

static const struct made_file reports[] = {
    {.path = ".ckptfs/map.ini", .kind = NODE_TEXT, .number = TEXT_MAP},
    {.path = ".ckptfs/report.json", .kind = NODE_TEXT, .number = TEXT_REPORT_JSON},
    {.path = ".ckptfs/report.txt", .kind = NODE_TEXT, .number = TEXT_REPORT_TEXT},
    {.path = ".ckptfs/stats", .kind = NODE_TEXT, .number = TEXT_STATS},
    {.path = ".ckptfs/faults", .kind = NODE_TEXT, .number = TEXT_FAULTS},
};

const struct made_file *tree_entry_file(const struct build *b, uint32_t entry)
{
    uint32_t number = entry - b->plan->count;
    if (entry < b->plan->count) {
        return NULL;
    }
    return number < ARRAY_LEN(reports) ? &reports[number] : &b->files[number - ARRAY_LEN(reports)];
}

struct str tree_entry_name(const struct build *b, uint32_t entry)
{
    const struct made_file *file = tree_entry_file(b, entry);
    return file ? str_from(file->path) : target_name(&b->plan->targets[entry]);
}

/* Bytewise, but '/' before every other byte: all that is below a directory stands together, and the
 * leaf of the same name directly before it. */
static int component_order(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < common; i++) {
        if (a.ptr[i] != b.ptr[i]) {
            int left = a.ptr[i] == '/' ? -1 : (unsigned char)a.ptr[i];
            int right = b.ptr[i] == '/' ? -1 : (unsigned char)b.ptr[i];
            return left - right;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

static int entry_order(const void *a, const void *b, void *build)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    int order = component_order(tree_entry_name(build, left), tree_entry_name(build, right));
    return order ? order : (left > right) - (left < right);
}

errint tree_list_entries(struct build *b)
{
    uint32_t total = b->plan->count + (uint32_t)ARRAY_LEN(reports) + b->file_count;
    b->entries = malloc(total * sizeof(*b->entries));
    if (!b->entries) {
        return diag_no_memory(b->diag);
    }
    bool sorted = true;
    for (uint32_t i = 0; i < total; i++) {
        b->entries[i] = i;
        /* A few others are put in their place below; only targets decide about sorting. */
        sorted = sorted && (i == 0 || i >= b->plan->count ||
                            entry_order(&b->entries[i - 1], &b->entries[i], b) <= 0);
    }
    bool few = total - b->plan->count <= INSERTED_MOST;
    if (!sorted || !few) {
        qsort_r(b->entries, few ? b->plan->count : total, sizeof(*b->entries), entry_order, b);
    }
    for (uint32_t i = b->plan->count; few && i < total;
         i++) { /* insertion of a few into a sorted many */
        uint32_t entry = b->entries[i];
        uint32_t at = LOWER_BOUND(k, 0, i, entry_order(&b->entries[k], &entry, b) < 0);
        memmove(&b->entries[at + 1], &b->entries[at], (i - at) * sizeof(*b->entries));
        b->entries[at] = entry;
    }
    b->entry_count = total;
    return 0;
}
