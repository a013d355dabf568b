/* SPDX-License-Identifier: Apache-2.0 */
#include "io/shard_complain.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/path.h"
#include "io/file.h"
#include "io/file_kind.h"
#include "io/nearest_file.h"

/* ---- a missing one */

struct other {
    const char *name;
    uint64_t bytes;
    bool fits; /* exactly the bytes that are needed: TensorFlow writes no more */
};

struct others {
    struct arena arena;
    struct other *files; /* owns */
    size_t cap;
    unsigned count;
};

static void others_fini(struct others *o)
{
    free(o->files);
    arena_fini(&o->arena);
}

/* Those of the right size first, then by their names. */
static int by_fit(const void *a, const void *b)
{
    const struct other *left = a;
    const struct other *right = b;
    return left->fits != right->fits ? right->fits - left->fits : strcmp(left->name, right->name);
}

static void add_other(struct others *o, DIR *dir, const char *name, uint64_t need_bytes)
{
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, 0) != 0 || !S_ISREG(st.st_mode) ||
        !grow(&o->files, &o->cap, o->count, sizeof(*o->files))) {
        return;
    }
    const char *kept = arena_cstr(&o->arena, str_from(name));
    if (kept) {
        uint64_t bytes = (uint64_t)st.st_size;
        o->files[o->count++] = (struct other){kept, bytes, bytes == need_bytes};
    }
}

/* The files in `folder` whose names begin with `start` and end with `end`. */
static void find_others(struct others *o, const char *folder, struct str start, struct str end,
                        uint64_t need_bytes)
{
    DIR *dir = file_list(folder);
    const struct dirent *entry;
    errint rc; /* these are but suggestions */
    while (dir && (entry = file_next(dir, &rc))) {
        struct str name = str_from(entry->d_name);
        if (name.ptr[0] != '.' && name.len > end.len && str_starts(name, start) &&
            str_ends(name, end)) {
            add_other(o, dir, entry->d_name, need_bytes);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (o->count) {
        qsort(o->files, o->count, sizeof(*o->files), by_fit);
    }
}

static void list_others(const struct others *o, const char *before, bool sizes, struct buf *b)
{
    for (unsigned i = 0; i < o->count && i < NEAREST_FILES_MOST; i++) {
        const struct other *f = &o->files[i];
        buf_text(b, i ? ", " : before);
        buf_visible(b, str_from(f->name));
        if (sizes && f->fits) {
            buf_text(b, ", of exactly that size");
        } else if (sizes) {
            buf_printf(b, " (%" PRIu64 " bytes)", f->bytes);
        }
    }
}

/* A sharded save, whose folder is named after its checkpoint, moves the data of its parts to the
 * folder above before it writes the index there
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, MergeBundles): STEM.data-, or empty. */
static struct str moved_start(struct others *o, const char *dir)
{
    CLEANUP_FREE char *real = realpath(dir, NULL);
    struct str name = real ? path_base(real) : STR("");
    long temp = str_search(name, STR("_temp"));
    const char *start =
        temp > 0 ? arena_printf(&o->arena, STR_FMT ".data-", (int)temp, name.ptr) : NULL;
    return start ? str_from(start) : STR("");
}

static void find_moved(struct others *o, const char *dir, uint64_t need_bytes)
{
    struct str start = moved_start(o, dir);
    const char *above = start.len ? arena_printf(&o->arena, "%s/..", dir) : NULL;
    if (above) {
        find_others(o, above, start, STR(""), need_bytes);
    }
}

void shard_print_beside(const struct shard *s, struct buf *b)
{
    CLEANUP(others_fini) struct others o = {0};
    arena_init(&o.arena);
    struct str base = path_base(s->path);
    long cut = str_search(base, STR(".data-"));
    const char *dir = path_dir(s->path, &o.arena);
    if (!dir || cut < 0) {
        return;
    }
    find_others(&o, dir, str_head(base, (size_t)cut + 6), STR(""), s->need_bytes);
    if (o.count) {
        list_others(&o, "; beside it there are: ", false, b);
        return;
    }
    find_others(&o, dir, STR(""), str_from_pos(base, (size_t)cut), s->need_bytes);
    if (o.count) {
        list_others(&o, "; if it was renamed apart from its index, it is one of these: ", true, b);
        return;
    }
    find_moved(&o, dir, s->need_bytes);
    list_others(
        &o,
        "; the save was interrupted after it moved its data and before it wrote their index; "
        "in the folder above it is one of these, to be linked here: ",
        true, b);
}

errint shard_complain_missing(const struct shard *s, struct diag *d)
{
    CLEANUP_BUF struct buf beside = {0};
    shard_print_beside(s, &beside);
    return diag_error(d, DIAG_CHECKPOINT_NOT_FOUND, s->path, str_from(s->path),
                      "the data file is missing, its first %" PRIu64 " bytes are needed%s",
                      s->used_bytes, beside.data ? beside.data : "");
}

/* ---- one of another kind */

errint shard_check_length(const struct shard *s, struct diag *d)
{
    uint64_t size = s->io->size;
    bool is_short = size < s->used_bytes;
    if (!is_short && (s->used_bytes == 0 || size > FILE_KIND_HEAD)) {
        return 0;
    }
    const struct file_kind *kind = file_kind_of(s->io);
    if (kind->group == FILE_KIND_POINTER || (is_short && kind->group == FILE_KIND_OTHER)) {
        return file_kind_complain(d, DIAG_CHECKPOINT_CORRUPT, s->path, kind, "a checkpoint's data");
    }
    if (!is_short) {
        return 0;
    }
    return diag_error(d, DIAG_CHECKPOINT_CORRUPT, s->path, str_from(s->path),
                      "the data file has %" PRIu64 " bytes, its tensors need %" PRIu64
                      ": it is cut short (a map of the tensors that are whole mounts)",
                      size, s->used_bytes);
}
