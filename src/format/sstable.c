/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sstable.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/file.h"
#include "format/sstable_block.h"

/* The footer: two handles as varints, zeros to byte 40 that nobody reads, 8 bytes of magic. */
enum { FOOTER = 48, FOOTER_HANDLES = 40 };
#define MAGIC 0xdb4775248b80fb57u

/* All keys together, against prefix compression that makes much out of little. */
enum { EXPANSION_MOST = 64, EXPANSION_FREE = 64 << 20 };

struct sstable {
    struct sstable_source src;
    struct sstable_block index;
    struct sstable_block data;
    uint64_t index_off;     /* data blocks end here at the latest */
    uint64_t data_end;      /* end of the newest data block with its trailer: the next begins here or later */
    uint32_t index_key_len; /* of the newest index entry */
    uint32_t block_key_len; /* of the newest key of this block; 0 before its first */
    struct str key;         /* the newest key of the table, in key_bytes */
    bool any;               /* there was a key */
    uint64_t expanded;      /* sum of all key lengths */
    errint rc;              /* what sstable_next returns for ever once it is not 1 */
    char key_bytes[SSTABLE_KEY_MOST];
};

static struct sstable_handle read_handle(struct cursor *c)
{
    uint64_t off = cursor_varint64(c);
    return (struct sstable_handle){off, cursor_varint64(c)};
}

/* The end of a block with its trailer, or false where it passes `most`. */
static bool handle_end(struct sstable_handle h, uint64_t most, uint64_t *end)
{
    return checked_add_u64(h.off, h.bytes, end) && checked_add_u64(*end, SSTABLE_TRAILER, end) &&
           *end <= most;
}

static errint read_footer(struct sstable *t)
{
    const struct sstable_source *src = &t->src;
    if (src->size < FOOTER) {
        return SSTABLE_CORRUPT(src, "the file has %" PRIu64 " bytes, a table has at least %d", src->size,
                               FOOTER);
    }
    char footer[FOOTER];
    uint64_t at = src->size - FOOTER;
    if (file_read_at(src->fd, at, FOOTER, footer) < 0) {
        return diag_error(src->d, DIAG_FILE_UNREADABLE, src->path, STR(""),
                          "cannot read %d bytes at byte %" PRIu64, FOOTER, at);
    }
    struct cursor magic = cursor_over(footer + FOOTER_HANDLES, FOOTER - FOOTER_HANDLES);
    uint64_t found = cursor_le64(&magic);
    if (found != MAGIC) {
        return SSTABLE_CORRUPT(src, "the last 8 bytes are %016" PRIx64 ", a table ends in %016" PRIx64, found,
                               (uint64_t)MAGIC);
    }
    struct cursor c = cursor_over(footer, FOOTER_HANDLES);
    (void)read_handle(&c); /* the metaindex: always empty, and never read by TensorFlow either */
    struct sstable_handle index = read_handle(&c);
    uint64_t end;
    if (c.bad) {
        return SSTABLE_CORRUPT(src, "the footer at byte %" PRIu64 " does not hold two block handles", at);
    }
    if (!handle_end(index, at, &end)) {
        return SSTABLE_CORRUPT(
            src, "the index block at byte %" PRIu64 " (%" PRIu64 " bytes) passes the footer at byte %" PRIu64,
            index.off, index.bytes, at);
    }
    t->index_off = index.off;
    return sstable_block_load(&t->index, src, index);
}

errint sstable_open(int fd, uint64_t size, const char *path, struct diag *d, struct sstable **out)
{
    *out = NULL;
    struct sstable *t = malloc(sizeof(*t));
    if (!t) {
        return diag_no_memory(d);
    }
    memset(t, 0, offsetof(struct sstable, key_bytes));
    t->src = (struct sstable_source){fd, size, path, d};
    t->key = str_of(t->key_bytes, 0);
    t->rc = 1;
    errint rc = read_footer(t);
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
    const struct sstable_source *src = &t->src;
    struct sstable_entry e;
    int got = sstable_block_next(&t->index, src, &e);
    if (got <= 0) {
        return got;
    }
    if (e.shared > t->index_key_len) {
        return SSTABLE_CORRUPT(src, "an index key shares %u bytes with the key before it, which has %u",
                               e.shared, t->index_key_len);
    }
    t->index_key_len = e.shared + (uint32_t)e.unshared.len;
    struct cursor c = cursor_over(e.value.ptr, e.value.len);
    struct sstable_handle h = read_handle(&c); /* more bytes after it are legal */
    uint64_t end;
    if (c.bad) {
        return SSTABLE_CORRUPT(src, "an index entry of %zu bytes holds no block handle", e.value.len);
    }
    if (h.off < t->data_end || !handle_end(h, t->index_off, &end)) {
        return SSTABLE_CORRUPT(
            src,
            "the data block at byte %" PRIu64 " (%" PRIu64 " bytes) does not lie between the block "
            "before it, which ends at byte %" PRIu64 ", and the index block at byte %" PRIu64,
            h.off, h.bytes, t->data_end, t->index_off);
    }
    t->data_end = end;
    t->block_key_len = 0;
    errint rc = sstable_block_load(&t->data, src, h);
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
    t->expanded += t->key.len;
    if (t->expanded > EXPANSION_FREE && (t->expanded - EXPANSION_FREE) / EXPANSION_MOST > src->size) {
        return SSTABLE_LIMIT(src, "the keys together pass %d times the file's %" PRIu64 " bytes and %d",
                             EXPANSION_MOST, src->size, EXPANSION_FREE);
    }
    return 0;
}

static int advance(struct sstable *t, struct str *value)
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
        t->rc = advance(t, value);
    }
    if (t->rc == 1) {
        *key = t->key;
    }
    return t->rc;
}

void sstable_close(struct sstable *t)
{
    if (t) {
        sstable_block_fini(&t->index);
        sstable_block_fini(&t->data);
        free(t);
    }
}
