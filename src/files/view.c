/* SPDX-License-Identifier: Apache-2.0 */
#include "files/view.h"

#include <string.h>

#include "format/bundle.h"
#include "format/catalog_names.h"
#include "format/legacy.h"
#include "format/locate.h"
#include "map/graph_file.h"

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
        rc = where.format == LOCATION_V1 ? legacy_open(&where, d, out) : bundle_open(&where, d, out);
    }
    arena_fini(&texts);
    return rc;
}

/* The variables of another checkpoint. */
static errint read_checkpoint_graph(const char *path, struct arena *a, struct variable **variables,
                                    uint32_t *count, struct diag *d)
{
    struct catalog *other = NULL;
    errint rc = open_catalog(path, d, &other);
    if (rc == 0) {
        rc = graph_from_catalog(other, a, variables, count, d);
    }
    catalog_close(other);
    return rc;
}

/* The target graph: what the map declares, and what the graph file has. */
static errint open_graph(const char *path, struct view *v, struct diag *d)
{
    v->graph = v->map->graph;
    if (!path) {
        return 0;
    }
    struct variable *variables = NULL;
    uint32_t count = 0;
    errint rc = graph_file_named(path) ? graph_file_read(path, NULL, &v->graph_arena, &variables, &count, d)
                                       : read_checkpoint_graph(path, &v->graph_arena, &variables, &count, d);
    return rc < 0 ? rc : graph_merge(&v->map->graph, variables, count, &v->graph_arena, &v->graph, d);
}

errint view_open(const struct view_request *request, struct diag *d, struct view *out)
{
    *out = (struct view){0};
    arena_init(&out->graph_arena);
    uint64_t errors_before = d->errors;
    errint rc = 0;
    if (request->depth >= VIEW_PLAN) {
        rc = map_open(request->map, &request->extra, d, &out->map);
    }
    /* A map that cannot be read may still leave the checkpoint to be complained about: report both in one run. */
    if (rc == 0 || out->map || request->checkpoint) {
        out->checkpoint = choose_checkpoint(request, out->map, d);
        errint found = out->checkpoint ? open_catalog(out->checkpoint, d, &out->catalog) : -ENOENT;
        rc = rc == 0 ? found : rc;
    }
    enum map_names names = out->map ? out->map->names : request->extra.names;
    if (out->catalog && names == MAP_NAMES_FRIENDLY) {
        errint named = catalog_use_friendly(out->catalog, d);
        rc = rc == 0 ? named : rc;
    }
    bool graph_broken = false;
    if (out->map) {
        errint graph = open_graph(request->graph, out, d);
        graph_broken = graph < 0 || out->map->graph_broken;
        rc = rc == 0 ? graph : rc;
    }
    if (out->map && out->catalog) {
        errint resolved = plan_resolve(out->catalog, out->map, &out->graph, graph_broken, d, &out->plan);
        rc = rc == 0 ? resolved : rc;
        if (out->plan && rc != -ENOMEM) {
            errint built = tree_build(out->plan, d, &out->tree);
            rc = rc == 0 ? built : rc;
        }
    }
    if (request->depth >= VIEW_DATA && out->plan && rc != -ENOMEM) {
        /* After errors it is not known which shards the view would need: look at all of them. */
        for (uint32_t i = 0; rc < 0 && i < out->catalog->shard_count; i++) {
            out->catalog->shards[i].used = true;
        }
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
    arena_fini(&v->graph_arena);
    *v = (struct view){0};
}
