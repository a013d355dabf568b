/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/diff.h"

#include <stdlib.h>

#include "view/report.h"

void diff_note_view(struct diff_list *l, const struct view *v, bool b)
{
    report_paths(v, &l->paths[b]);
    l->hidden += v->catalog->hidden_count;
}

void diff_list_clear(struct diff_list *l)
{
    pairs_fini(&l->pairs);
    buf_fini(&l->paths[0]);
    buf_fini(&l->paths[1]);
    free(l->rows);
    *l = (struct diff_list){.values = l->values, .tolerant = l->tolerant};
}
