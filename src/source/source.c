/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <string.h>

#include "source/tf_v1/tf_v1.h"
#include "source/tf_v2/bundle.h"

static const struct source_driver *const drivers[] = {&bundle_driver, &tf_v1_driver};

errint source_open(const struct location *where, struct diag *d, struct catalog **out)
{
    *out = NULL;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        if (strcmp(drivers[i]->name, where->driver) == 0) {
            return drivers[i]->open(where, d, out);
        }
    }
    return diag_error(d, DIAG_UNSUPPORTED, where->prefix, STR(""), "no driver is called '%s'",
                      where->driver);
}

uint64_t source_check_count(const struct catalog *c)
{
    return c->driver->check_count(c);
}

bool source_check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out)
{
    return c->driver->check_find(c, t, s, out);
}

void source_check_at(const struct catalog *c, uint64_t number, struct source_check *out)
{
    c->driver->check_at(c, number, out);
}

bool source_check_shared(const struct catalog *c)
{
    return c->driver->shared_checks;
}

errint source_check_sum(const struct catalog *c, struct once_waiter *w,
                        const struct source_check *k, char *buf, struct source_meter *m,
                        uint32_t *found)
{
    return c->driver->check_sum(c, w, k, buf, m, found);
}

void source_check_print(const struct catalog *c, const struct source_check *k, struct buf *b)
{
    if (c->driver->check_print) {
        c->driver->check_print(k, b);
    } else {
        buf_visible(b, str_from(k->file->path));
    }
}

const char *source_input(const struct catalog *c, uint32_t i)
{
    return c->driver->input(c, i);
}

errint source_check_input(const struct catalog *c, const char *path, struct diag *d)
{
    return c->driver->check_input ? c->driver->check_input(path, d) : 0;
}

struct source_stats source_stats(const struct catalog *c)
{
    struct source_stats stats = {0};
    if (c->driver->stats) {
        c->driver->stats(c, &stats);
    }
    return stats;
}

size_t source_readers(const struct catalog *c)
{
    return c->driver->readers ? c->driver->readers(c) : SIZE_MAX;
}

void source_shrink(const struct catalog *c, uint64_t most)
{
    if (c->driver->shrink) {
        c->driver->shrink(c, most);
    }
}
