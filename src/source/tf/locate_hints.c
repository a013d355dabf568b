/* SPDX-License-Identifier: Apache-2.0 */
/* What there is where no checkpoint was found: for the words of errors. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "source/tf/locate_search.h"
#include "source/tf/locate_v1.h"

enum {
    HINTS_MOST = 3,
    HINT_FILES_MOST = 1000, /* that are looked into */
    BELOW_LEVELS = 2,
    BELOW_FOLDERS_MOST = 200, /* of all levels together */
    BELOW_INDEXES_MOST = 10,  /* that are looked into, of each folder */
};

/* The names of a directory's entries, sorted. */
struct names {
    struct str first[HINT_FILES_MOST];
    unsigned count;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Those that are folders, or else files that end in `suffix`: so far as a look at the entry says
 * it. Names that begin with '.' are left out. */
static void list_files(const char *dir, bool folders, struct str suffix, struct arena *a,
                       struct names *out)
{
    out->count = 0;
    DIR *stream = file_list(dir);
    const struct dirent *entry;
    errint rc; /* these are but suggestions */
    while (stream && out->count < HINT_FILES_MOST && (entry = file_next(stream, &rc))) {
        bool any = entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
        struct str name = str_from(entry->d_name);
        bool fits = name.ptr[0] != '.' && str_ends(name, suffix) &&
                    (any || entry->d_type == (folders ? DT_DIR : DT_REG));
        struct str kept = fits ? arena_str(a, name) : STR("");
        if (kept.len) {
            out->first[out->count++] = kept;
        }
    }
    if (stream) {
        closedir(stream);
    }
    qsort(out->first, out->count, sizeof(*out->first), by_name);
}

/* ---- in the directory itself */

void locate_nearest(struct search *s, const char *dir)
{
    struct names *names = ARENA_NEW(s->a, struct names);
    if (!names) {
        return;
    }
    list_files(dir, false, STR(".index"), s->a, names);
    unsigned suggested = 0;
    for (unsigned i = 0; i < names->count && suggested < DIAG_NEAREST; i++) {
        const char *path = locate_join(s->a, dir, names->first[i]);
        if (path && locate_is_table(path)) {
            diag_nearest(s->d, str_from(path));
            suggested++;
        }
    }
}

/* What is worth to be told of a file that is no checkpoint: NULL for the others. */
static const struct file_kind *telling_kind(const char *path, struct str name)
{
    const struct file_kind *kind = file_kind_at(path);
    switch (kind->group) {
    case FILE_KIND_POINTER:
    case FILE_KIND_SAFETENSORS:
    case FILE_KIND_WEIGHTS:
    case FILE_KIND_ARCHIVE:
        return kind;
    case FILE_KIND_EMPTY:
    case FILE_KIND_OTHER:
        return str_ends(name, STR(".index")) ? kind : NULL;
    default:
        return NULL;
    }
}

/* Whether there is something to tell of the file, after `before`. */
static bool add_hint(struct search *s, const char *dir, struct str name, const char *before,
                     struct buf *b)
{
    bool rest = str_search(name, STR(".tempstate")) >= 0; /* tensor_bundle.cc, BundleWriter */
    const char *path = locate_join(s->a, dir, name);
    const struct file_kind *kind = path && !rest ? telling_kind(path, name) : NULL;
    if (!rest && !kind) {
        return false;
    }
    buf_text(b, before);
    buf_visible(b, name);
    if (rest) {
        buf_text(b, " is left of a save that was interrupted");
        return true;
    }
    buf_printf(b, " is %s%s%s%s", kind->name, kind->remedy ? " (" : "",
               kind->remedy ? kind->remedy : "", kind->remedy ? ")" : "");
    return true;
}

const char *locate_hints(struct search *s, const char *dir)
{
    struct names *names = ARENA_NEW(s->a, struct names);
    CLEANUP_BUF struct buf text = {0};
    unsigned told = 0;
    if (!names) {
        return "";
    }
    list_files(dir, false, STR(""), s->a, names);
    for (unsigned i = 0; i < names->count && told < HINTS_MOST; i++) {
        told += add_hint(s, dir, names->first[i], told ? ", " : "; in it ", &text);
    }
    const char *kept = text.failed ? NULL : arena_cstr(s->a, buf_view(&text));
    return kept ? kept : "";
}

/* ---- below it */

static bool has_file(struct search *s, const char *dir, const char *name)
{
    const char *path = locate_join(s->a, dir, str_from(name));
    return path && locate_probe(path) == 0;
}

/* What to name for the checkpoint in `dir`: the folder, or the pattern of parts in it; NULL if
 * there is none. */
static const char *checkpoint_of(struct search *s, const char *dir)
{
    if (has_file(s, dir, "checkpoint") || has_file(s, dir, "saved_model.pb") ||
        has_file(s, dir, "saved_model.pbtxt")) {
        return dir;
    }
    struct names *names = ARENA_NEW(s->a, struct names);
    if (!names) {
        return NULL;
    }
    list_files(dir, false, STR(".safetensors"), s->a, names);
    if (names->count) {
        return dir;
    }
    list_files(dir, false, STR(".index"), s->a, names);
    for (unsigned i = 0; i < names->count && i < BELOW_INDEXES_MOST; i++) {
        const char *index = locate_join(s->a, dir, names->first[i]);
        if (index && locate_is_table(index)) {
            const char *pattern =
                locate_parts_pattern(locate_without_suffix(str_from(index)), s->a);
            return pattern ? pattern : dir;
        }
    }
    return NULL;
}

struct below {
    struct search *s;
    unsigned folders; /* that were looked into */
    unsigned found;
};

static void look_below(struct below *b, const char *dir, unsigned levels)
{
    struct names *names = ARENA_NEW(b->s->a, struct names);
    if (!names) {
        return;
    }
    list_files(dir, true, STR(""), b->s->a, names);
    for (unsigned i = 0;
         i < names->count && b->found < DIAG_NEAREST && b->folders < BELOW_FOLDERS_MOST; i++) {
        const char *path = locate_join(b->s->a, dir, names->first[i]);
        if (!path || locate_probe(path) != -EISDIR) {
            continue;
        }
        b->folders++;
        const char *name = checkpoint_of(b->s, path);
        if (name) {
            diag_nearest(b->s->d, str_from(name));
            b->found++;
        } else if (levels > 1) {
            look_below(b, path, levels - 1);
        }
    }
}

void locate_nearest_below(struct search *s, const char *dir)
{
    struct below b = {.s = s};
    look_below(&b, dir, BELOW_LEVELS);
}
