/* SPDX-License-Identifier: Apache-2.0 */
/* What report.json, and other documents, say of the checkpoints themselves. */
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "view/report.h"

/* `c` is NULL where it could not be opened, `given` is NULL where there is none. */
static void add_checkpoint(struct json *j, const struct catalog *c, const char *given)
{
    json_key(j, "path");
    json_text(j, c ? c->prefix : given);
    json_key(j, "format");
    json_text(j, c ? c->format : NULL);
    json_key(j, "shards");
    if (c) {
        json_uint(j, c->file_count);
    } else {
        json_null(j);
    }
    json_key(j, "tensors");
    if (c) {
        json_uint(j, c->count);
    } else {
        json_null(j);
    }
    if (c && c->names) {
        json_key(j, "names");
        json_text(j, c->names->friendly ? "friendly" : "key");
    }
}

void report_checkpoint(struct json *j, const struct view *v)
{
    bool named = v->catalog && !catalog_numbered(v->catalog, 0);
    json_key(j, "checkpoint");
    json_object(j, JSON_LINE);
    add_checkpoint(j, named ? NULL : v->catalog, named ? NULL : v->checkpoint);
    json_object_end(j);
}

void report_named_checkpoints(struct json *j, const struct view *v)
{
    bool any = false;
    for (uint32_t i = 0; i < v->member_count; i++) {
        const struct view_member *m = &v->members[i];
        if (!m->label) {
            continue;
        }
        if (!any) {
            json_key(j, "checkpoints");
            json_array(j, JSON_BLOCK);
            any = true;
        }
        json_object(j, JSON_LINE);
        json_key(j, "name");
        json_text(j, m->label);
        add_checkpoint(j, m->catalog, m->given);
        json_object_end(j);
    }
    if (any) {
        json_array_end(j);
    }
}
