/* SPDX-License-Identifier: Apache-2.0 */
#include "files/sidecars.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/url.h"
#include "format/file_kind.h"

/* What is wrong with the file, in terms of the map. */
static errint look(const struct map *m, const struct sidecar *s, struct diag *d)
{
    CLEANUP_CLOSE int fd = -1;
    struct stat st;
    errint rc = file_open(s->path, &fd, &st);
    char where[4096 + 16];
    const struct file_kind *kind = rc == 0 ? file_kind_of(fd, (uint64_t)st.st_size) : NULL;
    if (kind && (kind->group == FILE_KIND_POINTER || kind->group == FILE_KIND_EMPTY)) {
        diag_warn(d, DIAG_FILE_UNREADABLE, map_where(m, s->line, where), s->name, "%s is %s%s%s",
                  diag_visible(d, str_from(s->path)), kind->name, kind->remedy ? ": " : "",
                  kind->remedy ? kind->remedy : "");
    }
    if (rc == 0 || rc == -EMFILE || rc == -ENFILE) {
        return 0;
    }
    struct str url = rc == -ENOENT ? url_in(str_from(s->path)) : (struct str){NULL, 0};
    if (url.ptr) {
        return diag_error(d, DIAG_FILE_UNREADABLE, map_where(m, s->line, where), s->name,
                          "'%s' is no local path: %s", diag_visible(d, url), url_advice(url));
    }
    return diag_error(d, DIAG_FILE_UNREADABLE, map_where(m, s->line, where), s->name,
                      "'%s' of [files] cannot be shown: %s: %s", diag_visible(d, s->name),
                      diag_visible(d, str_from(s->path)), file_why(d, rc));
}

errint sidecars_open(const struct map *m, struct diag *d, struct sidecars *out)
{
    *out = (struct sidecars){0};
    arena_init(&out->arena);
    out->files = ARENA_ARRAY(&out->arena, struct shard, m->sidecar_count);
    if (!out->files) {
        return diag_no_memory(d);
    }
    out->count = m->sidecar_count;
    errint rc = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        struct shard *s = &out->files[i];
        s->fd = -1;
        s->path = m->sidecars[i].path;
        errint one = look(m, &m->sidecars[i], d);
        if (one == 0) {
            one = shard_open(s, &out->arena, d);
        }
        rc = rc < 0 ? rc : one;
    }
    return rc;
}

void sidecars_close(struct sidecars *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        shard_close(&s->files[i]);
    }
    arena_fini(&s->arena);
    *s = (struct sidecars){0};
}
