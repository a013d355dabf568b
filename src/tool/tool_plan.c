/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool plan`: the dry run. What would be mounted, rule by rule, and what is left over. No data
 * file need be there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/shard_complain.h"
#include "tool/plan_text.h"
#include "tool/selection.h"
#include "tool/tool.h"
#include "view/report.h"

/* What whoever mounts this will need; false, with a warning, if it is not there. */
static bool is_there(const struct shard *s, struct diag *d)
{
    struct stat st;
    errint rc = file_stat(s->path, &st);
    if (rc < 0) {
        CLEANUP_BUF struct buf beside = {0};
        shard_print_beside(s, &beside);
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                  "targets use this data file, but: %s%s", strerror(-rc),
                  beside.data ? beside.data : "");
        return false;
    }
    if (st.st_size <= FILE_KIND_HEAD && file_kind_at(s->path)->group == FILE_KIND_POINTER) {
        const struct file_kind *kind = file_kind_at(s->path);
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path), "the file is %s: %s",
                  kind->name, kind->remedy);
        return false;
    }
    if ((uint64_t)st.st_size < s->used_bytes) {
        diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                  "the file has %" PRIu64 " bytes, its tensors need %" PRIu64, (uint64_t)st.st_size,
                  s->used_bytes);
        return false;
    }
    return true;
}

/* A plan needs no data files. Those that are there are opened, so that it can be said whether they
 * are those of the index. */
static errint open_shards(struct view *v, struct diag *d, void *context)
{
    struct catalog *c = v->catalog;
    (void)context;
    catalog_use_files(c);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        if (!s->used || (!s->base && !is_there(s, d))) {
            continue;
        }
        errint rc = shard_open(s, NULL);
        if (rc == -ENOMEM) {
            return diag_no_memory(d);
        }
        if (rc < 0) {
            diag_warn(d, DIAG_FILE_UNREADABLE, s->path, str_from(s->path),
                      "targets use this data file, but it cannot be opened: %s", strerror(-rc));
        }
    }
    return 0;
}

static void print_json(const struct view *v, struct diag *d, const uint8_t *only,
                       struct tool_out *o)
{
    struct report_json report;
    report_json_begin(&report, v, d);
    report.only = only;
    while (report_json_next(&report, &o->text) && out_settle(o) == 0) {
    }
    report_json_fini(&report);
    out_flush(o);
}

/* Returns what tool_complain does. */
static errint print_plan(const struct view *v, struct diag *d, const uint8_t *only,
                         const struct tool_args *args, struct tool_out *o)
{
    errint rc = plan_text(v, only, args, o);
    out_flush(o); /* so that on a terminal what follows on stderr comes after it */
    rc = tool_complain(d, args->quiet, rc);
    if (rc == 0) {
        plan_text_summary(v, only, d, &o->text);
    }
    return rc;
}

static errint plan(const struct tool_args *args, struct view *v, struct diag *d, struct tool_out *o)
{
    CLEANUP_FREE uint8_t *only = NULL;
    struct view_request request = tool_request(args, VIEW_PLAN);
    request.open_data = open_shards;
    request.explained = !args->json;
    errint rc = view_open(&request, d, v);
    if (rc == 0 && args->only_count) {
        rc = selection_targets(v, args->only, args->only_count, d, &only);
    }
    if (args->json) {
        print_json(v, d, only, o);
    } else if (rc == 0) {
        return print_plan(v, d, only, args, o);
    }
    return tool_complain(d, args->quiet, rc);
}

int tool_plan(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count > 1) {
        return tool_usage("plan: one checkpoint at most, not '%s' too", args->operands[1]);
    }
    if (args->operand_count == 0 && !args->map) {
        return tool_usage("plan: which checkpoint? (or -m MAP that names one)");
    }
    struct diag d;
    struct view v = {0};
    diag_init(&d);
    errint rc = plan(args, &v, &d, o);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
