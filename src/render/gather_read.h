/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a piece that are short and lie apart in the source, as those of a transpose do: from
 * memory where the source is there, and by tiles. */
#ifndef CKPTFS_RENDER_GATHER_READ_H
#define CKPTFS_RENDER_GATHER_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errint.h"
#include "render/piece_rows.h"
#include "render/reader.h"

/* What a request asks for: bytes [off, end) of a value, to `buf`. */
struct value_request {
    struct reader *reader;
    uint64_t off;
    uint64_t end;
    char *buf;
};

/* gather_source: bytes [off, off+len) of what the piece is read from. */
MUST_CHECK errint gather_source(const struct value_request *q, const struct piece *p, uint64_t off,
                                size_t len, void *buf);

/* gather_rows: what is asked for of the piece, from the row at hand on, from memory. -ENOTSUP: it
 * is not there, and nothing was done. Other errors as those of value_read. */
MUST_CHECK errint gather_rows(const struct value_request *q, struct piece_rows *r);

/* gather_has_tiles: whether rows from the one at hand on lie so in a source that is not in memory
 * that gather_tile may have a use: on some axis they follow each other there, but not in the
 * value. */
bool gather_has_tiles(const struct value_request *q, const struct piece_rows *r);

/* gather_tile: of such, whole rows from the one at hand on, by runs that are longer than a row; the
 * last of them is at hand then. *done is false where there are none here, and nothing was done. */
MUST_CHECK errint gather_tile(const struct value_request *q, struct piece_rows *r, bool *done);

#endif
