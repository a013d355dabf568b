/* SPDX-License-Identifier: Apache-2.0 */
#include "map/view_options.h"

#include "base/buf.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "map/file_name.h"
#include "map/message.h"
#include "map/token.h"

/* A line of [view] amid its reading. */
struct reading {
    const struct ini_item *item;
    const struct format_names *formats;
    struct arena *arena;
    struct view_options *out;
    struct diag *diag;
};

static errint refuse_value(const struct reading *r, const char *expected)
{
    return diag_error_at(r->diag, DIAG_MAP_SYNTAX, r->item->at, r->item->key,
                         "'%s' is no value of '%s' in [view]: expected %s",
                         message_shown(r->diag, r->item->value),
                         message_shown(r->diag, r->item->key), expected);
}

/* ---- one of a few words ---------------------------------------------------------------------- */

/* The index of the value among `words`, or -1 with an error. */
static int choose_word(const struct reading *r, const char *const *words, unsigned count,
                       const char *expected)
{
    for (unsigned i = 0; i < count; i++) {
        if (str_eq(r->item->value, str_from(words[i]))) {
            return (int)i;
        }
    }
    (void)refuse_value(r, expected);
    message_nearest(r->diag, r->item->value, words, count);
    return -1;
}

static errint read_undeclared(const struct reading *r)
{
    static const char *const words[] = {"error", "infer"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "error or infer");
    r->out->infer_undeclared = chosen == 1;
    return chosen < 0 ? -EINVAL : 0;
}

static errint read_missing(const struct reading *r)
{
    static const char *const words[] = {"error", "skip"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "error or skip");
    r->out->skip_missing = chosen == 1;
    return chosen < 0 ? -EINVAL : 0;
}

static errint read_dtype(const struct reading *r)
{
    static const char *const words[] = {"strict", "cast", "source"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "strict, cast or source");
    r->out->dtype = chosen < 0 ? VIEW_DTYPE_STRICT : (enum view_dtype)chosen;
    return chosen < 0 ? -EINVAL : 0;
}

static errint read_shards(const struct reading *r)
{
    static const char *const words[] = {"source", "compact"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "source or compact");
    r->out->shards = chosen == 1 ? VIEW_SHARDS_COMPACT : VIEW_SHARDS_SOURCE;
    return chosen < 0 ? -EINVAL : 0;
}

static errint read_layout(const struct reading *r)
{
    static const char *const words[] = {"flat", "savedmodel"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "flat or savedmodel");
    r->out->layout = chosen == 1 ? VIEW_LAYOUT_SAVEDMODEL : VIEW_LAYOUT_FLAT;
    return chosen < 0 ? -EINVAL : 0;
}

static errint read_unused(const struct reading *r)
{
    static const char *const words[] = {"list", "error"};
    int chosen = choose_word(r, words, ARRAY_LEN(words), "list or error");
    r->out->unused_is_error = chosen == 1;
    return chosen < 0 ? -EINVAL : 0;
}

bool view_prefer_parse(struct str text, bool *ema)
{
    *ema = str_eq(text, STR("ema"));
    return *ema || str_eq(text, STR("none"));
}

static errint read_prefer(const struct reading *r)
{
    static const char *const words[] = {"ema", "none"};
    r->out->prefer_at = r->item->at;
    if (view_prefer_parse(r->item->value, &r->out->prefer_ema)) {
        return 0;
    }
    errint rc = refuse_value(r, "ema or none");
    message_nearest(r->diag, r->item->value, words, ARRAY_LEN(words));
    return rc;
}

static errint read_drop(const struct reading *r)
{
    return name_filters_add(&r->out->filters, false, r->item->value, r->item->at, r->arena,
                            r->diag);
}

static errint read_keep(const struct reading *r)
{
    return name_filters_add(&r->out->filters, true, r->item->value, r->item->at, r->arena, r->diag);
}

/* The value is no list of kinds of file: "expected a list of raw, npy and tensorflow". */
static errint refuse_files(const struct reading *r, struct str word)
{
    const struct format_names *known = r->formats;
    CLEANUP_BUF struct buf expected = {0};
    buf_text(&expected, "a list of ");
    buf_list(&expected, known->names, known->count, " and ");
    if (expected.failed) {
        return diag_no_memory(r->diag);
    }
    errint rc = refuse_value(r, expected.data);
    message_nearest(r->diag, word, known->names, known->count);
    return rc;
}

static errint read_files(const struct reading *r)
{
    struct str rest = r->item->value;
    while (rest.ptr && r->formats->names) {
        struct str word = token_cut(rest, ',', &rest);
        unsigned i = 0;
        while (i < r->formats->count && !str_eq(word, str_from(r->formats->names[i]))) {
            i++;
        }
        if (i == r->formats->count) {
            return refuse_files(r, word);
        }
        r->out->files |= 1u << i;
    }
    return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static errint read_file_name(const struct reading *r, struct str *out)
{
    struct str name = unescape_name(r->arena, r->item->value);
    if (!name.ptr) {
        return diag_no_memory(r->diag);
    }
    const char *wrong =
        utf8_valid(name) ? file_name_wrong(name) : "texts that name it have to be UTF-8";
    if (wrong) {
        return diag_error_at(r->diag, DIAG_MAP_SYNTAX, r->item->at, r->item->key,
                             "'%s' cannot be a file of the mount: %s",
                             message_shown(r->diag, r->item->value), wrong);
    }
    *out = name;
    return 0;
}

static errint read_name(const struct reading *r)
{
    struct str name = {NULL, 0};
    errint rc = read_file_name(r, &name);
    for (size_t i = 0; rc == 0 && i < name.len; i++) {
        if (strchr("*?[]\\", name.ptr[i])) {
            return diag_error_at(r->diag, DIAG_MAP_SYNTAX, r->item->at, r->item->key,
                                 "TensorFlow would take '%s' as a pattern: leave '%c' out",
                                 message_shown(r->diag, r->item->value), name.ptr[i]);
        }
    }
    if (rc == 0) {
        r->out->name = name;
    }
    return rc;
}

static errint read_safetensors(const struct reading *r)
{
    static const struct str suffix = {".safetensors", 12};
    struct str name = {NULL, 0};
    errint rc = read_file_name(r, &name);
    if (rc == 0 && !str_ends(name, suffix)) {
        const char *full = arena_printf(r->arena, STR_FMT STR_FMT, STR_ARG(name), STR_ARG(suffix));
        if (!full) {
            return diag_no_memory(r->diag);
        }
        name = str_from(full);
    }
    r->out->safetensors = name;
    return rc;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static errint read_shard_size(const struct reading *r)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"KB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", 1000000000000},
        {"KiB", 1 << 10},
        {"MiB", 1 << 20},
        {"GiB", 1 << 30},
        {"TiB", 1ull << 40},
    };
    struct str value = r->item->value;
    size_t digits = 0;
    while (digits < value.len && value.ptr[digits] >= '0' && value.ptr[digits] <= '9') {
        digits++;
    }
    int64_t number = token_number(str_head(value, digits));
    struct str unit = str_trim(str_from_pos(value, digits));
    for (size_t i = 0; number > 0 && i < ARRAY_LEN(units); i++) {
        if (str_eq(unit, str_from(units[i].name)) &&
            checked_mul_u64((uint64_t)number, units[i].bytes, &r->out->shard_size)) {
            return 0;
        }
    }
    return refuse_value(r, "a size such as 5GB, 500MB or 2GiB");
}

/* ---- the keys -------------------------------------------------------------------------------- */

static const struct {
    const char *key;
    errint (*read)(const struct reading *r);
} keys[] = {
    {"undeclared", read_undeclared},
    {"dtype", read_dtype},
    {"name", read_name},
    {"safetensors", read_safetensors},
    {"files", read_files},
    {"shards", read_shards},
    {"shard_size", read_shard_size},
    {"layout", read_layout},
    {"missing", read_missing},
    {"drop", read_drop},
    {"keep", read_keep},
    {"unused", read_unused},
    {"prefer", read_prefer},
};

errint view_option_read(const struct ini_item *item, const struct format_names *formats,
                        struct arena *a, struct view_options *out, struct diag *d)
{
    struct reading r = {item, formats, a, out, d};
    const char *names[ARRAY_LEN(keys)];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        names[i] = keys[i].key;
        if (!str_eq(item->key, str_from(keys[i].key))) {
            continue;
        }
        if (out->given & 1u << i) {
            return diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key, "a second '%s' in [view]",
                                 keys[i].key);
        }
        out->given |= 1u << i;
        return keys[i].read(&r);
    }
    errint rc =
        diag_error_at(d, DIAG_MAP_SYNTAX, item->at, item->key,
                      "unknown key '%s' in [view]: expected undeclared, missing, dtype, name, "
                      "safetensors, files, "
                      "shards, shard_size, layout, drop, keep, prefer or unused",
                      message_shown(d, item->key));
    message_nearest(d, item->key, names, ARRAY_LEN(names));
    return rc;
}
