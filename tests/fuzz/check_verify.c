/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool verify` against what was damaged, and all reports. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "codec/sstable_index.h"
#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "fuzz/read_json.h"
#include "io/io_file.h"
#include "render/verify.h"
#include "view/report.h"

/* The run of m that is that slice, or all of it. */
/* All of a report.json. */
static void add_json(const struct view *v, const struct diag *d, struct buf *b)
{
    struct report_json r;
    report_json_begin(&r, v, d);
    while (report_json_next(&r, b)) {
    }
    report_json_fini(&r);
}

static const struct made_run *run_of(const struct made_tensor *m, const struct stored_slice *s)
{
    for (unsigned i = 0; i < m->run_count; i++) {
        if (!s || m->runs[i].off == s->off) {
            return &m->runs[i];
        }
    }
    return NULL;
}

static void check_unit(const struct check *c, const struct verify_unit *u)
{
    const struct made_tensor *m = check_source(c, u->tensor);
    CLEANUP_BUF struct buf b = {0};
    verify_print(c->view->catalog, u->tensor, u->slice, &u->result, &b);
    FUZZ_CHECK(!b.failed && b.len);
    if (!m || u->result.outcome == VERIFY_UNKNOWN) {
        return;
    }
    bool good = u->result.outcome == VERIFY_GOOD;
    if (!m->damaged || good) {
        const struct made_run *r = m->run_count == 1 || !u->slice ? run_of(m, u->slice) : NULL;
        FUZZ_CHECK(good || m->damaged);
        FUZZ_CHECK(!good || !m->damaged || c->made.legacy || !r || !r->damaged);
    }
}

static void note_progress(void *context, uint64_t done, uint64_t bytes)
{
    uint64_t *last = context;
    FUZZ_CHECK(done >= *last && done <= bytes);
    *last = done;
}

/* The one block of an index that nothing else reads; nobody damages it but by chance. */
static void check_metaindex(const struct check *c)
{
    CLEANUP_IO struct io *io = NULL;
    if (io_open(c->view->catalog->index_path, &io) == 0 && c->view->catalog->plain_files) {
        struct diag d;
        diag_init(&d);
        const struct sstable_source source = {io, &d};
        fuzz_said(sstable_check_metaindex(&source), &d);
        diag_fini(&d);
    }
}

void check_verify(struct check *c)
{
    check_metaindex(c);
    struct verify v;
    errint rc = verify_init(&v, c->view->catalog);
    FUZZ_CHECK(rc == 0);
    for (uint32_t i = 0; i < c->view->catalog->shard_count; i++) {
        if (!c->view->catalog->shards[i].opened && !c->view->catalog->shards[i].base) {
            verify_fini(&v);
            return; /* not needed by the view, so not open */
        }
    }
    uint64_t done = 0;
    rc = verify_run(&v, c->threads ? 3 : 1, note_progress, &done);
    FUZZ_CHECK(rc == 0);
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.units[i].tensor) {
            check_unit(c, &v.units[i]);
        }
    }
    verify_fini(&v);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void check_safe(const struct buf *b)
{
    FUZZ_CHECK(!b->failed && utf8_valid(buf_view(b)));
    for (size_t i = 0; i < b->len; i++) {
        FUZZ_CHECK((unsigned char)b->data[i] >= 0x20 || b->data[i] == '\n');
        FUZZ_CHECK(b->data[i] != 0x7f);
    }
}

static void check_entries(const struct diag *d)
{
    for (unsigned i = 0; i < d->kept; i++) {
        const struct diag_entry *e = &d->entries[i];
        FUZZ_CHECK(e->message && *e->message && e->at.file);
        FUZZ_CHECK(e->message[strlen(e->message) - 1] != '\n');
    }
}

static uint64_t count_items(struct json_value array)
{
    uint64_t count = 0;
    struct str rest = array.text;
    struct json_value item;
    FUZZ_CHECK(array.kind == JSON_ARRAY);
    while (json_item(&rest, NULL, &item)) {
        count++;
    }
    return count;
}

static void check_rules(const struct map *m)
{
    for (uint32_t i = 0; i < m->rule_count; i++) {
        const struct rule *r = &m->rules[i];
        CLEANUP_BUF struct buf b = {0};
        rule_print_operations(&b, r);
        FUZZ_CHECK((r->cast || r->partitioner.kind) == (b.len > 0) && *r->at.file);
        FUZZ_CHECK(!r->cast || *rule_cast_words(r));
    }
}

void check_reports(const struct view *v, const struct diag *d)
{
    if (v->map) {
        check_rules(v->map);
    }
    CLEANUP_BUF struct buf json = {0}, text = {0}, all = {0}, errors = {0};
    add_json(v, d, &json);
    report_text(v, d, &text);
    report_diag(d, "ckptfs", 50, &all);
    report_errors(d, NULL, 50, &errors);
    check_safe(&text);
    check_safe(&all);
    check_safe(&errors);
    check_entries(d);
    FUZZ_CHECK(!d->errors == !errors.len && (d->errors || d->warnings) == (all.len > 0));
    struct json_value document = json_read(buf_view(&json));
    FUZZ_CHECK(!json.failed && document.kind == JSON_OBJECT);
    if (v->plan) {
        FUZZ_CHECK(count_items(json_member(document, "targets")) == v->plan->count);
    }
    FUZZ_CHECK((count_items(json_member(document, "errors")) > 0) == (d->errors > 0));
}
