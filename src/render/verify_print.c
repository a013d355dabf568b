/* SPDX-License-Identifier: Apache-2.0 */
/* What was found, in words. */
#include "render/verify.h"
#include "source/stored.h"

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
    struct source_check check;
    buf_text(b, ", in ");
    if (source_check_find(c, t, s, &check)) {
        source_check_print(c, &check, b);
    } else {
        buf_visible(b, str_from(shard_file(&c->shards[stored_shard(t, s)])->path));
    }
}
