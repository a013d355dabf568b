/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/open_file.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "view/content.h"

struct open_file {
    struct open_files *all;
    struct open_file *next; /* in their list, whose lock is over both */
    struct open_file *previous;
    struct rendered_text *text; /* owns; NULL: a file that has a layout */
    /* Owns what is not in `room`. NULL: no read has made it yet. Then it does not change. */
    const struct layout *_Atomic layout;
    uint32_t file;
    _Alignas(struct layout) char room[]; /* for a layout that is made at the open */
};

static bool is_text(const struct view *v, uint32_t file)
{
    return content_kind(v, file) == NODE_TEXT && v->tree->nodes[file].number != TEXT_MAP;
}

static void link_file(struct open_files *all, struct open_file *o)
{
    o->all = all;
    pthread_mutex_lock(&all->lock);
    o->next = all->first;
    if (o->next) {
        o->next->previous = o;
    }
    all->first = o;
    pthread_mutex_unlock(&all->lock);
}

static void unlink_file(struct open_file *o)
{
    struct open_files *all = o->all;
    pthread_mutex_lock(&all->lock);
    if (o->next) {
        o->next->previous = o->previous;
    }
    *(o->previous ? &o->previous->next : &all->first) = o->next;
    pthread_mutex_unlock(&all->lock);
}

/* With the layout of c; NULL: with none yet. -ENOMEM. */
static errint new_file(const struct content *c, struct open_file **out)
{
    struct open_file *o = calloc(1, sizeof(*o) + (c ? content_kept_bytes(c) : 0));
    if (o && c) {
        atomic_init(&o->layout, content_keep(c, o->room));
    }
    *out = o;
    return o ? 0 : -ENOMEM;
}

static errint new_planned(const struct view *v, uint32_t file, struct reader *r,
                          struct open_file **out)
{
    struct content content;
    errint rc = content_open(v, file, CONTENT_BYTES, r, &content);
    return rc < 0 ? rc : new_file(&content, out);
}

static errint new_text(struct open_files *all, uint32_t file, struct open_file **out)
{
    enum text what = (enum text)all->view->tree->nodes[file].number;
    errint rc = new_file(NULL, out);
    if (rc < 0) {
        return rc;
    }
    rc = rendered_text_open(&all->texts, what, &(*out)->text);
    if (rc < 0) {
        free(*out);
    }
    return rc;
}

errint open_file_make(struct open_files *all, uint32_t file, struct reader *r,
                      struct open_file **out)
{
    errint rc;
    if (is_text(all->view, file)) {
        rc = new_text(all, file, out);
    } else if (content_planned(all->view, file)) {
        rc = new_planned(all->view, file, r, out);
    } else {
        rc = new_file(NULL, out);
    }
    if (rc < 0) {
        return rc;
    }
    (*out)->file = file;
    link_file(all, *out);
    return 0;
}

static void free_file(struct open_file *o)
{
    const struct layout *l = atomic_load(&o->layout);
    if ((const char *)l != o->room) {
        free((void *)(uintptr_t)l);
    }
    rendered_text_close(o->text);
    free(o);
}

void open_file_close(struct open_file *o)
{
    unlink_file(o);
    free_file(o);
}

void open_files_close(struct open_files *all)
{
    while (all->first) {
        struct open_file *o = all->first;
        all->first = o->next;
        free_file(o);
    }
    rendered_texts_fini(&all->texts);
}

bool open_file_is_rendered(const struct open_file *o)
{
    return o->text != NULL;
}

/* Makes the layout. Of two threads that have made one, the first one's stays. */
static errint make_layout(struct open_file *o, struct reader *r)
{
    struct content content;
    errint rc = content_open(o->all->view, o->file, CONTENT_BYTES, r, &content);
    if (rc < 0) {
        return rc;
    }
    void *room = malloc(content_kept_bytes(&content));
    if (!room) {
        return -ENOMEM;
    }
    const struct layout *none = NULL;
    if (!atomic_compare_exchange_strong(&o->layout, &none, content_keep(&content, room))) {
        free(room);
    }
    return 0;
}

ssize_t open_file_read(struct open_file *o, struct reader *r, uint64_t off, size_t size, char *buf)
{
    if (o->text) {
        return rendered_text_read(o->text, r->waiter, off, size, buf);
    }
    if (!atomic_load_explicit(&o->layout, memory_order_acquire)) {
        errint rc = make_layout(o, r);
        if (rc < 0) {
            return rc;
        }
    }
    return layout_read(atomic_load_explicit(&o->layout, memory_order_acquire), r, off, size, buf);
}

bool open_file_range(const struct open_file *o, struct file_range *out)
{
    const struct layout *l = atomic_load_explicit(&o->layout, memory_order_acquire);
    return l && layout_file_range(l, o->all->view->catalog, out);
}
