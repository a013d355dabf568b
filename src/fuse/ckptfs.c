/* SPDX-License-Identifier: Apache-2.0 */
/* ckptfs: mounts a checkpoint. The phases in order, one way out. */
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/once.h"
#include "fuse/capacity.h"
#include "fuse/daemon.h"
#include "fuse/device_io.h"
#include "fuse/identity.h"
#include "fuse/keeper.h"
#include "fuse/mountpoint.h"
#include "fuse/namespace.h"
#include "fuse/ops.h"
#include "fuse/opts.h"
#include "fuse/opts_answer.h"
#include "fuse/requests.h"
#include "fuse/worker.h"
#include "map/ready_maps.h"
#include "sandbox/sandbox.h"
#include "source/source.h"
#include "view/report.h"
#include "view/view.h"

enum {
    EXIT_FAULT = 1, /* of checkpoint, map or mount point */
    EXIT_USAGE = 2,
    DIAG_PRINTED = 100,
    THREADS_LEAST = 8,
    THREADS_MOST = WORKERS_MOST, /* each keeps a reply buffer of 2 MiB */
};

/* All that lives as long as the mount. */
struct served {
    struct diag diag;
    struct view view;
    struct keeper keeper;
    struct sandbox sandbox;
    struct read_errors *read_errors;
    struct kernel_cache *kernel_cache;
    struct ops_context ops;
    struct fuse_session *session;
    struct capacity capacity;
    bool handlers; /* signal handlers are ours */
};

/* What a mount begins with. */
struct start {
    const struct opts *opts;
    struct mountpoint mountpoint;
    errint place; /* whether it is one */
    struct identity identity;
    int argc;
    char **argv;
};

/* Where the lines of libfuse are shown once there is a mount; NULL before that, and after it. */
static _Atomic(struct read_errors *) shown_in;

static FORMAT(2, 0) void log_of_libfuse(enum fuse_log_level level, const char *fmt, va_list args)
{
    static const enum log_level levels[] = {
        [FUSE_LOG_EMERG] = LOG_LEVEL_ERROR,     [FUSE_LOG_ALERT] = LOG_LEVEL_ERROR,
        [FUSE_LOG_CRIT] = LOG_LEVEL_ERROR,      [FUSE_LOG_ERR] = LOG_LEVEL_ERROR,
        [FUSE_LOG_WARNING] = LOG_LEVEL_WARNING, [FUSE_LOG_NOTICE] = LOG_LEVEL_INFO,
        [FUSE_LOG_INFO] = LOG_LEVEL_INFO,       [FUSE_LOG_DEBUG] = LOG_LEVEL_DEBUG,
    };
    enum log_level ours = (unsigned)level < ARRAY_LEN(levels) ? levels[level] : LOG_LEVEL_ERROR;
    if (log_enabled(ours)) {
        char text[1024];
        vsnprintf(text, sizeof(text), fmt, args);
        text[strcspn(text, "\n")] = '\0';
        log_at(ours, "%s", text);
        struct read_errors *read_errors = ours == LOG_LEVEL_ERROR ? shown_in : NULL;
        if (read_errors) {
            read_errors_say(read_errors, text);
        }
    }
}

static void print_diag(const struct diag *d)
{
    CLEANUP_BUF struct buf text = {0};
    report_diag(d, "ckptfs", DIAG_PRINTED, &text);
    fwrite(buf_view(&text).ptr, 1, text.len, stderr);
    if (text.failed) {
        log_error("out of memory");
    }
}

/* What a mount table shows as the source: the checkpoint by an absolute path. */
static errint source_name(const char *checkpoint, struct buf *b)
{
    if (checkpoint[0] != '/') {
        CLEANUP_FREE char *cwd = getcwd(NULL, 0);
        buf_text(b, cwd ? cwd : "");
        while (checkpoint[0] == '.' && (checkpoint[1] == '/' || !checkpoint[1])) {
            checkpoint += 1 + strspn(checkpoint + 1, "/");
        }
        buf_text(b, *checkpoint ? "/" : "");
    }
    buf_text(b, checkpoint);
    return buf_check(b);
}

/* The session takes its requests from what mounts; which user may use it besides root is decided
 * here (allow_root). */
static errint open_session(struct served *s, const struct opts *o)
{
    CLEANUP_BUF struct buf list = {0};
    errint rc = opts_session(o, OPTS_TYPE, &list);
    if (rc < 0) {
        return rc;
    }
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    bool ready = fuse_opt_add_arg(&args, "ckptfs") == 0 && fuse_opt_add_arg(&args, "-o") == 0 &&
                 fuse_opt_add_arg(&args, list.data) == 0;
    errno = ENOMEM;
    if (ready) {
        errno = 0;
        s->session = fuse_session_new(&args, &ops_table, sizeof(ops_table), &s->ops);
    }
    rc = errno == ENOMEM ? -ENOMEM : -EINVAL; /* of options libfuse has said why */
    fuse_opt_free_args(&args);
    return s->session ? 0 : rc;
}

/* All that needs the rights of the user who mounts. */
static errint begin_as_mounter(struct served *s, struct start *how)
{
    const struct opts *o = how->opts;
    if (how->place < 0 || o->fake) {
        return how->place;
    }
    errint rc = open_session(s, o);
    if (rc == 0 && how->mountpoint.device < 0) {
        const struct keeper_task task = {o, &how->mountpoint, how->argv, how->argc};
        rc = keeper_start(&task, &s->keeper);
        if (rc < 0) {
            log_error("cannot fork: %s", strerror(-rc));
        }
        mountpoint_close(&how->mountpoint); /* it is the keeper's */
    }
    return rc;
}

/* How many threads answer, if nothing limits them. */
static unsigned count_threads(void)
{
    long wanted = 2 * sysconf(_SC_NPROCESSORS_ONLN);
    if (wanted < THREADS_LEAST) {
        return THREADS_LEAST;
    }
    return wanted < THREADS_MOST ? (unsigned)wanted : THREADS_MOST;
}

/* Everything up to the mount; what is wrong is told at once, with nothing mounted. */
static errint prepare_view(struct served *s, const struct opts *o)
{
    struct view_request request = {.checkpoint = o->checkpoint,
                                   .map = o->map,
                                   .graph = o->graph,
                                   .extra = o->extra,
                                   .depth = VIEW_DATA,
                                   .no_spot_check = o->noverify,
                                   .verified = o->verify ? VERIFIED_ALL : VERIFIED_KNOWN,
                                   .list_npy = o->npy,
                                   .words = (const char *const *)&o->mountpoint,
                                   .word_count = 1};
    errint rc = view_open(&request, &s->diag, &s->view);
    if (rc == 0 && o->verify && source_unchecked(s->view.catalog)) {
        diag_warn(&s->diag, DIAG_UNSUPPORTED, s->view.checkpoint, STR(""),
                  "nothing of it can be verified: %s files hold no checksums",
                  s->view.catalog->format);
    }
    print_diag(&s->diag);
    if (rc < 0 || o->fake) {
        return rc;
    }
    rc = capacity_find(&s->view, count_threads(), &s->capacity);
    if (rc < 0) {
        return rc;
    }
    s->ops = (struct ops_context){
        .view = &s->view,
        .policy = &o->policy,
        .session = s->session,
        .total_bytes = ops_total_bytes(s->view.plan),
        .max_read = o->max_read,
        .files = {.view = &s->view,
                  .texts = {.view = &s->view,
                            .diag = &s->diag,
                            .stats = &s->ops.stats,
                            .lock = PTHREAD_MUTEX_INITIALIZER},
                  .lock = PTHREAD_MUTEX_INITIALIZER},
        .threads = s->capacity.threads,
    };
    rc = read_errors_open(&s->view, &s->ops.stats, &s->read_errors);
    if (rc == 0) {
        rc = kernel_cache_open(&s->view, &s->kernel_cache);
    }
    if (rc < 0) {
        log_error("out of memory");
        return rc;
    }
    s->ops.read_errors = s->ops.files.texts.read_errors = s->read_errors;
    s->ops.kernel_cache = s->kernel_cache;
    s->ops.sandbox = &s->sandbox;
    sandbox_narrow(&s->sandbox, &s->view);
    return 0;
}

/* Before anything that others wrote is read, and what libc opens when it is first used is opened
 * before that. */
static void enter_sandbox(struct served *s, const struct opts *o)
{
    s->sandbox = (struct sandbox){.user = SYSCALL_SERVER, .off = "-o sandbox=no"};
    if (o->no_sandbox) {
        return;
    }
    if (!o->foreground) {
        log_open_syslog();
    }
    sandbox_enter(&s->sandbox);
}

/* For -v. */
static void tell_mounted(const struct served *s, const struct mountpoint *m)
{
    CLEANUP_BUF struct buf line = {0};
    buf_visible(&line, str_from(m->path));
    buf_text(&line, ": mounted ");
    buf_visible(&line, str_from(s->view.checkpoint));
    log_info("%s", line.failed ? "mounted" : line.data);
    line.len = 0;
    sandbox_print(&s->sandbox, &line);
    log_info("%s", line.failed ? "sandbox: out of memory for the words" : line.data);
}

static void tell_unmounted(const struct mountpoint *m)
{
    CLEANUP_BUF struct buf path = {0};
    buf_visible(&path, str_from(m->path));
    log_info("%s: unmounted", buf_view(&path).ptr);
}

/* Has it mounted; from now on the device's requests are the session's. */
static errint take_mount(struct served *s, const struct mountpoint *m)
{
    CLEANUP_BUF struct buf source = {0};
    int device = m->device;
    if (device < 0) {
        errint rc = source_name(s->view.checkpoint, &source);
        if (rc == 0) {
            rc = keeper_mount(&s->keeper, source.data, &device);
        }
        if (rc < 0) {
            mountpoint_complain(m, "cannot mount: %s", strerror(-rc));
            return rc;
        }
    }
    errint rc = device_io_take(s->session, device);
    if (rc < 0) {
        mountpoint_complain(m, "cannot take the mount: %s", strerror(-rc));
    }
    return rc;
}

/* Mounts, and answers requests in this thread until the first, INIT, is answered: then the mount is
 * live. */
static errint go_live(struct served *s, const struct mountpoint *m)
{
    if (fuse_set_signal_handlers(s->session) != 0) {
        return -EINVAL;
    }
    s->handlers = true;
    errint rc = take_mount(s, m);
    if (rc < 0) {
        return rc;
    }
    struct fuse_buf request = {0};
    int got;
    do {
        got = fuse_session_receive_buf(s->session, &request);
    } while (got == -EINTR && !fuse_session_exited(s->session));
    if (got > 0) {
        fuse_session_process_buf(s->session, &request); /* if libfuse refuses it, no other comes */
    }
    free(request.mem);
    if (!s->ops.inited || fuse_session_exited(s->session)) {
        mountpoint_complain(m, "the mount ended before it was live");
        return -EIO;
    }
    return m->device < 0 ? keeper_live(&s->keeper) : 0;
}

static errint go_to_background(struct served *s, const struct mountpoint *m,
                               struct daemon *background)
{
    /* Of the workers, one is always free of what takes long. */
    once_workers_most(s->ops.threads - 1);
    errint rc = kernel_cache_start(s->kernel_cache, s->session);
    if (rc == 0) {
        rc = deferred_start(ops_answer, &s->ops.deferred);
    }
    shown_in = s->read_errors;
    if (rc == 0) {
        tell_mounted(s, m); /* while there is a terminal */
        rc = daemon_live(background);
    }
    if (rc < 0) {
        log_error("cannot go on, now that it is mounted: %s", strerror(-rc));
    }
    return rc;
}

static void end_mount(struct served *s, const struct mountpoint *m)
{
    shown_in = NULL;
    if (s->session) {
        fuse_session_exit(s->session); /* the loop took that back when it ended, but what is still
                                          being found out has to stop */
    }
    deferred_stop(s->ops.deferred);
    bool stopped = !s->kernel_cache || kernel_cache_stop(s->kernel_cache);
    if (!stopped) {
        keeper_abort(&s->keeper);
        stopped = kernel_cache_stop(s->kernel_cache);
    }
    keeper_end(
        &s->keeper); /* while the device is open: so nothing else can be taken for the mount */
    if (s->ops.inited) {
        tell_unmounted(m);
    }
    sandbox_tell(&s->sandbox);
    if (s->handlers) {
        fuse_remove_signal_handlers(s->session);
    }
    if (!stopped) {
        return; /* its thread still uses all of it; the process ends now */
    }
    if (s->session) {
        fuse_session_destroy(s->session);
    }
    open_files_close(&s->ops.files);
    kernel_cache_close(s->kernel_cache);
    read_errors_close(s->read_errors);
    view_close(&s->view);
    diag_fini(&s->diag);
}

/* Mounts what is prepared, and answers requests until the end of the mount. */
static errint run_mount(struct served *s, const struct mountpoint *m, struct daemon *background)
{
    errint rc = go_live(s, m);
    if (rc < 0) {
        return rc;
    }
    rc = go_to_background(s, m, background);
    return rc < 0 ? rc : requests_take(s->session, &s->capacity, s->read_errors);
}

static int serve(struct start *how, struct daemon *background)
{
    static struct served s = {.keeper = {.socket = -1}};
    const struct opts *o = how->opts;
    diag_init(&s.diag);
    errint begun = begin_as_mounter(&s, how);
    identity_become(&how->identity, o);
    daemon_follow_parent(background);
    enter_sandbox(&s, o);
    s.diag.denied = how->identity.words[0] ? how->identity.words : NULL;

    errint rc = prepare_view(&s, o);
    if (rc == 0) {
        rc = begun;
    }
    if (rc == 0 && !o->fake) {
        rc = run_mount(&s, &how->mountpoint, background);
    }
    if (rc < 0 && !s.diag.errors && !log_errors()) {
        log_error("%s: not mounted: %s", how->mountpoint.path,
                  strerror(-rc)); /* nothing ends without a reason */
    }
    end_mount(&s, &how->mountpoint);
    return rc < 0 ? EXIT_FAULT : 0;
}

static int mount(struct start *how)
{
    struct daemon background = {.ready_fd = -1};
    if (!how->opts->foreground && !how->opts->fake) {
        int status = EXIT_FAULT;
        errint rc = daemon_fork(&background, &status);
        if (rc < 0) {
            log_error("cannot fork: %s", strerror(-rc));
        }
        if (rc != 0) {
            return status;
        }
    }
    return serve(how, &background);
}

static int complain_of_usage(const struct buf *complaint)
{
    if (complaint->failed || !complaint->len) {
        log_error("out of memory");
        return EXIT_FAULT;
    }
    fprintf(stderr, "ckptfs: %s\ntry ckptfs -h\n", buf_view(complaint).ptr);
    return EXIT_USAGE;
}

static int run_action(struct opts *o, int argc, char **argv)
{
    CLEANUP_BUF struct buf complaint = {0};
    switch (o->action) {
    case OPTS_HELP:
        return opts_answer_help() < 0 ? EXIT_FAULT : 0;
    case OPTS_VERSION:
        return opts_answer_version() < 0 ? EXIT_FAULT : 0;
    case OPTS_UNMOUNT:
        return mountpoint_unmount(o->mountpoint) < 0 ? EXIT_FAULT : 0;
    case OPTS_MOUNT:
        break;
    }
    if (ready_map_path(&o->map, &o->arena) < 0) {
        log_error("out of memory");
        return EXIT_FAULT;
    }
    struct start how = {.opts = o, .argc = argc, .argv = argv};
    int device = mountpoint_descriptor(o->mountpoint);
    descriptors_close_all_but(&device, 1);
    if (identity_given(o, &how.identity, &complaint) < 0) {
        return complain_of_usage(&complaint);
    }
    /* Before anything of the checkpoint is looked at, so that nothing that takes long lets it be
     * exchanged. */
    how.place = mountpoint_open(o->mountpoint, o->nonempty, &how.mountpoint);
    identity_find(o, &how.identity);
    return mount(&how);
}

int main(int argc, char **argv)
{
    descriptors_guard_stdio();
    log_init("ckptfs", LOG_LEVEL_WARNING);
    fuse_set_log_func(log_of_libfuse);
    signal(SIGPIPE, SIG_IGN);

    if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
        return opts_answer_complete(argc - 2, argv + 2) < 0 ? EXIT_FAULT : 0;
    }
    struct opts o;
    CLEANUP_BUF struct buf complaint = {0};
    int status;
    if (opts_parse(argc, argv, &o, &complaint) < 0) {
        status = complain_of_usage(&complaint);
    } else {
        enum log_level level = o.verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
        log_init("ckptfs", o.debug ? LOG_LEVEL_DEBUG : level);
        errint raised = descriptors_raise_limit();
        if (raised < 0) {
            log_debug("open files stay limited: %s", strerror(-raised));
        }
        bool lost = o.mount_namespace && namespace_enter(o.mount_namespace) < 0;
        status = lost ? EXIT_FAULT : run_action(&o, argc, argv);
    }
    opts_fini(&o);
    return status;
}
