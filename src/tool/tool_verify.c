/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool verify`: every tensor of a checkpoint against its checksum. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "render/verify.h"
#include "source/stored.h"
#include "tool/findings.h"
#include "tool/tool.h"

enum { LACKING_NAMED = 3 };

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

/* The data file that lacks the bytes of the unit, since it is not there or is cut short; NULL: it
 * has them. */
static const struct shard *lacking_file(const struct catalog *c, const struct verify_unit *u)
{
    struct shard *s = &c->shards[stored_shard(u->tensor, u->slice)];
    const struct shard *file = shard_file(s);
    if (u->result.outcome != VERIFY_UNREADABLE || (file->opened && shard_failed(file))) {
        return NULL;
    }
    uint64_t end =
        shard_origin(s, stored_off(u->tensor, u->slice)) + stored_bytes(c, u->tensor, u->slice);
    return !file->opened || end > file->io->size ? file : NULL;
}

/* What a file lacks. */
struct lacking {
    uint32_t count; /* of units */
    const struct verify_unit
        *named[LACKING_NAMED]; /* the first of them, in the order of their places */
};

/* Units that are not good, by name, and how many of them each file lacks. */
struct bad_units {
    const struct verify_unit **units; /* owns */
    uint32_t count;
    struct lacking *lacking; /* owns; one for each of catalog.shards */
};

static void bad_units_fini(struct bad_units *bad)
{
    free(bad->units);
    free(bad->lacking);
}

static errint find_bad(const struct verify *all, struct bad_units *bad)
{
    const struct catalog *c = all->catalog;
    bad->units = calloc((size_t)all->count + 1, sizeof(*bad->units));
    bad->lacking = calloc((size_t)c->shard_count + 1, sizeof(*bad->lacking));
    if (!bad->units || !bad->lacking) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        const struct verify_unit *u = &all->units[i];
        if (!u->tensor) {
            continue; /* tell_others */
        }
        const struct shard *file = lacking_file(c, u);
        if (file) {
            struct lacking *l = &bad->lacking[file - c->shards];
            if (l->count < LACKING_NAMED) {
                l->named[l->count] = u;
            }
            l->count++;
        }
        if (u->result.outcome != VERIFY_GOOD) {
            bad->units[bad->count++] = u;
        }
    }
    qsort(bad->units, bad->count, sizeof(*bad->units), by_tensor);
    return 0;
}

/* One line for a file that lacks what its tensors need, however many they are. */
static void tell_files(const struct catalog *c, const struct bad_units *bad, struct findings *f)
{
    for (uint32_t i = 0; i < c->shard_count && out_settle(f->out) == 0; i++) {
        const struct lacking *l = &bad->lacking[i];
        if (!l->count) {
            continue;
        }
        buf_visible(&f->line, str_from(c->shards[i].path));
        if (c->shards[i].opened) {
            buf_printf(&f->line,
                       ": cut short at byte %llu: ", (unsigned long long)c->shards[i].io->size);
        } else {
            buf_text(&f->line, ": cannot be opened: ");
        }
        buf_printf(&f->line, "%u tensors or slices cannot be read: ", l->count);
        for (unsigned k = 0; k < LACKING_NAMED && l->named[k]; k++) {
            buf_text(&f->line, k ? ", " : "");
            buf_visible(&f->line, tensor_name(l->named[k]->tensor));
        }
        buf_text(&f->line, l->count > LACKING_NAMED ? ", ..." : "");
        findings_tell(f, (struct str){0}, c->shards[i].path);
    }
}

/* The line of a tensor, which has `count` bad units; none where all that is wrong is what files
 * lack. */
static void tell_tensor(const struct verify *all, const struct verify_unit *const *units,
                        uint32_t count, struct findings *f)
{
    const struct verify_unit *first = NULL;
    uint32_t more = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (lacking_file(all->catalog, units[i])) {
            continue;
        }
        more += first != NULL;
        first = first ? first : units[i];
    }
    if (!first) {
        return;
    }
    verify_print(all->catalog, first->tensor, first->slice, &first->result, &f->line);
    if (more) {
        buf_printf(&f->line, "; %u more of its slices, too", more);
    }
    findings_tell(f, tensor_name(first->tensor), NULL);
}

/* Lines for the files that lack something, and for each other tensor that is not good, in order of
 * names. */
static errint tell_tensors(const struct verify *all, struct findings *f)
{
    CLEANUP(bad_units_fini) struct bad_units bad = {0};
    if (find_bad(all, &bad) < 0) {
        return -ENOMEM;
    }
    tell_files(all->catalog, &bad, f);
    for (uint32_t i = 0, next; i < bad.count && out_settle(f->out) == 0; i = next) {
        for (next = i + 1; next < bad.count && bad.units[next]->tensor == bad.units[i]->tensor;
             next++) {
        }
        tell_tensor(all, &bad.units[i], next - i, f);
        ++*(is_damage(&bad.units[i]->result) ? &f->damaged : &f->unknown);
    }
    return 0;
}

/* Runs of bytes whose damage is no tensor's. */
static void tell_others(const struct verify *all, struct findings *f)
{
    for (uint32_t i = 0; i < all->count && out_settle(f->out) == 0; i++) {
        const struct verify_unit *u = &all->units[i];
        if (!u->tensor && is_damage(&u->result)) {
            struct source_check check;
            source_check_at(all->catalog, u->check, &check);
            source_check_print(all->catalog, &check, &f->line);
            if (check.besides) {
                buf_printf(&f->line, ", which has %s: ", check.besides);
            } else {
                buf_text(&f->line, ", in which no tensor is: ");
            }
            verify_words(&u->result, &f->line);
            findings_tell(f, (struct str){0}, NULL);
            f->damaged++;
        }
    }
}

/* A line for each file in which that is damaged which nobody reads. */
static errint tell_inputs(const struct catalog *c, struct findings *f)
{
    const char *path;
    for (uint32_t i = 0; (path = source_input(c, i)) != NULL; i++) {
        struct diag found;
        diag_init(&found);
        errint rc = source_check_input(c, path, &found);
        if (found.kept) {
            buf_visible(&f->line, str_from(path));
            buf_printf(&f->line, ": %s", found.entries[0].message);
            findings_tell(f, (struct str){0}, path);
            f->damaged++;
        }
        diag_fini(&found);
        if (rc == -ENOMEM) {
            return rc;
        }
    }
    return 0;
}

/* Tensors of which the index alone says that they are not good. */
static void tell_records(const struct catalog *c, struct findings *f)
{
    for (uint32_t i = 0; i < c->count && out_settle(f->out) == 0; i++) {
        const struct tensor *t = &c->tensors[i];
        const struct slices *s = tensor_slices(c, t);
        if ((s && s->fault) || t->hidden == TENSOR_RECORD_BAD) {
            buf_visible(&f->line, tensor_name(t));
            buf_printf(&f->line, ": %s%s%s", tensor_hidden_reason(t), s ? ": " : "",
                       s ? s->what : "");
            findings_tell(f, tensor_name(t), NULL);
            f->damaged++;
        }
    }
}

/* What is not good, then the summary. */
static errint tell_all(const struct view *v, const struct verify *all, double seconds,
                       struct findings *f)
{
    errint rc = tell_tensors(all, f);
    if (rc < 0) {
        return rc;
    }
    tell_others(all, f);
    if ((rc = tell_inputs(v->catalog, f)) < 0) {
        return rc;
    }
    tell_records(v->catalog, f);
    f->bytes = all->bytes;
    f->seconds = seconds;
    findings_end(f, v);
    return 0;
}

/* There is nothing to hold any tensor against: what was looked at is where they lie. */
static void tell_unchecked(const struct view *v, struct findings *f)
{
    for (uint32_t i = 0; i < v->catalog->count; i++) {
        f->bytes += v->catalog->tensors[i].bytes;
    }
    f->no_checksums = true;
    findings_end(f, v);
}

static void fini(struct verify *v)
{
    verify_fini(v);
}

/* Opens all data files. Of one that is too short, what is there is looked at all the same; of one
 * that is not there, each of its tensors cannot be read. */
static errint open_files(struct view *v, struct diag *d, void *opened)
{
    struct catalog *c = v->catalog;
    *(bool *)opened = true;
    catalog_use_all(c);
    errint rc = catalog_open_shards(c, d);
    for (uint32_t i = 0; rc < 0 && i < c->shard_count;
         i++) { /* derived ones stand after their bases */
        struct shard *s = &c->shards[i];
        if (!s->opened) {
            s->used_bytes = 0;
            errint said = shard_open(s, NULL);
            (void)said;
        }
    }
    return rc;
}

static errint verify(const struct tool_args *args, struct view *v, struct diag *d,
                     struct tool_out *o, struct findings *f)
{
    bool opened = false;
    struct view_request request = {.checkpoint = args->operands[0],
                                   .depth = VIEW_CATALOG,
                                   .open_data = open_files,
                                   .context = &opened,
                                   .no_spot_check = true};
    errint found_all = view_open(&request, d, v);
    findings_begin(f, v, args->json, o);
    if (found_all < 0 && !opened) {
        return found_all;
    }
    sandbox_narrow(args->sandbox, v);
    if (source_unchecked(v->catalog)) {
        tell_unchecked(v, f);
        return found_all;
    }
    CLEANUP(fini) struct verify all;
    if (verify_init(&all, v->catalog) < 0) {
        return diag_no_memory(d);
    }
    struct tool_bar bar;
    bar_begin(&bar, args->quiet);
    errint ran = verify_run(&all, thread_processors(), bar.wanted ? draw : NULL, &bar);
    bar_end(&bar);
    if (ran < 0) {
        return diag_no_memory(d);
    }
    if (tell_all(v, &all, bar_seconds(&bar), f) < 0) {
        return diag_no_memory(d);
    }
    return found_all;
}

int tool_verify(const struct tool_args *args, struct tool_out *o)
{
    if (args->operand_count != 1) {
        return args->operand_count
                   ? tool_usage("verify: one checkpoint, not '%s' too", args->operands[1])
                   : tool_usage("verify: which checkpoint?");
    }
    struct diag d;
    struct view v = {0};
    struct findings f;
    diag_init(&d);
    errint rc = verify(args, &v, &d, o, &f);
    rc = tool_complain(&d, args->quiet, rc);
    bool damaged = f.damaged > 0;
    findings_close(&f, &d);
    view_close(&v);
    diag_fini(&d);
    return rc < 0 || damaged ? TOOL_FAILED : TOOL_OK;
}
