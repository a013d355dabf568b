/* SPDX-License-Identifier: Apache-2.0 */
/* A rule with wildcards becomes as many assignments as there are names that its sources match.
 *
 * A capture of one source is the same as that of another where both have its name, or, of those
 * without a name, its number. What is said of captures of names:
 *
 *   taken       the targets have it: each value of it is an assignment of its own, and sources that
 *               have it are joined by equal values
 *   left out    by the targets: all values together are one assignment, whose sources stand in the
 *               order of numbers, or of the texts in braces. Numbers without one between them are
 *               an error. What `*` and `**` have captured cannot be left out so
 *
 *     l_{i}/q, l_{i}/k = h.{i}        i is taken:    l_0/q l_0/k = h.0;  l_1/q l_1/k = h.1
 *     e_{e}/w          = e.w          e is left out: e_0/w e_1/w e_2/w = e.w
 *
 * A source without a capture is in every assignment. Texts that numbers have are equal if they are
 * without their leading zeros. */
#ifndef CKPTFS_MAP_EXPAND_H
#define CKPTFS_MAP_EXPAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"
#include "map/pattern.h"
#include "map/template.h"

enum { EXPAND_SOURCES_MOST = 64, EXPAND_TARGETS_MOST = 256 };

/* Names, sorted bytewise. */
struct expand_names {
    struct str (*name)(const void *context, uint32_t i);
    /* The first one, from number i on, that may end in `suffix`; `count`: there is none. NULL: each
     * may. */
    uint32_t (*find)(const void *context, struct str suffix, uint32_t i);
    const void *context;
    uint32_t count;
};

struct expand_source {
    const struct pattern *pattern;
    struct expand_names names;
};

struct expand_rule {
    const struct expand_source *sources;
    uint32_t source_count;
    const struct template *targets;
    uint32_t target_count;
    uint64_t kept_most; /* of matches that are kept to be joined, and of their captures, together */
};

/* Name `name` of source `source`. */
struct expand_match {
    uint32_t source;
    uint32_t name;
};

/* One assignment; all is borrowed for the call. */
struct expansion {
    const struct expand_match *matches;
    uint32_t match_count;
    struct template_values values;
};

/* Gives back 0 to go on, or what expand then fails with. */
typedef errint expand_visit(void *context, const struct expansion *e);

enum expand_fault_kind {
    EXPAND_NO_MATCH,   /* no name matches source `source` */
    EXPAND_NO_NUMBER,  /* the targets have the number `text`, which only some sources have, and none
                         of those has all */
    EXPAND_NO_CAPTURE, /* the targets take capture `number`, which no source has */
    EXPAND_NO_PARTNER, /* source `source` has no name that goes with name `name` of `other` */
    EXPAND_GAP,        /* of the number `text`, `number` is missing, with name `name` of `source` */
    EXPAND_TWICE,      /* names `name` and `other` of source `source` would give one target */
    EXPAND_BIG,  /* the number `text` of name `name` of `source` is too large to be gathered */
    EXPAND_KEYS, /* the sources have more captures than `number`, those of one name or number
                          counted once */
    EXPAND_MANY, /* more than `number`, the rule's `kept_most`, are to be kept */
    EXPAND_SLOW, /* name `name` of source `source` would take too long (pattern.h) */
};

struct expand_fault {
    enum expand_fault_kind kind;
    uint32_t source;
    uint32_t name;
    uint32_t other;
    struct str text;
    uint64_t number;
};

/* expand: calls visit for each assignment, in the order of their captures. 0; what visit gave back;
 * -ENOMEM; -EINVAL, and *fault says why. */
MUST_CHECK errint expand(const struct expand_rule *rule, expand_visit *visit, void *context,
                         struct expand_fault *fault);

/* expand_free_numbers: which numbers the targets have that no source has, each once, to `names`:
 * how many, up to 2. The caller counts one itself, and gives its value with those of the
 * expansion. */
unsigned expand_free_numbers(const struct expand_rule *rule, struct str names[2]);

#endif
