/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf_v2/objects_record.h"

#include "base/cause.h"
#include "base/cursor.h"
#include "io/io_file.h"
#include "source/tf/strings.h"
#include "tensor/dtype.h"

enum { HEAD_MOST = 10 + 4 }; /* varint64 length, u32 checksum of the lengths */

static errint refuse_record(struct objects_record *r, errint rc, const char *why)
{
    r->why = why;
    return rc;
}

static const char *why_unread(errint rc)
{
    return rc == -ESTALE ? "its data file changed while it was read"
                         : "its data file ends before it does";
}

/* The bytes of the one string of a run that was checked. */
static errint find_string(struct objects_record *r, const struct strings_run *run)
{
    char head[HEAD_MOST];
    size_t have = run->bytes < sizeof(head) ? (size_t)run->bytes : sizeof(head);
    errint rc = io_read(r->file, NULL, run->off, have, head);
    if (rc < 0) {
        return refuse_record(r, -EBADMSG, why_unread(rc));
    }
    struct cursor at = cursor_over(head, have);
    r->len = cursor_varint64(&at);
    r->off = run->off + (have - cursor_left(&at)) + 4;
    return r->len > OBJECTS_RECORD_MOST
               ? refuse_record(r, -EOVERFLOW, "its string is longer than 2 GiB")
               : 0;
}

static errint open_file(struct objects_record *r)
{
    errint rc = io_file_new(&r->file);
    if (rc == 0) {
        rc = io_file_hold(r->file, r->path);
    }
    if (rc == 0 || rc == -ENOMEM) {
        return rc;
    }
    return refuse_record(
        r, rc, rc == -ENOENT ? "its data file is not there" : "its data file cannot be opened");
}

errint objects_record_open(const struct catalog *c, const struct tensor *t,
                           struct objects_record *out)
{
    *out = (struct objects_record){.path = c->index_path};
    const struct strings_run *run =
        t->dtype == DTYPE_STRING && t->rank == 0 && !t->sliced && t->shard < c->shard_count
            ? strings_run_at(c->shards[t->shard].io, t->off)
            : NULL;
    if (!run) {
        return refuse_record(out, -EBADMSG, "it is not a single string");
    }
    out->path = shard_file(&c->shards[t->shard])->path;
    errint rc = open_file(out);
    if (rc < 0) {
        return rc;
    }
    uint32_t crc = 0;
    rc = strings_check(out->file, NULL, run, &crc);
    if (rc == -ENOMEM) {
        return rc;
    }
    if (rc == -EIO || rc == -ESTALE) {
        return refuse_record(out, -EBADMSG, why_unread(rc));
    }
    if (rc < 0 || crc != run->crc32c) {
        return refuse_record(out, -EBADMSG,
                             rc < 0 ? "the length of its string is malformed"
                                    : "its checksum is wrong");
    }
    return find_string(out, run);
}

void objects_record_close(struct objects_record *r)
{
    io_close(r->file);
    r->file = NULL;
    cause_clear(); /* what was noted names the file */
}

static errint read_record(struct io *io, struct once_waiter *w, uint64_t off, size_t len, void *buf)
{
    const struct objects_record *r = (const struct objects_record *)io;
    errint rc = io_read(r->file, w, r->off + off, len, buf);
    return rc == -ESTALE ? -EIO : rc; /* as the walker says it */
}

static const struct io_ops record_ops = {.read = read_record};

void objects_record_wire(struct objects_record *r, struct wire *w)
{
    r->io = (struct io){.ops = &record_ops, .base = r->file};
    wire_init(w, &r->io, r->len);
}

errint objects_record_tensor(const struct catalog *c, struct wire *w, struct wire_window key,
                             char *buffer, uint32_t *tensor)
{
    if (wire_len(key) == 0 || wire_len(key) > CATALOG_NAME_MOST) {
        return 0;
    }
    errint rc = wire_read(w, key, CATALOG_NAME_MOST, buffer);
    const struct tensor *t =
        rc == 0 ? catalog_by_key(c, str_of(buffer, (size_t)wire_len(key))) : NULL;
    if (t) {
        *tensor = (uint32_t)(t - c->tensors);
    }
    return rc;
}

enum diag_code objects_record_code(errint rc)
{
    switch (rc) {
    case -EBADMSG:
        return DIAG_CHECKPOINT_CORRUPT;
    case -EOVERFLOW:
        return DIAG_LIMIT;
    default:
        return DIAG_FILE_UNREADABLE;
    }
}
