/* SPDX-License-Identifier: Apache-2.0 */
/* A small reader of JSON, to hold what src/base/json.h writes against: strict, and nothing of src/
 * is used but for UTF-8. */
#ifndef CKPTFS_TESTS_FUZZ_READ_JSON_H
#define CKPTFS_TESTS_FUZZ_READ_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum json_kind {
    JSON_NONE,
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A value is a run of the text. */
struct json_value {
    enum json_kind kind;
    struct str
        text; /* of a string, without its quotes; of an array or object, without its brackets */
};

/* json_read: the value that is all of the text, every part of it well formed; JSON_NONE if it is
 * not. */
struct json_value json_read(struct str text);

/* json_item: the next item of an array or member of an object, whose text *rest is at first; false
 * at the end. `key` may be NULL for arrays. */
bool json_item(struct str *rest, struct str *key, struct json_value *out);

/* json_member: the member of that name, as its key is written; kind JSON_NONE if there is none. */
struct json_value json_member(struct json_value object, const char *key);

#endif
