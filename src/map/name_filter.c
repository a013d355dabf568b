/* SPDX-License-Identifier: Apache-2.0 */
#include "map/name_filter.h"

#include "map/message.h"
#include "map/optimizer_names.h"
#include "map/token.h"

static errint add_one(struct name_filters *f, struct name_filter filter, struct arena *a,
                      struct diag *d)
{
    struct pattern_fault fault;
    if (filter.text.len == 0) {
        return diag_error_at(d, DIAG_MAP_SYNTAX, filter.at, filter.text,
                             "a pattern is empty: expected one, or 'optimizer'");
    }
    if (f->count == NAME_FILTERS_MOST) {
        return diag_error_at(d, DIAG_LIMIT, filter.at, filter.text, "more than %d patterns",
                             NAME_FILTERS_MOST);
    }
    filter.is_optimizer = str_eq(filter.text, STR("optimizer"));
    errint rc = pattern_parse(filter.text, a, &filter.pattern, &fault);
    if (rc == -ENOMEM) {
        return diag_no_memory(d);
    }
    if (rc < 0) {
        return diag_error_at(d, fault.limit ? DIAG_LIMIT : DIAG_MAP_SYNTAX, filter.at, filter.text,
                             "the pattern '%s': %s", message_shown(d, filter.text), fault.why);
    }
    f->list[f->count++] = filter;
    return 0;
}

errint name_filters_add(struct name_filters *f, bool keeps, struct str list, struct position at,
                        struct arena *a, struct diag *d)
{
    struct str rest = arena_str(a, list);
    if (!f->list) {
        f->list = ARENA_ARRAY(a, struct name_filter, NAME_FILTERS_MOST);
    }
    if (!rest.ptr || !f->list) {
        return diag_no_memory(d);
    }
    while (rest.ptr) {
        struct name_filter filter = {.keeps = keeps, .at = at};
        filter.text = token_cut_name(rest, &rest);
        if (str_starts(filter.text, STR("?"))) {
            filter.is_optional = true;
            filter.text = str_trim(str_from_pos(filter.text, 1));
        }
        errint rc = add_one(f, filter, a, d);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

int name_filter_matches(const struct name_filter *filter, struct str name,
                        struct pattern_scratch *s)
{
    struct pattern_capture captures[PATTERN_CAPTURES_MOST];
    return filter->is_optimizer ? optimizer_owns(name)
                                : pattern_match(&filter->pattern, name, s, captures);
}

int name_filters_hide(const struct name_filters *f, struct str name, struct pattern_scratch *s,
                      const struct name_filter **by)
{
    bool keeping = false;
    bool kept = false;
    *by = NULL;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct name_filter *filter = &f->list[i];
        keeping |= filter->keeps;
        if (filter->keeps && kept) {
            continue;
        }
        int rc = name_filter_matches(filter, name, s);
        if (rc < 0 || (rc && !filter->keeps)) {
            *by = filter;
            return rc;
        }
        kept |= rc > 0;
    }
    return keeping && !kept;
}
