/* SPDX-License-Identifier: Apache-2.0 */
/* An object graph, and the names that it gives the tensors of a checkpoint with some of the
 * goldens' keys. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "io/io_bytes.h"
#include "source/catalog_build.h"
#include "source/catalog_names.h"
#include "source/tf_v2/objects.h"
#include "tensor/dtype.h"

#define VALUE "/.ATTRIBUTES/VARIABLE_VALUE"

static const char *const keys[] = {
    "_CHECKPOINTABLE_OBJECT_GRAPH",
    "half" VALUE,
    "layers/0/b" VALUE,
    "model/by_name/a..b.Sc" VALUE,
    "model/layers/0/b" VALUE,
    "model/layers/0/b/.OPTIMIZER_SLOT/optimizer/m" VALUE,
    "model/layers/0/b/.OPTIMIZER_SLOT/optimizer/v" VALUE,
    "model/layers/0/w" VALUE,
    "model/layers/0/w/.OPTIMIZER_SLOT/optimizer/m" VALUE,
    "model/nameless/0" VALUE,
    "model/nameless/1" VALUE,
    "model/optimizer/_iterations" VALUE,
    "model/optimizer/_trainable_variables/0" VALUE,
    "model/optimizer/_variables/2" VALUE,
    "model/twins/0" VALUE,
    "model/twins/1" VALUE,
    "net/twin",
    "save_counter" VALUE,
    "table/.ATTRIBUTES/table-keys",
    "table/.ATTRIBUTES/table-values",
};

static struct catalog *new_catalog(void)
{
    struct catalog *c = calloc(1, sizeof(*c));
    FUZZ_CHECK(c);
    arena_init(&c->arena);
    c->prefix = c->index_path = "input";
    struct catalog_build b;
    FUZZ_CHECK(catalog_build_init(&b, c) == 0);
    struct tensor t = {.shard = TENSOR_NO_SHARD, .dtype = DTYPE_FLOAT32};
    for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
        FUZZ_CHECK(catalog_build_add(&b, str_from(keys[i]), NULL, &t) == 0);
    }
    FUZZ_CHECK(catalog_build_finish(&b) == 0);
    catalog_build_fini(&b);
    return c;
}

/* Every tensor has two names that lead to it, and the table is in order. */
static void look(const struct catalog *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct tensor *found[2];
        struct str key = catalog_key(c, t);
        struct str friendly = catalog_friendly(c, t);
        fuzz_sum(friendly.ptr, friendly.len);
        FUZZ_CHECK(i == 0 || str_cmp(tensor_name(t - 1), tensor_name(t)) < 0);
        FUZZ_CHECK(friendly.len && catalog_name_fits(friendly));
        FUZZ_CHECK(catalog_find(c, tensor_name(t)) == t);
        FUZZ_CHECK(catalog_resolve(c, key, found, 2) == 1 && found[0] == t);
        FUZZ_CHECK(catalog_resolve(c, friendly, found, 2) >= 1 && found[0] == t);
    }
    for (uint32_t i = 0; i < c->names->alias_count; i++) {
        const struct catalog_alias *a = &c->names->aliases[i];
        const struct tensor *found[2];
        FUZZ_CHECK(i == 0 || str_cmp(a[-1].name, a->name) <= 0);
        FUZZ_CHECK(a->tensor < c->count && catalog_resolve(c, a->name, found, 2) >= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire w;
    struct diag d;
    diag_init(&d);
    struct catalog *c = new_catalog();
    struct object_name names[ARRAY_LEN(keys)];
    struct io_bytes io;
    io_bytes_init(&io, data, size, "input");
    wire_init(&w, &io.io, size);
    errint rc = objects_read(c, &w, &c->arena, names);
    FUZZ_CHECK(rc == 0 || (rc < 0 && w.wrong[0]));
    if (rc == 0) {
        FUZZ_CHECK(catalog_names_build(c, names) == 0);
        look(c);
        FUZZ_CHECK(catalog_use_friendly(c, &d) == 0 && c->names->friendly);
        look(c);
    }
    FUZZ_CHECK(d.errors == 0);
    catalog_close(c);
    diag_fini(&d);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_message(data, size, most, seed);
}
