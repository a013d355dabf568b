/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/lower_bound.h"
#include "map/expanding.h"
#include "map/token.h"

/* ---- matches --------------------------------------------------------------------------------- */

/* By key k: numbers by their size, texts in braces that are gathered in the order written. */
static int compare_key(const struct key *key, const struct matched *a, const struct matched *b,
                       uint32_t k)
{
    if (key_is_number(key)) {
        return pattern_number_order(a->texts[k], b->texts[k]);
    }
    if (!key->taken && a->choices[k] != b->choices[k]) {
        return a->choices[k] < b->choices[k] ? -1 : 1;
    }
    return str_cmp(a->texts[k], b->texts[k]);
}

/* By the captures that are taken, or not, of those that both sources have. */
static int compare(const struct expanding *e, const struct matched *a, const struct matched *b,
                   bool taken)
{
    for (uint32_t k = 0; k < e->key_count; k++) {
        if (e->keys[k].taken != taken || !a->texts[k].ptr || !b->texts[k].ptr) {
            continue;
        }
        int order = compare_key(&e->keys[k], a, b, k);
        if (order) {
            return order;
        }
    }
    return 0;
}

static int by_captures(const void *a, const void *b, void *context)
{
    const struct expanding *e = context;
    int order = compare(e, a, b, true);
    if (!order) {
        order = compare(e, a, b, false);
    }
    const struct matched *left = a;
    const struct matched *right = b;
    return order ? order : (left->name > right->name) - (left->name < right->name);
}

static errint keep_match(struct expanding *e, uint32_t source, uint32_t name,
                         const struct pattern_capture *captures)
{
    struct matches *m = &e->sources[source];
    const struct pattern *p = e->rule->sources[source].pattern;
    e->kept += e->key_count + 1;
    if (e->kept > e->rule->kept_most) {
        return expanding_refuse(e, (struct expand_fault){.kind = EXPAND_MANY,
                                                         .source = source,
                                                         .name = name,
                                                         .number = e->rule->kept_most});
    }
    struct str *texts = ARENA_ARRAY(&e->arena, struct str, (size_t)e->key_count + 1);
    uint32_t *choices = ARENA_ARRAY(&e->arena, uint32_t, (size_t)e->key_count + 1);
    if (!texts || !choices || !grow(&m->list, &m->cap, m->count, sizeof(*m->list))) {
        return -ENOMEM;
    }
    for (uint32_t k = 0; k < e->key_count; k++) {
        if (m->has[k]) {
            const struct pattern_token *t = &p->tokens[m->token[k]];
            texts[k] = captures[t->capture].text;
            choices[k] = t->kind == PATTERN_CHOICE ? captures[t->capture].choice : 0;
        }
    }
    m->list[m->count++] = (struct matched){name, texts, choices};
    return 0;
}

typedef errint match_visit(struct expanding *e, uint32_t source, uint32_t name,
                           const struct pattern_capture *captures);

/* The next name, from number i on, that may match. Those that begin as the pattern does stand
 * together; of a pattern that begins with a wildcard it is the end that is looked for. */
static uint32_t next_name(const struct expand_source *s, uint32_t i)
{
    const struct expand_names *names = &s->names;
    bool by_end = names->find && s->pattern->prefix.len == 0 && s->pattern->suffix.len;
    return by_end ? names->find(names->context, s->pattern->suffix, i) : i;
}

static errint match_names(struct expanding *e, uint32_t source, match_visit *visit, bool *any)
{
    const struct expand_source *s = &e->rule->sources[source];
    const struct expand_names *names = &s->names;
    struct str prefix = s->pattern->prefix;
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    uint32_t first =
        LOWER_BOUND(i, 0, names->count, str_cmp(names->name(names->context, i), prefix) < 0);
    *any = false;
    for (uint32_t i = next_name(s, first); i < names->count; i = next_name(s, i + 1)) {
        struct str name = names->name(names->context, i);
        if (!str_starts(name, prefix)) {
            break;
        }
        int matches = pattern_match(s->pattern, name, &e->scratch, captures);
        if (matches == -E2BIG) {
            return expanding_refuse(
                e, (struct expand_fault){.kind = EXPAND_SLOW, .source = source, .name = i});
        }
        errint rc = matches > 0 ? visit(e, source, i, captures) : matches;
        if (rc < 0) {
            return rc;
        }
        *any |= matches > 0;
    }
    return 0;
}

static errint find_matches(struct expanding *e, uint32_t source)
{
    struct matches *m = &e->sources[source];
    bool any;
    errint rc = match_names(e, source, keep_match, &any);
    if (rc < 0) {
        return rc;
    }
    if (!any) {
        return expanding_refuse(e,
                                (struct expand_fault){.kind = EXPAND_NO_MATCH, .source = source});
    }
    m->joined = calloc(m->count, 1);
    if (!m->joined) {
        return -ENOMEM;
    }
    qsort_r(m->list, m->count, sizeof(*m->list), by_captures, e);
    return 0;
}

/* ---- assignments ----------------------------------------------------------------------------- */

/* What a match has of the taken captures. */
static errint give(struct expanding *e, const struct str *texts)
{
    struct str captures[PATTERN_CAPTURES_MOST] = {{NULL, 0}};
    struct str names[KEYS_MOST];
    struct str numbers[KEYS_MOST];
    struct expansion x = {
        e->found, (uint32_t)e->found_count, {captures, names, numbers, 0, STR("")}};
    for (uint32_t k = 0; k < e->key_count; k++) {
        const struct key *key = &e->keys[k];
        if (key_is_number(key)) {
            names[x.values.number_count] = key->name;
            numbers[x.values.number_count++] = texts[k].ptr ? texts[k] : STR("0");
        } else if (key->number == UINT32_MAX) {
            x.values.below = texts[k].ptr ? texts[k] : STR("");
        } else if (key->number < PATTERN_CAPTURES_MOST) {
            captures[key->number] = texts[k].ptr ? texts[k] : STR("");
        }
    }
    return e->visit(e->context, &x);
}

static errint add_found(struct expanding *e, uint32_t source, uint32_t name)
{
    if (!grow(&e->found, &e->found_cap, e->found_count, sizeof(*e->found))) {
        return -ENOMEM;
    }
    e->found[e->found_count++] = (struct expand_match){source, name};
    return 0;
}

/* Whether the next of several sources is the one after `before` in all that was left out. */
static errint check_next(struct expanding *e, uint32_t source, const struct matched *before,
                         const struct matched *next)
{
    for (uint32_t k = 0; k < e->key_count; k++) {
        if (e->keys[k].taken || !next->texts[k].ptr) {
            continue;
        }
        if (key_is_number(&e->keys[k])) {
            int64_t low = token_number(pattern_number(before->texts[k]));
            int64_t high = token_number(pattern_number(next->texts[k]));
            if (high < 0 || high > low + 1) {
                return expanding_refuse(
                    e, (struct expand_fault){.kind = high < 0 ? EXPAND_BIG : EXPAND_GAP,
                                             .source = source,
                                             .name = next->name,
                                             .text = e->keys[k].name,
                                             .number = (uint64_t)low + 1});
            }
        }
    }
    return compare(e, before, next, false) == 0
               ? expanding_refuse(e, (struct expand_fault){.kind = EXPAND_TWICE,
                                                           .source = source,
                                                           .name = before->name,
                                                           .other = next->name})
               : 0;
}

/* Whether the captures that are left out are of a kind that may be. */
static bool may_gather(const struct expanding *e, uint32_t source)
{
    const struct matches *m = &e->sources[source];
    for (uint32_t k = 0; k < e->key_count; k++) {
        const struct pattern_token *t = &e->rule->sources[source].pattern->tokens[m->token[k]];
        if (!e->keys[k].taken && m->has[k] && t->kind != PATTERN_NUMBER &&
            t->kind != PATTERN_CHOICE) {
            return false;
        }
    }
    return true;
}

/* The matches of a source that go with `with`, in order, to the assignment at hand. */
static errint join_source(struct expanding *e, uint32_t source, uint32_t other,
                          const struct matched *with)
{
    struct matches *m = &e->sources[source];
    size_t first = LOWER_BOUND(i, 0, m->count, compare(e, &m->list[i], with, true) < 0);
    size_t end = first;
    for (; end < m->count && compare(e, &m->list[end], with, true) == 0; end++) {
        const struct matched *one = &m->list[end];
        if (end > first && !may_gather(e, source)) {
            return expanding_refuse(e, (struct expand_fault){.kind = EXPAND_TWICE,
                                                             .source = source,
                                                             .name = m->list[first].name,
                                                             .other = one->name});
        }
        errint rc = end > first ? check_next(e, source, one - 1, one) : 0;
        if (rc == 0) {
            rc = add_found(e, source, one->name);
        }
        if (rc < 0) {
            return rc;
        }
        m->joined[end] = 1;
    }
    if (end == first) {
        return expanding_refuse(e, (struct expand_fault){.kind = EXPAND_NO_PARTNER,
                                                         .source = source,
                                                         .name = with->name,
                                                         .other = other});
    }
    return 0;
}

/* A source that has every capture that is taken; -1: there is none, and *missed is one that it
 * lacks. */
static int find_main(const struct expanding *e, uint32_t *missed)
{
    for (uint32_t s = 0; s < e->rule->source_count; s++) {
        bool all = true;
        for (uint32_t k = 0; k < e->key_count; k++) {
            if (e->keys[k].taken && !e->sources[s].has[k]) {
                all = false;
                *missed = k;
            }
        }
        if (all) {
            return (int)s;
        }
    }
    return -1;
}

static errint refuse_unjoined(struct expanding *e, uint32_t main)
{
    for (uint32_t s = 0; s < e->rule->source_count; s++) {
        const struct matches *m = &e->sources[s];
        for (size_t i = 0; i < m->count; i++) {
            if (!m->joined[i]) {
                return expanding_refuse(e, (struct expand_fault){.kind = EXPAND_NO_PARTNER,
                                                                 .source = main,
                                                                 .name = m->list[i].name,
                                                                 .other = s});
            }
        }
    }
    return 0;
}

static errint give_joined(struct expanding *e)
{
    uint32_t missed = 0;
    int main = find_main(e, &missed);
    if (main < 0) {
        return expanding_refuse(e, (struct expand_fault){.kind = EXPAND_NO_NUMBER,
                                                         .text = e->keys[missed].name,
                                                         .number = e->keys[missed].number + 1u});
    }
    const struct matches *m = &e->sources[main];
    for (size_t i = 0; i < m->count; i++) {
        if (i && compare(e, &m->list[i - 1], &m->list[i], true) == 0) {
            continue; /* of the same assignment */
        }
        e->found_count = 0;
        for (uint32_t s = 0; s < e->rule->source_count; s++) {
            errint rc = join_source(e, s, (uint32_t)main, &m->list[i]);
            if (rc < 0) {
                return rc;
            }
        }
        errint rc = give(e, m->list[i].texts);
        if (rc < 0) {
            return rc;
        }
    }
    return refuse_unjoined(e, (uint32_t)main);
}

/* ---- one source, all of whose captures are taken: nothing is kept ---------------------------- */

static errint give_one(struct expanding *e, uint32_t source, uint32_t name,
                       const struct pattern_capture *captures)
{
    const struct matches *m = &e->sources[source];
    const struct pattern *p = e->rule->sources[source].pattern;
    struct str texts[KEYS_MOST] = {{NULL, 0}};
    for (uint32_t k = 0; k < e->key_count; k++) {
        if (m->has[k]) {
            texts[k] = captures[p->tokens[m->token[k]].capture].text;
        }
    }
    e->found_count = 0;
    errint rc = add_found(e, source, name);
    return rc < 0 ? rc : give(e, texts);
}

static bool is_simple(const struct expanding *e)
{
    for (uint32_t k = 0; k < e->key_count; k++) {
        if (!e->keys[k].taken) {
            return false;
        }
    }
    return e->rule->source_count == 1;
}

static errint expand_all(struct expanding *e)
{
    errint rc = expanding_find_keys(e);
    if (rc < 0) {
        return rc;
    }
    if (is_simple(e)) {
        bool any;
        rc = match_names(e, 0, give_one, &any);
        return rc < 0 || any ? rc
                             : expanding_refuse(e, (struct expand_fault){.kind = EXPAND_NO_MATCH});
    }
    for (uint32_t s = 0; s < e->rule->source_count; s++) {
        rc = find_matches(e, s);
        if (rc < 0) {
            return rc;
        }
    }
    return give_joined(e);
}

errint expand(const struct expand_rule *rule, expand_visit *visit, void *context,
              struct expand_fault *fault)
{
    CLEANUP_FREE struct expanding *e = malloc(sizeof(*e));
    if (!e) {
        return -ENOMEM;
    }
    *e = (struct expanding){.rule = rule, .fault = fault, .visit = visit, .context = context};
    arena_init(&e->arena);
    errint rc = expand_all(e);
    for (uint32_t s = 0; s < rule->source_count; s++) {
        free(e->sources[s].list);
        free(e->sources[s].joined);
    }
    free(e->found);
    pattern_scratch_fini(&e->scratch);
    arena_fini(&e->arena);
    return rc;
}
