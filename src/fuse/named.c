/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/named.h"

#include "base/path.h"
#include "io/file.h"
#include "map/map.h"
#include "source/tf/statefile.h"

enum { STATE_FILE_MOST = 16 << 20 };

static bool others_own(const char *path, struct owner *out)
{
    return path && owner_find(path, out);
}

bool named_owner(const struct opts *o, struct owner *out)
{
    return others_own(o->checkpoint, out) || others_own(o->map, out);
}

/* The path in the state file `file`, which lies in `dir`; NULL if there is none. */
static const char *latest_in(const char *file, const char *dir, struct arena *a)
{
    struct str text;
    struct stat st;
    struct statefile state;
    if (!file || !dir || file_read_text(file, STATE_FILE_MOST, a, &text, &st, NULL) < 0 ||
        statefile_parse(text, file, a, &state, NULL) < 0) {
        return NULL;
    }
    bool absolute = state.latest.ptr[0] == '/';
    return arena_printf(a, "%s%s" STR_FMT, absolute ? "" : dir, absolute ? "" : "/",
                        STR_ARG(state.latest));
}

/* `checkpoint` is a directory with a state file, or that file. */
static bool others_own_latest(const char *checkpoint, struct owner *out)
{
    struct arena a;
    arena_init(&a);
    const char *path = latest_in(arena_printf(&a, "%s/checkpoint", checkpoint), checkpoint, &a);
    if (!path && str_eq(path_base(checkpoint), STR("checkpoint"))) {
        path = latest_in(checkpoint, path_dir(checkpoint, &a), &a);
    }
    bool others = others_own(path, out);
    arena_fini(&a);
    return others;
}

/* What a map of root's names: what it includes, whose owners say what is read; its checkpoint,
 * unless another one is given, and those with names. */
static bool others_own_in_map(const struct map *m, bool given, struct owner *out)
{
    for (uint32_t i = 0; i < m->included_count; i++) {
        if (others_own(m->included[i].path, out)) {
            return true;
        }
    }
    if (!given && m->checkpoint &&
        (others_own(m->checkpoint, out) || others_own_latest(m->checkpoint, out))) {
        return true;
    }
    for (uint32_t i = 0; i < m->named.count; i++) {
        const char *path = m->named.list[i].path;
        if (path && (others_own(path, out) || others_own_latest(path, out))) {
            return true;
        }
    }
    return false;
}

bool named_owner_in_texts(const struct opts *o, struct owner *out)
{
    if (o->checkpoint && others_own_latest(o->checkpoint, out)) {
        return true;
    }
    if (!o->map) {
        return false;
    }
    struct diag diag; /* what is wrong with the map is told when the view is opened */
    struct map *map = NULL;
    diag_init(&diag);
    errint rc = map_open(o->map, &o->extra, &diag, &map);
    bool others = (rc == 0 || map) && others_own_in_map(map, o->checkpoint, out);
    map_close(map);
    diag_fini(&diag);
    return others;
}
