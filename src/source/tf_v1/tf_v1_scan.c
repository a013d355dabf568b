/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v1/tf_v1_scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "codec/sstable_index.h"
#include "io/io_bytes.h"
#include "source/tf_v1/tf_v1_blocks.h"

struct tf_v1_scan {
    struct sstable_source src;
    struct sstable_index index;
    struct sstable_block unpacked; /* the block at hand, if it is compressed */
    struct io_bytes entry_bytes;   /* the entries of `unpacked` */
    struct sstable_stored block;
    bool packed;
    uint64_t block_bytes;
    struct wire_window entries; /* what is left of the block */
    bool first;                 /* no block was looked at yet */
    bool any;                   /* there was a key */
    unsigned passed;
    struct sstable_stored *blocks; /* owns; those met so far */
    size_t block_count;
    size_t block_cap;
    uint32_t key_len;   /* of the newest key */
    uint32_t shareable; /* its length, if it is of this block, else 0 */
    uint64_t expanded;
    struct wire wire;
    char key[SSTABLE_KEY_MOST];
};

static errint read_at(const struct sstable_source *src, uint64_t off, size_t len, void *buf)
{
    if (io_read(src->io, NULL, off, len, buf) < 0) {
        return diag_error(src->d, DIAG_FILE_UNREADABLE, src->io->name, STR(""),
                          "cannot read %zu bytes at byte %" PRIu64, len, off);
    }
    return 0;
}

static errint verify_first(struct tf_v1_scan *s, struct sstable_stored b)
{
    CLEANUP_FREE char *window = malloc(TF_V1_BLOCK_WINDOW);
    if (!window) {
        return diag_no_memory(s->src.d);
    }
    uint32_t found;
    errint rc = tf_v1_block_sum(s->src.io, NULL, b.handle, window, NULL, &found);
    if (rc < 0) {
        return diag_error(s->src.d, DIAG_FILE_UNREADABLE, s->src.io->name, STR(""),
                          "cannot read the block at byte %" PRIu64, b.handle.off);
    }
    if (found == b.crc32c) {
        return 0;
    }
    return SSTABLE_CORRUPT(
        &s->src,
        "the block at byte %" PRIu64 " (%" PRIu64
        " bytes), which has the metadata, has the checksum %08x, its trailer says %08x",
        b.handle.off, b.handle.bytes, found, b.crc32c);
}

errint tf_v1_scan_open(struct io *io, struct diag *d, struct tf_v1_scan **out)
{
    *out = NULL;
    struct tf_v1_scan *s = malloc(sizeof(*s));
    if (!s) {
        return diag_no_memory(d);
    }
    memset(s, 0, offsetof(struct tf_v1_scan, wire));
    s->src = (struct sstable_source){io, d};
    s->first = true;
    errint rc = sstable_index_open(&s->index, &s->src);
    if (rc < 0) {
        tf_v1_scan_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* A compressed block: as the table's own reader takes it. False in *taken if it is passed over. */
static errint enter_packed(struct tf_v1_scan *s, struct sstable_handle h, bool *taken)
{
    /* More than that is not even unpacked; whether less is too much, its own head says. */
    uint64_t claims = 0;
    uint8_t head[5];
    size_t len = h.bytes < sizeof(head) ? (size_t)h.bytes : sizeof(head);
    errint rc = read_at(&s->src, h.off, len, head);
    if (rc < 0) {
        return rc;
    }
    struct cursor c = cursor_over(head, len);
    claims = cursor_varint64(&c); /* what is malformed, the block's reader will say */
    if (h.bytes > SSTABLE_BLOCK_MOST || claims > SSTABLE_BLOCK_MOST) {
        s->passed++;
        *taken = false;
        return 0;
    }
    rc = sstable_block_load(&s->unpacked, &s->src, h);
    if (rc < 0) {
        return rc;
    }
    s->block_bytes = claims;
    s->entries = (struct wire_window){0, cursor_left(&s->unpacked.entries), 0};
    io_bytes_init(&s->entry_bytes, s->unpacked.start, (size_t)s->entries.end, s->src.io->name);
    wire_init(&s->wire, &s->entry_bytes.io, s->entries.end);
    return 0;
}

static errint enter_plain(struct tf_v1_scan *s, struct sstable_handle h)
{
    uint8_t tail[4];
    if (h.bytes < sizeof(tail)) {
        return SSTABLE_CORRUPT(
            &s->src, "the block at byte %" PRIu64 " holds %" PRIu64 " bytes, expected at least 4",
            h.off, h.bytes);
    }
    errint rc = read_at(&s->src, h.off + h.bytes - sizeof(tail), sizeof(tail), tail);
    if (rc < 0) {
        return rc;
    }
    struct cursor c = cursor_over(tail, sizeof(tail));
    uint64_t restarts = cursor_le32(&c);
    if (restarts > (h.bytes - 4) / 4) {
        return SSTABLE_CORRUPT(&s->src,
                               "the block at byte %" PRIu64 " has %" PRIu64 " restarts, %" PRIu64
                               " bytes hold at most %" PRIu64,
                               h.off, restarts, h.bytes, (h.bytes - 4) / 4);
    }
    uint64_t entries =
        restarts ? h.bytes - 4 - 4 * restarts : 0; /* none: empty, as for TensorFlow */
    s->block_bytes = h.bytes;
    s->entries = (struct wire_window){h.off, h.off + entries, 0};
    wire_init(&s->wire, s->src.io, s->src.io->size);
    return 0;
}

static errint add_block(struct tf_v1_scan *s, struct sstable_stored b)
{
    if (!grow(&s->blocks, &s->block_cap, s->block_count, sizeof(*s->blocks))) {
        return diag_no_memory(s->src.d);
    }
    s->blocks[s->block_count++] = b;
    return 0;
}

/* The next block that can be walked: 1, 0, negative. */
static int enter_block(struct tf_v1_scan *s)
{
    for (;;) {
        struct sstable_handle h;
        int got = sstable_index_next(&s->index, &s->src, &h);
        if (got <= 0) {
            return got;
        }
        bool taken = true;
        uint8_t trailer[SSTABLE_TRAILER];
        errint rc = read_at(&s->src, h.off + h.bytes, sizeof(trailer), trailer);
        if (rc < 0) {
            return rc;
        }
        struct cursor c = cursor_over(trailer + 1, sizeof(trailer) - 1);
        uint8_t type = trailer[0];
        s->block = (struct sstable_stored){h, cursor_le32(&c)};
        rc = s->first && h.bytes <= TF_V1_VERIFIED_MOST ? verify_first(s, s->block) : 0;
        s->first = false;
        if (rc < 0 || (rc = add_block(s, s->block)) < 0) {
            return rc;
        }
        if (type != SSTABLE_PLAIN && type != SSTABLE_SNAPPY) {
            return SSTABLE_CORRUPT(&s->src,
                                   "the block at byte %" PRIu64
                                   " has the compression type %u, expected 0 or 1",
                                   h.off, type);
        }
        s->packed = type == SSTABLE_SNAPPY;
        s->shareable = 0;
        rc = s->packed ? enter_packed(s, h, &taken) : enter_plain(s, h);
        if (rc < 0 || taken) {
            return rc < 0 ? rc : 1;
        }
    }
}

static errint complain_entry(struct tf_v1_scan *s, errint rc)
{
    if (rc == -EBADMSG) {
        return SSTABLE_CORRUPT(&s->src,
                               "the entry at byte %" PRIu64 " of the block at byte %" PRIu64
                               " passes the end of the entries",
                               s->packed ? s->entries.off : s->entries.off - s->block.handle.off,
                               s->block.handle.off);
    }
    return diag_error(s->src.d, DIAG_FILE_UNREADABLE, s->src.io->name, STR(""),
                      "cannot read the block at byte %" PRIu64, s->block.handle.off);
}

/* Make the newest key of `shared` bytes of the one before and `unshared` more. */
static errint take_key(struct tf_v1_scan *s, struct wire_window *at, uint64_t shared,
                       uint64_t unshared)
{
    if (shared > s->shareable) {
        return SSTABLE_CORRUPT(&s->src,
                               "in the block at byte %" PRIu64 " a key shares %" PRIu64
                               " bytes with the key before it, which has %u",
                               s->block.handle.off, shared, s->shareable);
    }
    struct wire_window bytes = {at->off, at->off + unshared, 0};
    const uint8_t *fresh;
    size_t len;
    errint rc = wire_view(&s->wire, bytes, (size_t)unshared, &fresh, &len);
    if (rc < 0) {
        return complain_entry(s, rc);
    }
    struct str rest = str_of(s->key + shared, s->key_len - (size_t)shared);
    if (s->any && str_cmp(str_of(fresh, (size_t)unshared), rest) <= 0) {
        return SSTABLE_CORRUPT(
            &s->src,
            "in the block at byte %" PRIu64
            " a key is not greater than the key before it, '%s': keys must increase",
            s->block.handle.off,
            diag_visible(s->src.d, str_of(s->key, s->key_len < 200 ? s->key_len : 200)));
    }
    memcpy(s->key + shared, fresh, (size_t)unshared);
    s->any = true;
    s->key_len = s->shareable = (uint32_t)(shared + unshared);
    at->off += unshared;
    return sstable_count_key(&s->src, s->key_len, &s->expanded);
}

int tf_v1_scan_next(struct tf_v1_scan *s, struct tf_v1_record *r)
{
    while (wire_len(s->entries) == 0) {
        int got = enter_block(s);
        if (got <= 0) {
            return got;
        }
    }
    struct wire_window at = s->entries;
    uint64_t number[3]; /* shared, unshared, value */
    for (unsigned i = 0; i < 3; i++) {
        errint rc = wire_varint(&s->wire, &at, &number[i]);
        if (rc < 0) {
            return complain_entry(s, rc);
        }
    }
    if (number[0] > SSTABLE_KEY_MOST || number[1] > SSTABLE_KEY_MOST - number[0]) {
        return SSTABLE_LIMIT(&s->src,
                             "in the block at byte %" PRIu64 " a key has %" PRIu64 " and %" PRIu64
                             " bytes, the limit is %d",
                             s->block.handle.off, number[0], number[1], SSTABLE_KEY_MOST);
    }
    if (number[1] > wire_len(at) || number[2] > wire_len(at) - number[1]) {
        return complain_entry(s, -EBADMSG);
    }
    errint rc = take_key(s, &at, number[0], number[1]);
    if (rc < 0) {
        return rc;
    }
    *r = (struct tf_v1_record){
        .key = str_of(s->key, s->key_len),
        .wire = &s->wire,
        .value = {at.off, at.off + number[2], 0},
        .packed = s->packed,
        .block = s->block,
        .block_bytes = s->block_bytes,
    };
    s->entries.off = at.off + number[2];
    return 1;
}

unsigned tf_v1_scan_passed(const struct tf_v1_scan *s)
{
    return s->passed;
}

const struct sstable_stored *tf_v1_scan_blocks(const struct tf_v1_scan *s, size_t *count)
{
    *count = s->block_count;
    return s->blocks;
}

void tf_v1_scan_close(struct tf_v1_scan *s)
{
    if (s) {
        sstable_index_fini(&s->index);
        sstable_block_fini(&s->unpacked);
        free(s->blocks);
        free(s);
    }
}
