/* SPDX-License-Identifier: Apache-2.0 */
/* .ckptfs/report.txt, and the parts of it that `ckptool plan` shows too. */
#include <inttypes.h>

#include "base/escape.h"
#include "source/catalog_join.h"
#include "tensor/dtype.h"
#include "view/left_out.h"
#include "view/made_of.h"
#include "view/report.h"

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void report_path(const struct view *v, uint32_t i, struct buf *b)
{
    if (v->tree) {
        tree_path(v->tree, v->tree->target_node[i], b);
    } else {
        escape_path(b, target_name(&v->plan->targets[i]));
    }
}

void report_override_path(const struct view *v, const struct override *o, struct buf *b)
{
    if (v->tree) {
        const struct target *t = plan_find(v->plan, o->name);
        if (t) {
            tree_path(v->tree, v->tree->target_node[t - v->plan->targets], b);
            return;
        }
        CLEANUP_BUF struct buf part = {0};
        buf_str(&part, o->name);
        buf_text(&part, "/part_0");
        t = part.failed ? NULL : plan_find(v->plan, buf_view(&part));
        if (t) {
            uint32_t node = v->tree->target_node[t - v->plan->targets];
            tree_path(v->tree, v->tree->nodes[node].parent, b);
            return;
        }
    }
    escape_path(b, o->name);
}

void report_size(struct buf *b, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        buf_printf(b, "%" PRIu64 " byte%s", bytes, plural(bytes));
        return;
    }
    unsigned unit = 0;
    double scaled = (double)bytes / 1024;
    while (scaled >= 1023.95) {
        scaled /= 1024;
        unit++;
    }
    buf_printf(b, "%.1f %s", scaled, units[unit]);
}

/* One list: its title at the first item, no more than `most` items, what was left out at the
 * end. */
struct list {
    struct buf *out;
    const struct report_style *style;
    uint32_t most;
    const char *more;
    uint64_t shown;
};

static void list_title(const struct list *l, const char *title, uint64_t count,
                       const char *explained)
{
    buf_printf(l->out, "\n%s%s (%" PRIu64 ")%s: %s\n", l->style->title, title, count, l->style->end,
               explained);
}

/* Whether the next item is to be shown; then its line has begun. */
static bool list_item(struct list *l)
{
    if (l->shown == l->most) {
        return false;
    }
    l->shown++;
    buf_text(l->out, "  ");
    return true;
}

static void list_end(struct list *l, uint64_t count)
{
    if (count > l->shown) {
        buf_printf(l->out, "  ... and %" PRIu64 " more%s\n", count - l->shown, l->more);
    }
    l->shown = 0;
}

static void add_moved(const struct view *v, struct list *l)
{
    if (!v->tree || !v->tree->moved_count) {
        return;
    }
    list_title(l, "moved", v->tree->moved_count, "names that are a variable and a scope at once");
    for (uint32_t i = 0; i < v->tree->moved_count && list_item(l); i++) {
        const struct moved *m = &v->tree->moved[i];
        buf_visible(l->out, m->name);
        buf_text(l->out, " is a variable and a scope: its children are under ");
        buf_visible(l->out, m->to);
        buf_text(l->out, "/\n");
    }
    list_end(l, v->tree->moved_count);
}

/* What a name of a member's is followed by. */
static void add_label(const struct view_member *m, struct list *l)
{
    buf_text(l->out, m->label ? "@" : "");
    buf_text(l->out, m->label ? m->label : "");
}

/* What `prefer` has put in the place of what, and what has nothing to be put there. */
static void add_averaged(const struct view_member *m, struct list *l)
{
    const struct shadows *s = &m->dropped.shadows;
    if (s->count) {
        list_title(l, "averaged", s->count, "variables shown as their moving averages");
    }
    for (uint32_t i = 0; i < s->count && list_item(l); i++) {
        buf_visible(l->out, s->list[i].name);
        add_label(m, l);
        buf_text(l->out, " is ");
        buf_visible(l->out, s->list[i].from);
        buf_char(l->out, '\n');
    }
    list_end(l, s->count);
    if (s->unaveraged_count) {
        list_title(l, "unaveraged", s->unaveraged_count, "variables without a moving average");
    }
    for (uint32_t i = 0; i < s->unaveraged_count && list_item(l); i++) {
        buf_visible(l->out, s->unaveraged[i]);
        add_label(m, l);
        buf_char(l->out, '\n');
    }
    list_end(l, s->unaveraged_count);
}

static void add_dropped(const struct view_member *m, struct list *l)
{
    uint32_t count = m->catalog->dropped_count;
    if (!count) {
        return;
    }
    list_title(l, "dropped", count, "tensors of the checkpoint that the map takes no notice of");
    for (uint32_t i = 0; i < count && list_item(l); i++) {
        const struct name_filter *by = m->dropped.by[i];
        buf_visible(l->out, tensor_name(&m->catalog->dropped[i]));
        add_label(m, l);
        buf_text(l->out, by ? ": " : ": no pattern of 'keep' matches it");
        if (by) {
            buf_visible(l->out, by->text);
            buf_text(l->out, " at ");
            position_visible(l->out, by->at);
        }
        buf_char(l->out, '\n');
    }
    list_end(l, count);
}

static void add_unused(const struct view *v, struct list *l)
{
    uint64_t count = 0;
    for (uint32_t i = 0; v->plan && i < catalog_all(v->catalog); i++) {
        count += !v->catalog->tensors[i].hidden && !plan_uses(v->plan, i);
    }
    if (!count) {
        return;
    }
    list_title(l, "unused", count, "tensors of the checkpoint that no target uses");
    for (uint32_t i = 0; i < catalog_all(v->catalog); i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        if (t->hidden || plan_uses(v->plan, i)) {
            continue;
        }
        if (!list_item(l)) {
            break;
        }
        buf_visible(l->out, tensor_name(t));
        const char *label = catalog_of(v->catalog, t)->joined.label;
        buf_printf(l->out, "%s%s\n", label ? "@" : "", label ? label : "");
    }
    list_end(l, count);
}

static void add_unassigned(const struct view *v, struct list *l)
{
    uint32_t count = v->plan ? v->plan->unassigned_count : 0;
    if (!count) {
        return;
    }
    list_title(l, "unassigned", count, "declared variables that no rule assigns");
    for (uint32_t i = 0; i < count && list_item(l); i++) {
        buf_visible(l->out, v->plan->unassigned[i]->name);
        buf_char(l->out, '\n');
    }
    list_end(l, count);
}

static void add_overridden(const struct view *v, struct list *l)
{
    uint32_t count = v->plan ? v->plan->override_count : 0;
    if (!count) {
        return;
    }
    list_title(l, "overridden", count, "assignments that another rule replaced");
    for (uint32_t i = 0; i < count && list_item(l); i++) {
        const struct override *o = &v->plan->overrides[i];
        buf_visible(l->out, o->name);
        buf_text(l->out, ": ");
        position_visible(l->out, v->map->rules[o->rule].at);
        buf_text(l->out, " is overridden by ");
        position_visible(l->out, v->map->rules[o->by].at);
        buf_char(l->out, '\n');
    }
    list_end(l, count);
}

static void add_uncast(const struct view *v, struct list *l)
{
    uint32_t count = 0;
    for (uint32_t i = 0; v->plan && i < v->plan->count; i++) {
        count += target_is_left(v->map, &v->plan->targets[i]);
    }
    if (!count) {
        return;
    }
    list_title(l, "uncast", count, "tensors that the cast of their scope is not for, as they are");
    for (uint32_t i = 0; i < v->plan->count; i++) {
        const struct target *t = &v->plan->targets[i];
        if (!target_is_left(v->map, t)) {
            continue;
        }
        if (!list_item(l)) {
            break;
        }
        const struct rule *rule = &v->map->rules[t->rule];
        buf_visible(l->out, target_name(t));
        buf_printf(l->out, ": %s, the cast to %s is for %s\n", dtype_name(target_dtype(t)),
                   dtype_name(rule_cast(rule).dtype), rule_cast_words(rule));
    }
    list_end(l, count);
}

static void add_hidden(const struct view *v, struct list *l)
{
    struct left_out_cursor at = left_out_first(v);
    struct left_out out;
    uint64_t count = 0;
    while (left_out_next(&at, &out)) {
        count++;
    }
    if (!count) {
        return;
    }
    list_title(l, "hidden", count, "tensors that files of some kind cannot show");
    at = left_out_first(v);
    while (left_out_next(&at, &out) && list_item(l)) {
        buf_visible(l->out, out.name);
        buf_text(l->out, ": not in ");
        left_out_kinds(l->out, out.files);
        buf_printf(l->out, ": %s\n", out.reason);
    }
    list_end(l, count);
}

void report_lists(const struct view *v, const struct report_style *style, uint32_t most,
                  const char *more, struct buf *b)
{
    struct list l = {.out = b, .style = style, .most = most, .more = more};
    add_moved(v, &l);
    for (uint32_t i = 0; i < v->member_count; i++) {
        add_averaged(&v->members[i], &l);
        add_dropped(&v->members[i], &l);
    }
    add_unused(v, &l);
    add_unassigned(v, &l);
    add_overridden(v, &l);
    add_uncast(v, &l);
    add_hidden(v, &l);
}

/* "PREFIX (v2, 1 shard, 7 tensors)" */
static void add_checkpoint(const struct catalog *c, struct buf *b)
{
    buf_visible(b, str_from(c->prefix));
    buf_printf(b, " (%s, %" PRIu32 " shard%s, %" PRIu32 " tensor%s)", c->format, c->file_count,
               plural(c->file_count), c->count, plural(c->count));
}

void report_prefix(const struct view *v, struct buf *b)
{
    const struct catalog *c = v->catalog ? catalog_numbered(v->catalog, 0) : NULL;
    buf_text(b, "checkpoint  ");
    if (c) {
        add_checkpoint(c, b);
    } else {
        bool given = !v->catalog && v->checkpoint;
        buf_visible(b, given ? str_from(v->checkpoint) : STR("(none)"));
    }
}

void report_paths(const struct view *v, struct buf *b)
{
    for (uint32_t i = 0; i < v->member_count; i++) {
        const char *label = v->members[i].label;
        buf_text(b, i ? ", " : "");
        buf_visible(b, str_from(v->members[i].catalog->prefix));
        buf_printf(b, "%s%s%s", label ? " (" : "", label ? label : "", label ? ")" : "");
    }
}

/* Those with a name. */
static void add_named_checkpoints(const struct view *v, struct buf *b)
{
    for (uint32_t i = 0; i < v->member_count; i++) {
        if (v->members[i].label) {
            buf_printf(b, "checkpoint  %s: ", v->members[i].label);
            add_checkpoint(v->members[i].catalog, b);
            buf_char(b, '\n');
        }
    }
}

/* The bytes of all targets, how they come about, and of how many the size is not known: strings. */
static void add_total(const struct view *v, struct buf *b)
{
    struct made_of made = {0};
    struct made_of_kind kinds[MADE_OF_KINDS];
    uint32_t strings = 0;
    for (uint32_t i = 0; i < v->plan->count; i++) {
        made_of_add(&made, v->catalog, &v->plan->targets[i]);
        strings += !target_sized(&v->plan->targets[i]);
    }
    uint64_t bytes = made.in_place + made.rearranged + made.computed;
    report_size(b, bytes);
    if (bytes >= 1024) {
        buf_printf(b, " (%" PRIu64 " bytes)", bytes);
    }
    if (strings) {
        buf_printf(b, " without %" PRIu32 " of strings", strings);
    }
    unsigned count = made_of_kinds(&made, kinds);
    for (unsigned i = 0; count > 1 && i < count; i++) {
        buf_text(b, i ? ", " : "\nof these    ");
        report_size(b, kinds[i].bytes);
        buf_printf(b, " %s", kinds[i].word);
    }
    buf_char(b, '\n');
}

/* Data files behind symbolic links. */
static void add_links(const struct catalog *c, struct buf *b)
{
    enum { LINKS_MOST = 3 };
    const char *path;
    const char *file;
    uint32_t links = 0;
    for (uint32_t i = report_linked(c, 0, &path, &file); i < c->shard_count;
         i = report_linked(c, i + 1, &path, &file)) {
        if (links++ < LINKS_MOST) {
            buf_text(b, "link        ");
            buf_visible(b, str_from(path));
            buf_text(b, " -> ");
            buf_visible(b, str_from(file));
            buf_char(b, '\n');
        }
    }
    if (links > LINKS_MOST) {
        buf_printf(b, "links       %" PRIu32 " more (see report.json)\n", links - LINKS_MOST);
    }
}

static void add_head(const struct view *v, struct buf *b)
{
    report_prefix(v, b);
    buf_char(b, '\n');
    add_named_checkpoints(v, b);
    for (uint32_t i = 0; i < v->member_count; i++) {
        add_links(v->members[i].catalog, b);
    }
    buf_text(b, "map         ");
    if (v->map && v->map->path) {
        buf_visible(b, str_from(v->map->path));
        buf_printf(b, " (%" PRIu32 " rule%s)\n", v->map->rule_count, plural(v->map->rule_count));
    } else {
        buf_text(b, v->map ? "none: every tensor under its own name\n" : "not read\n");
    }
    if (v->plan) {
        buf_printf(b, "targets     %" PRIu32 " file%s, ", v->plan->count, plural(v->plan->count));
        add_total(v, b);
    }
}

void report_text(const struct view *v, const struct diag *d, struct buf *b)
{
    static const struct report_style plain = {"", ""};
    add_head(v, b);
    report_lists(v, &plain, REPORT_TEXT_MOST, " (see report.json)", b);
    if (d->errors + d->warnings) {
        buf_printf(b, "\n%" PRIu64 " error%s, %" PRIu64 " warning%s\n", d->errors,
                   plural(d->errors), d->warnings, plural(d->warnings));
        report_diag(d, NULL, REPORT_TEXT_MOST, b);
    }
}
