/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file, made a catalog, and all of its tensors read. The input is
 *
 *     2 bytes   how many bytes of tensors there are
 *     2 bytes   how many blanks are put after the first byte of the header: so many that the parser
 *               may need more bytes anywhere, and nothing may change by it
 *     the rest  the header, or, where the first byte is 0xff, the file as it is */
#include <stdlib.h>

#include "base/put.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "source/safetensors/st_source.h"
#include "tensor/dtype.h"

enum { BEGIN = 4, DATA_MOST = 4096 };

/* A file of a header with blanks in it. */
static void write_file(const uint8_t *data, size_t size, size_t blanks)
{
    struct mkbuf file = {0};
    char length[8];
    size_t header = size - BEGIN;
    size_t values = (size_t)(data[0] | data[1] << 8) % DATA_MOST;
    put_le64_at(length, header + (header ? blanks : 0));
    mkbuf_add(&file, length, sizeof(length));
    for (size_t i = 0; i < header; i++) {
        mkbuf_add(&file, data + BEGIN + i, 1);
        for (size_t k = 0; i == 0 && k < blanks; k++) {
            mkbuf_add(&file, " ", 1);
        }
    }
    for (size_t i = 0; i < values; i++) {
        mkbuf_add(&file, &(char){(char)i}, 1);
    }
    fuzz_file(file.data, file.len);
    mkbuf_free(&file);
}

/* Tensors that are shown lie inside the file, with the bytes that they take, which are read. */
static void look(struct catalog *c)
{
    uint32_t hidden = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct tensor *t = &c->tensors[i];
        FUZZ_CHECK(i == 0 || str_cmp(tensor_name(t - 1), tensor_name(t)) < 0);
        FUZZ_CHECK(catalog_find(c, tensor_name(t)) == t);
        FUZZ_CHECK(!t->hidden == !tensor_hidden_reason(t) && utf8_valid(tensor_name(t)));
        fuzz_sum(t->name_ptr, t->name_len);
        fuzz_sum(t->dims, t->rank * sizeof(*t->dims));
        hidden += t->hidden != TENSOR_SHOWN;
        uint64_t bytes;
        if (t->hidden == TENSOR_SHOWN) {
            FUZZ_CHECK(shape_bytes(tensor_shape(t), t->dtype, &bytes) == 0 && bytes == t->bytes);
            FUZZ_CHECK(t->shard < c->shard_count && t->no_crc && t->bytes <= DATA_MOST << 4);
            char *values = malloc(t->bytes + 1);
            FUZZ_CHECK(values);
            FUZZ_CHECK(shard_read(&c->shards[t->shard], NULL, t->off, t->bytes, values) == 0);
            fuzz_sum(values, t->bytes);
            free(values);
        }
    }
    FUZZ_CHECK(hidden == c->hidden_count);
}

static errint open_file(struct diag *d, struct catalog **out)
{
    const char *files[] = {fuzz_path()};
    struct location where = {
        .prefix = "input", .driver = LOCATION_SAFETENSORS, .files = files, .file_count = 1};
    errint rc = st_open(&where, d, out);
    fuzz_said(rc, d);
    if (rc == 0) {
        catalog_use_all(*out);
        FUZZ_CHECK(catalog_open_shards(*out, d) == 0);
        look(*out);
    }
    return rc;
}

static void check_same(const struct catalog *a, const struct catalog *b)
{
    FUZZ_CHECK(a->count == b->count && a->hidden_count == b->hidden_count);
    for (uint32_t i = 0; i < a->count; i++) {
        FUZZ_CHECK(tensor_agrees(&a->tensors[i], &b->tensors[i]) ||
                   (str_eq(tensor_name(&a->tensors[i]), tensor_name(&b->tensors[i])) &&
                    a->tensors[i].bytes == b->tensors[i].bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < BEGIN) {
        return 0;
    }
    struct diag d;
    struct catalog *c = NULL;
    diag_init(&d);
    bool raw = data[0] == 0xff;
    if (raw) {
        fuzz_file(data + BEGIN, size - BEGIN);
    } else {
        write_file(data, size, 0);
    }
    errint rc = open_file(&d, &c);
    size_t blanks = (size_t)(data[2] | data[3] << 8);
    if (!raw && blanks) {
        struct diag again;
        struct catalog *padded = NULL;
        diag_init(&again);
        write_file(data, size, blanks);
        errint same = open_file(&again, &padded);
        FUZZ_CHECK(rc == same && d.errors == again.errors);
        if (rc == 0) {
            check_same(c, padded);
        }
        catalog_close(padded);
        diag_fini(&again);
    }
    catalog_close(c);
    diag_fini(&d);
    return 0;
}
