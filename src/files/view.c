/* SPDX-License-Identifier: Apache-2.0 */
#include "files/view.h"

#include <string.h>

#include "format/bundle.h"
#include "format/locate.h"

/* The checkpoint that the user or else the map names. */
static const char *choose_checkpoint(const struct view_request *request, const struct map *map,
                                     struct diag *d)
{
    if (request->checkpoint) {
        return request->checkpoint;
    }
    if (map && map->checkpoint) {
        return map->checkpoint;
    }
    diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, request->map ? request->map : "", STR(""),
               "no checkpoint is given: neither as an argument nor as `path` in [checkpoint] of a map");
    return NULL;
}

static errint open_catalog(const char *checkpoint, struct diag *d, struct catalog **out)
{
    struct arena texts;
    arena_init(&texts);
    struct location where;
    errint rc = locate_checkpoint(checkpoint, &texts, &where, d);
    if (rc == 0) {
        rc = bundle_open(&where, d, out);
    }
    arena_fini(&texts);
    return rc;
}

errint view_open(const struct view_request *request, struct diag *d, struct view *out)
{
    *out = (struct view){0};
    uint64_t errors_before = d->errors;
    errint rc = 0;
    if (request->depth >= VIEW_PLAN) {
        rc = request->map ? map_open(request->map, d, &out->map) : map_identity(d, &out->map);
    }
    /* A map that cannot be read may still leave the checkpoint to be complained about: report both in one run. */
    if (rc == 0 || request->checkpoint) {
        out->checkpoint = choose_checkpoint(request, out->map, d);
        errint found = out->checkpoint ? open_catalog(out->checkpoint, d, &out->catalog) : -ENOENT;
        rc = rc == 0 ? found : rc;
    }
    if (rc == 0 && request->depth >= VIEW_PLAN) {
        rc = plan_resolve(out->catalog, out->map, d, &out->plan);
        if (out->plan && rc != -ENOMEM) {
            errint built = tree_build(out->plan, d, &out->tree);
            rc = rc == 0 ? built : rc;
        }
    }
    if (request->depth >= VIEW_DATA && out->plan && rc != -ENOMEM) {
        errint opened = catalog_open_shards(out->catalog, d);
        rc = rc == 0 ? opened : rc;
    }
    return rc == 0 && d->errors > errors_before ? -EINVAL : rc;
}

void view_close(struct view *v)
{
    tree_close(v->tree);
    plan_close(v->plan);
    catalog_close(v->catalog);
    map_close(v->map);
    *v = (struct view){0};
}
