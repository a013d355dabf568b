/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool verify`: every tensor of a checkpoint against its checksum. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "bytes/verify.h"
#include "files/report.h"
#include "format/sstable_index.h"
#include "serve/tool.h"

static void draw(void *context, uint64_t done, uint64_t bytes)
{
    bar_draw(context, done, bytes);
}

static bool is_damage(const struct verify_result *r)
{
    return r->outcome != VERIFY_GOOD && r->outcome != VERIFY_UNKNOWN;
}

static int by_tensor(const void *a, const void *b)
{
    const struct verify_unit *left = *(const struct verify_unit *const *)a;
    const struct verify_unit *right = *(const struct verify_unit *const *)b;
    if (left->tensor != right->tensor) {
        return left->tensor < right->tensor ? -1 : 1;
    }
    return (left->slice > right->slice) - (left->slice < right->slice);
}

/* A line for each tensor that is not good, in order of names. */
static errint tell_tensors(const struct verify *all, struct tool_out *o, uint64_t *damaged, uint64_t *unknown)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        count += all->units[i].result.outcome != VERIFY_GOOD;
    }
    CLEANUP_FREE const struct verify_unit **bad = calloc((size_t)count + 1, sizeof(*bad));
    if (!bad) {
        return -ENOMEM;
    }
    count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->units[i].result.outcome != VERIFY_GOOD) {
            bad[count++] = &all->units[i];
        }
    }
    qsort(bad, count, sizeof(*bad), by_tensor);
    for (uint32_t i = 0, next; i < count && out_settle(o) == 0; i = next) {
        for (next = i + 1; next < count && bad[next]->tensor == bad[i]->tensor; next++) {
        }
        verify_print(all->catalog, bad[i]->tensor, bad[i]->slice, &bad[i]->result, &o->text);
        if (next > i + 1) {
            buf_printf(&o->text, "; %u more of its slices, too", next - i - 1);
        }
        buf_char(&o->text, '\n');
        ++*(is_damage(&bad[i]->result) ? damaged : unknown);
    }
    return 0;
}

/* Blocks whose damage is no tensor's: of the metadata, or of values that no tensor has. */
static void tell_blocks(const struct verify *all, struct tool_out *o, uint64_t *damaged)
{
    for (uint32_t i = 0; i < all->block_count && out_settle(o) == 0; i++) {
        const struct verify_block *b = &all->blocks[i];
        if (is_damage(&b->result) && (b->count == 0 || b->number == 0)) {
            verify_print_block(&all->catalog->shards[b->file], b->number, &o->text);
            buf_text(&o->text, b->number == 0 ? ", which has the metadata" : ", in which no tensor is");
            buf_text(&o->text, ": ");
            verify_words(&b->result, &o->text);
            buf_char(&o->text, '\n');
            ++*damaged;
        }
    }
}

/* Lines of what is not good, then the summary. */
static errint tell(const struct view *v, const struct verify *all, double seconds, struct tool_out *o,
                   uint64_t *damaged)
{
    uint64_t unknown = 0;
    errint rc = tell_tensors(all, o, damaged, &unknown);
    if (rc < 0) {
        return rc;
    }
    tell_blocks(all, o, damaged);
    for (uint32_t i = 0; i < v->catalog->count && out_settle(o) == 0; i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        const struct slices *s = tensor_slices(v->catalog, t);
        if (s && s->fault) {
            ++*damaged;
            buf_visible(&o->text, tensor_name(t));
            buf_printf(&o->text, ": %s: %s\n", tensor_hidden_reason(t), s->what);
        }
    }
    buf_printf(&o->text, "%u tensors, ", v->catalog->count);
    report_size(&o->text, all->bytes);
    buf_text(&o->text, " of ");
    buf_visible(&o->text, str_from(v->catalog->prefix));
    buf_printf(&o->text, ", %.1f s: %llu damaged", seconds, (unsigned long long)*damaged);
    if (unknown) {
        buf_printf(&o->text, ", %llu not checked", (unsigned long long)unknown);
    }
    buf_char(&o->text, '\n');
    return 0;
}

static void fini(struct verify *v)
{
    verify_fini(v);
}

/* Of the tables, the one block that nobody reads. */
static errint check_metaindexes(const struct catalog *c, struct diag *d)
{
    bool legacy = c->shard_count && c->shards[0].blocks;
    errint first = 0;
    for (uint32_t i = 0; i < (legacy ? c->num_shards : c->index_count); i++) {
        CLEANUP_CLOSE int fd = -1;
        struct stat st;
        const char *path = legacy ? c->shards[i].path : c->indexes[i].path;
        errint rc = file_open(path, &fd, &st);
        if (rc < 0) {
            file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
        } else {
            const struct sstable_source src = {fd, (uint64_t)st.st_size, path, d};
            rc = sstable_check_metaindex(&src);
        }
        first = first ? first : rc;
    }
    return first;
}

/* Opens all data files. Of one that is too short, what is there is looked at all the same; of one that is not there, each of its tensors cannot be
 * read. */
static errint open_files(struct catalog *c, struct diag *d)
{
    catalog_use_all(c);
    errint rc = catalog_open_shards(c, d);
    for (uint32_t i = 0; rc < 0 && i < c->shard_count; i++) { /* derived ones stand after their bases */
        struct shard *s = &c->shards[i];
        if (!s->opened) {
            s->used_bytes = 0;
            errint said = shard_open(s, &c->arena, NULL);
            (void)said;
        }
    }
    return rc;
}

static errint verify(const struct tool_args *args, struct view *v, struct diag *d, struct tool_out *o,
                     bool *damaged)
{
    struct view_request request = {.checkpoint = args->operands[0], .depth = VIEW_CATALOG};
    errint rc = view_open(&request, d, v);
    if (rc < 0) {
        return rc;
    }
    errint opened = open_files(v->catalog, d);
    CLEANUP(fini) struct verify all;
    if (verify_init(&all, v->catalog) < 0) {
        return diag_no_memory(d);
    }
    struct tool_bar bar;
    bar_begin(&bar, args->quiet);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    errint ran = verify_run(&all, cpus > 0 ? (unsigned)cpus : 1, bar.wanted ? draw : NULL, &bar);
    bar_end(&bar);
    if (ran < 0) {
        return diag_no_memory(d);
    }
    uint64_t found = 0;
    if (tell(v, &all, bar_seconds(&bar), o, &found) < 0) {
        return diag_no_memory(d);
    }
    *damaged = found > 0;
    rc = check_metaindexes(v->catalog, d);
    return opened < 0 ? opened : rc;
}

int tool_verify(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count != 1) {
        return args->operand_count ? tool_usage("verify: one checkpoint, not '%s' too", args->operands[1])
                                   : tool_usage("verify: which checkpoint?");
    }
    struct diag d;
    struct view v = {0};
    bool damaged = false;
    diag_init(&d);
    errint rc = verify(args, &v, &d, o, &damaged);
    tool_complain(&d, args->quiet);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 || damaged ? TOOL_FAILED : TOOL_OK;
}
