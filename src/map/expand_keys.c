/* SPDX-License-Identifier: Apache-2.0 */
#include "map/expanding.h"

static struct key *find_key(struct expanding *e, struct str name, uint32_t number)
{
    for (uint32_t i = 0; i < e->key_count; i++) {
        struct key *k = &e->keys[i];
        if (name.ptr ? key_is_number(k) && str_eq(k->name, name)
                     : !key_is_number(k) && k->number == number) {
            return k;
        }
    }
    return NULL;
}

static void add_key(struct expanding *e, struct matches *m, struct str name, uint32_t number,
                    uint32_t token)
{
    struct key *k = find_key(e, name, number);
    if (!k) {
        k = &e->keys[e->key_count++];
        *k = (struct key){name, number, false};
    }
    uint32_t index = (uint32_t)(k - e->keys);
    if (!m->has[index]) { /* a number that is named twice is equal both times */
        m->has[index] = true;
        m->token[index] = token;
    }
}

static bool find_keys(struct expanding *e)
{
    for (uint32_t s = 0; s < e->rule->source_count; s++) {
        const struct pattern *p = e->rule->sources[s].pattern;
        uint32_t number = 0;
        for (uint32_t i = 0; i < p->count; i++) {
            const struct pattern_token *t = &p->tokens[i];
            if (e->key_count + 1 >= KEYS_MOST) {
                return false;
            }
            if (t->kind == PATTERN_NUMBER) {
                add_key(e, &e->sources[s], t->text, 0, i);
            } else if (t->kind != PATTERN_TEXT) {
                add_key(e, &e->sources[s], (struct str){NULL, 0}, t->some ? UINT32_MAX : number++,
                        i);
            }
        }
    }
    return true;
}

static errint find_taken(struct expanding *e)
{
    for (uint32_t t = 0; t < e->rule->target_count; t++) {
        const struct template *target = &e->rule->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            const struct template_token *token = &target->tokens[i];
            struct key *k = NULL;
            if (token->kind == TEMPLATE_NUMBER) {
                k = find_key(e, token->text, 0);
            } else if (token->kind == TEMPLATE_CAPTURE) {
                k = find_key(e, (struct str){NULL, 0}, token->capture);
                if (!k) {
                    return expanding_refuse(e,
                                            (struct expand_fault){.kind = EXPAND_NO_CAPTURE,
                                                                  .number = token->capture + 1u});
                }
            }
            if (k) {
                k->taken = true;
            }
        }
        struct key *below = find_key(e, (struct str){NULL, 0}, UINT32_MAX);
        if (below && target->is_scope) {
            below->taken = true;
        }
    }
    return 0;
}

errint expanding_find_keys(struct expanding *e)
{
    if (!find_keys(e)) {
        return expanding_refuse(
            e, (struct expand_fault){.kind = EXPAND_KEYS, .number = KEYS_MOST - 1});
    }
    return find_taken(e);
}
