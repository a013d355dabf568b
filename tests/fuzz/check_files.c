/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cause.h"
#include "fuzz/check.h"
#include "fuzz/fuzz.h"
#include "render/why.h"
#include "view/attr.h"
#include "view/stats.h"

enum { PIECE = 5000, PIECES = 4, THREADS = 3 };

/* A failure that will stay has a cause with words. */
static void check_why(const struct check *c, errint rc)
{
    const struct cause cause = cause_last();
    CLEANUP_BUF struct buf text = {0};
    if (rc < 0 && rc != -ENOMEM) {
        FUZZ_CHECK(why_print(c->view->catalog, &cause, &text));
        FUZZ_CHECK(!text.failed && text.len > 0);
    }
}

ssize_t check_read(const struct check *c, struct reader *r, uint32_t file, uint64_t off, size_t len,
                   void *buf, uint64_t *size)
{
    struct content *opened = malloc(sizeof(*opened));
    FUZZ_CHECK(opened);
    cause_clear();
    cause_clear();
    errint rc = content_open(c->view, file, CONTENT_BYTES, r, opened);
    ssize_t got = rc;
    if (rc == 0) {
        *size = opened->layout.size;
        got = layout_read(&opened->layout, r, off, len, buf);
        uint64_t left = off < *size ? *size - off : 0;
        FUZZ_CHECK(got < 0 || (uint64_t)got == (left < len ? left : len));
    }
    check_why(c, got < 0 ? (errint)got : 0);
    FUZZ_CHECK(got != -EINTR && got != -EAGAIN);
    FUZZ_CHECK(got >= 0 || cause_last().kind != CAUSE_NONE); /* or nobody would be told */
    free(opened);
    return got;
}

bool check_is_file(const struct view *v, uint32_t file)
{
    if (content_is_npy(v, file) && content_npy(v, content_node(v, file)) < 0) {
        return false;
    }
    switch (content_kind(v, file)) {
    case NODE_DIR:
        return false;
    case NODE_TEXT:
        return v->tree->nodes[file].number == TEXT_MAP;
    default:
        return true;
    }
}

static void read_first(struct check *c, uint32_t file)
{
    static uint8_t buf[CHECK_BYTES];
    struct check_file *f = &c->files[file];
    ssize_t got = check_read(c, &c->reader, file, 0, CHECK_BYTES, buf, &f->size);
    f->rc = got < 0 ? (errint)got : 0;
    if (got >= 0) {
        f->len = (size_t)got;
        f->bytes = malloc(f->len + !f->len);
        FUZZ_CHECK(f->bytes);
        memcpy(f->bytes, buf, f->len);
    }
}

void check_begin(struct check *c, struct view *v)
{
    c->view = v;
    c->reader = view_reader(v);
    c->files = calloc(content_files(v) + 1, sizeof(*c->files));
    FUZZ_CHECK(c->files);
    for (uint32_t i = 0; i < content_files(v); i++) {
        if (check_is_file(v, i)) {
            read_first(c, i);
        }
    }
}

void check_end(struct check *c)
{
    for (uint32_t i = 0; i < content_files(c->view); i++) {
        free(c->files[i].bytes);
    }
    free(c->files);
    reader_fini(&c->reader);
}

bool check_may_fail(const struct check *c)
{
    bool damaged = c->made.count == 0;
    for (unsigned i = 0; i < c->made.count; i++) {
        const struct made_checkpoint *made = c->made.of[i];
        for (unsigned k = 0; k < made->count; k++) {
            damaged |= made->tensors[k].damaged || !made->tensors[k].known;
        }
    }
    return damaged;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* One piece at a random place, against the whole. */
static void check_piece(const struct check *c, struct reader *r, uint32_t file, uint32_t *random)
{
    const struct check_file *f = &c->files[file];
    uint8_t piece[PIECE];
    uint64_t off = fuzz_random(random) % (f->len + 3);
    size_t len = fuzz_random(random) % PIECE;
    if (f->size > f->len && fuzz_random(random) % 2) {
        off = f->size - fuzz_random(random) % PIECE % f->size; /* near the end of a long one */
    }
    uint64_t size;
    ssize_t got = check_read(c, r, file, off, len, piece, &size);
    if (f->rc == 0) {
        FUZZ_CHECK(size == f->size);
        FUZZ_CHECK(got >= 0 || off + len > f->len || check_may_fail(c));
    }
    if (got > 0 && off < f->len) {
        size_t common = f->len - off < (size_t)got ? f->len - (size_t)off : (size_t)got;
        FUZZ_CHECK(memcmp(piece, f->bytes + off, common) == 0);
    }
}

static void check_pieces(const struct check *c, struct reader *r, uint32_t seed)
{
    uint32_t random = seed;
    for (uint32_t file = 0; file < content_files(c->view); file++) {
        for (unsigned i = 0; i < PIECES && check_is_file(c->view, file); i++) {
            check_piece(c, r, file, &random);
        }
    }
}

struct beside {
    const struct check *check;
    uint32_t seed;
};

static void *read_beside(void *context)
{
    const struct beside *b = context;
    struct reader reader = view_reader(b->check->view);
    check_pieces(b->check, &reader, b->seed);
    reader_fini(&reader);
    return NULL;
}

static void check_parallel(const struct check *c)
{
    pthread_t threads[THREADS];
    struct beside readers[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        readers[i] = (struct beside){c, i + 1};
        FUZZ_CHECK(pthread_create(&threads[i], NULL, read_beside, &readers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        FUZZ_CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

/* ---- what is said of files ------------------------------------------------------------------- */

static void check_attributes(struct check *c, uint32_t file)
{
    CLEANUP_BUF struct buf names = {0};
    if (content_target(c->view, file)) {
        attr_names(c->view, file, &names);
    }
    for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1) {
        CLEANUP_BUF struct buf value = {0};
        errint rc = attr_value(c->view, file, names.data + at, &value);
        FUZZ_CHECK(rc == 0 && !value.failed);
    }
}

void check_stat(struct check *c, uint32_t file)
{
    static const struct attr_policy policies[] = {
        {.uid = 0},
        {.uid = 1234, .gid = 1234, .umask = 0027},
        {.uid = 0, .set_uid = true, .force_uid = 5, .set_gid = true, .force_gid = 6},
    };
    struct stat st;
    for (unsigned i = 0; i < ARRAY_LEN(policies); i++) {
        bool sized = content_sized(c->view, file);
        errint rc = attr_stat(c->view, &policies[i], file, &c->reader, &st);
        FUZZ_CHECK(rc == 0 || !sized);
        if (rc == 0) {
            FUZZ_CHECK(!(st.st_mode & 07222) &&
                       S_ISDIR(st.st_mode) == (content_kind(c->view, file) == NODE_DIR));
            FUZZ_CHECK(!check_is_file(c->view, file) || c->files[file].rc < 0 ||
                       (uint64_t)st.st_size == c->files[file].size);
        }
    }
}

/* The path leads to the file, component by component, and no component is longer than a file system
 * takes. */
static void check_path(const struct check *c, uint32_t file)
{
    CLEANUP_BUF struct buf path = {0};
    content_path(c->view, file, &path);
    FUZZ_CHECK(!path.failed);
    int64_t at = TREE_ROOT;
    struct str rest = buf_view(&path);
    while (rest.len) {
        long slash = str_find(rest, '/');
        struct str one = str_head(rest, slash < 0 ? rest.len : (size_t)slash);
        FUZZ_CHECK(one.len > 0 && one.len <= 255 && !memchr(one.ptr, 0, one.len));
        at = content_lookup(c->view, (uint32_t)at, one);
        FUZZ_CHECK(at >= 0);
        rest = str_from_pos(rest, one.len + 1);
    }
    FUZZ_CHECK(at == file);
}

static void check_shard(void *context, struct shard *s)
{
    const struct check *c = context;
    const struct catalog *all = c->view->catalog;
    bool ours = s >= all->shards && s < all->shards + all->shard_count;
    bool beside =
        s >= c->view->sidecars.files && s < c->view->sidecars.files + c->view->sidecars.count;
    FUZZ_CHECK(ours || beside);
}

static void check_shards(const struct check *c, uint32_t file)
{
    content_shards(c->view, file, check_shard, (void *)(uintptr_t)c);
}

static void check_made(struct check *c)
{
    struct content *opened = malloc(sizeof(*opened));
    FUZZ_CHECK(opened);
    for (uint32_t i = 0; i < c->view->made_count; i++) {
        const struct made_file *made = &c->view->made[i];
        cause_clear();
        errint rc = content_open_made(c->view, made, CONTENT_BYTES, &c->reader, opened);
        check_why(c, rc);
        int64_t node = tree_find(c->view->tree, str_from(made->path));
        if (node > 0 && c->view->tree->nodes[node].kind == (uint8_t)made->kind) {
            const struct check_file *f = &c->files[node];
            FUZZ_CHECK(rc < 0 ? f->rc < 0 : f->rc < 0 || opened->layout.size == f->size);
        }
    }
    free(opened);
}

void check_files(struct check *c)
{
    for (uint32_t file = 0; file < content_files(c->view); file++) {
        bool npy = content_is_npy(c->view, file);
        if (npy && content_npy(c->view, content_node(c->view, file)) < 0) {
            continue;
        }
        check_stat(c, file);
        check_attributes(c, file);
        check_path(c, file);
        check_shards(c, file);
        (void)content_listed(c->view, file);
    }
    check_made(c);
    check_pieces(c, &c->reader, 0);
    if (c->threads) {
        check_parallel(c);
    }
    struct stats stats = {0};
    CLEANUP_BUF struct buf b = {0};
    stats_render(&stats, c->view, &b);
    FUZZ_CHECK(!b.failed && b.len > 0);
}
