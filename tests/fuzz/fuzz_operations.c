/* SPDX-License-Identifier: Apache-2.0 */
/* Rules with operations against a small checkpoint: each line up to one that is `---` is a rule,
 * and what follows that line is the file that is called FILE in rules. What is resolved is read, as
 * a whole and in parts, which have to agree. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

#include "base/cleanup.h"
#include "plan/ops/table.h"
#include "plan/plan.h"
#include "render/render.h"
#include "support/fake.h"

enum { RULES_MOST = 16, TEXT_MOST = 4096, TARGETS_READ = 24, READ_MOST = 4096 };

static const struct fake_tensor tensors[] = {
    {"b", DTYPE_BOOL, 1, {3}, TENSOR_SHOWN},
    {"c", DTYPE_COMPLEX64, 2, {2, 3}, TENSOR_SHOWN},
    {"d", DTYPE_FLOAT64, 2, {3, 4}, TENSOR_SHOWN},
    {"e/0/w", DTYPE_FLOAT32, 2, {2, 3}, TENSOR_SHOWN},
    {"e/1/w", DTYPE_FLOAT32, 2, {2, 3}, TENSOR_SHOWN},
    {"e/2/w", DTYPE_FLOAT32, 2, {2, 3}, TENSOR_SHOWN},
    {"f8", DTYPE_FLOAT8_E4M3FN, 3, {2, 2, 5}, TENSOR_SHOWN},
    {"h", DTYPE_FLOAT16, 3, {3, 5, 2}, TENSOR_SHOWN},
    {"i4", DTYPE_INT4, 1, {9}, TENSOR_SHOWN},
    {"i8", DTYPE_INT8, 4, {2, 1, 3, 2}, TENSOR_SHOWN},
    {"i64", DTYPE_INT64, 1, {6}, TENSOR_SHOWN},
    {"none", DTYPE_FLOAT32, 2, {0, 3}, TENSOR_SHOWN},
    {"one", DTYPE_INT32, 0, {0}, TENSOR_SHOWN},
    {"q", DTYPE_BFLOAT16, 2, {4, 4}, TENSOR_SHOWN},
    {"s", DTYPE_STRING, 1, {4}, TENSOR_SHOWN},
    {"table", DTYPE_FLOAT32, 2, {11, 3}, TENSOR_SHOWN},
    {"u", DTYPE_UINT16, 2, {64, 33}, TENSOR_SHOWN},
    {"w", DTYPE_FLOAT32, 2, {40, 24}, TENSOR_SHOWN},
};

/* A part of the target is what is there in all of it. */
static void check_part(struct reader *reader, const struct target *t, const char *whole, size_t all,
                       size_t off, size_t len)
{
    char part[READ_MOST];
    ssize_t got = render_read(reader, t, off, len, part);
    size_t there = off < all ? all - off : 0;
    there = there < len ? there : len;
    FUZZ_CHECK(got == (ssize_t)there);
    FUZZ_CHECK(memcmp(part, whole + off, there) == 0);
}

static void read_target(struct reader *reader, const struct target *t, uint32_t *random)
{
    char whole[READ_MOST];
    uint64_t all = target_bytes(t);
    if (!target_sized(t)) {
        return;
    }
    ssize_t got = render_read(reader, t, 0, sizeof(whole), whole);
    FUZZ_CHECK(got == -ERANGE || got == (ssize_t)(all < sizeof(whole) ? all : sizeof(whole)));
    for (unsigned i = 0; got > 0 && i < 4; i++) {
        size_t off = fuzz_random(random) % ((size_t)got + 1);
        size_t len = fuzz_random(random) % ((size_t)got - off + 1);
        check_part(reader, t, whole, (size_t)got, off, len);
    }
    if (got > 0 && all > sizeof(whole)) { /* its end, which may not fit where the beginning does */
        got = render_read(reader, t, all - 5, sizeof(whole), whole);
        FUZZ_CHECK(got == 5 || got == -ERANGE);
    }
}

static void read_targets(const struct plan *p)
{
    struct reader reader = {.catalog = p->catalog};
    uint32_t random = p->count;
    for (uint32_t i = 0; i < p->count && i < TARGETS_READ; i++) {
        const struct target *t = &p->targets[i];
        read_target(&reader, t, &random);
        FUZZ_CHECK(plan_find(p, target_name(t)) == t);
    }
    reader_fini(&reader);
}

/* A rule, with the path of the file in place of FILE; the caller's. */
static char *rule_of(struct str line)
{
    CLEANUP_BUF struct buf text = {0};
    for (long at; (at = str_search(line, STR("FILE"))) >= 0;
         line = str_from_pos(line, (size_t)at + 4)) {
        buf_str(&text, str_head(line, (size_t)at));
        buf_text(&text, fuzz_path());
    }
    buf_str(&text, line);
    buf_char(&text, '\0');
    FUZZ_CHECK(!text.failed);
    char *rule = strdup(text.data);
    FUZZ_CHECK(rule);
    return rule;
}

/* The rules of the text, to rules[RULES_MOST]; how many. */
static uint32_t cut_rules(struct str text, char **rules)
{
    uint32_t count = 0;
    struct str lines[RULES_MOST];
    while (text.len && count < RULES_MOST && !str_starts(text, STR("---\n"))) {
        long end = str_find(text, '\n');
        lines[count] = end < 0 ? text : str_head(text, (size_t)end);
        text = str_from_pos(text, lines[count++].len + 1);
    }
    text = str_from_pos(text, str_starts(text, STR("---\n")) ? 4 : text.len);
    fuzz_file((const uint8_t *)text.ptr, text.len);
    for (uint32_t i = 0; i < count; i++) {
        rules[i] = rule_of(lines[i]);
    }
    return count;
}

static void resolve(struct catalog *c, const struct map *m, struct diag *d, bool parsed,
                    unsigned how)
{
    struct plan *p = NULL;
    errint rc = plan_resolve(c, m, &m->graph, how, d, &p);
    if (parsed) {
        fuzz_said(rc, d);
    }
    if (parsed && rc == 0) {
        read_targets(p);
    }
    plan_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct catalog *c;
    char *rules[RULES_MOST];
    if (size > TEXT_MOST) {
        return 0;
    }
    if (!c) {
        c = fake_catalog(tensors, ARRAY_LEN(tensors), 1);
    }
    uint32_t count = cut_rules(str_of((const char *)data, size), rules);
    const struct map_extra extra = {
        .assign = (const char *const *)rules, .assign_count = count, .ops = &op_table};
    struct diag d;
    struct map *m = NULL;
    diag_init(&d);
    errint rc = map_open(NULL, &extra, &d, &m);
    fuzz_said(rc, &d);
    if (m) {
        resolve(c, m, &d, rc == 0, size % 2 ? PLAN_EXPLAINED : 0);
    }
    map_close(m);
    diag_fini(&d);
    for (uint32_t i = 0; i < count; i++) {
        free(rules[i]);
    }
    return 0;
}
