/* SPDX-License-Identifier: Apache-2.0 */
/* What was found, in words. */
#include "render/verify.h"
#include "source/tf_v1/tf_v1_blocks.h"

static const char *const words[] = {
    [VERIFY_GOOD] = "good",
    [VERIFY_CHECKSUM] = "checksum mismatch",
    [VERIFY_UNREADABLE] = "cannot be read",
    [VERIFY_MALFORMED] = "the lengths of its elements do not fit its bytes",
    [VERIFY_VALUES] = "its values do not fit its dtype and shape, or cannot be decoded",
    [VERIFY_UNKNOWN] = "not checked: nothing is known of the bytes of its type",
};

void verify_words(const struct verify_result *r, struct buf *b)
{
    buf_text(b, words[r->outcome]);
    if (r->outcome == VERIFY_CHECKSUM) {
        buf_printf(b, ": stored %08x, found %08x", r->stored, r->found);
    }
}

void verify_print_block(const struct shard *file, uint32_t number, struct buf *b)
{
    const struct sstable_handle *h = &file->blocks[number].handle;
    buf_printf(b, "the block at byte %llu (%llu bytes) of ", (unsigned long long)h->off,
               (unsigned long long)h->bytes);
    buf_visible(b, str_from(file->path));
}

void verify_print(const struct catalog *c, const struct tensor *t, const struct stored_slice *s,
                  const struct verify_result *r, struct buf *b)
{
    buf_visible(b, tensor_name(t));
    if (s) {
        buf_char(b, ' ');
        slices_print(b, s->start, s->len, t->rank);
    }
    buf_text(b, ": ");
    verify_words(r, b);
    if (r->outcome == VERIFY_UNKNOWN) {
        return;
    }
    struct shard *shard = &c->shards[verify_stored_shard(t, s)];
    const struct shard *file = shard_file(shard);
    uint32_t number = tf_v1_block_at(file, shard_origin(shard, verify_stored_off(t, s)));
    buf_text(b, ", in ");
    if (number != TF_V1_NO_BLOCK) {
        verify_print_block(file, number, b);
    } else {
        buf_visible(b, str_from(file->path));
    }
}
