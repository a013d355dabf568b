/* SPDX-License-Identifier: Apache-2.0 */
#include "view/attr.h"

#include "base/cleanup.h"
#include "source/catalog_join.h"
#include "tensor/dtype.h"
#include "view/content.h"
#include "view/report_sources.h"

/* What the files that a node is made of have in common. */
struct origin {
    bool any;
    uid_t uid;
    gid_t gid;
    bool same_uid;
    bool same_gid;
    mode_t mode; /* bits that all allow */
    struct timespec mtime;
};

static void add_origin(struct origin *o, const struct stat *st)
{
    if (!o->any) {
        *o = (struct origin){true, st->st_uid, st->st_gid, true, true, st->st_mode, st->st_mtim};
        return;
    }
    o->same_uid = o->same_uid && o->uid == st->st_uid;
    o->same_gid = o->same_gid && o->gid == st->st_gid;
    o->mode &= st->st_mode;
    if (st->st_mtim.tv_sec > o->mtime.tv_sec ||
        (st->st_mtim.tv_sec == o->mtime.tv_sec && st->st_mtim.tv_nsec > o->mtime.tv_nsec)) {
        o->mtime = st->st_mtim;
    }
}

/* Whether the file says what only the index and the map do: which tensors there are, and where. */
static bool tells_all(const struct view *v, uint32_t file)
{
    return content_kind(v, file) == NODE_FORMAT && content_format_file(v, file).lists;
}

static void add_indexes(struct origin *o, const struct catalog *c)
{
    add_origin(o, &c->index_st);
    for (uint32_t i = 1; i < c->index_count; i++) {
        add_origin(o, &c->indexes[i].st);
    }
}

static void add_shard(void *context, struct shard *shard)
{
    if (shard->opened) {
        add_origin(context, shard_stat(shard));
    }
}

/* A tensor's bytes come from shards; all else says what index and map say, too. */
static struct origin origin_of(const struct view *v, uint32_t file)
{
    struct origin o = {0};
    content_shards(v, file, add_shard, &o);
    if (!o.any || tells_all(v, file)) {
        for (uint32_t i = 0; i < catalog_member_count(v->catalog); i++) {
            add_indexes(&o, catalog_member(v->catalog, i));
        }
        if (v->map->path) {
            add_origin(&o, &v->map->st);
        }
        for (uint32_t i = 0; i < v->map->included_count; i++) {
            add_origin(&o, &v->map->included[i].st);
        }
    }
    return o;
}

static void set_owner(const struct origin *o, const struct attr_policy *policy, struct stat *st)
{
    bool root = policy->uid == 0;
    bool keeps_uid = o->same_uid && (root || o->uid == policy->uid);
    bool keeps_gid = o->same_gid && keeps_uid;
    bool everyone = (o->mode & 0044) == 0044;

    st->st_uid = keeps_uid ? o->uid : policy->uid;
    st->st_gid = keeps_gid ? o->gid : policy->gid;
    mode_t user = keeps_uid ? o->mode & 0400 : 0400;
    mode_t rest = o->mode & 0044;
    if (!keeps_gid) {
        rest = everyone ? 0044 : 0;
    }
    if (!root && !user) {
        user = 0400; /* we have it open, by group or ACL */
        rest = 0;
    }
    st->st_mode = user | rest;
    if (policy->set_uid) {
        st->st_uid = policy->force_uid;
    }
    if (policy->set_gid) {
        st->st_gid = policy->force_gid;
    }
    if ((policy->set_uid || policy->set_gid) && !root) {
        st->st_mode |= 0400;
    }
}

void attr_stat_unsized(const struct view *v, const struct attr_policy *policy, uint32_t file,
                       struct stat *st)
{
    struct origin o = origin_of(v, file);

    *st = (struct stat){
        .st_ino = (ino_t)file + 1,
        .st_nlink = 1,
        .st_blksize = ATTR_BLOCK_BYTES,
        .st_atim = o.mtime,
        .st_mtim = o.mtime,
        .st_ctim = o.mtime,
    };
    set_owner(&o, policy, st);
    bool directory = content_kind(v, file) == NODE_DIR;
    mode_t search = directory ? st->st_mode >> 2 : 0; /* for those who may read the names */
    st->st_mode = (directory ? S_IFDIR : S_IFREG) | ((st->st_mode | search) & ~policy->umask);
}

errint attr_stat(const struct view *v, const struct attr_policy *policy, uint32_t file,
                 struct reader *r, struct stat *st)
{
    attr_stat_unsized(v, policy, file, st);
    if (S_ISDIR(st->st_mode)) {
        return 0;
    }
    struct content content;
    errint rc = content_open(v, file, CONTENT_SIZE, r, &content);
    if (rc < 0) {
        return rc;
    }
    st->st_size = (off_t)content.layout.size;
    st->st_blocks = st->st_size / 512 + (st->st_size % 512 != 0);
    return 0;
}

/* ---- extended attributes ---- */

typedef errint (*value_of)(const struct view *v, const struct target *t, struct buf *b);

static errint value_name(const struct view *v, const struct target *t, struct buf *b)
{
    (void)v;
    buf_str(b, target_name(t));
    return 0;
}

static errint value_dtype(const struct view *v, const struct target *t, struct buf *b)
{
    (void)v;
    buf_text(b, dtype_name(target_dtype(t)));
    return 0;
}

static errint value_shape(const struct view *v, const struct target *t, struct buf *b)
{
    (void)v;
    shape_print(b, target_shape(t));
    return 0;
}

/* One a line. */
static errint value_source(const struct view *v, const struct target *t, struct buf *b)
{
    CLEANUP(report_sources_fini) struct report_sources sources;
    errint rc = report_sources_find(t, &sources);
    if (rc < 0 || sources.count == 0) {
        return rc < 0 ? rc : -ENODATA;
    }
    size_t begin = b->len;
    for (size_t i = 0; i < sources.count && b->len - begin <= ATTR_VALUE_MOST; i++) {
        buf_text(b, i ? "\n" : "");
        catalog_print_name(v->catalog, sources.list[i], b);
    }
    if (b->len - begin > ATTR_VALUE_MOST) {
        b->len = begin;
        buf_printf(b, "%zu", sources.count);
    }
    return 0;
}

static errint value_slice(const struct view *v, const struct target *t, struct buf *b)
{
    (void)v;
    const struct target_form *f = t->form;
    if (!f || !f->slice_start) {
        return -ENODATA;
    }
    for (unsigned i = 0; i < f->shape.rank; i++) {
        buf_printf(b, "%s%lld:%lld", i ? ", " : "[", (long long)f->slice_start[i],
                   (long long)(f->slice_start[i] + f->shape.dims[i]));
    }
    buf_text(b, f->shape.rank ? "] of " : "[] of ");
    shape_print(b, f->full);
    return 0;
}

static errint value_crc32c(const struct view *v, const struct target *t, struct buf *b)
{
    (void)v;
    if (t->form || t->source->no_crc) { /* without a form there is a source */
        return -ENODATA;
    }
    buf_printf(b, "%08x", t->source->crc32c);
    return 0;
}

static const struct {
    const char *name;
    value_of value;
} attributes[] = {
    {"user.ckptfs.name", value_name},   {"user.ckptfs.dtype", value_dtype},
    {"user.ckptfs.shape", value_shape}, {"user.ckptfs.source", value_source},
    {"user.ckptfs.slice", value_slice}, {"user.ckptfs.crc32c", value_crc32c},
};

void attr_names(const struct view *v, uint32_t file, struct buf *b)
{
    const struct target *t = content_target(v, file);
    for (size_t i = 0; t && i < ARRAY_LEN(attributes); i++) {
        CLEANUP_BUF struct buf value = {0};
        if (attributes[i].value(v, t, &value) == 0) {
            buf_add(b, attributes[i].name, strlen(attributes[i].name) + 1);
        }
    }
}

errint attr_value(const struct view *v, uint32_t file, const char *name, struct buf *b)
{
    const struct target *t = content_target(v, file);
    for (size_t i = 0; t && i < ARRAY_LEN(attributes); i++) {
        if (strcmp(attributes[i].name, name) == 0) {
            return attributes[i].value(v, t, b);
        }
    }
    return -ENODATA;
}
