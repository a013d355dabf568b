/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/bundle_checks.h"

#include "base/crc32c.h"
#include "base/once.h"
#include "source/stored.h"
#include "source/tf/strings.h"
#include "source/tf_v2/variants.h"
#include "tensor/dtype.h"

uint64_t bundle_check_count(const struct catalog *c)
{
    const struct slices *last = c->sliced_count ? &c->sliced[c->sliced_count - 1] : NULL;
    return c->count + (last ? last->first + last->count : 0);
}

bool bundle_check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out)
{
    struct shard *shard = &c->shards[stored_shard(t, s)];
    const struct strings_run *run = strings_run_at(shard->io, stored_off(t, s));
    *out = (struct source_check){
        .number = (uint64_t)(t - c->tensors),
        .file = shard_file(shard),
        .off = run ? run->off : shard_origin(shard, stored_off(t, s)),
        .bytes = stored_bytes(c, t, s),
        .crc32c = s ? s->crc32c : t->crc32c,
        .tensor = t,
        .slice = s,
    };
    if (s) {
        const struct slices *all = tensor_slices(c, t);
        out->number = c->count + all->first + (uint64_t)(s - all->slices);
    }
    return true;
}

/* Of the bytes of k, as they are. */
static errint plain_sum(const struct source_check *k, struct once_waiter *w, char *buf,
                        struct source_meter *m, uint32_t *found)
{
    errint rc = 0;
    uint32_t crc = 0;
    uint64_t off = k->off;
    uint64_t left = k->bytes;
    while (rc == 0 && left > 0) {
        size_t n = left < SOURCE_BUFFER ? (size_t)left : SOURCE_BUFFER;
        rc = once_interrupted(w) ? -EINTR : io_read(k->file->io, w, off, n, buf);
        if (m) {
            m->read(m, n);
        }
        crc = rc < 0 ? 0 : crc32c_extend(crc, buf, n);
        off += n;
        left -= n;
    }
    *found = crc32c_mask(crc);
    return rc;
}

static errint strings_sum(struct io *file, struct once_waiter *w, const struct strings_run *run,
                          struct source_meter *m, uint32_t *found)
{
    errint rc = strings_check(file, w, run, found);
    if (m) {
        m->read(m, run->bytes);
    }
    return rc;
}

static errint variant_sum(const struct source_check *k, struct once_waiter *w, char *buf,
                          struct source_meter *m, uint32_t *found)
{
    _Static_assert(VARIANTS_BUFFER <= (int)SOURCE_BUFFER, "the buffer is large enough");
    const struct tensor *t = k->tensor;
    struct variants_run run = {.off = t->off, .crc32c = t->crc32c};
    uint64_t bytes = 0;
    errint rc = -EBADMSG;
    if (shape_elements(tensor_shape(t), &run.elements) == 0) {
        rc = variants_check(k->file->io, w, &run, buf, found, &bytes);
    }
    if (m) {
        m->read(m, bytes < t->bytes ? bytes : t->bytes);
    }
    return rc;
}

errint bundle_check_sum(const struct catalog *c, struct once_waiter *w,
                        const struct source_check *k, char *buf, struct source_meter *m,
                        uint32_t *found)
{
    const struct tensor *t = k->tensor;
    const struct strings_run *run =
        strings_run_at(c->shards[stored_shard(t, k->slice)].io, stored_off(t, k->slice));
    if (run) {
        return strings_sum(k->file->io, w, run, m, found);
    }
    if (t->dtype == DTYPE_VARIANT && !k->slice && !t->no_crc) {
        return variant_sum(k, w, buf, m, found);
    }
    if (!dtype_bytes(t->dtype) && t->dtype != DTYPE_STRING) {
        return -ENOTSUP;
    }
    return plain_sum(k, w, buf, m, found);
}
