/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "io/io_file.h"
#include "sandbox/landlock.h"
#include "sandbox/sanitized.h"
#include "sandbox/seccomp.h"
#include "source/catalog_join.h"

enum {
    OWN_FILES = LANDLOCK_READ_FILE | LANDLOCK_WRITE_FILE | LANDLOCK_IOCTL_DEV,
    CHANGES = LANDLOCK_ALL & ~LANDLOCK_READS,
    OUTPUT = LANDLOCK_WRITE_FILE | LANDLOCK_REMOVE_DIR | LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_DIR |
             LANDLOCK_MAKE_REG | LANDLOCK_REFER,
};

/* What is used in any case, if it is there. */
static const struct {
    const char *path;
    uint32_t rights;
} own[] = {
    {"/dev/null", OWN_FILES}, /* in the place of the terminal */
    {"/dev/fuse", OWN_FILES}, /* a descriptor for each thread */
    {"/proc/self", LANDLOCK_READS},
    {"/sys/devices/system/cpu", LANDLOCK_READS}, /* how many threads are worth it */
#ifdef SANITIZED
    {"/", CHANGES & ~LANDLOCK_EXECUTE}, /* reports go where they are told to */
    {"/usr", LANDLOCK_READS},
    {"/lib", LANDLOCK_READS},
    {"/proc/self/exe", LANDLOCK_READ_FILE},
#endif
};

/* ---- the first step -------------------------------------------------------------------------- */

/* What libc would look for later, and then not find. */
static void open_before(void)
{
    tzset();
#ifdef __GLIBC__
    /* A thread is cancelled by what is in there. */
    if (!dlopen("libgcc_s.so.1", RTLD_NOW)) {
        log_debug("libgcc_s.so.1: %s", dlerror());
    }
#endif
}

/* Not all of it is everywhere. */
static errint allow_own(struct landlock *l)
{
    errint rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(own) && rc == 0; i++) {
        rc = landlock_allow(l, own[i].path, own[i].rights);
        if (rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES) {
            log_debug("sandbox: %s: %s", own[i].path, strerror(-rc));
            rc = 0;
        }
    }
    return rc;
}

/* To the directory that holds what is at `way`. */
static void go_up(char *way)
{
    size_t end = strlen(way);
    while (end > 1 && way[end - 1] == '/') {
        way[--end] = '\0';
    }
    char *slash = strrchr(way, '/');
    if (slash) {
        slash[slash == way] = '\0';
    } else {
        strcpy(way, ".");
    }
}

/* On the directory `path`; one that has to be made first, on as much of the way to it as is
 * there. */
static errint allow_output(struct landlock *l, const char *path)
{
    char way[PATH_MAX];
    if (strlen(path) >= sizeof(way)) {
        return -ENAMETOOLONG;
    }
    strcpy(way, path);
    errint rc;
    while ((rc = landlock_allow(l, way, OUTPUT)) == -ENOENT) {
        go_up(way);
    }
    return rc;
}

static errint confine(struct sandbox *s)
{
    struct landlock l;
    errint rc = landlock_begin(CHANGES, true, &l);
    if (rc == 0) {
        s->version = l.version;
        rc = allow_own(&l);
        rc = rc < 0 || !s->output ? rc : allow_output(&l, s->output);
    }
    if (rc < 0) {
        landlock_drop(&l);
        return rc;
    }
    return landlock_enter(&l);
}

/* Kernels lack this and that; but what fails for want of memory or descriptors would be there
 * another time. */
static errint told(errint rc)
{
    if (rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE || rc == -EIO) {
        log_warning("the sandbox is not on as it should be: %s", strerror(-rc));
    }
    return rc;
}

void sandbox_enter(struct sandbox *s)
{
    open_before();
    s->on = true;
    s->narrowed = -ENOENT; /* not yet */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        s->confined = s->filtered = -errno;
        return;
    }
    s->confined = told(confine(s));
    s->filtered = told(seccomp_enter(s->user));
}

bool sandbox_moves(const struct sandbox *s)
{
    return !s->on || s->confined < 0 || s->version >= 2;
}

/* ---- the second step ------------------------------------------------------------------------- */

/* The folder of a file, resolved: one that is not held is opened again by its path. */
static errint allow_folder(struct landlock *l, const char *file, char last[static PATH_MAX])
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    size_t len = slash == file ? 1 : (size_t)(slash - file);
    if (!slash || len >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (strncmp(last, file, len) == 0 && last[len] == '\0') {
        return 0; /* as most are */
    }
    memcpy(last, file, len);
    last[len] = '\0';
    return landlock_allow(l, last, LANDLOCK_READ_FILE);
}

static errint allow_files(struct landlock *l, const struct shard *files, uint32_t count)
{
    char last[PATH_MAX] = "";
    errint rc = 0;
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        if (files[i].opened && !files[i].base) {
            rc = allow_folder(l, io_file_real_path(files[i].io), last);
        }
    }
    return rc;
}

/* Indexes may be looked at again. */
static errint allow_indexes(struct landlock *l, const struct catalog *c)
{
    char last[PATH_MAX] = "";
    errint rc = 0;
    for (uint32_t i = 0; i < c->index_count && rc == 0; i++) {
        CLEANUP_FREE char *real = realpath(c->indexes[i].path, NULL);
        rc = real ? allow_folder(l, real, last) : 0; /* without it there is nothing to be read */
    }
    return rc;
}

/* A set that says nothing of moves forbids them all; where they may lead was said in the first
 * step. */
static errint allow_moves(struct landlock *l)
{
    return landlock_allow(l, "/", LANDLOCK_REFER);
}

/* What was opened for the view. */
static errint allow_view(struct landlock *l, const struct view *v)
{
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < catalog_member_count(v->catalog); i++) {
        rc = allow_indexes(l, catalog_member(v->catalog, i));
    }
    if (rc < 0) {
        return rc;
    }
    rc = allow_files(l, v->catalog->shards, v->catalog->shard_count);
    if (rc < 0) {
        return rc;
    }
    return allow_files(l, v->sidecars.files, v->sidecars.count);
}

static errint confine_to_views(const struct sandbox *s, const struct view *const *views,
                               unsigned count)
{
    struct landlock l;
    errint rc = landlock_begin(LANDLOCK_READS | (s->output ? LANDLOCK_REFER : 0), false, &l);
    if (rc == 0) {
        rc = allow_own(&l);
    }
    for (unsigned i = 0; rc == 0 && i < count; i++) {
        rc = allow_view(&l, views[i]);
    }
    if (rc == 0 && s->output) {
        rc = allow_moves(&l);
    }
    if (rc < 0) {
        landlock_drop(&l);
        return rc;
    }
    return landlock_enter(&l);
}

void sandbox_narrow_all(struct sandbox *s, const struct view *const *views, unsigned count)
{
    if (s->on) {
        s->narrowed = s->confined < 0 ? s->confined : told(confine_to_views(s, views, count));
    }
}

void sandbox_narrow(struct sandbox *s, const struct view *v)
{
    sandbox_narrow_all(s, &v, 1);
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *reason_of(errint rc)
{
    switch (-rc) {
    case ENOSYS:
    case EINVAL:
    case EOPNOTSUPP:
        return "the kernel has none";
    default:
        return strerror(-rc);
    }
}

void sandbox_print(const struct sandbox *s, struct buf *b)
{
    if (!s->on) {
        buf_text(b, "sandbox: none");
        return;
    }
    buf_text(b, "sandbox: system calls are ");
    if (s->filtered == 0) {
        buf_text(b, "filtered; ");
    } else {
        buf_printf(b, "not filtered (%s); ", reason_of(s->filtered));
    }
    if (s->confined < 0) {
        buf_printf(b, "Landlock is not on (%s)", reason_of(s->confined));
        return;
    }
    buf_printf(b, "Landlock %d is on, for %swriting%s%s", s->version,
               s->narrowed == 0 ? "reading, " : "", s->version >= 4 ? ", TCP" : "",
               s->version >= 6 ? ", signals and sockets of others" : "");
}

void sandbox_tell(const struct sandbox *s)
{
    int number = s->on ? seccomp_refused() : -1;
    if (number >= 0) {
        log_error("the sandbox has refused system call %d, which fails: please report it; %s does "
                  "without",
                  number, s->off);
    }
}
