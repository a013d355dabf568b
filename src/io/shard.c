/* SPDX-License-Identifier: Apache-2.0 */
#include "io/shard.h"

#include "base/cause.h"
#include "io/file.h"
#include "io/file_look.h"
#include "io/io_file.h"
#include "io/shard_complain.h"

errint shard_init(struct shard *s, const char *path, uint32_t number)
{
    *s = (struct shard){.path = path, .number = number};
    return io_file_new(&s->io);
}

void shard_derive(struct shard *s, struct shard *base, struct io *io)
{
    *s = (struct shard){.io = io, .base = base, .path = base->path, .number = base->number};
}

static errint open_file(struct shard *s, struct diag *d)
{
    errint rc = io_file_hold(s->io, s->path);
    if (rc == -ENOENT) {
        return shard_complain_missing(s, d);
    }
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, s->path, rc);
    }
    struct stat link;
    s->linked = lstat(s->path, &link) == 0 && S_ISLNK(link.st_mode);
    rc = shard_check_length(s, d);
    if (rc < 0) {
        return rc;
    }
    if (s->known && !file_same(s->known, s->io->st)) {
        return diag_error(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                          "the file changed while the checkpoint was being opened");
    }
    return 0;
}

errint shard_open(struct shard *s, struct diag *d)
{
    if (s->base) {
        s->opened = s->base->opened;
        return 0;
    }
    errint rc = open_file(s, d);
    if (rc < 0) {
        io_file_release(s->io);
    }
    s->opened = rc == 0;
    return rc;
}

bool shard_again_after(struct shard_attempt *a, errint *rc)
{
    if (*rc == -EINTR || *rc == -EAGAIN || *rc == -ENOMEM || *rc == -EIO) {
        return false; /* as it would be at the next try, or there were enough of them */
    }
    cause_clear(); /* whatever was found, it was out of two states */
    if (++a->tries < SHARD_TRIES) {
        a->doubt = shard_doubt(a->shard);
        return true;
    }
    *rc = shard_doubted(a->shard);
    return false;
}

void shard_close(struct shard *s)
{
    io_close(s->io);
    s->io = NULL;
    s->opened = false;
}
