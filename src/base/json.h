/* SPDX-License-Identifier: Apache-2.0 */
/* A streaming JSON writer into a buffer: well-formed by construction as long as what is opened is
 * closed.
 *
 * Strings are runs of bytes, as names are. The rule for what they become:
 *
 *   valid UTF-8         is itself: every parser gives back the exact name. '"', '\' and what a
 *                       terminal does not show as itself (utf8_shown: controls, line separators,
 *                       U+202E and its like) are escaped, which is exact too, so a document is safe
 *                       on a terminal.
 *   any other byte HH   is the lone surrogate \udcHH (80 <= HH <= FF). No valid UTF-8 decodes to
 *                       one, so this is unambiguous; it is Python's "surrogateescape":
 *                       os.fsencode(json.loads(text)) is the exact bytes.
 *
 * A container is written over several lines (JSON_BLOCK, two blanks a level) or on one (JSON_LINE);
 * all that a JSON_LINE container holds is on that line too. */
#ifndef CKPTFS_BASE_JSON_H
#define CKPTFS_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum { JSON_DEPTH_MOST = 16 };

enum json_layout { JSON_BLOCK, JSON_LINE };

struct json {
    struct buf *out; /* borrows; its sticky failure is ours */
    unsigned depth;
    bool keyed; /* a key was written: its value comes next */
    struct {
        bool line;
        bool items; /* it holds something already */
    } levels[JSON_DEPTH_MOST];
};

/* json_begin: a writer that appends to `out`; one value may follow. */
struct json json_begin(struct buf *out);

/* json_end: the newline that ends a document. */
void json_end(struct json *j);

void json_object(struct json *j, enum json_layout layout);
void json_object_end(struct json *j);
void json_array(struct json *j, enum json_layout layout);
void json_array_end(struct json *j);

/* json_key: the name of the next value of an object: plain ASCII text of ours. */
void json_key(struct json *j, const char *key);

/* json_key_str: the name of the next value of an object: any bytes, by the rule for strings. */
void json_key_str(struct json *j, struct str key);

void json_str(struct json *j, struct str s);
void json_text(struct json *j, const char *text); /* NULL is null */
void json_int(struct json *j, int64_t value);
void json_uint(struct json *j, uint64_t value);
void json_null(struct json *j);

/* json_double: the shortest decimal that reads back as the value; what is not finite is null. */
void json_double(struct json *j, double value);

/* json_ints: an array of `count` numbers on one line. */
void json_ints(struct json *j, const int64_t *values, unsigned count);

#endif
