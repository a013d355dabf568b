/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_parts.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "codec/sstable.h"
#include "codec/sstable_block.h"
#include "io/file.h"
#include "io/io_file.h"
#include "tensor/dtype.h"

#define BAD(p, part, name, ...)                                                                    \
    diag_error((p)->d, DIAG_CHECKPOINT_CORRUPT, (part)->index_path, (name), __VA_ARGS__)

/* ---- headers */

static errint check_header(struct bundle_parts *p, const struct bundle_part *part)
{
    const struct bundle_header *h = &part->header;
    if (h->min_consumer > BUNDLE_VERSION || h->disallows_us) {
        return diag_error(
            p->d, DIAG_UNSUPPORTED, part->index_path, STR(""),
            "the checkpoint %s readers of version %d, which this is (its least version is %" PRId64
            ")",
            h->disallows_us ? "disallows" : "is too new for", BUNDLE_VERSION, h->min_consumer);
    }
    if (h->num_shards < 0) {
        return BAD(p, part, STR(""), "the header says %" PRId64 " shards, expected 0 or more",
                   h->num_shards);
    }
    if (h->num_shards > BUNDLE_SHARDS_MOST - (int64_t)p->shards) {
        return diag_error(p->d, DIAG_LIMIT, part->index_path, STR(""),
                          "the header says %" PRId64 " shards, the limit is %d", h->num_shards,
                          BUNDLE_SHARDS_MOST);
    }
    if (h->big_endian != p->parts[0].header.big_endian) {
        return BAD(p, part, STR(""), "it was written by a machine of another byte order than %s",
                   diag_visible(p->d, str_from(p->parts[0].index_path)));
    }
    return 0;
}

static errint read_header(struct bundle_parts *p, struct bundle_part *part)
{
    struct str key;
    struct str value;
    int got = sstable_next(part->table, &key, &value);
    if (got < 0) {
        return got;
    }
    if (got == 0 || key.len > 0) {
        return BAD(p, part, STR(""),
                   "the first record is %s, expected the header, whose key is empty",
                   got == 0 ? "missing" : diag_visible(p->d, str_head(key, 200)));
    }
    CLEANUP(arena_fini) struct arena scratch;
    arena_init(&scratch);
    errint rc = bundle_header_decode(value, &scratch, &part->header);
    if (rc == -ENOMEM) {
        return diag_no_memory(p->d);
    }
    if (rc < 0) {
        return BAD(p, part, STR(""), "the header's %zu bytes are not a BundleHeaderProto",
                   value.len);
    }
    rc = check_header(p, part);
    if (rc == 0) {
        part->first_shard = p->shards;
        p->shards += (uint32_t)part->header.num_shards;
    }
    return rc;
}

/* ---- the parts by their next keys */

static bool is_before(const struct bundle_parts *p, uint32_t a, uint32_t b)
{
    int order = str_cmp(p->parts[a].key, p->parts[b].key);
    return order ? order < 0 : a < b;
}

static void swap_parts(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static void heap_add(struct bundle_parts *p, uint32_t part)
{
    uint32_t at = p->heap_count++;
    p->heap[at] = part;
    while (at > 0 && is_before(p, p->heap[at], p->heap[(at - 1) / 2])) {
        swap_parts(&p->heap[at], &p->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static uint32_t heap_take(struct bundle_parts *p)
{
    uint32_t first = p->heap[0];
    p->heap[0] = p->heap[--p->heap_count];
    for (uint32_t at = 0, child; (child = 2 * at + 1) < p->heap_count; at = child) {
        child += child + 1 < p->heap_count && is_before(p, p->heap[child + 1], p->heap[child]);
        if (!is_before(p, p->heap[child], p->heap[at])) {
            break;
        }
        swap_parts(&p->heap[at], &p->heap[child]);
    }
    return first;
}

/* The parts whose records were given away go on to their next ones. */
static errint refill_heap(struct bundle_parts *p)
{
    while (p->taken_count > 0) {
        uint32_t i = p->taken[--p->taken_count];
        struct bundle_part *part = &p->parts[i];
        int got = sstable_next(part->table, &part->key, &part->value);
        if (got < 0) {
            return got;
        }
        if (got > 0) {
            heap_add(p, i);
        }
    }
    return 0;
}

/* ---- records that several parts have */

/* Whether two records are of one tensor in slices: what TensorFlow's merge wants of a key that it
 * meets again. */
static errint check_same(struct bundle_parts *p, const struct bundle_part *part,
                         const struct bundle_part *first)
{
    CLEANUP(arena_fini) struct arena scratch;
    struct bundle_entry a;
    struct bundle_entry b;
    arena_init(&scratch);
    errint rc = bundle_entry_decode(first->value, &scratch, &a);
    if (rc == 0) {
        rc = bundle_entry_decode(part->value, &scratch, &b);
    }
    if (rc == -ENOMEM) {
        return diag_no_memory(p->d);
    }
    const char *other = diag_visible(p->d, str_from(first->index_path));
    if (rc < 0 || !a.slice_count || !b.slice_count) {
        return BAD(p, part, part->key,
                   "it is in %s, too: only a tensor that is stored in slices may be in several",
                   other);
    }
    bool same = a.dtype == b.dtype && a.rank == b.rank && a.rank <= SHAPE_RANK_MOST &&
                (a.rank == 0 || memcmp(a.dims, b.dims, a.rank * sizeof(*a.dims)) == 0);
    return same ? 0 : BAD(p, part, part->key, "its dtype or shape is another than in %s", other);
}

/* The record of the parts in `taken`, which all have the same key. */
static errint join_records(struct bundle_parts *p, struct str *value)
{
    const struct bundle_part *first = &p->parts[p->taken[0]];
    p->joined.len = 0;
    buf_str(&p->joined, first->value);
    for (uint32_t i = 1; i < p->taken_count; i++) {
        const struct bundle_part *part = &p->parts[p->taken[i]];
        errint rc = check_same(p, part, first);
        if (rc < 0) {
            return rc;
        }
        bundle_entry_add_slices(part->value, &p->joined);
        if (p->joined.len > SSTABLE_VALUE_MOST) {
            return diag_error(p->d, DIAG_LIMIT, part->index_path, part->key,
                              "its slices in all parts take more than %d MiB",
                              SSTABLE_VALUE_MOST >> 20);
        }
    }
    *value = buf_view(&p->joined);
    return p->joined.failed ? diag_no_memory(p->d) : 0;
}

int bundle_parts_next(struct bundle_parts *p, struct str *key, struct str *value,
                      const struct bundle_part **part)
{
    if (p->count == 1) { /* nearly always: its records as they come */
        *part = p->parts;
        return sstable_next(p->parts->table, key, value);
    }
    errint rc = refill_heap(p);
    if (rc < 0 || p->heap_count == 0) {
        return rc;
    }
    do {
        p->taken[p->taken_count++] = heap_take(p);
    } while (p->heap_count > 0 && str_eq(p->parts[p->heap[0]].key, p->parts[p->taken[0]].key));
    *part = &p->parts[p->taken[0]];
    *key = (*part)->key;
    *value = (*part)->value;
    rc = p->taken_count > 1 ? join_records(p, value) : 0;
    return rc < 0 ? rc : 1;
}

/* ---- all of it */

static errint open_part(struct bundle_parts *p, struct bundle_part *part)
{
    errint rc = io_open(part->index_path, &part->io);
    if (rc < 0) {
        return file_complain(p->d, rc == -ENOENT ? DIAG_CHECKPOINT_NOT_FOUND : DIAG_FILE_UNREADABLE,
                             part->index_path, rc);
    }
    rc = sstable_open(part->io, p->d, &part->table);
    return rc < 0 ? rc : read_header(p, part);
}

errint bundle_parts_open(const struct location *where, struct catalog *c, struct diag *d,
                         struct bundle_parts *out)
{
    struct arena *a = &c->arena;
    uint32_t count = where->file_count ? where->file_count : 1;
    *out = (struct bundle_parts){.d = d, .apart = where->file_count > 0};
    if (count > BUNDLE_PARTS_MOST) {
        return diag_error(d, DIAG_LIMIT, where->prefix, STR(""), "%u parts, the limit is %d", count,
                          BUNDLE_PARTS_MOST);
    }
    out->parts = ARENA_ARRAY(a, struct bundle_part, count);
    out->heap = ARENA_ARRAY(a, uint32_t, count);
    out->taken = ARENA_ARRAY(a, uint32_t, count);
    if (!out->parts || !out->heap || !out->taken) {
        return diag_no_memory(d);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct bundle_part *part = &out->parts[out->count++];
        part->index_path =
            arena_cstr(a, str_from(where->file_count ? where->files[i] : where->index_path));
        errint rc = part->index_path ? open_part(out, part) : diag_no_memory(d);
        if (rc < 0) {
            return rc;
        }
        out->taken[out->taken_count++] = i;
    }
    return 0;
}

const char *const *bundle_parts_paths(const struct bundle_parts *p, struct arena *a)
{
    const char **paths = ARENA_ARRAY(a, const char *, p->shards);
    for (uint32_t i = 0; paths && i < p->count; i++) {
        const struct bundle_part *part = &p->parts[i];
        int prefix = (int)(strlen(part->index_path) - strlen(".index"));
        for (uint32_t k = 0; k < part->header.num_shards; k++) {
            const char *path = arena_printf(a, "%.*s.data-%05u-of-%05u", prefix, part->index_path,
                                            k, (unsigned)part->header.num_shards);
            if (!path) {
                return NULL;
            }
            paths[part->first_shard + k] = path;
        }
    }
    return paths;
}

void bundle_parts_close(struct bundle_parts *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        sstable_close(p->parts[i].table);
        io_close(p->parts[i].io);
    }
    buf_fini(&p->joined);
    *p = (struct bundle_parts){0};
}
