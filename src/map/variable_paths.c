/* SPDX-License-Identifier: Apache-2.0 */
#include "map/variable_paths.h"

#include "source/catalog.h"

void variable_paths_add(struct variable_paths *p, const struct tensor *t)
{
    if (!p->tensor) {
        p->tensor = t;
    }
    if (t == p->tensor || tensor_agrees(t, p->tensor)) {
        return;
    }
    unsigned i = 0;
    while (i < VARIABLE_RIVALS_MOST && p->rivals[i] && p->rivals[i] != t) {
        i++;
    }
    if (i < VARIABLE_RIVALS_MOST) {
        p->rivals[i] = t;
    }
}
