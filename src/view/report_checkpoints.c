/* SPDX-License-Identifier: Apache-2.0 */
/* What report.json, and other documents, say of the checkpoints themselves. */
#include "io/io_file.h"
#include "source/catalog_join.h"
#include "source/catalog_names.h"
#include "view/report.h"

uint32_t report_linked(const struct catalog *c, uint32_t i, const char **path, const char **file)
{
    for (; i < c->shard_count; i++) {
        const struct shard *s = &c->shards[c->joined.first_shard + i];
        if (s->opened && !s->base && s->linked) {
            *path = s->path;
            *file = io_file_real_path(s->io);
            break;
        }
    }
    return i;
}

/* Data files behind symbolic links, if there are any. */
static void add_links(struct json *j, const struct catalog *c)
{
    const char *path;
    const char *file;
    uint32_t i = report_linked(c, 0, &path, &file);
    if (i == c->shard_count) {
        return;
    }
    json_key(j, "links");
    json_array(j, JSON_LINE);
    for (; i < c->shard_count; i = report_linked(c, i + 1, &path, &file)) {
        json_object(j, JSON_LINE);
        json_key(j, "path");
        json_text(j, path);
        json_key(j, "file");
        json_text(j, file);
        json_object_end(j);
    }
    json_array_end(j);
}

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
    if (c) {
        add_links(j, c);
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
