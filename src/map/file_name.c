/* SPDX-License-Identifier: Apache-2.0 */
#include "map/file_name.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/escape.h"

const char *file_name_wrong(struct str name)
{
    if (!name.len) {
        return "it is empty";
    }
    if (name.len > FILE_NAME_MOST) {
        return "it is longer than 200 bytes";
    }
    if (str_find(name, '/') >= 0) {
        return "it is a path: expected a file name without '/'";
    }
    if (str_eq(name, STR(".ckptfs"))) {
        return "the mount has its reports there";
    }
    CLEANUP_BUF struct buf shown = {0};
    escape_component(&shown, name);
    return shown.failed || !str_eq(buf_view(&shown), name)
               ? "a file system would not show it as it is"
               : NULL;
}

/* Where a literal "${" may be written as in names. */
static void unescape_dollars(char *path)
{
    char *to = path;
    for (const char *from = path; *from; to++) {
        bool escaped = strncmp(from, "%24{", 4) == 0;
        *to = escaped ? '$' : *from;
        from += escaped ? 3 : 1;
    }
    *to = '\0';
}

const char *file_path(struct arena *a, const char *map, struct str path)
{
    const char *slash = map ? strrchr(map, '/') : NULL;
    int folder = slash && path.ptr[0] != '/' ? (int)(slash + 1 - map) : 0;
    char *own = arena_cstr(a, path);
    if (!own) {
        return NULL;
    }
    unescape_dollars(own);
    return arena_printf(a, "%.*s%s", folder, map ? map : "", own);
}
