/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification finds: a line each for people, and a summary; or one JSON document. */
#ifndef CKPTFS_TOOL_FINDINGS_H
#define CKPTFS_TOOL_FINDINGS_H

#include "base/json.h"
#include "tool/tool.h"

struct findings {
    struct tool_out *out; /* borrows */
    bool as_json;
    struct json json;
    struct buf line;   /* owns: the words of the one at hand */
    uint64_t damaged;  /* tensors, and what else is */
    uint64_t unknown;  /* tensors of which nothing can be said */
    uint64_t bytes;    /* that were looked at */
    double seconds;    /* that it took */
    bool ended;        /* findings_end was called */
    bool no_checksums; /* the checkpoint has none: `bytes` are those of its tensors */
};

/* findings_begin: once the checkpoint was looked for: v is what came of it. */
void findings_begin(struct findings *f, const struct view *v, bool as_json, struct tool_out *o);

/* findings_tell: one more, f->line, which is empty again after that. It is about `tensor` (ptr
 * NULL: none), or about all of `file` (NULL: of none). Counts nothing. */
void findings_tell(struct findings *f, struct str tensor, const char *file);

/* findings_end: the summary of a verification that came to its end. */
void findings_end(struct findings *f, const struct view *v);

/* findings_close: the end of the document, with what is in d; nothing for people. Frees all. */
void findings_close(struct findings *f, const struct diag *d);

#endif
