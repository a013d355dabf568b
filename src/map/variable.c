/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "map/graph.h"
#include "map/message.h"
#include "map/name.h"
#include "map/partitioner.h"
#include "map/token.h"

/* One declaration amid its parsing. */
struct parsing {
    const struct ini_item *item;
    struct arena *arena;
    struct diag *d;
    struct variable v;
    struct partitioner partitioner;
};

errint shape_parse(struct str text, struct arena *a, struct shape *out)
{
    *out = (struct shape){0};
    if (text.len < 2 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']') {
        return -EINVAL;
    }
    struct str inside = str_trim(str_of(text.ptr + 1, text.len - 2));
    if (str_eq(inside, STR("..."))) {
        out->rank = SHAPE_RANK_UNKNOWN;
        return 0;
    }
    int64_t dims[SHAPE_RANK_MOST];
    unsigned rank = 0;
    for (struct str rest = inside; inside.len && rest.ptr; rank++) {
        struct str word = token_cut(rest, ',', &rest);
        if (rank == SHAPE_RANK_MOST) {
            return -EINVAL;
        }
        bool unknown = str_eq(word, STR("?"));
        dims[rank] = unknown ? SHAPE_DIM_UNKNOWN : token_number(word);
        if (dims[rank] < 0 && !unknown) {
            return -EINVAL;
        }
    }
    int64_t *copy = ARENA_ARRAY(a, int64_t, rank);
    if (!copy) {
        return -ENOMEM;
    }
    memcpy(copy, dims, rank * sizeof(*dims));
    *out = (struct shape){copy, (uint8_t)rank};
    return 0;
}

static bool is_opaque(enum dtype dtype)
{
    return dtype == DTYPE_RESOURCE || dtype == DTYPE_VARIANT;
}

static errint unknown_dtype(struct parsing *p, struct str word)
{
    errint rc = diag_error_at(
        p->d, DIAG_MAP_SYNTAX, p->item->at, p->v.name,
        "unknown dtype '%s': expected one of TensorFlow's, such as float32, bfloat16 or int64",
        message_shown(p->d, word));
    message_nearest_dtype(p->d, word);
    return rc;
}

static errint parse_name(struct parsing *p, struct str text)
{
    struct name name;
    errint rc = name_parse(text, "variable", p->item->at, p->arena, &name, p->d);
    if (rc == 0 && name.is_scope) {
        rc = diag_error_at(
            p->d, DIAG_MAP_SYNTAX, p->item->at, text,
            "'%s' is a scope, expected a variable: one whose name ends in '/' is written '%s%%'",
            message_shown(p->d, text), message_shown(p->d, text));
    }
    p->v.name = rc == 0 ? name.text : text;
    return rc;
}

/* `float32 [1000, 64]` */
static errint parse_type(struct parsing *p, struct str text)
{
    size_t end = 0;
    while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\t' &&
           text.ptr[end] != '[') {
        end++;
    }
    struct str word = str_head(text, end);
    struct str shape = str_trim(str_from_pos(text, end));
    if (word.len == 0) {
        return diag_error_at(
            p->d, DIAG_MAP_SYNTAX, p->item->at, p->v.name,
            "the dtype is missing: expected a declaration such as 'float32 [100, 64]'");
    }
    errint rc = 0;
    p->v.dtype = dtype_parse(word);
    if (p->v.dtype == DTYPE_INVALID) {
        rc = unknown_dtype(p, word);
    } else if (is_opaque(p->v.dtype)) {
        rc = diag_error_at(p->d, DIAG_GRAPH_INVALID, p->item->at, p->v.name,
                           "dtype %s: a variable of it has no bytes in a checkpoint",
                           dtype_name(p->v.dtype));
    }
    if (shape.len == 0) {
        errint missing = diag_error_at(
            p->d, DIAG_MAP_SYNTAX, p->item->at, p->v.name,
            "the shape is missing: expected one such as [100, 64], [] for a scalar, [...] for "
            "an unknown rank");
        return rc ? rc : missing;
    }
    errint malformed = shape_parse(shape, p->arena, &p->v.shape);
    if (malformed == -ENOMEM) {
        return diag_no_memory(p->d);
    }
    if (malformed < 0) {
        malformed = diag_error_at(
            p->d, DIAG_MAP_SYNTAX, p->item->at, p->v.name,
            "'%s' is no shape: expected one such as [100, 64], [] for a scalar, ? for an unknown "
            "dimension, [...] for an unknown rank",
            message_shown(p->d, shape));
    }
    return rc ? rc : malformed;
}

/* The text after the '|'. */
static errint parse_partition(struct parsing *p, struct str text)
{
    struct str word = STR("partition");
    bool named = str_starts(text, word) &&
                 (text.len == word.len || text.ptr[word.len] == ' ' || text.ptr[word.len] == '\t');
    if (!named || str_find(text, '|') >= 0) {
        return diag_error_at(p->d, DIAG_MAP_SYNTAX, p->item->at, p->v.name,
                             "'| %s': a declaration takes one 'partition' and no other operation",
                             message_shown(p->d, text));
    }
    return partitioner_parse(str_trim(str_from_pos(text, word.len)), p->item->at, p->arena,
                             &p->partitioner, p->d);
}

static errint check_size(struct parsing *p)
{
    const struct shape *s = &p->v.shape;
    for (unsigned i = 0; s->rank != SHAPE_RANK_UNKNOWN && i < s->rank; i++) {
        if (s->dims[i] == SHAPE_DIM_UNKNOWN) {
            return 0;
        }
    }
    uint64_t bytes;
    if (s->rank != SHAPE_RANK_UNKNOWN && shape_bytes(*s, p->v.dtype, &bytes) < 0) {
        return diag_error_at(p->d, DIAG_GRAPH_INVALID, p->item->at, p->v.name,
                             "%s %s is more than 2^63-1 bytes", dtype_name(p->v.dtype),
                             shape_text(*s).text);
    }
    return 0;
}

static errint apply_partitioner(struct parsing *p)
{
    struct partition cut;
    const char *why = partitioner_apply(&p->partitioner, p->v.shape, p->v.dtype, p->arena, &cut);
    p->v.cuts = cut.counts;
    return why ? diag_error_at(p->d, DIAG_GRAPH_INVALID, p->item->at, p->v.name, "variable '%s' %s",
                               message_shown(p->d, p->v.name), why)
               : 0;
}

errint variable_parse(const struct ini_item *item, struct arena *a, struct variable *out,
                      struct diag *d)
{
    *out = (struct variable){0};
    struct parsing p = {.item = item, .arena = a, .d = d};
    struct position *at = ARENA_NEW(a, struct position);
    if (!at) {
        return diag_no_memory(d);
    }
    *at = item->at;
    p.v.at = at;
    struct str rest;
    struct str type = token_cut(item->value, '|', &rest);
    struct str operation = rest.ptr ? str_trim(rest) : STR("");

    errint bad_name = parse_name(&p, item->key);
    errint bad_type = parse_type(&p, type);
    errint bad_cut = rest.ptr ? parse_partition(&p, operation) : 0;
    if (bad_type == 0) {
        bad_type = check_size(&p);
    }
    if (bad_type == 0 && p.partitioner.kind) {
        bad_type = apply_partitioner(&p);
    }
    if (bad_name < 0) {
        return bad_name;
    }
    if (bad_type < 0 || bad_cut < 0) {
        return bad_type < 0 ? bad_type : bad_cut;
    }
    *out = p.v;
    return 0;
}
