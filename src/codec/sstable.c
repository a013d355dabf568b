/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sstable.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "codec/sstable_index.h"

struct sstable {
    struct sstable_source src;
    struct sstable_index index;
    struct sstable_block data;
    uint32_t block_key_len; /* of the newest key of this block; 0 before its first */
    struct str key;         /* the newest key of the table, in key_bytes */
    bool any;               /* there was a key */
    uint64_t expanded;      /* sum of all key lengths */
    errint rc;              /* what sstable_next returns for ever once it is not 1 */
    char key_bytes[SSTABLE_KEY_MOST];
};

errint sstable_open(struct io *io, struct diag *d, struct sstable **out)
{
    *out = NULL;
    struct sstable *t = malloc(sizeof(*t));
    if (!t) {
        return diag_no_memory(d);
    }
    memset(t, 0, offsetof(struct sstable, key_bytes));
    t->src = (struct sstable_source){io, d};
    t->key = str_of(t->key_bytes, 0);
    t->rc = 1;
    errint rc = sstable_index_open(&t->index, &t->src);
    if (rc < 0) {
        sstable_close(t);
        return rc;
    }
    *out = t;
    return 0;
}

/* The next data block that the index names: 1, 0 at the end, negative. */
static int next_block(struct sstable *t)
{
    struct sstable_handle h;
    int got = sstable_index_next(&t->index, &t->src, &h);
    if (got <= 0) {
        return got;
    }
    t->block_key_len = 0;
    errint rc = sstable_block_load(&t->data, &t->src, h);
    return rc < 0 ? rc : 1;
}

/* Make `e` the newest key: the bytes it shares stay in place. */
static errint take_key(struct sstable *t, const struct sstable_entry *e)
{
    const struct sstable_source *src = &t->src;
    if (e->shared > t->block_key_len) {
        return SSTABLE_CORRUPT(src,
                               "in the block at byte %" PRIu64
                               " a key shares %u bytes with the key before it, which "
                               "has %u",
                               t->data.handle.off, e->shared, t->block_key_len);
    }
    if (t->any && str_cmp(e->unshared, str_from_pos(t->key, e->shared)) <= 0) {
        return SSTABLE_CORRUPT(src,
                               "in the block at byte %" PRIu64
                               " a key is not greater than the key before it, '%s': "
                               "keys must increase",
                               t->data.handle.off, diag_visible(src->d, str_head(t->key, 200)));
    }
    if (e->unshared.len) {
        memcpy(t->key_bytes + e->shared, e->unshared.ptr, e->unshared.len);
    }
    t->key.len = e->shared + e->unshared.len;
    t->block_key_len = (uint32_t)t->key.len;
    t->any = true;
    return sstable_count_key(src, t->key.len, &t->expanded);
}

static int next_entry(struct sstable *t, struct str *value)
{
    struct sstable_entry e;
    int got;
    while ((got = sstable_block_next(&t->data, &t->src, &e)) == 0) {
        got = next_block(t);
        if (got <= 0) {
            return got;
        }
    }
    if (got < 0) {
        return got;
    }
    *value = e.value;
    errint rc = take_key(t, &e);
    return rc < 0 ? rc : 1;
}

int sstable_next(struct sstable *t, struct str *key, struct str *value)
{
    *key = *value = STR("");
    if (t->rc == 1) {
        t->rc = next_entry(t, value);
    }
    if (t->rc == 1) {
        *key = t->key;
    }
    return t->rc;
}

void sstable_close(struct sstable *t)
{
    if (t) {
        sstable_index_fini(&t->index);
        sstable_block_fini(&t->data);
        free(t);
    }
}
