/* SPDX-License-Identifier: Apache-2.0 */
#include "map/expand.h"

bool expand_has_free_number(const struct expand_rule *rule, struct str *name)
{
    for (uint32_t t = 0; t < rule->target_count; t++) {
        const struct template *target = &rule->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            bool found = target->tokens[i].kind != TEMPLATE_NUMBER;
            for (uint32_t s = 0; !found && s < rule->source_count; s++) {
                found = pattern_token_of(rule->sources[s].pattern, target->tokens[i].text);
            }
            if (!found) {
                *name = target->tokens[i].text;
                return true;
            }
        }
    }
    return false;
}
