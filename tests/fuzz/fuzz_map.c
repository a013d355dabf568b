/* SPDX-License-Identifier: Apache-2.0 */
/* A map against a small checkpoint: parsed, resolved, and the beginning of every target read. */
#include "fuzz/fuzz.h"
#include "plan/plan.h"
#include "render/render.h"
#include "support/fake.h"

enum { READ = 200, TARGETS_READ = 64 };

static const struct fake_tensor tensors[] = {
    {"a", DTYPE_FLOAT32, 2, {10, 4}, TENSOR_SHOWN},
    {"a/Adam", DTYPE_FLOAT32, 2, {10, 4}, TENSOR_SHOWN},
    {"b", DTYPE_INT64, 0, {0}, TENSOR_SHOWN},
    {"c", DTYPE_FLOAT16, 3, {3, 5, 2}, TENSOR_SHOWN},
    {"d/part_0", DTYPE_INT8, 1, {7}, TENSOR_SHOWN},
    {"d/part_1", DTYPE_INT8, 1, {6}, TENSOR_SHOWN},
    {"e", DTYPE_STRING, 1, {4}, TENSOR_SHOWN},
    {"f/g/h", DTYPE_FLOAT64, 1, {9}, TENSOR_SHOWN},
    {"f/g/none", DTYPE_FLOAT32, 2, {0, 3}, TENSOR_SHOWN},
    {"global_step", DTYPE_INT64, 0, {0}, TENSOR_SHOWN},
    {"some_scope/layer/bias", DTYPE_FLOAT32, 1, {5}, TENSOR_SHOWN},
    {"some_scope/layer/kernel", DTYPE_FLOAT32, 2, {6, 5}, TENSOR_SHOWN},
    {"some_scope/var1", DTYPE_FLOAT32, 2, {10, 4}, TENSOR_SHOWN},
    {"some_var", DTYPE_FLOAT32, 2, {10, 4}, TENSOR_SHOWN},
    {"some_var/Adam", DTYPE_COMPLEX64, 2, {10, 4}, TENSOR_SHOWN},
    {"table", DTYPE_FLOAT32, 2, {11, 3}, TENSOR_SHOWN},
    {"w", DTYPE_BOOL, 1, {3}, TENSOR_SHOWN},
    {"x/", DTYPE_UINT8, 1, {2}, TENSOR_SHOWN},
    {"y%z=1", DTYPE_UINT16, 4, {2, 1, 3, 2}, TENSOR_SHOWN},
};

static void read_targets(const struct plan *p)
{
    struct reader reader = {.catalog = p->catalog};
    for (uint32_t i = 0; i < p->count && i < TARGETS_READ; i++) {
        const struct target *t = &p->targets[i];
        uint8_t bytes[READ];
        uint64_t all = target_bytes(t);
        ssize_t got = render_read(&reader, t, 0, READ, bytes);
        if (!target_sized(t)) { /* strings: there are none in this data file */
            FUZZ_CHECK(got == 0 || got == -EINVAL);
            continue;
        }
        FUZZ_CHECK(got == -ERANGE || got == (ssize_t)(all < READ ? all : READ));
        got = render_read(&reader, t, all / 2 + 1, READ, bytes);
        FUZZ_CHECK(got == -ERANGE || got >= 0);
        FUZZ_CHECK(plan_find(p, target_name(t)) == t);
    }
    reader_fini(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct catalog *c;
    if (!c) {
        c = fake_catalog(tensors, ARRAY_LEN(tensors), 1);
    }
    struct diag d;
    diag_init(&d);
    struct map *m = NULL;
    errint rc = map_parse(str_of(data, size), "map.ini", &d, &m);
    fuzz_said(rc, &d);
    if (m) {
        struct plan *p = NULL;
        errint resolved = plan_resolve(c, m, &m->graph, m->graph_broken, &d, &p);
        rc = rc < 0 ? rc : resolved;
        fuzz_said(rc, &d);
        if (rc == 0) {
            read_targets(p);
        }
        plan_close(p);
    }
    map_close(m);
    diag_fini(&d);
    return 0;
}
