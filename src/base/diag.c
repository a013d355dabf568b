/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

static const struct {
    const char *name;
    errint rc;
} codes[DIAG_CODE_COUNT] = {
    [DIAG_CHECKPOINT_NOT_FOUND] = {"checkpoint-not-found", -ENOENT},
    [DIAG_CHECKPOINT_CORRUPT] = {"checkpoint-corrupt", -EBADMSG},
    [DIAG_MAP_SYNTAX] = {"map-syntax", -EINVAL},
    [DIAG_TENSOR_NOT_FOUND] = {"tensor-not-found", -ENOENT},
    [DIAG_VARIABLE_NOT_FOUND] = {"variable-not-found", -EINVAL},
    [DIAG_TENSOR_UNUSED] = {"tensor-unused", -EINVAL},
    [DIAG_SHAPE_MISMATCH] = {"shape-mismatch", -EINVAL},
    [DIAG_DTYPE_MISMATCH] = {"dtype-mismatch", -EINVAL},
    [DIAG_SLICES_MISSING] = {"slices-missing", -EBADMSG},
    [DIAG_SLICES_OVERLAP] = {"slices-overlap", -EBADMSG},
    [DIAG_PARTS_DIFFER] = {"parts-differ", -EINVAL},
    [DIAG_GRAPH_INVALID] = {"graph-invalid", -EINVAL},
    [DIAG_UNSUPPORTED] = {"unsupported", -ENOTSUP},
    [DIAG_FILE_UNREADABLE] = {"file-unreadable", -EIO},
    [DIAG_NAME_COLLISION] = {"name-collision", -EINVAL},
    [DIAG_NAME_AMBIGUOUS] = {"name-ambiguous", -EINVAL},
    [DIAG_EMPTY_VIEW] = {"empty-view", -EINVAL},
    [DIAG_LIMIT] = {"limit-exceeded", -EOVERFLOW},
    [DIAG_NO_MEMORY] = {"no-memory", -ENOMEM},
    [DIAG_EMPTY_SCOPE] = {"empty-scope", 0},
    [DIAG_CUT_TARGET] = {"cut-target", 0},
    [DIAG_OVERRIDDEN] = {"overridden", 0},
    [DIAG_SHARD_UNUSED] = {"shard-unused", 0},
    [DIAG_MOVED] = {"checkpoint-moved", 0},
    [DIAG_NO_STATE] = {"no-state-file", 0},
    [DIAG_INTEGERS_ROUNDED] = {"integers-rounded", 0},
    [DIAG_CAST_UNUSED] = {"cast-unused", 0},
    [DIAG_STEP_UNUSED] = {"step-unused", 0},
    [DIAG_PARAMETER_UNUSED] = {"parameter-unused", 0},
    [DIAG_CHECKPOINT_UNUSED] = {"checkpoint-unused", 0},
};

void diag_init(struct diag *d)
{
    *d = (struct diag){0};
    arena_init(&d->arena);
}

void diag_fini(struct diag *d)
{
    if (d) {
        arena_fini(&d->arena);
        *d = (struct diag){0};
    }
}

static struct diag_entry *new_entry(struct diag *d)
{
    if (d->kept == DIAG_KEPT) {
        return NULL;
    }
    if (!arena_grow(&d->arena, &d->entries, &d->cap, d->kept, sizeof(*d->entries))) {
        d->forgotten = true;
        return NULL;
    }
    return &d->entries[d->kept];
}

/* Keeps a copy of `e`, with the message that the format makes. */
FORMAT(3, 0)
static void add_entry(struct diag *d, struct diag_entry e, const char *fmt, va_list args)
{
    if (!d) {
        return;
    }
    if (e.warning) {
        d->warnings++;
    } else {
        d->errors++;
    }
    struct diag_entry *kept = new_entry(d);
    if (!kept) {
        return;
    }
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    char *message = len < 0 ? NULL : arena_bytes(&d->arena, (size_t)len + 1);
    if (message) {
        vsnprintf(message, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    const char *file = arena_cstr(&d->arena, str_from(e.at.file ? e.at.file : ""));
    e.at.file = file ? file : "";
    e.subject = arena_str(&d->arena, e.subject);
    e.message = message ? message : "no memory for the message";
    *kept = e;
    d->kept++;
}

errint diag_error(struct diag *d, enum diag_code code, const char *file, struct str subject,
                  const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_entry(d, (struct diag_entry){.code = code, .at = position_file(file), .subject = subject},
              fmt, args);
    va_end(args);
    return codes[code].rc;
}

errint diag_error_at(struct diag *d, enum diag_code code, struct position at, struct str subject,
                     const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_entry(d, (struct diag_entry){.code = code, .at = at, .subject = subject}, fmt, args);
    va_end(args);
    return codes[code].rc;
}

void diag_warn(struct diag *d, enum diag_code code, const char *file, struct str subject,
               const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_entry(d,
              (struct diag_entry){
                  .code = code, .warning = true, .at = position_file(file), .subject = subject},
              fmt, args);
    va_end(args);
}

void diag_warn_at(struct diag *d, enum diag_code code, struct position at, struct str subject,
                  const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_entry(d, (struct diag_entry){.code = code, .warning = true, .at = at, .subject = subject},
              fmt, args);
    va_end(args);
}

void diag_take_errors(struct diag *d, const struct diag *from)
{
    for (unsigned i = 0; i < from->kept; i++) {
        const struct diag_entry *e = &from->entries[i];
        if (!e->warning) {
            diag_error_at(d, e->code, e->at, e->subject, "%s", e->message);
        }
        for (unsigned k = 0; !e->warning && k < e->nearest_count; k++) {
            diag_nearest_written(d, e->nearest[k], e->written[k]);
        }
    }
}

void diag_nearest(struct diag *d, struct str name)
{
    diag_nearest_written(d, name, (struct str){NULL, 0});
}

void diag_nearest_written(struct diag *d, struct str name, struct str written)
{
    if (!d || !d->kept || d->kept != d->errors + d->warnings || name.len > DIAG_SHOWN_MOST) {
        return; /* the newest entry was only counted, or the name is no help */
    }
    struct diag_entry *e = &d->entries[d->kept - 1];
    struct str copy = arena_str(&d->arena, name);
    if (copy.ptr && e->nearest_count < DIAG_NEAREST) {
        e->written[e->nearest_count] = written.ptr ? arena_str(&d->arena, written) : written;
        e->nearest[e->nearest_count++] = copy;
    }
}

errint diag_no_memory(struct diag *d)
{
    return diag_error(d, DIAG_NO_MEMORY, "", STR(""), "out of memory");
}

const char *diag_visible(struct diag *d, struct str s)
{
    if (d && d->kept == DIAG_KEPT) {
        return "";
    }
    CLEANUP_BUF struct buf text = {0};
    buf_visible_head(&text, s, DIAG_SHOWN_MOST);
    char *copy = d && !text.failed ? arena_cstr(&d->arena, buf_view(&text)) : NULL;
    return copy ? copy : "?";
}

const char *diag_place(struct diag *d, struct position at)
{
    if (d && d->kept == DIAG_KEPT) {
        return "";
    }
    CLEANUP_BUF struct buf text = {0};
    position_print(&text, at);
    char *copy = d && !text.failed ? arena_cstr(&d->arena, buf_view(&text)) : NULL;
    return copy ? copy : "?";
}

const char *diag_code_name(enum diag_code code)
{
    return codes[code].name;
}
