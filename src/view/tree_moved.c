/* SPDX-License-Identifier: Apache-2.0 */
/* New names for the directories of one directory whose names are those of variables too: NAME.d, or
 * NAME.d.d ... until nothing else there has that name.
 *
 * Names that differ in how many ".d" they end in are a chain: "w", "w.d", "w.d.d". Each chain has a
 * set of the numbers that are taken, so that the work is bounded by the bytes of the names also
 * where all of a chain have to move. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/lower_bound.h"
#include "view/tree_build.h"

enum { SUFFIX_LEN = 2, SUFFIXES_MOST = COMPONENT_MOST / SUFFIX_LEN };

static const struct str suffix = {".d", SUFFIX_LEN};

/* A child that has to move: `suffixes` times ".d" end its name. */
struct moving {
    struct str base; /* what stands before them */
    unsigned suffixes;
    uint32_t child;
};

struct chain {
    struct str base;
    uint64_t taken[SUFFIXES_MOST / 64 + 1]; /* a bit for each number of suffixes */
};

struct chains {
    struct moving *moving; /* owns; by base, then by suffixes */
    struct chain *chains;  /* owns; by base */
    uint32_t moving_count;
    uint32_t chain_count;
};

static void chains_fini(struct chains *c)
{
    free(c->moving);
    free(c->chains);
}

static struct str strip_suffixes(struct str name, unsigned *suffixes)
{
    *suffixes = 0;
    while (str_ends(name, suffix)) {
        name.len -= SUFFIX_LEN;
        ++*suffixes;
    }
    return name;
}

static int by_base(const void *a, const void *b)
{
    const struct moving *left = a;
    const struct moving *right = b;
    int order = str_cmp(left->base, right->base);
    return order ? order : (left->suffixes > right->suffixes) - (left->suffixes < right->suffixes);
}

static struct chain *find_chain(const struct chains *c, struct str base)
{
    uint32_t at = LOWER_BOUND(i, 0, c->chain_count, str_cmp(c->chains[i].base, base) < 0);
    return at < c->chain_count && str_eq(c->chains[at].base, base) ? &c->chains[at] : NULL;
}

static errint chains_build(struct chains *c, const struct child *children, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        c->moving_count += children[i].moved;
    }
    c->moving = malloc(c->moving_count * sizeof(*c->moving) + 1);
    c->chains = calloc((size_t)c->moving_count + 1, sizeof(*c->chains));
    if (!c->moving || !c->chains) {
        return -ENOMEM;
    }
    struct moving *next = c->moving;
    for (uint32_t i = 0; i < count; i++) {
        if (children[i].moved) {
            next->base = strip_suffixes(node_name(&children[i].node), &next->suffixes);
            next->child = i;
            next++;
        }
    }
    qsort(c->moving, c->moving_count, sizeof(*c->moving), by_base);
    for (uint32_t i = 0; i < c->moving_count; i++) {
        if (i == 0 || !str_eq(c->moving[i - 1].base, c->moving[i].base)) {
            c->chains[c->chain_count++].base = c->moving[i].base;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned suffixes;
        struct chain *chain =
            find_chain(c, strip_suffixes(node_name(&children[i].node), &suffixes));
        if (chain) {
            chain->taken[suffixes / 64] |= UINT64_C(1) << (suffixes % 64);
        }
    }
    return 0;
}

/* The first number above `suffixes` that nothing else of the chain has; above SUFFIXES_MOST if
 * there is none. */
static unsigned take_next(struct chain *chain, unsigned suffixes)
{
    do {
        suffixes++;
    } while (suffixes <= SUFFIXES_MOST && chain->taken[suffixes / 64] >> (suffixes % 64) & 1);
    if (suffixes <= SUFFIXES_MOST) {
        chain->taken[suffixes / 64] |= UINT64_C(1) << (suffixes % 64);
    }
    return suffixes;
}

/* Where there is no room, the form of names that are too long has some, and no other child is
 * called like that. */
static void add_name(struct buf *name, struct chain *chain, const struct moving *m,
                     struct str component)
{
    unsigned suffixes = take_next(chain, m->suffixes);
    if (m->base.len + (size_t)suffixes * SUFFIX_LEN > COMPONENT_MOST) {
        escape_shortened(name, component);
        suffixes = 1;
    } else {
        buf_str(name, m->base);
    }
    while (suffixes-- > 0) {
        buf_str(name, suffix);
    }
}

errint tree_name_moved(struct build *b, struct child *children, uint32_t count)
{
    CLEANUP(chains_fini) struct chains c = {0};
    CLEANUP_BUF struct buf name = {0};
    errint rc = chains_build(&c, children, count);
    for (uint32_t i = 0; rc == 0 && i < c.moving_count; i++) {
        const struct moving *m = &c.moving[i];
        struct child *child = &children[m->child];
        name.len = 0;
        add_name(&name, find_chain(&c, m->base), m, child->component);
        struct str kept =
            name.failed ? (struct str){NULL, 0} : arena_str(&b->tree->arena, buf_view(&name));
        child->node.name = kept.ptr;
        child->node.name_len = (uint16_t)kept.len;
        rc = kept.ptr ? 0 : -ENOMEM;
    }
    return rc < 0 ? diag_no_memory(b->diag) : 0;
}
