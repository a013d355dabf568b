/* SPDX-License-Identifier: Apache-2.0 */
/* Records stand in the order of their keys: keys of slices begin with a NUL and so come first,
 * among names that do so too; all others follow in the order of the variables. */
#include "view/formats/tf_build.h"

#include <stdlib.h>

#include "base/crc32c.h"
#include "base/grow.h"
#include "base/once.h"
#include "render/string_head.h"
#include "render/string_read.h"
#include "source/tf/slice_key.h"
#include "source/tf_v2/bundle_encode.h"

enum { VARIABLES_UNASKED = 1024 }; /* between two questions whether to go on */

/* A record whose key begins with a NUL. */
struct early {
    struct str key;
    struct view_variable owner; /* an owner of slices, if whole is not NULL; else the item below */
    struct tf_item item;
};

struct pass {
    struct tf_build *b;
    struct arena *keys;
    struct early *early; /* owns */
    size_t early_count;
    size_t early_cap;
    struct reader *reader;
    struct buf record; /* owns; reused */
    struct buf owner;  /* owns; reused: the record of the variable at hand, if it is in slices */
    uint64_t seen;     /* variables that were gone over */
};

/* Called for each variable. -EINTR. */
static errint go_on(struct pass *p)
{
    return p->seen++ % VARIABLES_UNASKED == 0 && once_interrupted(p->reader->waiter) ? -EINTR : 0;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Bytes that are laid out anew, and where. */
static struct bundle_place lay_out(struct tf_build *b, const struct tf_item *item, uint64_t bytes)
{
    struct bundle_place at = {.shard = b->own, .off = b->data.size, .bytes = bytes};
    struct extent e = {.kind = EXTENT_TARGET, .target = item->target};
    if (item->placed) {
        e = (struct extent){.kind = EXTENT_SHARD,
                            .shard = &b->catalog->shards[item->place.shard],
                            .from_off = item->place.off};
    }
    layout_add(&b->data, e, bytes);
    return at;
}

/* Strings: their lengths, then they. *seed is the checksum of the lengths. */
static errint lay_out_strings(struct pass *p, const struct tf_item *item, struct bundle_place *at,
                              uint32_t *seed)
{
    struct tf_build *b = p->b;
    CLEANUP_BUF struct buf head = {0};
    uint64_t joined;
    errint rc = string_head(p->reader, item->target, &head, seed);
    if (rc == 0) {
        rc = string_size(p->reader, item->target, STRING_JOINED, &joined);
    }
    if (rc < 0) {
        return rc;
    }
    struct str kept = arena_str(&b->texts, buf_view(&head));
    if (!kept.ptr) {
        return -ENOMEM;
    }
    *at = (struct bundle_place){.shard = b->own, .off = b->data.size, .bytes = kept.len + joined};
    layout_add(&b->data, (struct extent){.kind = EXTENT_BYTES, .bytes = kept.ptr}, kept.len);
    layout_add(&b->data, (struct extent){.kind = EXTENT_STRINGS_JOINED, .target = item->target},
               joined);
    return 0;
}

static errint add_item(struct pass *p, struct str key, const struct tf_item *item)
{
    struct tf_build *b = p->b;
    uint64_t bytes = item->placed ? item->place.bytes : target_bytes(item->target);
    int32_t number = item->placed ? b->shard_number[item->place.shard] : TF_NO_SHARD;
    bool strings = !item->placed && !target_sized(item->target);
    uint32_t seed = 0;
    struct bundle_place at;
    if (strings) {
        errint rc = lay_out_strings(p, item, &at, &seed);
        if (rc < 0) {
            return rc;
        }
    } else if (bytes == 0) {
        at = (struct bundle_place){.shard =
                                       0}; /* its shard must be there, and nothing of it is read */
    } else if (number != TF_NO_SHARD) {
        at = (struct bundle_place){(uint32_t)number, item->place.off, bytes, 0};
    } else {
        at = lay_out(b, item, bytes);
    }
    bool known = !strings && (bytes == 0 || (item->placed && item->place.summed));
    at.crc32c = 0;
    if (known) {
        at.crc32c = bytes == 0 ? crc32c_mask(0) : item->place.crc32c;
    }
    p->record.len = 0;
    bundle_encode_entry(&p->record, item->dtype, item->shape, &at);
    size_t value = sstable_build_add(&b->table, key, buf_view(&p->record));
    if (known) {
        return 0;
    }
    if (!grow(&b->sums, &b->sum_cap, b->sum_count, sizeof(*b->sums))) {
        return -ENOMEM;
    }
    b->sums[b->sum_count++] = (struct tf_sum){
        .target = item->target,
        .placed = item->placed,
        .strings = strings,
        .seed = seed,
        .shard = item->place.shard,
        .off = item->place.off,
        .bytes = bytes,
        .at = value + p->record.len - 4,
    };
    return 0;
}

static errint add_extent(void *context, const struct tf_item *item)
{
    struct pass *p = context;
    bundle_encode_extent(&p->owner, item->start, item->shape.dims, item->shape.rank);
    return 0;
}

static errint add_owner(struct pass *p, const struct view_variable *l)
{
    p->owner.len = 0;
    bundle_encode_owner(&p->owner, target_dtype(l->whole), target_shape(l->whole));
    errint rc = tf_items(p->b->catalog, l, add_extent, p);
    if (rc == 0) {
        sstable_build_add(&p->b->table, variable_name(l), buf_view(&p->owner));
    }
    return rc;
}

/* ---- keys that begin with a NUL -------------------------------------------------------------- */

static errint add_early(struct pass *p, struct early e)
{
    if (!e.key.ptr || !grow(&p->early, &p->early_cap, p->early_count, sizeof(*p->early))) {
        return -ENOMEM;
    }
    p->early[p->early_count++] = e;
    return 0;
}

static bool begins_early(struct str name)
{
    return name.len && name.ptr[0] == '\0';
}

static errint collect_item(void *context, const struct tf_item *item)
{
    struct pass *p = context;
    if (!item->start) {
        return begins_early(item->name)
                   ? add_early(p, (struct early){.key = item->name, .item = *item})
                   : 0;
    }
    p->record.len = 0;
    slice_key_encode(&p->record, item->name, item->start, item->shape.dims, item->shape.rank);
    if (p->record.failed) {
        return -ENOMEM;
    }
    return add_early(
        p, (struct early){.key = arena_str(p->keys, buf_view(&p->record)), .item = *item});
}

struct slicing {
    bool sliced;
};

static errint look_for_slices(void *context, const struct tf_item *item)
{
    ((struct slicing *)context)->sliced |= item->start != NULL;
    return 0;
}

static errint is_sliced(struct pass *p, const struct view_variable *l, bool *out)
{
    struct slicing s = {0};
    errint rc = tf_items(p->b->catalog, l, look_for_slices, &s);
    *out = s.sliced;
    return rc;
}

static errint collect_early(struct pass *p)
{
    struct variable_cursor at = variable_first(p->b->variables);
    struct view_variable l;
    errint rc = 0;
    while (rc == 0 && variable_next(&at, &l)) {
        rc = go_on(p);
        if (rc < 0 || tf_refusal(&l, p->b->stale)) {
            continue;
        }
        bool sliced = false;
        rc = tf_items(p->b->catalog, &l, collect_item, p);
        if (rc == 0 && begins_early(variable_name(&l))) {
            rc = is_sliced(p, &l, &sliced);
        }
        if (rc == 0 && sliced) {
            rc = add_early(p, (struct early){.key = variable_name(&l), .owner = l});
        }
    }
    for (uint32_t i = 0; rc == 0 && i < p->b->kept_count && begins_early(p->b->kept[i].name); i++) {
        rc = collect_item(p, &p->b->kept[i]);
    }
    return rc;
}

static int by_key(const void *a, const void *b)
{
    return str_cmp(((const struct early *)a)->key, ((const struct early *)b)->key);
}

static errint add_all_early(struct pass *p)
{
    errint rc = collect_early(p);
    if (p->early_count) {
        qsort(p->early, p->early_count, sizeof(*p->early), by_key);
    }
    for (size_t i = 0; rc == 0 && i < p->early_count; i++) {
        const struct early *e = &p->early[i];
        rc = e->owner.whole ? add_owner(p, &e->owner) : add_item(p, e->key, &e->item);
    }
    return rc;
}

/* ---- all others ------------------------------------------------------------------------------ */

static errint add_late(void *context, const struct tf_item *item)
{
    struct pass *p = context;
    if (item->start) {
        if (p->owner.len == 0) {
            bundle_encode_owner(&p->owner, item->dtype, item->full);
        }
        return add_extent(p, item);
    }
    return add_item(p, item->name, item);
}

/* Those of `kept` from *next on whose keys come before that name; NULL: all. */
static errint add_kept(struct pass *p, uint32_t *next, const struct str *name)
{
    errint rc = 0;
    for (; rc == 0 && *next < p->b->kept_count; ++*next) {
        const struct tf_item *item = &p->b->kept[*next];
        if (name && str_cmp(item->name, *name) > 0) {
            break;
        }
        rc = begins_early(item->name) ? 0 : add_item(p, item->name, item);
    }
    return rc;
}

static errint add_rest(struct pass *p)
{
    struct variable_cursor at = variable_first(p->b->variables);
    struct view_variable l;
    uint32_t kept = 0;
    errint rc = 0;
    while (rc == 0 && variable_next(&at, &l)) {
        rc = go_on(p);
        if (rc < 0 || tf_refusal(&l, p->b->stale) || begins_early(variable_name(&l))) {
            continue;
        }
        struct str name = variable_name(&l);
        p->owner.len = 0;
        rc = add_kept(p, &kept, &name);
        if (rc == 0) {
            rc = tf_items(p->b->catalog, &l, add_late, p);
        }
        if (rc == 0 && p->owner.len) {
            sstable_build_add(&p->b->table, name, buf_view(&p->owner));
        }
    }
    return rc < 0 ? rc : add_kept(p, &kept, NULL);
}

errint tf_build_run(struct tf_build *b, struct reader *r)
{
    struct arena keys;
    arena_init(&keys);
    arena_init(&b->texts);
    struct pass p = {.b = b, .keys = &keys, .reader = r};
    bundle_encode_header(&p.record, b->num_shards);
    sstable_build_add(&b->table, STR(""), buf_view(&p.record));
    errint rc = add_all_early(&p);
    if (rc == 0) {
        rc = add_rest(&p);
    }
    errint made = sstable_build_finish(&b->table);
    if (rc == 0) {
        rc = layout_build_check(&b->data);
    }
    if (rc == 0) {
        rc = p.record.failed || p.owner.failed ? -ENOMEM : made;
    }
    buf_fini(&p.record);
    buf_fini(&p.owner);
    free(p.early);
    arena_fini(&keys);
    return rc;
}

void tf_build_fini(struct tf_build *b)
{
    sstable_build_fini(&b->table);
    layout_build_fini(&b->data);
    arena_fini(&b->texts);
    free(b->sums);
    b->sums = NULL;
}
