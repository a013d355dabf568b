/* SPDX-License-Identifier: Apache-2.0 */
/* The %XX notation that maps and mounted paths share, so that a path copied from
 * `ls` is a valid name in a map.
 *
 * In a path component: bytes below 0x20, 0x7f, and a '%' that two hex digits follow are written
 * %XX; an empty component is "%", "." is "%2E", ".." is "%2E%2E". Reading a map takes %XX for any
 * byte, a lone "%" component for an empty one, and any other '%' as itself. */
#ifndef CKPTFS_BASE_ESCAPE_H
#define CKPTFS_BASE_ESCAPE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum { COMPONENT_MOST = 255 }; /* bytes of a path component, as file systems have it */

/* escape_component: adds the path form of one component (no '/' in it) to b. One longer than
 * COMPONENT_MOST bytes in that form becomes its first 200, "%~" and 16 hex digits of a hash of the
 * raw component (cut before a %XX or a UTF-8 sequence that would be split). */
void escape_component(struct buf *b, struct str component);

/* escape_shortened: the form of a component that is too long for a path, also of one that is not:
 * where something is to be added. */
void escape_shortened(struct buf *b, struct str component);

/* escape_path: every component of `name`, joined by '/'. */
void escape_path(struct buf *b, struct str name);

/* escape_name: adds the text that a map writes for `name`, which unescape_name and the map's parser
 * read as that name: %XX for what the language needs, for control characters, bytes that are no
 * UTF-8, and what a terminal would not show as itself; with `plain`, for all that is not ASCII. A
 * final '/' is that of a scope if is_scope, else of an empty component. */
void escape_name(struct buf *b, struct str name, bool is_scope, bool plain);

/* unescape_name: the name that map text stands for, allocated in `a`; ptr is NULL when memory is
 * short. A component that is exactly "%" is an empty one; a trailing '/' stays a trailing '/'. */
struct str unescape_name(struct arena *a, struct str text);

#endif
