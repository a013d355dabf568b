/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/export.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cause.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/grow.h"
#include "render/why.h"
#include "tool/writer.h"
#include "view/content.h"

enum {
    TOLD_MOST = 1000 /* causes of errors that are told apart */
};

static errint complain(struct export *e, const char *path, const char *what, int error)
{
    diag_error(e->diag, DIAG_FILE_UNREADABLE, path, str_from(path), "%s: %s", what,
               strerror(error));
    return -error;
}

/* Whether there is an error for it; from now on there is, as far as memory goes. */
static bool was_told(struct export *e, const struct cause *cause)
{
    for (size_t i = 0; i < e->told_count; i++) {
        if (cause_same(&e->told[i], cause)) {
            return true;
        }
    }
    if (e->told_count < TOLD_MOST &&
        grow(&e->told, &e->told_cap, e->told_count, sizeof(*e->told))) {
        e->told[e->told_count++] = *cause;
    }
    return false;
}

/* The file cannot be made: why, where that is known. */
static errint complain_unreadable(struct export *e, const char *path, errint rc)
{
    const struct cause cause = cause_last();
    CLEANUP_BUF struct buf text = {0};
    if (rc == -ENOMEM) {
        return diag_no_memory(e->diag);
    }
    bool known = why_print(e->view->catalog, &cause, &text);
    if (known && was_told(e, &cause)) {
        return rc;
    }
    return diag_error(e->diag, DIAG_CHECKPOINT_CORRUPT, path, str_from(path), "%s",
                      known && !text.failed ? text.data : render_why(rc));
}

/* ---- what goes where ------------------------------------------------------------------------- */

static errint open_file(const struct export *e, const struct export_file *f, enum content_need need,
                        struct reader *r, struct content *out)
{
    return f->made ? content_open_made(e->view, &e->view->made[f->file], need, r, out)
                   : content_open(e->view, f->file, need, r, out);
}

static errint refuse_path(struct export *e, const char *path, const char *why)
{
    return diag_error(e->diag, DIAG_NAME_COLLISION, path, str_from(path), "%s", why);
}

/* Whether a file may go there: nothing is in the way, or what may be replaced. */
static errint check_way(struct export *e, const char *path)
{
    struct stat st;
    errint rc = output_stat(&e->output, path, &st);
    if (rc < 0) {
        return rc == -ENOENT ? 0 : rc;
    }
    if (!e->force) {
        return refuse_path(e, path, "is there already; --force replaces it");
    }
    if (S_ISDIR(st.st_mode)) {
        return refuse_path(e, path, "is a directory");
    }
    const char *last;
    rc = output_folder(&e->output, path, &last);
    if (rc == 0) {
        rc = inputs_have(&e->inputs, e->output.folder.fd, last);
    }
    if (rc < 0) {
        return complain(e, path, "cannot be looked at", -rc);
    }
    return rc ? refuse_path(e, path,
                            "is a file that the view was read from: export to another directory")
              : 0;
}

/* Whether the kernel takes so long a path, and that of the temporary file beside it. */
static bool is_too_long(struct str path)
{
    size_t folder = (size_t)(str_rfind(path, '/') + 1);
    return path.len >= PATH_MAX || folder + strlen(OUTPUT_TEMPORARY) >= PATH_MAX;
}

/* Whether there is no point in looking at more files, to report all that is wrong. */
static bool is_final(errint rc)
{
    return rc == -ENOMEM || rc == -EINTR;
}

static void print_path(const struct export *e, const char *directory, const struct export_file *f,
                       struct buf *path)
{
    if (e->file) {
        buf_text(path, e->file);
        return;
    }
    buf_text(path, directory);
    if (path->len && path->data[path->len - 1] != '/') {
        buf_char(path, '/');
    }
    if (f->made) {
        buf_text(path, e->view->made[f->file].path);
    } else {
        content_path(e->view, f->file, path);
    }
}

static errint add_file(struct export *e, const char *directory, struct export_file f,
                       struct content *content, struct reader *r)
{
    CLEANUP_BUF struct buf path = {0};
    print_path(e, directory, &f, &path);
    if (path.failed || !grow(&e->files, &e->cap, e->count, sizeof(*e->files))) {
        return diag_no_memory(e->diag);
    }
    if (is_too_long(buf_view(&path))) {
        return diag_error(
            e->diag, DIAG_LIMIT, path.data, buf_view(&path),
            "the path, or that of a temporary file beside it, has more than the %d bytes that the "
            "system takes: export to a single file, or fewer variables",
            PATH_MAX - 1);
    }
    errint rc = check_way(e, path.data);
    if (rc < 0) {
        return rc;
    }
    cause_clear();
    rc = open_file(e, &f, CONTENT_SIZE, r, content);
    if (rc < 0) {
        return rc == -EINTR ? rc : complain_unreadable(e, path.data, rc);
    }
    f.out.fd = -1;
    f.path = path.data;
    f.bytes = content->layout.size;
    e->files[e->count++] = f;
    path = (struct buf){0};
    return checked_add_u64(e->bytes, f.bytes, &e->bytes) ? 0 : -EOVERFLOW;
}

/* Readers look for an index once it is there, and for a state file or a SavedModel's graph before
 * it: what others point to gets its name first. */
static unsigned rank_of(const struct export *e, const struct export_file *f)
{
    if (!f->made) {
        return 0;
    }
    const struct made_file *made = &e->view->made[f->file];
    if (made->kind == NODE_SIDECAR) {
        return str_starts(str_from(made->path), STR("saved_model.pb")) ? 2 : 0;
    }
    struct format_file file;
    view_formats[made->format]->file(e->view->formats.state[made->format], made->number, &file);
    return file.rank;
}

static int by_rank(const void *a, const void *b, void *export)
{
    const struct export_file *left = a;
    const struct export_file *right = b;
    int order = (int)rank_of(export, left) - (int)rank_of(export, right);
    return order ? order : (left->file > right->file) - (left->file < right->file);
}

/* Tensors, in the order of the tree. */
static errint add_nodes(struct export *e, const char *directory, unsigned formats,
                        struct content *content, struct reader *r)
{
    const struct view *v = e->view;
    errint rc = 0;
    for (uint32_t node = 0; !is_final(rc) && node < v->tree->count; node++) {
        int64_t npy = formats & FORMAT_BIT(FORMAT_NPY) ? content_npy(v, node) : -ENOENT;
        if (formats & FORMAT_BIT(FORMAT_RAW) && content_format(v, node) == FORMAT_RAW) {
            rc = add_file(e, directory, (struct export_file){.file = node}, content, r);
        }
        if (!is_final(rc) && npy >= 0) {
            rc = add_file(e, directory, (struct export_file){.file = (uint32_t)npy}, content, r);
        }
    }
    return rc;
}

/* Whether file i of the view that is none of a target's is exported. */
static bool is_wanted(const struct export *e, uint32_t i, unsigned formats)
{
    const struct made_file *made = &e->view->made[i];
    if (made->kind == NODE_SIDECAR) {
        return !e->file;
    }
    return made->kind == NODE_FORMAT && FORMAT_BIT(made->format) & formats;
}

/* There is one file that can have the name that was given; what is left out for its sake is
 * told. */
static errint check_alone(struct export *e, unsigned formats)
{
    uint32_t files = 0;
    uint32_t besides = 0;
    for (uint32_t i = 0; e->file && i < e->view->made_count; i++) {
        files += is_wanted(e, i, formats);
        besides += e->view->made[i].kind == NODE_SIDECAR;
    }
    if (files > 1) {
        return diag_error(e->diag, DIAG_UNSUPPORTED, e->file, str_from(e->file),
                          "is one file, and the map's shard_size makes %u of the view: export to a "
                          "directory",
                          files);
    }
    if (besides) {
        diag_warn(
            e->diag, DIAG_UNSUPPORTED, e->file, str_from(e->file),
            "of the files beside the tensors none is written: %u %s left out, which an export "
            "to a directory has",
            besides, besides == 1 ? "is" : "are");
    }
    return 0;
}

errint export_plan(struct export *e, const char *directory, unsigned formats)
{
    const struct view *v = e->view;
    CLEANUP_FREE struct content *content = malloc(sizeof(*content));
    struct reader reader = view_reader(v);
    reader.waiter = e->waiter;
    uint64_t errors_before = e->diag->errors;
    if (!content) {
        return diag_no_memory(e->diag);
    }
    errint rc = inputs_find(v, e->graph, e->diag, &e->inputs);
    if (rc < 0) {
        return rc;
    }
    rc = output_find(directory, e->diag, &e->output);
    if (rc < 0) {
        return rc;
    }
    e->output.in_place |= e->in_place;
    rc = check_alone(e, formats);
    if (rc == 0 && formats & (FORMAT_BIT(FORMAT_RAW) | FORMAT_BIT(FORMAT_NPY))) {
        rc = add_nodes(e, directory, formats, content, &reader);
    }
    for (uint32_t i = 0; !is_final(rc) && i < v->made_count; i++) {
        if (is_wanted(e, i, formats)) {
            rc = add_file(e, directory, (struct export_file){.made = true, .file = i}, content,
                          &reader);
        }
    }
    reader_fini(&reader);
    if (e->count) {
        qsort_r(e->files, e->count, sizeof(*e->files), by_rank, e);
    }
    if (is_final(rc)) {
        return rc;
    }
    return e->diag->errors > errors_before ? -EINVAL : 0;
}

/* ---- one file -------------------------------------------------------------------------------- */

struct writing {
    struct export *export;
    export_progress *progress;
    void *context;
    uint64_t done; /* of all bytes */
    mode_t mode;   /* of the results */
    struct writer writer;
    struct content *content; /* owns */
    struct reader reader;
};

/* Reads the file and puts all of it. */
static errint put_content(struct writing *w, const struct export_file *f, int fd)
{
    for (uint64_t off = 0; off < f->bytes;) {
        char *buf = writer_buffer(&w->writer);
        if (!buf) {
            return 0; /* why, says the writer */
        }
        ssize_t got = layout_read(&w->content->layout, &w->reader, off, WRITER_BYTES, buf);
        if (got == -EINTR) {
            return -EINTR;
        }
        if (got <= 0) {
            return complain_unreadable(w->export, f->path, got < 0 ? (errint)got : -EIO);
        }
        writer_put(&w->writer, fd, (size_t)got);
        off += (uint64_t)got;
        w->done += (uint64_t)got;
        if (!w->progress(w->context, EXPORT_WRITING, w->done, w->export->bytes)) {
            return -EINTR;
        }
    }
    return 0;
}

static errint copy_content(struct writing *w, const struct export_file *f, int fd)
{
    cause_clear();
    errint rc = open_file(w->export, f, CONTENT_BYTES, &w->reader, w->content);
    if (rc < 0) {
        w->content->layout = (struct layout){0};
        return rc == -EINTR ? rc : complain_unreadable(w->export, f->path, rc);
    }
    rc = put_content(w, f, fd);
    errint put = writer_drain(&w->writer);
    if (rc == 0 && put < 0) {
        return complain(w->export, f->path, "cannot be written", -put);
    }
    return rc;
}

static errint fill_file(struct writing *w, const struct export_file *f)
{
    struct export *e = w->export;
    int fd = f->out.fd;
    /* Too full a disk is found before hours of writing; where there is no such call, later. */
    if (f->bytes > WRITER_BYTES && fallocate(fd, 0, 0, (off_t)f->bytes) != 0 &&
        (errno == ENOSPC || errno == EFBIG || errno == EDQUOT)) {
        return complain(e, f->path, "cannot be written", errno);
    }
    errint rc = copy_content(w, f, fd);
    if (rc == 0 && f->out.temporary && fchmod(fd, w->mode) != 0) {
        return complain(e, f->path, "cannot be written", errno);
    }
    return rc;
}

static errint write_file(struct writing *w, struct export_file *f)
{
    errint rc = output_create(&w->export->output, f->path, w->mode, &f->out);
    if (rc == 0) {
        rc = fill_file(w, f);
    }
    output_written(&f->out);
    return rc;
}

/* Whether a file before number `i` is on the same file system. */
static bool is_synced(const struct export *e, size_t i)
{
    dev_t device = e->files[i].out.device;
    if (i > 0 && e->files[i - 1].out.device == device) {
        return true; /* as nearly all are */
    }
    for (size_t k = 0; k < i; k++) {
        if (e->files[k].out.device == device) {
            return true;
        }
    }
    return false;
}

/* All that was written is on the disk before anything has its name: one call for each file system,
 * which no signal ends. */
static errint sync_files(struct writing *w)
{
    struct export *e = w->export;
    if (!w->progress(w->context, EXPORT_SETTLING, w->done, e->bytes)) {
        return -EINTR;
    }
    for (size_t i = 0; i < e->count; i++) {
        errint rc =
            is_synced(e, i) ? 0 : output_sync(&e->output, e->files[i].path, &e->files[i].out);
        if (rc < 0) {
            return rc;
        }
    }
    return w->progress(w->context, EXPORT_SETTLING, w->done, e->bytes) ? 0 : -EINTR;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Takes away what an export that failed has left. With `force`, what was there before a file has
 * its name is gone, and cannot come back. */
static void take_back(struct export *e)
{
    for (size_t i = 0; i < e->count; i++) {
        output_take_back(&e->output, e->files[i].path, e->force, &e->files[i].out);
    }
    output_remove_made(&e->output);
}

/* What output_create made is for us alone. Others may read the result if the umask lets them, and
 * if they may read all that it is made of. */
static mode_t mode_of_result(const struct export *e)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask & e->inputs.mode;
}

errint export_run(struct export *e, export_progress *progress, void *context)
{
    struct writing w = {.export = e,
                        .reader = view_reader(e->view),
                        .progress = progress,
                        .context = context,
                        .mode = mode_of_result(e),
                        .content = malloc(sizeof(*w.content))};
    w.reader.waiter = e->waiter;
    errint rc = writer_init(&w.writer);
    if (rc < 0 || !w.content) {
        rc = diag_no_memory(e->diag);
    }
    if (rc == 0 && !progress(context, EXPORT_WRITING, 0, e->bytes)) {
        rc = -EINTR;
    }
    for (size_t i = 0; rc == 0 && i < e->count; i++) {
        rc = write_file(&w, &e->files[i]);
    }
    if (rc == 0) {
        rc = sync_files(&w);
    }
    for (size_t i = 0; rc == 0 && i < e->count; i++) {
        rc = output_give_name(&e->output, e->files[i].path, e->force, &e->files[i].out);
    }
    if (rc < 0) {
        take_back(e);
    }
    writer_fini(&w.writer);
    free(w.content);
    reader_fini(&w.reader);
    return rc;
}

void export_fini(struct export *e)
{
    for (size_t i = 0; i < e->count; i++) {
        free(e->files[i].path);
        output_drop(&e->files[i].out);
    }
    output_close(&e->output);
    inputs_fini(&e->inputs);
    free(e->files);
    free(e->told);
    *e = (struct export){0};
}
