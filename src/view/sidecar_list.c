/* SPDX-License-Identifier: Apache-2.0 */
#include "view/sidecar_list.h"

#include <stdarg.h>

#include "base/buf.h"

errint sidecar_add(struct sidecar_list *l, struct sidecar_file file)
{
    if (l->count == SIDECARS_MOST) {
        return -EOVERFLOW;
    }
    l->files[l->count++] = file;
    return 0;
}

errint sidecar_problem(struct sidecar_list *l, const struct sidecar_file *f, const char *why, ...)
{
    CLEANUP_BUF struct buf text = {0};
    va_list args;
    va_start(args, why);
    buf_vprintf(&text, why, args);
    va_end(args);
    if (buf_check(&text) < 0) {
        return diag_no_memory(l->diag);
    }
    if (f->at.file) {
        return diag_error_at(l->diag, DIAG_FILE_UNREADABLE, f->at, str_from(f->name),
                             "'%s' of [files] cannot be shown: %s: %s",
                             diag_visible(l->diag, str_from(f->name)),
                             diag_visible(l->diag, str_from(f->path)), text.data);
    }
    diag_warn(l->diag, DIAG_FILE_UNREADABLE, f->path, str_from(f->name),
              "'%s' of the SavedModel is not shown: %s", diag_visible(l->diag, str_from(f->name)),
              text.data);
    return 0;
}
