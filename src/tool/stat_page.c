/* SPDX-License-Identifier: Apache-2.0 */
/* The page of `ckptool stat --html`: one file without references to others, stat_page.html of this
 * folder, in which the document of --json stands in the place of a mark. */
#include "tool/stat_page.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/write.h"
#include "view/report.h"

/* Made of stat_page.html by the Makefile: a string literal. */
static const char page[] =
#include <stat_page.inc>
    ;

#define MARK "@DATA@"

static errint complain(struct stat_page *p, const char *what, int error)
{
    return diag_error(p->diag, DIAG_FILE_UNREADABLE, p->path, str_from(p->path), "%s: %s", what,
                      strerror(error));
}

static errint refuse(struct stat_page *p, const char *why)
{
    return diag_error(p->diag, DIAG_NAME_COLLISION, p->path, str_from(p->path), "%s", why);
}

/* Whether the page may go there. */
static errint check_way(struct stat_page *p, const struct inputs *inputs)
{
    struct stat st;
    errint rc = output_stat(&p->output, p->path, &st);
    if (rc < 0) {
        return rc == -ENOENT ? 0 : rc;
    }
    if (!p->force) {
        return refuse(p, "is there already; --force replaces it");
    }
    if (S_ISDIR(st.st_mode)) {
        return refuse(p, "is a directory");
    }
    const char *last;
    rc = output_folder(&p->output, p->path, &last);
    if (rc == 0) {
        rc = inputs_have(inputs, p->output.folder.fd, last);
    }
    if (rc < 0) {
        return complain(p, "cannot be looked at", -rc);
    }
    return rc ? refuse(p, "is a file that the view was read from: write the page to another") : 0;
}

/* Adds the folder of a file's path; nothing for the current one. */
static void print_folder(const char *path, struct buf *b)
{
    struct str all = str_from(path);
    long slash = str_rfind(all, '/');
    buf_str(b, str_head(all, slash > 0 ? (size_t)slash : (size_t)(slash + 1)));
}

errint stat_page_open(struct stat_page *p, const struct view *v, const char *graph)
{
    struct inputs inputs;
    mode_t mask = umask(0);
    umask(mask);
    print_folder(p->path, &p->folder);
    if (p->folder.failed) {
        return diag_no_memory(p->diag);
    }
    errint rc = inputs_find(v, graph, p->diag, &inputs);
    p->mode = 0666 & ~mask & inputs.mode; /* for those who may read what is in it */
    if (rc == 0) {
        rc = output_find(p->folder.len ? p->folder.data : "", p->diag, &p->output);
    }
    if (rc == 0) {
        rc = check_way(p, &inputs);
    }
    inputs_fini(&inputs);
    return rc;
}

/* Writes what b has, in which every '<' stands in a string: there it may be written so that no
 * reader of HTML takes it for the end of the script. */
static errint put_data(int fd, struct buf *b)
{
    CLEANUP_BUF struct buf safe = {0};
    for (size_t at = 0; at < b->len;) {
        const char *hit = memchr(b->data + at, '<', b->len - at);
        size_t end = hit ? (size_t)(hit - b->data) : b->len;
        buf_add(&safe, b->data + at, end - at);
        if (hit) {
            buf_text(&safe, "\\u003c");
        }
        at = hit ? end + 1 : end;
    }
    errint rc = buf_check(b);
    b->len = 0;
    if (rc == 0) {
        rc = buf_check(&safe);
    }
    return rc < 0 ? rc : write_all(fd, buf_view(&safe).ptr, safe.len);
}

static errint put_document(int fd, const struct stat_list *l)
{
    CLEANUP_BUF struct buf b = {0};
    struct json j = json_begin(&b);
    json_object(&j, JSON_BLOCK);
    json_key(&j, "version");
    json_uint(&j, 1);
    report_checkpoint(&j, l->view);
    json_key(&j, "tensors");
    json_array(&j, JSON_BLOCK);
    errint rc = 0;
    for (uint32_t i = 0; i < l->count && rc == 0; i++) {
        stat_json_row(&l->rows[i], &j);
        rc = b.len >= TOOL_OUT_BYTES ? put_data(fd, &b) : 0;
    }
    json_array_end(&j);
    json_object_end(&j);
    return rc < 0 ? rc : put_data(fd, &b);
}

static errint fill(struct stat_page *p, const struct stat_list *l)
{
    const char *mark = strstr(page, MARK);
    const char *rest = mark + strlen(MARK);
    int fd = p->file.fd;
    errint rc = write_all(fd, page, (size_t)(mark - page));
    if (rc == 0) {
        rc = put_document(fd, l);
    }
    if (rc == 0) {
        rc = write_all(fd, rest, strlen(rest));
    }
    if (rc == 0 && p->file.temporary && fchmod(fd, p->mode) != 0) {
        rc = -errno;
    }
    return rc < 0 ? complain(p, "cannot be written", -rc) : 0;
}

errint stat_page_write(struct stat_page *p, const struct stat_list *l)
{
    errint rc = output_create(&p->output, p->path, p->mode, &p->file);
    if (rc == 0) {
        rc = fill(p, l);
    }
    output_written(&p->file);
    if (rc == 0) {
        rc = output_sync(&p->output, p->path, &p->file);
    }
    if (rc == 0) {
        rc = output_give_name(&p->output, p->path, p->force, &p->file);
    }
    if (rc < 0) {
        output_take_back(&p->output, p->path, p->force, &p->file);
        output_remove_made(&p->output);
    }
    return rc;
}

void stat_page_close(struct stat_page *p)
{
    output_drop(&p->file);
    output_close(&p->output);
    buf_fini(&p->folder);
}
