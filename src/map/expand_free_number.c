/* SPDX-License-Identifier: Apache-2.0 */
#include "map/expand.h"

static bool is_free(const struct expand_rule *rule, const struct template_token *token)
{
    bool found = token->kind != TEMPLATE_NUMBER;
    for (uint32_t s = 0; !found && s < rule->source_count; s++) {
        found = pattern_token_of(rule->sources[s].pattern, token->text);
    }
    return !found;
}

unsigned expand_free_numbers(const struct expand_rule *rule, struct str names[2])
{
    unsigned count = 0;
    for (uint32_t t = 0; t < rule->target_count; t++) {
        const struct template *target = &rule->targets[t];
        for (uint32_t i = 0; i < target->count && count < 2; i++) {
            const struct template_token *token = &target->tokens[i];
            if (is_free(rule, token) && (count == 0 || !str_eq(names[0], token->text))) {
                names[count++] = token->text;
            }
        }
    }
    return count;
}
