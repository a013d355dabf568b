/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to files after they were made, and which tensors that damages. A line is HOW FILE
 * NUMBER:
 *
 *   flip    a bit of byte NUMBER
 *   cut     to NUMBER bytes; grow: NUMBER bytes longer
 *   gone    unlinked
 *   swap    another file is renamed to its place, as long and as old, with other bytes
 *   touch   other times; chmod; link, made and removed; away, and back: no other bytes
 *   sneak   as flip, and the time of that is set back; hide: and the mode is changed with it */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "fuzz/made.h"

enum { FILE_MOST = 1 << 20 };

/* ---- changes --------------------------------------------------------------------------------- */

struct changed {
    const char *path;
    char beside[1100]; /* another path */
    int fd;
    struct stat st; /* before */
    int64_t number;
};

static void flip(struct changed *c)
{
    uint8_t byte;
    off_t off = c->st.st_size ? (off_t)((uint64_t)c->number % (uint64_t)c->st.st_size) : 0;
    if (pread(c->fd, &byte, 1, off) == 1) {
        byte ^= 1;
        FUZZ_CHECK(pwrite(c->fd, &byte, 1, off) == 1);
    }
}

static void cut(struct changed *c)
{
    off_t size = c->st.st_size ? (off_t)((uint64_t)c->number % (uint64_t)c->st.st_size) : 0;
    FUZZ_CHECK(ftruncate(c->fd, size) == 0);
}

static void extend(struct changed *c)
{
    size_t len = 1 + (uint64_t)c->number % 5;
    FUZZ_CHECK(c->st.st_size > FILE_MOST ||
               pwrite(c->fd, "grown", len, c->st.st_size) == (ssize_t)len);
}

static void drop(struct changed *c)
{
    FUZZ_CHECK(unlink(c->path) == 0);
}

static void swap(struct changed *c)
{
    struct mkbuf bytes = {0};
    mkbuf_fill(&bytes, 0, (size_t)c->st.st_size);
    FUZZ_CHECK(pread(c->fd, bytes.data, bytes.len, 0) == (ssize_t)bytes.len);
    for (size_t i = 0; i < bytes.len; i += 16) {
        bytes.data[i] ^= 1;
    }
    mk_write_file(c->beside, bytes.data, bytes.len);
    mkbuf_free(&bytes);
    made_set_times(c->beside, c->st.st_mtim.tv_sec);
    FUZZ_CHECK(rename(c->beside, c->path) == 0);
}

static void touch(struct changed *c)
{
    made_set_times(c->path, MADE_PAST + 1 + c->number % 1000);
}

static void change_mode(struct changed *c)
{
    FUZZ_CHECK(fchmod(c->fd, c->st.st_mode ^ 0040) == 0);
}

static void make_link(struct changed *c)
{
    FUZZ_CHECK(link(c->path, c->beside) == 0 && unlink(c->beside) == 0);
}

static void go_away(struct changed *c)
{
    FUZZ_CHECK(rename(c->path, c->beside) == 0 && rename(c->beside, c->path) == 0);
}

/* The ctime cannot be set back. It is another one when the clock of the file system has gone on. */
static void sneak(struct changed *c)
{
    struct stat now;
    flip(c);
    do {
        made_set_times(c->path, c->st.st_mtim.tv_sec);
        FUZZ_CHECK(fstat(c->fd, &now) == 0);
    } while (now.st_ctim.tv_sec == c->st.st_ctim.tv_sec &&
             now.st_ctim.tv_nsec == c->st.st_ctim.tv_nsec);
}

static void hide(struct changed *c)
{
    sneak(c);
    change_mode(c);
}

/* What is told by more than the ctime. */
static bool explains(void (*change)(struct changed *c))
{
    return change == change_mode || change == hide || change == drop || change == swap;
}

static bool writes(void (*change)(struct changed *c))
{
    return change == flip || change == cut || change == extend || change == sneak || change == hide;
}

static const struct {
    const char *how;
    void (*change)(struct changed *c);
} changes[] = {
    {"flip", flip},    {"cut", cut},     {"grow", extend},       {"gone", drop},
    {"swap", swap},    {"touch", touch}, {"chmod", change_mode}, {"link", make_link},
    {"away", go_away}, {"sneak", sneak}, {"hide", hide},
};

/* The file that was made last with that path; NULL. */
static struct kept_file *find_file(struct made *m, const char *path)
{
    for (unsigned i = m->file_count; i-- > 0;) {
        if (strcmp(m->files[i].path, path) == 0) {
            return &m->files[i];
        }
    }
    return NULL;
}

static void change_file(struct made *m, struct str how, const char *path, int64_t number)
{
    struct changed c = {.path = path, .number = number};
    struct kept_file *f = find_file(m, path);
    c.fd = f ? open(path, O_RDWR | O_NOFOLLOW) : -1;
    if (c.fd < 0) {
        return;
    }
    FUZZ_CHECK(fstat(c.fd, &c.st) == 0);
    snprintf(c.beside, sizeof(c.beside), "%s.new", path);
    for (unsigned i = 0; i < ARRAY_LEN(changes); i++) {
        if (str_eq(how, str_from(changes[i].how))) {
            changes[i].change(&c);
            f->sneaked |= changes[i].change == sneak || changes[i].change == hide;
            f->explained |= explains(changes[i].change);
            f->hidden = f->sneaked && f->explained;
            f->written |= writes(changes[i].change);
            f->lost |= f->written && (changes[i].change == drop || changes[i].change == swap);
        }
    }
    close(c.fd);
}

void made_change(struct made *m, struct str lines)
{
    struct str line, how, name, number;
    while (take_line(&lines, &line)) {
        (void)take_word(&line, &how);
        (void)take_word(&line, &name);
        (void)take_word(&line, &number);
        const char *path = made_path(m, name);
        if (path) {
            change_file(m, how, path, number_of(number, 0));
        }
    }
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* The bytes that the path leads to; false where there is no such file. */
static bool read_file(const char *path, struct mkbuf *now, struct stat *st)
{
    int fd = open(path, O_RDONLY);
    bool there = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);
    now->len = 0;
    if (there) {
        mkbuf_fill(now, 0, (size_t)st->st_size);
        FUZZ_CHECK(pread(fd, now->data, now->len, 0) == (ssize_t)now->len);
    }
    if (fd >= 0) {
        close(fd);
    }
    return there;
}

static bool differs(const struct kept_file *f, const struct mkbuf *now, const struct made_run *r)
{
    return now->len < r->off || now->len - r->off < r->bytes ||
           (r->bytes && memcmp(f->bytes.data + r->off, now->data + r->off, r->bytes) != 0);
}

static void look_at_tensor(struct made_tensor *t, uint32_t file, const struct kept_file *f,
                           const struct mkbuf *now)
{
    for (unsigned i = 0; i < t->run_count; i++) {
        if (t->runs[i].file == file && differs(f, now, &t->runs[i])) {
            t->runs[i].damaged = true;
            t->damaged = true;
        }
    }
}

static void look_at_all(struct made *m, uint32_t file, const struct mkbuf *now)
{
    for (unsigned i = 0; i < m->count; i++) {
        for (unsigned k = 0; k < m->checkpoints[i]->count; k++) {
            look_at_tensor(&m->checkpoints[i]->tensors[k], file, &m->files[file], now);
        }
    }
}

/* Before a file is opened anew: a bit that was flipped twice is as it was. */
static void forget_damage(struct made *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        for (unsigned k = 0; k < m->checkpoints[i]->count; k++) {
            struct made_tensor *t = &m->checkpoints[i]->tensors[k];
            t->damaged = false;
            for (unsigned r = 0; r < t->run_count; r++) {
                t->runs[r].damaged = t->runs[r].wrong;
                t->damaged |= t->runs[r].wrong;
            }
        }
    }
}

void made_look(struct made *m, bool held)
{
    struct mkbuf now = {0};
    if (!held) {
        forget_damage(m);
    }
    for (uint32_t file = 0; file < m->file_count; file++) {
        struct kept_file *f = &m->files[file];
        struct stat st = {0};
        bool there = read_file(f->path, &now, &st);
        if (!held) {
            f->inode = st.st_ino;
            f->size = now.len;
            f->sneaked = f->explained = f->hidden = f->lost = false;
        }
        f->replaced = !there || st.st_ino != f->inode;
        f->resized = !f->replaced && now.len != f->size;
        if (!held || !f->replaced) {
            f->written = false;
            look_at_all(m, file, &now);
        }
    }
    mkbuf_free(&now);
}
