/* SPDX-License-Identifier: Apache-2.0 */
/* Where a `checkpoint` state file leads. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/url.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "source/tf/locate_glob.h"
#include "source/tf/locate_search.h"
#include "source/tf/statefile.h"

enum { STATE_FILE_MOST = 16 << 20 };

/* One state file that is being followed. */
struct following {
    struct search *s;
    const char *file;
    const char *dir; /* that it is in */
    struct str latest;
    const char *stated; /* the path that it states */
    const char *beside; /* its last component, in `dir` */
    const char *raw;    /* the path as it stands in the file, if it is a Windows path that was
                           written without escapes; else NULL */
};

static errint read_state(struct search *s, const char *file, struct statefile *out)
{
    struct stat st;
    struct str text;
    errint rc = file_read_text(file, STATE_FILE_MOST, s->a, &text, &st, s->d);
    if (rc < 0) {
        return rc;
    }
    const struct file_kind *kind = file_kind_of_text(text);
    if (kind->group != FILE_KIND_UNKNOWN && kind->group != FILE_KIND_STATE &&
        kind->group != FILE_KIND_EMPTY) {
        return file_kind_complain(s->d, DIAG_CHECKPOINT_CORRUPT, file, kind,
                                  "a checkpoint's state file");
    }
    rc = statefile_parse(text, file, s->a, out, s->d);
    if (rc == 0 && str_find(out->latest, '\0') >= 0) {
        return diag_error(s->d, DIAG_CHECKPOINT_CORRUPT, file, out->latest,
                          "model_checkpoint_path holds a NUL");
    }
    return rc;
}

/* The last component, whichever system wrote the path. */
static struct str last_component(struct str path)
{
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\') {
        start--;
    }
    return str_from_pos(path, start);
}

static errint set_paths(struct following *f, const struct statefile *state)
{
    struct arena *a = f->s->a;
    struct str raw = last_component(state->windows);
    f->latest = state->latest;
    f->stated =
        f->latest.ptr[0] == '/' ? arena_cstr(a, f->latest) : locate_join(a, f->dir, f->latest);
    f->beside = locate_join(a, f->dir, last_component(f->latest));
    f->raw = raw.len ? locate_join(a, f->dir, raw) : NULL;
    return f->stated && f->beside && (f->raw || !raw.len) ? 0 : diag_no_memory(f->s->d);
}

/* A path, or the prefix of what is a file of a checkpoint: then *cut is set. An index is a table,
 * as V1 files are, so V1 comes last. */
static errint try_stated(struct following *f, const char *path, bool *cut)
{
    struct str prefix = locate_without_suffix(str_from(path));
    const char *text =
        prefix.len > locate_head(str_from(path)).len ? arena_cstr(f->s->a, prefix) : NULL;
    errint rc = locate_try_prefix(f->s, str_from(path));
    *cut = rc == -ENOENT && text;
    if (*cut) {
        rc = locate_try_path(f->s, text);
    }
    if (rc == -ENOENT) {
        *cut = false;
        rc = locate_try_path(f->s, path);
    }
    return rc;
}

/* Its last component, since the directory may have been moved. */
static errint try_beside(struct following *f, bool *cut)
{
    bool named = last_component(f->latest).len > 0 && strcmp(f->stated, f->beside) != 0;
    errint rc = named ? try_stated(f, f->beside, cut) : -ENOENT;
    return rc == -ENOENT && f->raw ? try_stated(f, f->raw, cut) : rc;
}

/* What was taken, as it is looked for: with `.index`, of V2. */
static const char *taken_name(const struct following *f)
{
    const struct location *out = f->s->out;
    return diag_visible(f->s->d, str_from(out->index_path ? out->index_path : out->prefix));
}

static void warn_moved(struct following *f)
{
    const char *suffix = f->s->out->index_path ? ".index" : "";
    struct str url = url_in(f->latest);
    diag_warn(f->s->d, DIAG_MOVED, f->file, f->latest, "%s%s %s, taking %s beside the state file",
              diag_visible(f->s->d, url.ptr ? url : str_from(f->stated)), url.ptr ? "" : suffix,
              url.ptr ? "is no local path" : "does not exist", taken_name(f));
}

static void warn_cut(struct following *f)
{
    diag_warn(f->s->d, DIAG_MOVED, f->file, f->latest,
              "it names a file of the checkpoint, where TensorFlow wants the prefix: taking %s",
              taken_name(f));
}

/* Whether the directory `sub` is `dir`, or below it; true, too, if that cannot be found out. */
static bool is_within(const char *sub, const char *dir)
{
    CLEANUP_FREE char *real = sub ? realpath(sub, NULL) : NULL;
    CLEANUP_FREE char *folder = realpath(dir, NULL);
    if (!real || !folder) {
        return true;
    }
    struct str rest = str_from_pos(str_from(real), strlen(folder));
    return str_starts(str_from(real), str_from(folder)) &&
           (str_eq(str_from(folder), STR("/")) || rest.len == 0 || rest.ptr[0] == '/');
}

/* TensorFlow goes there, too; but the folder may be a copy, and what is in it another run's. */
static void warn_elsewhere(struct following *f)
{
    const struct location *out = f->s->out;
    const char *found = out->index_path ? out->index_path : out->files[0];
    if (is_within(path_dir(found, f->s->a), f->dir)) {
        return;
    }
    struct location here = {0};
    struct search quiet = {f->s->argument, f->s->a, &here, NULL};
    if (last_component(f->latest).len && locate_try_path(&quiet, f->beside) == 0) {
        diag_warn(f->s->d, DIAG_MOVED, f->file, f->latest,
                  "the state file leads out of its directory, to %s, as it leads TensorFlow; a "
                  "checkpoint of "
                  "that name is in the directory, too: name %s to take it",
                  diag_visible(f->s->d, str_from(out->prefix)),
                  diag_visible(f->s->d, str_from(here.prefix)));
    }
}

static errint complain_stale(struct following *f)
{
    struct search *s = f->s;
    struct str url = url_in(f->latest);
    bool moved = last_component(f->latest).len > 0 && strcmp(f->stated, f->beside) != 0;
    const char *other = f->raw;
    if (!other && moved) {
        other = f->beside;
    }
    const char *stated = diag_visible(s->d, str_from(f->stated));
    const char *hints = locate_hints(s, f->dir);
    errint rc;
    if (url.ptr) {
        rc = diag_error(
            s->d, DIAG_CHECKPOINT_NOT_FOUND, f->file, f->latest,
            "the state file names '%s', which is no local path, and there is no %s.index%s: %s",
            diag_visible(s->d, url), diag_visible(s->d, str_from(f->beside)), hints,
            url_advice(url));
    } else {
        rc = diag_error(
            s->d, DIAG_CHECKPOINT_NOT_FOUND, f->file, f->latest,
            "the state file names a checkpoint that does not exist: tried %s.index%s%s%s%s", stated,
            other ? " and " : "", other ? diag_visible(s->d, str_from(other)) : "",
            other ? ".index" : "", hints);
    }
    locate_nearest(s, f->dir);
    return rc;
}

errint locate_follow_state(struct search *s, const char *file, const char *dir)
{
    struct statefile state;
    struct following f = {.s = s, .file = file, .dir = dir};
    errint rc = read_state(s, file, &state);
    if (rc == 0) {
        rc = set_paths(&f, &state);
    }
    if (rc < 0) {
        return rc;
    }
    bool cut;
    rc = try_stated(&f, f.stated, &cut);
    if (rc == 0) {
        warn_elsewhere(&f);
    } else if (rc == -ENOENT && (rc = try_beside(&f, &cut)) == 0 && !cut) {
        warn_moved(&f);
    }
    if (rc == 0 && cut) {
        warn_cut(&f);
    }
    return rc == -ENOENT ? complain_stale(&f) : rc;
}
