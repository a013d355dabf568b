/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include "base/trouble.h"
#include "base/url.h"
#include "io/io_file.h"

const char *file_why(struct diag *d, errint rc)
{
    const char *why = rc == -EINVAL ? "not a regular file" : strerror(-rc);
    bool denied = (rc == -EACCES || rc == -EPERM) && d && d->denied;
    const char *more = denied ? arena_printf(&d->arena, "%s: %s", why, d->denied) : NULL;
    return more ? more : why;
}

errint file_complain(struct diag *d, enum diag_code code, const char *path, errint rc)
{
    struct str url = url_in(str_from(path));
    if (rc == -ENOENT && url.ptr) {
        diag_error(d, code, path, url, "'%s' is no local path: %s", diag_visible(d, url),
                   url_advice(url));
        return rc;
    }
    diag_error(d, code, path, str_from(path), "cannot open: %s", file_why(d, rc));
    return rc;
}

errint file_stat(const char *path, struct stat *st)
{
    return stat(path, st) == 0 ? 0 : trouble_note(path, -errno);
}

DIR *file_list(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        trouble_note(path, -errno);
    }
    return dir;
}

const struct dirent *file_next(DIR *dir, errint *rc)
{
    errno = 0;
    const struct dirent *entry = readdir(dir);
    *rc = entry ? 0 : trouble_note(NULL, -errno);
    return entry;
}

/* The whole of the io, in `a`. */
static errint read_whole(struct io *io, struct arena *a, struct str *text, struct diag *d)
{
    size_t len = (size_t)io->size;
    char *bytes = arena_bytes(a, len);
    if (!bytes) {
        return diag_no_memory(d);
    }
    if (io_read(io, NULL, 0, len, bytes) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, io->name, str_from(io->name),
                          "cannot read %zu bytes", len);
    }
    if (io_unchanged(io) < 0) {
        return diag_error(d, DIAG_FILE_UNREADABLE, io->name, str_from(io->name),
                          "the file changed while it was read");
    }
    *text = str_of(bytes, len);
    return 0;
}

errint file_read_text(const char *path, size_t limit, struct arena *a, struct str *text,
                      struct stat *st, struct diag *d)
{
    *text = STR("");
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(path, &io);
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    *st = *io->st;
    if (io->size > limit) {
        return diag_error(d, DIAG_LIMIT, path, str_from(path),
                          "the file has %lld bytes, the limit is %zu", (long long)io->size, limit);
    }
    return read_whole(io, a, text, d);
}
