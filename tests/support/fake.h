/* SPDX-License-Identifier: Apache-2.0 */
/* Catalogs and maps for unit tests of the layers above src/source: no files but one of data, where
 * a test reads. */
#ifndef CKPTFS_TESTS_FAKE_H
#define CKPTFS_TESTS_FAKE_H

#include <stdint.h>

#include "base/diag.h"
#include "map/map.h"
#include "plan/plan.h"
#include "source/catalog.h"
#include "tensor/dtype.h"

struct fake_tensor {
    const char *name;
    enum dtype dtype;
    int rank;
    int64_t dims[8];
    enum tensor_hidden hidden;
};

/* A catalog of `count` tensors, sorted here, laid one after the other in one shard in the order
 * given. Byte i of the shard is fake_byte(i). With `data`, the shard is a real temporary file,
 * open; otherwise it is not open. To be given to fake_close. */
struct catalog *fake_catalog(const struct fake_tensor *tensors, uint32_t count, int data);
void fake_close(struct catalog *c);

/* fake_writable: another descriptor of the shard's file, for reading and writing; the caller's. */
int fake_writable(struct catalog *c);

/* fake_reopened: what the shard's file is now is what it was when it was opened. */
void fake_reopened(struct catalog *c);

unsigned char fake_byte(uint64_t i);

/* The map of a text (a C string), which must parse. */
struct map *fake_map(const char *text);

/* A map resolved against a catalog. Zeroed, it is closed. */
struct fake_resolved {
    struct catalog *catalog;
    struct map *map;
    struct plan *plan;
    struct diag diag;
    errint rc; /* of plan_resolve */
};

/* fake_resolve: closes *r, and makes it the map of `text` against a catalog of those tensors. */
void fake_resolve(struct fake_resolved *r, const struct fake_tensor *tensors, uint32_t count,
                  const char *text);
void fake_resolved_close(struct fake_resolved *r);

/* Whether d has an entry with that code, place ("map.ini:3"), and a message that contains
 * `words`. */
int fake_has(const struct diag *d, enum diag_code code, const char *where, const char *words);

/* All entries, one a line, for failure messages; static storage. */
const char *fake_dump(const struct diag *d);

#endif
