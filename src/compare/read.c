/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/read.h"

#include <stdio.h>

#include "base/cause.h"
#include "base/cleanup.h"
#include "base/thread.h"
#include "render/render.h"
#include "render/why.h"
#include "source/source.h"

errint read_bytes(struct reader *r, const struct target *t, uint64_t off, size_t len, char *buf)
{
    cause_clear();
    ssize_t got = render_read(r, t, off, len, buf);
    if (got < 0) {
        return (errint)got;
    }
    return (size_t)got == len ? 0 : -EIO;
}

void read_why(const struct catalog *c, errint rc, char *why, size_t size)
{
    const struct cause cause = cause_last();
    CLEANUP_BUF struct buf text = {0};
    bool known = why_print(c, &cause, &text) && !text.failed;
    snprintf(why, size, "%s", known ? text.data : render_why(rc));
}

unsigned read_threads(const struct view *v)
{
    size_t most = source_readers(v->catalog);
    unsigned wanted = thread_processors();
    return most < wanted ? (unsigned)most : wanted;
}
