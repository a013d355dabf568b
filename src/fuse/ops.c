/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/ops.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cause.h"
#include "base/checked.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/once.h"
#include "fuse/worker.h"
#include "view/content.h"

enum { STATFS_BLOCK = 4096 };

static const double FOREVER = 1e9; /* seconds */

static struct ops_context *context_of(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

/* The file, as content.h numbers them, of an inode number that the kernel got from us. */
static uint32_t file_of(fuse_ino_t ino)
{
    return (uint32_t)(ino - 1);
}

static enum node_kind kind_at(const struct ops_context *c, fuse_ino_t ino)
{
    return content_kind(c->view, file_of(ino));
}

static void drop_changed(void *context, struct shard *shard)
{
    const struct ops_context *c = context;
    kernel_cache_drop_changed(c->kernel_cache, shard);
}

/* A read of the file at `off` cannot be answered. */
static void note_failure(const struct ops_context *c, uint32_t file, uint64_t off, errint rc)
{
    content_shards(c->view, file, drop_changed, (void *)(uintptr_t)c);
    read_errors_met(c->read_errors, file, off, rc);
}

static errint reply_error(fuse_req_t req, errint rc)
{
    return fuse_reply_err(
        req, rc == -EBADMSG || rc == -ERANGE || rc == -EUCLEAN || rc == -EOVERFLOW ? EIO : -rc);
}

static void op_init(void *data, struct fuse_conn_info *conn)
{
    struct ops_context *c = data;
    unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                      FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_DIO | FUSE_CAP_EXPLICIT_INVAL_DATA;
    conn->want |= conn->capable & wanted;
    conn->want &= ~(unsigned)(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_SPLICE_READ |
                              FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
    conn->max_read = c->max_read;
    conn->max_background = 2 * c->threads;
    conn->congestion_threshold = conn->max_background * 3 / 4;
    c->inited = true;
    log_debug("kernel protocol %u.%u, requests up to %u bytes, readahead %u bytes",
              conn->proto_major, conn->proto_minor, conn->max_write, conn->max_readahead);
}

static bool is_unwanted(void *req)
{
    const struct ops_context *c = context_of(req);
    return fuse_req_interrupted(req) || fuse_session_exited(c->session);
}

/* Of a request that reads no data: want of memory alone is more than an answer. */
static void reply_refusal(fuse_req_t req, fuse_ino_t ino, errint rc)
{
    if (rc == -ENOMEM) {
        cause_clear();
        note_failure(context_of(req), file_of(ino), 0, rc);
    }
    reply_error(req, rc);
}

/* What stat() says. Of strings it is found by reading them: that fails with one log line, as a read
 * does. */
static errint stat_file(const struct ops_context *c, uint32_t file, struct once_waiter *waiter,
                        struct stat *st)
{
    struct worker *w = worker_self(c->view, waiter, 0);
    cause_clear();
    errint rc = w ? attr_stat(c->view, c->policy, file, &w->reader, st) : -ENOMEM;
    if (rc < 0 && rc != -EINTR && rc != -EAGAIN) {
        note_failure(c, file, 0, rc);
    }
    return rc;
}

/* What a lookup finds, at once: the kernel holds the directory's lock until it is answered, and
 * with libfuse 3.14 nothing else can be looked up there. Where the size would take its time, the
 * attributes are not to be kept: the kernel asks for them (GETATTR, without that lock) when
 * they are wanted, and before it opens the file, since default_permissions makes it look at the
 * mode. */
static errint fill_entry(const struct ops_context *c, uint32_t file, struct fuse_entry_param *e)
{
    bool sized = content_sized(c->view, file);
    *e = (struct fuse_entry_param){
        .ino = (fuse_ino_t)file + 1,
        .attr_timeout = sized ? FOREVER : 0,
        .entry_timeout = FOREVER,
    };
    if (!sized) {
        attr_stat_unsized(c->view, c->policy, file, &e->attr);
        return 0;
    }
    return stat_file(c, file, NULL, &e->attr);
}

/* Answers a getattr; false: a thread that may wait longer has to. */
static bool reply_attr(const struct deferred_request *r, struct once_waiter *waiter)
{
    struct stat st;
    errint rc = stat_file(context_of(r->req), r->file, waiter, &st);
    if (rc == -EAGAIN) {
        return false;
    }
    if (rc < 0) {
        reply_error(r->req, rc);
    } else {
        fuse_reply_attr(r->req, &st, FOREVER);
    }
    return true;
}

/* Answers a read; false: a thread that may wait longer has to. */
static bool reply_read(const struct deferred_request *r, struct once_waiter *waiter)
{
    struct ops_context *c = context_of(r->req);
    struct worker *w = worker_self(c->view, waiter, r->size);
    cause_clear();
    ssize_t got =
        w ? open_file_read(r->open, &w->reader, (uint64_t)r->off, r->size, w->buf) : -ENOMEM;
    if (got >= 0) {
        stats_count(&c->stats.bytes, (uint64_t)got);
        fuse_reply_buf(r->req, w->buf, (size_t)got);
        return true;
    }
    if (got == -EAGAIN) {
        return false;
    }
    if (got != -EINTR) {
        stats_count(&c->stats.errors, 1);
        note_failure(c, r->file, (uint64_t)r->off, (errint)got);
    }
    reply_error(r->req, (errint)got);
    return true;
}

bool ops_answer(const struct deferred_request *r, enum once_patience patience)
{
    const struct ops_context *c = context_of(r->req); /* once it is answered it is gone */
    struct once_waiter waiter = {
        .interrupted = is_unwanted, .context = r->req, .patience = patience};
    bool answered = r->kind == DEFERRED_READ ? reply_read(r, &waiter) : reply_attr(r, &waiter);
    sandbox_tell(c->sandbox);
    return answered;
}

static void answer_or_defer(const struct deferred_request *r)
{
    const struct ops_context *c = context_of(r->req);
    if (ops_answer(r, ONCE_WORKER)) {
        deferred_help(c->deferred);
    } else if (!deferred_add(c->deferred, r)) {
        reply_refusal(r->req, (fuse_ino_t)r->file + 1, -ENOMEM);
    }
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    const struct ops_context *c = context_of(req);
    size_t len = strlen(name);
    if (len > COMPONENT_MOST) {
        fuse_reply_err(req, ENAMETOOLONG);
        return;
    }
    if (kind_at(c, parent) != NODE_DIR) {
        fuse_reply_err(req, ENOTDIR);
        return;
    }
    int64_t found = content_lookup(c->view, file_of(parent), str_of(name, len));
    /* Inode 0: the name is not there, remember that. */
    struct fuse_entry_param e = {.entry_timeout = FOREVER};
    errint rc = found < 0 ? 0 : fill_entry(c, (uint32_t)found, &e);
    if (rc < 0) {
        reply_error(req, rc);
    } else {
        fuse_reply_entry(req, &e);
    }
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)fi;
    answer_or_defer(&(const struct deferred_request){
        .req = req, .kind = DEFERRED_GETATTR, .file = file_of(ino)});
}

/* ---- files ---- */

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct ops_context *c = context_of(req);
    if (kind_at(c, ino) == NODE_DIR) {
        fuse_reply_err(req, EISDIR);
        return;
    }
    if ((fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC)) {
        fuse_reply_err(req, EROFS);
        return;
    }
    stats_count(&c->stats.opens, 1);
    struct worker *w = worker_self(c->view, NULL, 0);
    struct open_file *o;
    errint rc = w ? open_file_make(&c->files, file_of(ino), &w->reader, &o) : -ENOMEM;
    if (rc < 0) {
        reply_refusal(req, ino, rc);
        return;
    }
    fi->direct_io = open_file_is_rendered(o); /* the size is not known to the kernel */
    fi->keep_cache = !open_file_is_rendered(o);
    fi->fh = open_file_to_fh(o);
    if (fuse_reply_open(req, fi) == -ENOENT) {
        open_file_close(o); /* the open was interrupted: no release follows */
    }
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    open_file_close(open_file_from_fh(fi->fh));
    fuse_reply_err(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                    struct fuse_file_info *fi)
{
    struct ops_context *c = context_of(req);
    stats_count(&c->stats.reads, 1);
    if (off < 0) {
        fuse_reply_err(req, EINVAL);
        return;
    }
    if (kind_at(c, ino) == NODE_DIR) {
        fuse_reply_err(req, EISDIR);
    } else {
        answer_or_defer(&(const struct deferred_request){.req = req,
                                                         .kind = DEFERRED_READ,
                                                         .file = file_of(ino),
                                                         .open = open_file_from_fh(fi->fh),
                                                         .off = off,
                                                         .size = size});
    }
}

/* ---- directories ---- */

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    if (kind_at(context_of(req), ino) != NODE_DIR) {
        fuse_reply_err(req, ENOTDIR);
        return;
    }
    fi->cache_readdir = 1;
    fi->keep_cache = 1;
    fuse_reply_open(req, fi);
}

/* A reply to READDIR or READDIRPLUS in the making. */
struct listing {
    fuse_req_t req;
    bool plus; /* READDIRPLUS */
    char *at;  /* where the next entry goes */
    size_t room;
};

/* Adds entry i of a directory; returns the bytes that it takes, more than l->room if it did not
 * fit. */
static size_t add_entry(const struct listing *l, uint64_t i, uint32_t file, const char *name)
{
    const struct ops_context *c = context_of(l->req);
    bool dir = content_kind(c->view, file) == NODE_DIR;
    off_t next = (off_t)i + 1;
    /* Only the type and the inode number are looked at. */
    struct stat st = {.st_ino = (ino_t)file + 1, .st_mode = dir ? S_IFDIR : S_IFREG};
    if (!l->plus) {
        return fuse_add_direntry(l->req, l->at, l->room, name, &st, next);
    }
    /* Inode 0: nothing is said but the name, and a lookup will come. */
    struct fuse_entry_param e = {.attr = st};
    if (content_sized(c->view, file) && fill_entry(c, file, &e) == 0 && i < 2) {
        e.ino = 0; /* of "." and "..": the kernel must not take a reference */
    }
    return fuse_add_direntry_plus(l->req, l->at, l->room, name, &e, next);
}

/* Which file entry i of directory `dir` is, -ENOENT for one that is not listed, and its name. Entry
 * 0 is ".", 1 is "..", 2 + 2 i is child i, and the one after it the .npy file beside that. */
static int64_t entry_at(const struct ops_context *c, uint32_t dir, uint64_t i,
                        char name[COMPONENT_MOST + 1])
{
    const struct node *d = &c->view->tree->nodes[dir];
    if (i < 2) {
        strcpy(name, i ? ".." : ".");
        return i ? d->parent : dir;
    }
    uint32_t node = d->first_child + (uint32_t)(i / 2 - 1);
    int64_t file = node;
    if (i % 2) {
        file = content_npy_listed(c->view) ? content_npy(c->view, node) : -ENOENT;
    }
    if (file < 0 || !content_listed(c->view, (uint32_t)file)) {
        return -ENOENT;
    }
    content_name(c->view, (uint32_t)file, name);
    return file;
}

/* An entry's offset is the number of the one after it. */
static void reply_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
    const struct ops_context *c = context_of(req);
    struct worker *w = worker_self(c->view, NULL, size);
    if (!w) {
        reply_refusal(req, ino, -ENOMEM);
        return;
    }
    if (off < 0 || kind_at(c, ino) != NODE_DIR) {
        reply_refusal(req, ino, off < 0 ? -EINVAL : -ENOTDIR);
        return;
    }
    uint64_t end = 2 + 2 * (uint64_t)c->view->tree->nodes[file_of(ino)].child_count;
    struct listing l = {.req = req, .plus = plus, .at = w->buf, .room = size};
    for (uint64_t i = (uint64_t)off; i < end; i++) {
        char name[COMPONENT_MOST + 1];
        int64_t file = entry_at(c, file_of(ino), i, name);
        if (file < 0) {
            continue;
        }
        size_t bytes = add_entry(&l, i, (uint32_t)file, name);
        if (bytes > l.room) {
            break;
        }
        l.at += bytes;
        l.room -= bytes;
    }
    fuse_reply_buf(req, w->buf, size - l.room);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi)
{
    (void)fi;
    reply_directory(req, ino, size, off, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                           struct fuse_file_info *fi)
{
    (void)fi;
    reply_directory(req, ino, size, off, true);
}

/* ---- the rest ---- */

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    (void)ino;
    const struct ops_context *c = context_of(req);
    struct statvfs st = {
        .f_bsize = STATFS_BLOCK,
        .f_frsize = STATFS_BLOCK,
        .f_blocks = c->total_bytes / STATFS_BLOCK + (c->total_bytes % STATFS_BLOCK != 0),
        .f_files = c->view->tree->count,
        .f_namemax = COMPONENT_MOST,
        .f_flag = ST_RDONLY | ST_NOSUID | ST_NODEV,
    };
    fuse_reply_statfs(req, &st);
}

static void reply_xattr(fuse_req_t req, fuse_ino_t ino, const struct buf *value, size_t size)
{
    errint rc = buf_check(value);
    if (rc < 0) {
        reply_refusal(req, ino, rc);
    } else if (size == 0) {
        fuse_reply_xattr(req, value->len);
    } else if (value->len > size) {
        fuse_reply_err(req, ERANGE);
    } else {
        fuse_reply_buf(req, buf_view(value).ptr, value->len);
    }
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    CLEANUP_BUF struct buf value = {0};
    errint rc = attr_value(context_of(req)->view, file_of(ino), name, &value);
    if (rc < 0) {
        reply_refusal(req, ino, rc);
        return;
    }
    reply_xattr(req, ino, &value, size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    CLEANUP_BUF struct buf names = {0};
    attr_names(context_of(req)->view, file_of(ino), &names);
    reply_xattr(req, ino, &names, size);
}

const struct fuse_lowlevel_ops ops_table = {
    .init = op_init,
    .lookup = op_lookup,
    .getattr = op_getattr,
    .open = op_open,
    .read = op_read,
    .release = op_release,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .statfs = op_statfs,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
};

uint64_t ops_total_bytes(const struct plan *p)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!checked_add_u64(total, target_bytes(&p->targets[i]), &total)) {
            return UINT64_MAX;
        }
    }
    return total;
}
