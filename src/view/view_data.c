/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view_data.h"

/* Of all targets; after errors it is not known which data files the view would need: all of them
 * are looked for. */
static errint open_target_data(struct view *v, bool broken, struct diag *d)
{
    if (broken) {
        catalog_use_all(v->catalog);
    }
    return catalog_open_shards(v->catalog, d);
}

static errint look_at_data(const struct view_request *request, struct view *v, struct diag *d)
{
    if (verified_open(v->catalog, request->verified, &v->verified) < 0) {
        return diag_no_memory(d);
    }
    return request->no_spot_check ? 0 : spot_check_run(v->catalog, v->verified, d, &v->spots);
}

errint view_open_data(const struct view_request *request, errint rc, struct view *v, struct diag *d)
{
    if (request->open_data) {
        if (rc == 0) {
            rc = request->open_data(v, d, request->context);
        }
    } else if (request->depth >= VIEW_DATA && v->plan && rc != -ENOMEM) {
        errint opened = open_target_data(v, rc < 0, d);
        if (rc == 0) {
            rc = opened;
        }
    } else {
        return rc;
    }
    return rc < 0 ? rc : look_at_data(request, v, d);
}

const char *view_changed_data(const struct view *v)
{
    const struct catalog *c = v->catalog;
    for (uint32_t i = 0; c && i < c->shard_count; i++) {
        if (shard_failed(&c->shards[i])) {
            return c->shards[i].path;
        }
    }
    return NULL;
}
