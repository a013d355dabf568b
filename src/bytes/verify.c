/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes/verify.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "format/dtype.h"

enum {
    BUF_BYTES = 256 << 10 /* stays in the cache between the copy and the checksum */,
    VARINT_BYTES_MOST = 10
};

/* ---- units ------------------------------------------------------------------------------------- */

static uint64_t unit_bytes(const struct verify_unit *u)
{
    if (!u->slice) {
        return u->tensor->bytes;
    }
    uint64_t bytes; /* the reader has checked that it fits */
    return shape_bytes((struct shape){u->slice->len, u->tensor->rank}, u->tensor->dtype, &bytes) < 0 ? 0
                                                                                                     : bytes;
}

static uint32_t unit_shard(const struct verify_unit *u)
{
    return u->slice ? u->slice->shard : u->tensor->shard;
}

static uint64_t unit_off(const struct verify_unit *u)
{
    return u->slice ? u->slice->off : u->tensor->off;
}

static int by_place(const void *a, const void *b)
{
    const struct verify_unit *left = a;
    const struct verify_unit *right = b;
    uint32_t left_shard = unit_shard(left);
    uint32_t right_shard = unit_shard(right);
    if (left_shard != right_shard) {
        return left_shard < right_shard ? -1 : 1;
    }
    return (unit_off(left) > unit_off(right)) - (unit_off(left) < unit_off(right));
}

errint verify_init(struct verify *v, const struct catalog *c)
{
    *v = (struct verify){.catalog = c};
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct slices *s = tensor_slices(c, &c->tensors[i]);
        count += s ? s->count : 1;
    }
    v->units = count < UINT32_MAX ? calloc(count + 1, sizeof(*v->units)) : NULL;
    if (!v->units) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        for (uint32_t k = 0; k < (s ? s->count : 1); k++) {
            if (s ? s->fault == SLICES_MISSING : t->shard == TENSOR_NO_SHARD) {
                continue; /* the plan reports it; there are no bytes to be read */
            }
            struct verify_unit *u = &v->units[v->count++];
            *u = (struct verify_unit){.tensor = t, .slice = s ? &s->slices[k] : NULL};
            v->bytes += unit_bytes(u);
        }
    }
    qsort(v->units, v->count, sizeof(*v->units), by_place);
    return 0;
}

void verify_fini(struct verify *v)
{
    free(v->units);
    *v = (struct verify){0};
}

/* ---- one unit ---------------------------------------------------------------------------------- */

/* A window over one unit's bytes, for strings. */
struct stream {
    struct shard *shard;
    char *buf;
    uint64_t off;  /* in the shard, of the next byte to be read into buf */
    uint64_t left; /* bytes of the unit from off on */
    size_t pos;
    size_t len;
};

static errint refill(struct stream *s)
{
    size_t n = s->left < BUF_BYTES ? (size_t)s->left : BUF_BYTES;
    if (n == 0) {
        return -EBADMSG; /* the lengths say more than there is */
    }
    errint rc = shard_read(s->shard, s->off, n, s->buf);
    s->off += n;
    s->left -= n;
    s->pos = 0;
    s->len = rc < 0 ? 0 : n;
    return rc;
}

static errint next_byte(struct stream *s, uint8_t *byte)
{
    errint rc = s->pos < s->len ? 0 : refill(s);
    *byte = rc < 0 ? 0 : (uint8_t)s->buf[s->pos++];
    return rc;
}

static errint next_varint(struct stream *s, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MOST; i++) {
        uint8_t byte;
        errint rc = next_byte(s, &byte);
        if (rc < 0) {
            return rc;
        }
        *value |= i < 9 ? (uint64_t)(byte & 0x7f) << (7 * i) : (uint64_t)byte << 63;
        if (byte < 0x80) {
            return 0;
        }
    }
    return -EBADMSG;
}

/* A length counts as a fixed number in the writer's byte order, of 4 bytes if it fits. */
static uint32_t extend_length(uint32_t crc, uint64_t len, bool big_endian)
{
    if (len <= UINT32_MAX) {
        uint32_t fixed = big_endian ? htobe32((uint32_t)len) : htole32((uint32_t)len);
        return crc32c_extend(crc, &fixed, sizeof(fixed));
    }
    uint64_t fixed = big_endian ? htobe64(len) : htole64(len);
    return crc32c_extend(crc, &fixed, sizeof(fixed));
}

/* varint lengths | u32 masked crc of the lengths as fixed numbers | bytes; the crc goes on over those 4 bytes and the bytes. */
static errint string_crc(const struct verify_unit *u, bool big_endian, struct stream *s, uint32_t *crc)
{
    uint64_t elements;
    uint64_t total = 0;
    errint rc = shape_elements(tensor_shape(u->tensor), &elements);
    *crc = 0;
    for (uint64_t i = 0; rc == 0 && i < elements; i++) {
        uint64_t len;
        rc = next_varint(s, &len);
        if (rc == 0 && (len > u->tensor->bytes || (total += len) > u->tensor->bytes)) {
            return -EBADMSG;
        }
        *crc = extend_length(*crc, len, big_endian);
    }
    uint8_t stored[4];
    for (unsigned i = 0; rc == 0 && i < sizeof(stored); i++) {
        rc = next_byte(s, &stored[i]);
    }
    if (rc < 0) {
        return rc;
    }
    uint32_t lengths = big_endian ? htobe32(crc32c_mask(*crc)) : htole32(crc32c_mask(*crc));
    if (memcmp(stored, &lengths, sizeof(stored)) != 0) {
        *crc = ~*crc; /* surely not what the record says */
        return 0;
    }
    *crc = crc32c_extend(*crc, stored, sizeof(stored));
    while (rc == 0 && total > 0) {
        rc = s->pos < s->len ? 0 : refill(s);
        size_t n = s->len - s->pos < total ? s->len - s->pos : (size_t)total;
        *crc = crc32c_extend(*crc, s->buf + s->pos, n);
        s->pos += n;
        total -= n;
    }
    return rc;
}

static errint plain_crc(struct stream *s, uint32_t *crc)
{
    errint rc = 0;
    *crc = 0;
    while (rc == 0 && s->left > 0) {
        rc = refill(s);
        *crc = crc32c_extend(*crc, s->buf, s->len);
    }
    return rc;
}

static void check(const struct verify *v, struct verify_unit *u, char *buf)
{
    unsigned dtype = u->tensor->dtype;
    if (!dtype_bytes(dtype) && dtype != DTYPE_STRING) {
        u->outcome = VERIFY_UNKNOWN;
        return;
    }
    struct stream s = {.shard = shard_file(&v->catalog->shards[unit_shard(u)]),
                       /* the bytes as they are stored */ .buf = buf,
                       .off = unit_off(u),
                       .left = unit_bytes(u)};
    uint32_t crc;
    errint rc = dtype == DTYPE_STRING ? string_crc(u, v->catalog->big_endian, &s, &crc) : plain_crc(&s, &crc);
    u->found = crc32c_mask(crc);
    uint32_t stored = u->slice ? u->slice->crc32c : u->tensor->crc32c;
    u->outcome = rc == -EBADMSG       ? VERIFY_MALFORMED
                 : rc < 0             ? VERIFY_UNREADABLE
                 : u->found != stored ? VERIFY_CHECKSUM
                                      : VERIFY_GOOD;
}

/* ---- all units --------------------------------------------------------------------------------- */

struct crew {
    struct verify *v;
    _Atomic uint32_t next;
    _Atomic uint64_t done;
    pthread_mutex_t lock; /* over telling */
    verify_progress progress;
    void *context;
    int64_t told_at; /* ms */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct crew *c, bool last)
{
    if (!c->progress || (!last && pthread_mutex_trylock(&c->lock) != 0)) {
        return;
    }
    if (last) {
        pthread_mutex_lock(&c->lock);
    }
    int64_t now = now_ms();
    if (last || now - c->told_at >= 250) {
        c->told_at = now;
        c->progress(c->context, atomic_load(&c->done), c->v->bytes);
    }
    pthread_mutex_unlock(&c->lock);
}

static void *work(void *data)
{
    struct crew *c = data;
    CLEANUP_FREE char *buf = malloc(BUF_BYTES);
    if (!buf) {
        return (void *)-1;
    }
    for (;;) {
        uint32_t i = atomic_fetch_add(&c->next, 1);
        if (i >= c->v->count) {
            return NULL;
        }
        check(c->v, &c->v->units[i], buf);
        atomic_fetch_add(&c->done, unit_bytes(&c->v->units[i]));
        tell(c, false);
    }
}

errint verify_run(struct verify *v, unsigned threads, verify_progress progress, void *context)
{
    struct crew crew = {.v = v, .lock = PTHREAD_MUTEX_INITIALIZER, .progress = progress, .context = context};
    CLEANUP_FREE pthread_t *others = calloc(threads ? threads : 1, sizeof(*others));
    if (!others) {
        return -ENOMEM;
    }
    unsigned started = 0;
    while (started + 1 < threads && pthread_create(&others[started], NULL, work, &crew) == 0) {
        started++; /* fewer than asked for are enough */
    }
    bool failed = work(&crew) != NULL;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(others[i], NULL);
    }
    /* A thread without a buffer left its units to the others; only if none had one is anything undone. */
    if (failed && atomic_load(&crew.next) < v->count) {
        return -ENOMEM;
    }
    tell(&crew, true);
    return 0;
}
