/* SPDX-License-Identifier: Apache-2.0 */
#include "map/sidecar.h"

#include "base/escape.h"
#include "map/file_name.h"
#include "map/message.h"

errint sidecar_parse(const struct ini_item *item, struct arena *a, struct sidecar *out,
                     struct diag *d)
{
    *out = (struct sidecar){.name = unescape_name(a, item->key), .at = item->at};
    if (!out->name.ptr) {
        return diag_no_memory(d);
    }
    out->folder = str_ends(out->name, STR("/"));
    out->name.len -= out->folder;
    const char *wrong = file_name_wrong(out->name);
    if (wrong) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "'%s' cannot be a file of the mount: %s", message_shown(d, item->key),
                             wrong);
    }
    if (!item->value.len) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                             "'%s' is given no path: expected %s = PATH",
                             message_shown(d, item->key), message_shown(d, item->key));
    }
    struct str real = item->value;
    while (out->folder && real.len > 1 && str_ends(real, STR("/"))) {
        real.len--;
    }
    out->path = file_path(a, item->at.file, real);
    return out->path ? 0 : diag_no_memory(d);
}
