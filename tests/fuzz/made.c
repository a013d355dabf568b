/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/made.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { NAME_MOST = 100, FOLDERS_MOST = 4 };

void made_begin(struct made *m)
{
    *m = (struct made){0};
    tmpdir_make(&m->dir);
}

static void free_tensor(struct made_tensor *t)
{
    mkbuf_free(&t->key);
    mkbuf_free(&t->values);
    mkbuf_free(&t->ends);
}

void made_end(struct made *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        for (unsigned k = 0; k < m->checkpoints[i]->count; k++) {
            free_tensor(&m->checkpoints[i]->tensors[k]);
        }
        free(m->checkpoints[i]);
    }
    for (unsigned i = 0; i < m->file_count; i++) {
        mkbuf_free(&m->files[i].bytes);
    }
    tmpdir_remove(&m->dir);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_component(struct str s)
{
    return s.len && s.len <= NAME_MOST && !str_eq(s, STR(".")) && !str_eq(s, STR("..")) &&
           !memchr(s.ptr, 0, s.len);
}

const char *made_path(const struct made *m, struct str name)
{
    static char path[1024];
    struct mkbuf plain = {0};
    add_unescaped(&plain, name);
    struct str rest = str_of(plain.data ? plain.data : (const uint8_t *)"", plain.len);
    size_t at = (size_t)snprintf(path, sizeof(path), "%s", m->dir.path);
    unsigned folders = 0;
    bool good = rest.len > 0;
    while (good && rest.len) {
        long slash = str_find(rest, '/');
        struct str one = str_head(rest, slash < 0 ? rest.len : (size_t)slash);
        good = is_component(one) && ++folders <= FOLDERS_MOST;
        if (good) {
            at += (size_t)snprintf(path + at, sizeof(path) - at, "/%.*s", STR_ARG(one));
        }
        rest = str_from_pos(rest, one.len + 1);
    }
    mkbuf_free(&plain);
    return good ? path : NULL;
}

/* The folders above a path below m's; false where a file is in the way. */
static bool make_folders(const struct made *m, const char *path)
{
    char folder[1024];
    for (const char *at = path + strlen(m->dir.path) + 1; (at = strchr(at, '/')); at++) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
        if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

void made_set_times(const char *path, int64_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    FUZZ_CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

int made_write(struct made *m, const char *path, const struct mkbuf *bytes)
{
    if (strlen(path) >= sizeof(m->files[0].path) || m->file_count == MADE_FILES ||
        !make_folders(m, path)) {
        return -1;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return -1; /* a folder has that name */
    }
    FUZZ_CHECK(write(fd, bytes->data, bytes->len) == (ssize_t)bytes->len && close(fd) == 0);
    made_set_times(path, MADE_PAST);
    struct kept_file *f = &m->files[m->file_count];
    strcpy(f->path, path);
    mkbuf_add(&f->bytes, bytes->data, bytes->len);
    return (int)m->file_count++;
}

/* ---- what is known ------------------------------------------------------------------------ */

static bool is_named(const struct made_checkpoint *c, const char *prefix)
{
    bool named = strcmp(c->prefix, prefix) == 0 ||
                 (!c->legacy && fnmatch(prefix, c->prefix, FNM_PATHNAME) == 0);
    for (unsigned i = 0; !named && i < c->shards; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s-%05u-of-%05u", c->prefix, i, c->shards);
        named = fnmatch(prefix, path, FNM_PATHNAME) == 0;
    }
    return named;
}

struct made_found made_find(const struct made *m, const char *prefix)
{
    struct made_found f = {.count = 0};
    for (unsigned i = 0; i < m->count; i++) {
        if (is_named(m->checkpoints[i], prefix)) {
            f.of[f.count++] = m->checkpoints[i];
            f.legacy |= m->checkpoints[i]->legacy;
        }
    }
    return f;
}

const struct made_tensor *made_tensor_find(const struct made_found *f, struct str key)
{
    const struct made_tensor *found = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < f->count; i++) {
        for (unsigned k = 0; k < f->of[i]->count; k++) {
            const struct made_tensor *t = &f->of[i]->tensors[k];
            if (str_eq(str_of(t->key.data, t->key.len), key)) {
                found = t;
                count++;
            }
        }
    }
    return count == 1 ? found : NULL;
}

/* ---- checkpoints, tensors -------------------------------------------------------------------- */

struct made_checkpoint *made_checkpoint_add(struct made *m, const struct section *s)
{
    struct str words = s->head;
    struct str name;
    const char *prefix = take_word(&words, &name) ? made_path(m, name) : NULL;
    if (!prefix || strlen(prefix) >= sizeof(m->checkpoints[0]->prefix) ||
        m->count == MADE_CHECKPOINTS || made_find(m, prefix).count) {
        return NULL;
    }
    struct made_checkpoint *c = calloc(1, sizeof(*c));
    FUZZ_CHECK(c);
    strcpy(c->prefix, prefix);
    return m->checkpoints[m->count++] = c;
}

static unsigned dtype_of(struct str name)
{
    int64_t number = number_of(name, 0);
    return number ? (unsigned)number & 255 : (unsigned)dtype_parse(name);
}

struct made_tensor *made_tensor_add(struct made_checkpoint *c, struct str line, struct str *words)
{
    struct str name, dtype, dims;
    if (c->count == MADE_TENSORS || !take_word(&line, &name) || !take_word(&line, &dtype) ||
        !take_word(&line, &dims)) {
        return NULL;
    }
    struct made_tensor *t = &c->tensors[c->count++];
    *t = (struct made_tensor){.dtype = dtype_of(dtype), .elements = 1};
    add_unescaped(&t->key, name);
    mkbuf_fill(&t->key, 'p', (size_t)(word_number(line, "pad", 0) & 0xffff));
    t->rank = numbers_of(dims, t->dims, MADE_RANK);
    for (unsigned i = 0; i < t->rank; i++) {
        t->elements *= (uint64_t)t->dims[i];
        t->elements = t->dims[i] < 0 || t->elements > INT32_MAX ? INT32_MAX : t->elements;
    }
    values_fill(t, line);
    *words = line;
    return t;
}
