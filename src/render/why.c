/* SPDX-License-Identifier: Apache-2.0 */
#include "render/why.h"

#include <string.h>

#include "plan/plan.h"
#include "render/verified.h"
#include "tensor/dtype.h"

static void print_file(const struct cause *cause, struct buf *b)
{
    const struct io *file = cause->what;
    buf_visible(b, str_from(file->name));
    if (cause->rc == -ESTALE) {
        buf_text(b, ": changed since it was opened");
    } else {
        buf_printf(b, ": cannot be read: %s", strerror(-cause->rc));
    }
}

static void print_doubt(const struct cause *cause, struct buf *b)
{
    const struct io *file = cause->what;
    buf_visible(b, str_from(file->name));
    buf_text(b,
             ": may have changed since it was opened, and what is read of it cannot be verified");
}

static void print_block(const struct cause *cause, struct buf *b)
{
    const struct io *file = cause->what;
    buf_visible(b, str_from(file->name));
    buf_printf(b, ": the block at byte %llu is damaged", (unsigned long long)cause->number);
}

/* The file that a tensor is in, or the first of its slices. */
static const struct shard *file_of(const struct catalog *c, const struct tensor *t)
{
    const struct slices *s = tensor_slices(c, t);
    uint32_t shard = s && s->count ? s->slices[0].shard : t->shard;
    return shard < c->shard_count ? shard_file(&c->shards[shard]) : NULL;
}

static void print_tensor(const struct catalog *c, const struct cause *cause, struct buf *b)
{
    const struct tensor *t = cause->what;
    const struct shard *file = file_of(c, t);
    buf_visible(b, tensor_name(t));
    if (cause->rc == -ERANGE) {
        buf_printf(b, ": a value does not fit %s, to which it is cast",
                   dtype_name((enum dtype)cause->number));
    } else if (cause->rc == -EOVERFLOW) {
        buf_text(b, ": its stored slices are too entangled to be shown in order");
    } else {
        buf_text(b, ": its bytes in ");
        buf_visible(b, str_from(file ? file->path : "the checkpoint"));
        buf_text(b, " are damaged");
    }
}

static void print_target(const struct cause *cause, struct buf *b)
{
    const struct target *t = cause->what;
    buf_visible(b, target_name(t));
    buf_printf(b, ": a value that is computed does not fit %s",
               dtype_name((enum dtype)cause->number));
}

bool why_print(const struct catalog *c, const struct cause *cause, struct buf *b)
{
    if (cause->detail) {
        verified_print(c, cause, b);
        return true;
    }
    switch (cause->kind) {
    case CAUSE_NONE:
        return false;
    case CAUSE_FILE:
        print_file(cause, b);
        break;
    case CAUSE_DOUBT:
        print_doubt(cause, b);
        break;
    case CAUSE_BLOCK:
        print_block(cause, b);
        break;
    case CAUSE_TENSOR:
        print_tensor(c, cause, b);
        break;
    case CAUSE_TARGET:
        print_target(cause, b);
        break;
    }
    return true;
}
