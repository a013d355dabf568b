/* SPDX-License-Identifier: Apache-2.0 */
#include "map/sidecar.h"

#include "base/escape.h"
#include "map/file_name.h"
#include "map/message.h"

errint sidecar_parse(const struct ini_item *item, struct arena *a, struct sidecar *out,
                     struct diag *d)
{
    bool optional = str_starts(item->key, STR("?"));
    struct str key = str_trim(str_from_pos(item->key, optional));
    *out = (struct sidecar){.name = unescape_name(a, key), .at = item->at, .optional = optional};
    if (!out->name.ptr) {
        return diag_no_memory(d);
    }
    out->folder = str_ends(out->name, STR("/"));
    out->name.len -= out->folder;
    const char *wrong = file_name_wrong(out->name);
    if (wrong) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, key,
                             "'%s' cannot be a file of the mount: %s", message_shown(d, key),
                             wrong);
    }
    struct str real = item->value;
    out->beside = str_starts(real, STR("@/"));
    real = str_from_pos(real, out->beside ? 2 : 0);
    if (!real.len && !(out->beside && out->folder)) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, key,
                             "'%s' is given no path: expected %s = PATH", message_shown(d, key),
                             message_shown(d, key));
    }
    while (out->folder && real.len > 1 && str_ends(real, STR("/"))) {
        real.len--;
    }
    out->path = file_path(a, out->beside ? NULL : item->at.file, real);
    return out->path ? 0 : diag_no_memory(d);
}
