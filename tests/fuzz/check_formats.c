/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's and safetensors' files against the raw bytes of the same targets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/utf8.h"
#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "fuzz/read_json.h"
#include "render/string_read.h"
#include "view/formats/safetensors.h"
#include "view/left_out.h"

/* All bytes of a target that has numbers; NULL where they cannot be read, or are many. */
static uint8_t *read_target(struct check *c, const struct target *t, uint64_t *size)
{
    *size = target_bytes(t);
    uint8_t *bytes = *size <= CHECK_BYTES ? malloc(*size + 1) : NULL;
    ssize_t got = bytes ? render_read(&c->reader, t, 0, *size, bytes) : -1;
    if (got >= 0) {
        FUZZ_CHECK((uint64_t)got == *size);
        return bytes;
    }
    free(bytes);
    return NULL;
}

/* ---- NumPy ----------------------------------------------------------------------------------- */

/* The tuple of a shape, as Python prints it. */
static void print_tuple(struct shape s, char *out, size_t most)
{
    size_t at = (size_t)snprintf(out, most, "(");
    for (unsigned i = 0; i < s.rank; i++) {
        at += (size_t)snprintf(out + at, most - at, i ? ", %lld" : "%lld", (long long)s.dims[i]);
    }
    snprintf(out + at, most - at, s.rank == 1 ? ",)" : ")");
}

static size_t check_npy_header(const struct check_file *f, const struct target *t)
{
    char tuple[6000];
    FUZZ_CHECK(f->len >= 64 && memcmp(f->bytes, "\x93NUMPY\1\0", 8) == 0);
    size_t header = 10 + (f->bytes[8] | (size_t)f->bytes[9] << 8);
    FUZZ_CHECK(header % 64 == 0 && header <= f->len && f->bytes[header - 1] == '\n');
    struct str text = str_of(f->bytes + 10, header - 10);
    print_tuple(target_shape(t), tuple, sizeof(tuple));
    FUZZ_CHECK(str_search(text, str_from(tuple)) > 0 &&
               str_search(text, STR("'fortran_order': False")) > 0);
    FUZZ_CHECK(str_search(text, STR("'descr': '")) > 0);
    return header;
}

/* Elements of a fixed width; those of a target that is all of its source are known. */
static void check_npy_strings(struct check *c, const struct target *t, const struct check_file *f,
                              size_t header)
{
    uint64_t elements;
    errint rc = shape_elements(target_shape(t), &elements);
    uint64_t width = string_width(t);
    FUZZ_CHECK(rc == 0 && width > 0 && f->size - header == elements * width);
    const struct made_tensor *m = check_source(c, t->source);
    if (!m || m->damaged || f->len != f->size || t->form->slice_start ||
        !shape_eq(target_shape(t), (struct shape){m->dims, (uint8_t)m->rank})) {
        return;
    }
    for (uint64_t i = 0; i < elements; i++) {
        struct str s = values_string(m, i);
        FUZZ_CHECK(s.len <= width &&
                   (s.len == 0 || memcmp(f->bytes + header + i * width, s.ptr, s.len) == 0));
    }
}

static void check_npy(struct check *c, uint32_t file)
{
    const struct check_file *f = &c->files[file];
    const struct target *t = content_target(c->view, file);
    if (f->rc < 0) {
        return;
    }
    size_t header = check_npy_header(f, t);
    if (!target_sized(t)) {
        check_npy_strings(c, t, f, header);
        return;
    }
    uint64_t size;
    uint8_t *bytes = read_target(c, t, &size);
    FUZZ_CHECK(f->size == header + target_bytes(t));
    if (bytes && f->len == f->size) {
        FUZZ_CHECK(size == 0 || memcmp(f->bytes + header, bytes, size) == 0);
    }
    free(bytes);
}

/* ---- safetensors ----------------------------------------------------------------------------- */

/* The variable whose name a key of the header is; keys that need escapes are left to tests/view. */
static bool find_variable(const struct view *v, struct str key, struct view_variable *out)
{
    struct variable_cursor at = variable_first(&v->variables);
    while (variable_next(&at, out)) {
        if (str_eq(variable_name(out), key)) {
            return true;
        }
    }
    return false;
}

static uint64_t offset_of(struct str *rest)
{
    struct json_value number;
    FUZZ_CHECK(json_item(rest, NULL, &number) && number.kind == JSON_NUMBER);
    return (uint64_t)number_of(number.text, -1);
}

static void check_tensor(struct check *c, struct str key, struct json_value tensor,
                         const struct check_file *f, uint64_t data, uint64_t *total)
{
    struct json_value dtype = json_member(tensor, "dtype");
    struct json_value offsets = json_member(tensor, "data_offsets");
    struct str rest = offsets.text;
    FUZZ_CHECK(dtype.kind == JSON_STRING && json_member(tensor, "shape").kind == JSON_ARRAY &&
               offsets.kind == JSON_ARRAY);
    uint64_t begin = offset_of(&rest);
    uint64_t end = offset_of(&rest);
    FUZZ_CHECK(begin <= end && end <= f->size - data);
    *total += end - begin;
    struct view_variable l;
    if (str_find(key, '\\') >= 0) {
        return;
    }
    FUZZ_CHECK(find_variable(c->view, key, &l) && l.whole && target_bytes(l.whole) == end - begin);
    uint64_t size;
    uint8_t *bytes = f->len == f->size ? read_target(c, l.whole, &size) : NULL;
    FUZZ_CHECK(!bytes || size == 0 || memcmp(f->bytes + data + begin, bytes, size) == 0);
    free(bytes);
}

static void check_safetensors(struct check *c, uint32_t file)
{
    const struct check_file *f = &c->files[file];
    if (f->rc < 0) {
        return;
    }
    struct cursor at = cursor_over(f->bytes, f->len);
    uint64_t len = cursor_le64(&at);
    FUZZ_CHECK(f->len >= 8 && len <= f->size - 8 && (8 + len) % 8 == 0);
    if (len > f->len - 8) {
        return;
    }
    struct json_value header = json_read(str_of(f->bytes + 8, (size_t)len));
    FUZZ_CHECK(header.kind == JSON_OBJECT && f->bytes[8] == '{');
    struct str rest = header.text;
    struct str key;
    struct json_value value;
    uint64_t total = 0;
    while (json_item(&rest, &key, &value)) {
        if (!str_eq(key, STR("__metadata__"))) {
            check_tensor(c, key, value, f, 8 + len, &total);
        }
    }
    FUZZ_CHECK(total == f->size - 8 - len);
}

/* "weight_map" of the index names files of the view. */
static void check_safetensors_index(struct check *c, uint32_t file)
{
    const struct check_file *f = &c->files[file];
    if (f->rc < 0 || f->len != f->size) {
        return;
    }
    struct json_value map = json_member(json_read(str_of(f->bytes, f->len)), "weight_map");
    struct str rest = map.text;
    struct str key;
    struct json_value value;
    FUZZ_CHECK(map.kind == JSON_OBJECT);
    while (json_item(&rest, &key, &value)) {
        const struct safetensors *files = c->view->formats.state[FORMAT_SAFETENSORS];
        bool found = false;
        for (uint32_t i = 0; i < safetensors_count(files); i++) {
            found |= str_eq(value.text, str_from(safetensors_name(files, i)));
        }
        FUZZ_CHECK(found || str_find(value.text, '\\') >= 0);
    }
}

static void check_safetensors_file(struct check *c, uint32_t file)
{
    uint32_t number = c->view->tree->nodes[file].number;
    if (number < safetensors_count(c->view->formats.state[FORMAT_SAFETENSORS])) {
        check_safetensors(c, file);
    } else {
        check_safetensors_index(c, file);
    }
}

/* ---- what they lack -------------------------------------------------------------------------- */

static void check_left_out(const struct check *c)
{
    struct left_out_cursor at = left_out_first(c->view);
    struct left_out l;
    while (left_out_next(&at, &l)) {
        CLEANUP_BUF struct buf b = {0};
        left_out_kinds(&b, l.files);
        FUZZ_CHECK(l.files && l.reason && *l.reason && b.len);
    }
}

void check_formats(struct check *c)
{
    for (uint32_t file = 0; file < content_files(c->view); file++) {
        if (!check_is_file(c->view, file)) {
            continue;
        }
        switch (content_format(c->view, file)) {
        case FORMAT_NPY:
            check_npy(c, file);
            break;
        case FORMAT_SAFETENSORS:
            check_safetensors_file(c, file);
            break;
        default:
            break;
        }
    }
    check_left_out(c);
}
