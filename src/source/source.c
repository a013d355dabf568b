/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include <string.h>

#include "base/lower_bound.h"
#include "source/catalog_join.h"
#include "source/safetensors/st_source.h"
#include "source/tf_v1/tf_v1.h"
#include "source/tf_v2/bundle.h"

static const struct source_driver *const drivers[] = {&bundle_driver, &tf_v1_driver, &st_driver};

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

/* The member whose check that is. */
static const struct catalog *member_of_check(const struct catalog *c, uint64_t number)
{
    uint32_t last = catalog_member_count(c) - 1;
    uint32_t at = LOWER_BOUND(i, 0, last, catalog_member(c, i + 1)->joined.first_check <= number);
    return catalog_member(c, at);
}

bool source_unchecked(const struct catalog *c)
{
    bool unchecked = true;
    for (uint32_t i = 0; i < catalog_member_count(c); i++) {
        unchecked &= catalog_member(c, i)->driver->no_checksums;
    }
    return unchecked;
}

uint64_t source_check_count(const struct catalog *c)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->member_count; i++) {
        count = c->members[i]->joined.first_check + c->members[i]->joined.checks;
    }
    return c->member_count ? count : c->driver->check_count(c);
}

bool source_check_find(const struct catalog *c, const struct tensor *t,
                       const struct stored_slice *s, struct source_check *out)
{
    const struct catalog *member = catalog_of(c, t);
    if (!member->driver->check_find(member, t, s, out)) {
        return false;
    }
    out->number += member->joined.first_check;
    return true;
}

void source_check_at(const struct catalog *c, uint64_t number, struct source_check *out)
{
    const struct catalog *member = member_of_check(c, number);
    member->driver->check_at(member, number - member->joined.first_check, out);
    out->number = number;
}

bool source_check_shared(const struct catalog *c, const struct tensor *t)
{
    return (t ? catalog_of(c, t) : c)->driver->shared_checks;
}

errint source_check_sum(const struct catalog *c, struct once_waiter *w,
                        const struct source_check *k, char *buf, struct source_meter *m,
                        uint32_t *found)
{
    const struct catalog *member = member_of_check(c, k->number);
    return member->driver->check_sum(member, w, k, buf, m, found);
}

void source_check_print(const struct catalog *c, const struct source_check *k, struct buf *b)
{
    const struct catalog *member = member_of_check(c, k->number);
    if (member->driver->check_print) {
        member->driver->check_print(k, b);
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
    for (uint32_t i = 0; i < catalog_member_count(c); i++) {
        const struct catalog *member = catalog_member(c, i);
        if (member->driver->stats) {
            member->driver->stats(member, &stats);
        }
    }
    return stats;
}

size_t source_readers(const struct catalog *c)
{
    size_t most = SIZE_MAX;
    for (uint32_t i = 0; i < catalog_member_count(c); i++) {
        const struct catalog *member = catalog_member(c, i);
        size_t readers = member->driver->readers ? member->driver->readers(member) : SIZE_MAX;
        most = readers < most ? readers : most;
    }
    return most;
}

void source_shrink(const struct catalog *c, uint64_t most)
{
    for (uint32_t i = 0; i < catalog_member_count(c); i++) {
        const struct catalog *member = catalog_member(c, i);
        if (member->driver->shrink) {
            member->driver->shrink(member, most);
        }
    }
}
