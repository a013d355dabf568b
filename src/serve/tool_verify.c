/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool verify`: every tensor of a checkpoint against its checksum. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bytes/verify.h"
#include "files/report.h"
#include "serve/tool.h"

enum { BAR_CELLS = 30 };

struct progress {
    struct timespec start;
    bool shown;
};

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* One line on the terminal, drawn over: "[=====>    ] 43%  1.2G of 2.8G  3.1G/s". */
static void draw(void *context, uint64_t done, uint64_t bytes)
{
    struct progress *p = context;
    CLEANUP_BUF struct buf line = {0};
    double share = bytes ? (double)done / (double)bytes : 1;
    int cells = (int)(share * BAR_CELLS);
    buf_text(&line, "\r[");
    for (int i = 0; i < BAR_CELLS; i++) {
        buf_char(&line, i < cells ? '=' : i == cells ? '>' : ' ');
    }
    buf_printf(&line, "] %3d%%  ", (int)(share * 100));
    table_size(&line, done, true);
    buf_text(&line, " of ");
    table_size(&line, bytes, true);
    buf_text(&line, "  ");
    double seconds = seconds_since(&p->start);
    table_size(&line, seconds > 0 ? (uint64_t)((double)done / seconds) : 0, true);
    buf_text(&line, "/s\033[K");
    if (!line.failed) {
        fwrite(line.data, 1, line.len, stderr);
        p->shown = true;
    }
}

static const char *const words[] = {
    [VERIFY_GOOD] = "good",
    [VERIFY_CHECKSUM] = "checksum mismatch",
    [VERIFY_UNREADABLE] = "cannot be read",
    [VERIFY_MALFORMED] = "its string lengths do not fit its bytes",
    [VERIFY_UNKNOWN] = "not checked: its type has no bytes that can be",
};

static void add_unit(const struct view *v, const struct verify_unit *u, struct buf *b)
{
    const struct tensor *t = u->tensor;
    uint32_t shard = u->slice ? u->slice->shard : t->shard;
    buf_visible(b, tensor_name(t));
    if (u->slice) {
        buf_char(b, ' ');
        slices_print(b, u->slice->start, u->slice->len, t->rank);
    }
    buf_printf(b, ": %s", words[u->outcome]);
    if (u->outcome == VERIFY_CHECKSUM) {
        buf_printf(b, ": stored %08x, found %08x", u->slice ? u->slice->crc32c : t->crc32c, u->found);
    }
    if (u->outcome != VERIFY_UNKNOWN) {
        buf_text(b, ", in ");
        buf_visible(b, str_from(v->catalog->shards[shard].path));
    }
    buf_char(b, '\n');
}

/* Lines of what is not good, then the summary. Returns how many are damaged. */
static uint64_t tell(const struct view *v, const struct verify *all, double seconds, struct tool_out *o)
{
    uint64_t damaged = 0;
    uint64_t unknown = 0;
    for (uint32_t i = 0; i < all->count && out_settle(o) == 0; i++) {
        const struct verify_unit *u = &all->units[i];
        damaged += u->outcome != VERIFY_GOOD && u->outcome != VERIFY_UNKNOWN;
        unknown += u->outcome == VERIFY_UNKNOWN;
        if (u->outcome != VERIFY_GOOD) {
            add_unit(v, u, &o->text);
        }
    }
    for (uint32_t i = 0; i < v->catalog->count && out_settle(o) == 0; i++) {
        const struct tensor *t = &v->catalog->tensors[i];
        const struct slices *s = tensor_slices(v->catalog, t);
        if (s && s->fault) {
            damaged++;
            buf_visible(&o->text, tensor_name(t));
            buf_printf(&o->text, ": %s: %s\n", tensor_hidden_reason(t), s->what);
        }
    }
    buf_printf(&o->text, "%u tensors, ", v->catalog->count);
    report_size(&o->text, all->bytes);
    buf_printf(&o->text, ", %.1f s: %llu damaged", seconds, (unsigned long long)damaged);
    if (unknown) {
        buf_printf(&o->text, ", %llu not checked", (unsigned long long)unknown);
    }
    buf_char(&o->text, '\n');
    return damaged;
}

static void fini(struct verify *v)
{
    verify_fini(v);
}

static errint verify(const struct tool_args *args, struct view *v, struct diag *d, struct tool_out *o,
                     bool *damaged)
{
    struct view_request request = {.checkpoint = args->operands[0], .depth = VIEW_CATALOG};
    errint rc = view_open(&request, d, v);
    if (rc < 0) {
        return rc;
    }
    if (strcmp(v->catalog->format, "v2") != 0) {
        return diag_error(
            d, DIAG_UNSUPPORTED, v->catalog->prefix, STR(""),
            "a V1 checkpoint has checksums of its blocks alone, and those are not verified yet");
    }
    for (uint32_t i = 0; i < v->catalog->shard_count; i++) {
        v->catalog->shards[i].used = true;
    }
    rc = catalog_open_shards(v->catalog, d);
    if (rc < 0) {
        return rc;
    }
    CLEANUP(fini) struct verify all;
    if (verify_init(&all, v->catalog) < 0) {
        return diag_no_memory(d);
    }
    struct progress progress = {0};
    clock_gettime(CLOCK_MONOTONIC, &progress.start);
    bool bar = isatty(STDERR_FILENO) && !args->quiet;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (verify_run(&all, cpus > 0 ? (unsigned)cpus : 1, bar ? draw : NULL, &progress) < 0) {
        return diag_no_memory(d);
    }
    if (progress.shown) {
        fputs("\r\033[K", stderr);
    }
    *damaged = tell(v, &all, seconds_since(&progress.start), o) > 0;
    return 0;
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
