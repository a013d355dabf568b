/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

const char *path_dir(const char *path, struct arena *a)
{
    struct str whole = str_from(path);
    long slash = str_rfind(whole, '/');
    if (slash < 0) {
        return arena_cstr(a, STR("."));
    }
    return arena_cstr(a, str_head(whole, slash == 0 ? 1 : (size_t)slash));
}

struct str path_last(struct str path)
{
    return str_from_pos(path, (size_t)(str_rfind(path, '/') + 1));
}

struct str path_base(const char *path)
{
    return path_last(str_from(path));
}
