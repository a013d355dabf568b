/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/sstable_index.h"

#include <inttypes.h>

#include "base/checked.h"
#include "io/file_kind.h"

/* All keys together. */
enum { EXPANSION_MOST = 64, EXPANSION_FREE = 64 << 20 };

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

static errint read_footer(const struct sstable_source *src, struct sstable_handle *metaindex,
                          struct sstable_handle *index)
{
    if (src->io->size == 0) {
        return SSTABLE_CORRUPT(
            src, "the file has 0 bytes, a table has at least %d: was it copied as a whole?",
            SSTABLE_FOOTER);
    }
    const struct file_kind *kind = file_kind_of(src->io);
    if (kind->group != FILE_KIND_TABLE && kind->group != FILE_KIND_UNKNOWN) {
        return file_kind_complain(src->d, DIAG_CHECKPOINT_CORRUPT, src->io->name, kind,
                                  "the index of a checkpoint, or a V1 checkpoint");
    }
    if (src->io->size < SSTABLE_FOOTER) {
        return SSTABLE_CORRUPT(src, "the file has %" PRIu64 " bytes, a table has at least %d",
                               src->io->size, SSTABLE_FOOTER);
    }
    char footer[SSTABLE_FOOTER];
    uint64_t at = src->io->size - SSTABLE_FOOTER;
    if (io_read(src->io, NULL, at, SSTABLE_FOOTER, footer) < 0) {
        return diag_error(src->d, DIAG_FILE_UNREADABLE, src->io->name, STR(""),
                          "cannot read %d bytes at byte %" PRIu64, SSTABLE_FOOTER, at);
    }
    struct cursor magic = cursor_over(footer + SSTABLE_HANDLES, SSTABLE_FOOTER - SSTABLE_HANDLES);
    uint64_t found = cursor_le64(&magic);
    if (found != FILE_TABLE_MAGIC) {
        return SSTABLE_CORRUPT(
            src, "the last 8 bytes are %016" PRIx64 ", a table ends in " FILE_TABLE_MAGIC_HEX,
            __builtin_bswap64(found));
    }
    struct cursor c = cursor_over(footer, SSTABLE_HANDLES);
    *metaindex = read_handle(&c);
    *index = read_handle(&c);
    uint64_t end;
    if (c.bad) {
        return SSTABLE_CORRUPT(
            src, "the footer at byte %" PRIu64 " does not hold two block handles", at);
    }
    if (!handle_end(*index, at, &end)) {
        return SSTABLE_CORRUPT(src,
                               "the index block at byte %" PRIu64 " (%" PRIu64
                               " bytes) passes the footer at byte %" PRIu64,
                               index->off, index->bytes, at);
    }
    return 0;
}

static errint check_metaindex(const struct sstable_source *src, struct sstable_handle h)
{
    uint64_t end;
    if (!handle_end(h, src->io->size - SSTABLE_FOOTER, &end)) {
        return SSTABLE_CORRUPT(
            src, "the metaindex block at byte %" PRIu64 " (%" PRIu64 " bytes) passes the footer",
            h.off, h.bytes);
    }
    struct sstable_block block = {0};
    errint rc = sstable_block_load(&block, src, h);
    sstable_block_fini(&block);
    return rc;
}

errint sstable_check_metaindex(const struct sstable_source *src)
{
    struct sstable_handle metaindex;
    struct sstable_handle index;
    errint rc = read_footer(src, &metaindex, &index);
    return rc < 0 ? rc : check_metaindex(src, metaindex);
}

/* TensorFlow does not look at that block, so its damage is told, and no more. */
static errint warn_metaindex(const struct sstable_source *src, struct sstable_handle h)
{
    struct diag found;
    diag_init(&found);
    const struct sstable_source quiet = {src->io, &found};
    errint rc = check_metaindex(&quiet, h);
    if (rc == -EBADMSG && found.kept) {
        diag_warn(src->d, DIAG_CHECKPOINT_CORRUPT, src->io->name, STR(""),
                  "metaindex: %s (TensorFlow never reads it, and no tensor needs it)",
                  found.entries[0].message);
    }
    diag_fini(&found);
    return rc == -EBADMSG ? 0 : rc;
}

errint sstable_index_open(struct sstable_index *x, const struct sstable_source *src)
{
    struct sstable_handle metaindex; /* always empty, and never read by TensorFlow either */
    struct sstable_handle h;
    errint rc = read_footer(src, &metaindex, &h);
    x->off = h.off;
    if (rc < 0 || (rc = sstable_block_load(&x->block, src, h)) < 0) {
        return rc;
    }
    return warn_metaindex(src, metaindex);
}

int sstable_index_next(struct sstable_index *x, const struct sstable_source *src,
                       struct sstable_handle *h)
{
    struct sstable_entry e;
    int got = sstable_block_next(&x->block, src, &e);
    if (got <= 0) {
        return got;
    }
    if (e.shared > x->key_len) {
        return SSTABLE_CORRUPT(src,
                               "an index key shares %u bytes with the key before it, which has %u",
                               e.shared, x->key_len);
    }
    x->key_len = e.shared + (uint32_t)e.unshared.len;
    struct cursor c = cursor_over(e.value.ptr, e.value.len);
    *h = read_handle(&c); /* more bytes after it are legal */
    uint64_t end;
    if (c.bad) {
        return SSTABLE_CORRUPT(src, "an index entry of %zu bytes holds no block handle",
                               e.value.len);
    }
    if (h->off < x->data_end || !handle_end(*h, x->off, &end)) {
        return SSTABLE_CORRUPT(
            src,
            "the data block at byte %" PRIu64 " (%" PRIu64 " bytes) does not lie between the block "
            "before it, which ends at byte %" PRIu64 ", and the index block at byte %" PRIu64,
            h->off, h->bytes, x->data_end, x->off);
    }
    x->data_end = end;
    return 1;
}

void sstable_index_fini(struct sstable_index *x)
{
    sstable_block_fini(&x->block);
}

errint sstable_count_key(const struct sstable_source *src, size_t len, uint64_t *sum)
{
    *sum += len;
    if (*sum > EXPANSION_FREE && (*sum - EXPANSION_FREE) / EXPANSION_MOST > src->io->size) {
        return SSTABLE_LIMIT(src,
                             "the keys together pass %d times the file's %" PRIu64 " bytes and %d",
                             EXPANSION_MOST, src->io->size, EXPANSION_FREE);
    }
    return 0;
}
