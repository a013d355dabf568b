/* SPDX-License-Identifier: Apache-2.0 */
/* A strict reader of JSON (RFC 8259) from an io, value after value, through a window: what was read
 * is not kept. The caller says what it expects next. It is for headers of 100 MB, of which a parser
 * that makes a tree takes ten times their size.
 *
 *     rc = json_read_object(r);
 *     while (rc == 0 && (more = json_read_member(r, &key)) > 0) {
 *         ... copy key, then read the value by json_read_..., or json_read_skip
 *     }
 *
 * Stricter than most: strings are UTF-8, escapes of surrogates come in pairs, control characters
 * are escaped, numbers have JSON's form. Members of one name are the caller's to find. */
#ifndef CKPTFS_CODEC_JSON_READ_H
#define CKPTFS_CODEC_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errint.h"
#include "base/str.h"
#include "io/io.h"

enum {
    JSON_READ_WINDOW = 64 << 10,
    JSON_READ_STRING_MOST = 64 << 10, /* bytes of a string that is given */
    JSON_READ_DEPTH_MOST = 64,        /* of containers in a value that is skipped */
};

/* All functions that return errint or int give -EBADMSG, -EOVERFLOW (too long, too deep), -EIO or
 * -ENOMEM where the JSON is not as expected, with `wrong` and `wrong_at`; then the reader is not to
 * be used any more. */
struct json_read {
    struct io *io;     /* borrows */
    uint64_t next;     /* offset in the io of the first byte after the window */
    uint64_t end;      /* of the JSON in the io */
    char *window;      /* owns */
    size_t at;         /* in the window, of the next byte */
    size_t have;       /* bytes in the window */
    bool first;        /* a container was just begun: no comma comes before what is in it */
    struct buf text;   /* owns: of the newest string */
    const char *wrong; /* static: "expected a string" */
    uint64_t wrong_at; /* offset in the io */
};

/* json_read_init: over bytes [off, end) of the io. -ENOMEM. To be given to json_read_fini in either
 * case. */
MUST_CHECK errint json_read_init(struct json_read *r, struct io *io, uint64_t off, uint64_t end);
void json_read_fini(struct json_read *r);

/* json_read_object, json_read_array: the beginning of one. */
MUST_CHECK errint json_read_object(struct json_read *r);
MUST_CHECK errint json_read_array(struct json_read *r);

/* json_read_member: the name of the next member of the object that was begun last and did not end,
 * borrowed until the next string is read, and the ':' after it: 1. 0: the object has ended. */
MUST_CHECK int json_read_member(struct json_read *r, struct str *name);

/* json_read_item: whether a next item of the array follows: 1; 0: the array has ended. */
MUST_CHECK int json_read_item(struct json_read *r);

/* json_read_string: a string, borrowed until the next one is read. */
MUST_CHECK errint json_read_string(struct json_read *r, struct str *out);

/* json_read_count: a whole number of at most 2^63 - 1, without sign, point and exponent. */
MUST_CHECK errint json_read_count(struct json_read *r, uint64_t *out);

/* json_read_skip_string: a string of any length, of which the form alone is checked. */
MUST_CHECK errint json_read_skip_string(struct json_read *r);

/* json_read_skip: any value, of which the form alone is checked. Its strings may have any
 * length. */
MUST_CHECK errint json_read_skip(struct json_read *r);

/* json_read_end: nothing but blanks is left. */
MUST_CHECK errint json_read_end(struct json_read *r);

#endif
