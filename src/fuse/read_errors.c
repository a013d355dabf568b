/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/read_errors.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cause.h"
#include "base/log.h"
#include "render/render.h"
#include "render/why.h"
#include "view/content.h"

/* A cause that was met; `number` counts them from 1, 0 is a free slot. */
struct met {
    struct cause cause;
    uint64_t number;
};

/* One with a line in .ckptfs/faults. */
struct fault {
    char *text; /* owns */
    time_t first;
    uint64_t failures;
};

struct read_errors {
    const struct view *view;
    struct stats *stats;
    pthread_mutex_t lock;           /* over all below */
    struct met *slots;              /* owns: a hash table, at most half full */
    size_t size;                    /* of it: a power of two, or 0 */
    uint64_t count;                 /* of different faults */
    struct fault kept[FAULTS_KEPT]; /* number n at n % FAULTS_KEPT */
};

errint read_errors_open(const struct view *v, struct stats *stats, struct read_errors **out)
{
    struct read_errors *f = calloc(1, sizeof(*f));
    if (f) {
        f->view = v;
        f->stats = stats;
        pthread_mutex_init(&f->lock, NULL);
    }
    *out = f;
    return f ? 0 : -ENOMEM;
}

void read_errors_close(struct read_errors *f)
{
    if (f) {
        for (size_t i = 0; i < FAULTS_KEPT; i++) {
            free(f->kept[i].text);
        }
        pthread_mutex_destroy(&f->lock);
        free(f->slots);
        free(f);
    }
}

/* ---- which are known ------------------------------------------------------------------------- */

/* Its slot, or the free one where it belongs. There is a free one. */
static struct met *slot_of(struct met *slots, size_t size, const struct cause *c)
{
    size_t at = cause_hash(c) & (size - 1);
    while (slots[at].number && !cause_same(&slots[at].cause, c)) {
        at = (at + 1) & (size - 1);
    }
    return &slots[at];
}

/* Room for one more; false when memory is short. */
static bool make_room(struct read_errors *f)
{
    if (f->count < f->size / 2) {
        return true;
    }
    size_t size = f->size ? 2 * f->size : 64;
    struct met *slots = calloc(size, sizeof(*slots));
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < f->size; i++) {
        if (f->slots[i].number) {
            *slot_of(slots, size, &f->slots[i].cause) = f->slots[i];
        }
    }
    free(f->slots);
    f->slots = slots;
    f->size = size;
    return true;
}

/* The number of a cause that was met before, else 0, and it is counted as a new one: *number is the
 * number that it gets. */
static bool is_known(struct read_errors *f, const struct cause *c, uint64_t *number)
{
    struct met *slot = f->size ? slot_of(f->slots, f->size, c) : NULL;
    if (slot && slot->number) {
        *number = slot->number;
        return true;
    }
    bool room = make_room(f);
    *number = ++f->count;
    if (room) {
        *slot_of(f->slots, f->size, c) = (struct met){*c, *number};
    }
    return false;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void print_place(const struct read_errors *f, uint32_t file, uint64_t off, struct buf *b)
{
    CLEANUP_BUF struct buf path = {0};
    content_path(f->view, file, &path);
    buf_visible(b, buf_view(&path));
    buf_printf(b, " at byte %llu", (unsigned long long)off);
}

static void print_fault(const struct read_errors *f, const struct cause *c, uint32_t file,
                        uint64_t off, errint rc, struct buf *b)
{
    if (c->kind == CAUSE_FILE && c->rc == -ESTALE) {
        buf_visible(b, str_from(((const struct io *)c->what)->name));
        buf_text(b, ": changed since it was mounted, all reads from it fail from now on");
    } else if (why_print(f->view->catalog, c, b)) {
        buf_text(b, c->rc == -EBADMSG ? ": all reads of it fail; first " : "; first ");
        print_place(f, file, off, b);
    } else {
        buf_printf(b, "cannot read: %s; first ", render_why(rc));
        print_place(f, file, off, b);
    }
}

/* The cause of a failure of which nothing is noted: want of memory is one, whatever wanted it; of
 * anything else the file is known. */
static struct cause cause_of(uint32_t file, errint rc)
{
    struct cause c = cause_last();
    if (c.kind != CAUSE_NONE) {
        return c;
    }
    return (struct cause){.rc = rc, .number = rc == -ENOMEM ? 0 : file + UINT64_C(1)};
}

/* A line for the log and for .ckptfs/faults. The lock is held. */
static void tell_cause(struct read_errors *f, uint64_t number, struct buf *text)
{
    struct fault *kept = &f->kept[number % FAULTS_KEPT];
    free(kept->text);
    *kept = (struct fault){.first = time(NULL), .failures = 1};
    if (number <= FAULTS_LOGGED) {
        log_error("%s", text->failed ? "a read failed, and memory is too short to say which"
                                     : text->data);
    }
    if (number == FAULTS_LOGGED) {
        log_error("%d different faults were logged: what comes next is only in .ckptfs/faults",
                  FAULTS_LOGGED);
    }
    if (!text->failed) {
        kept->text = text->data;
        *text = (struct buf){0};
    }
}

void read_errors_met(struct read_errors *f, uint32_t file, uint64_t off, errint rc)
{
    const struct cause c = cause_of(file, rc);
    CLEANUP_BUF struct buf text = {0};
    uint64_t number;
    pthread_mutex_lock(&f->lock);
    bool known = is_known(f, &c, &number);
    if (!known) {
        print_fault(f, &c, file, off, rc, &text);
        tell_cause(f, number, &text);
    } else if (f->count - number < FAULTS_KEPT) {
        f->kept[number % FAULTS_KEPT].failures++;
    }
    pthread_mutex_unlock(&f->lock);
    stats_count(known ? &f->stats->repeated : &f->stats->faults, 1);
}

void read_errors_say(struct read_errors *f, const char *text)
{
    pthread_mutex_lock(&f->lock);
    struct fault *same = NULL;
    for (size_t i = 0; i < FAULTS_KEPT && !same; i++) {
        same = f->kept[i].text && strcmp(f->kept[i].text, text) == 0 ? &f->kept[i] : NULL;
    }
    if (same) {
        same->failures++;
    } else {
        struct fault *kept = &f->kept[++f->count % FAULTS_KEPT];
        free(kept->text);
        *kept = (struct fault){.text = strdup(text), .first = time(NULL), .failures = 1};
    }
    pthread_mutex_unlock(&f->lock);
}

void read_errors_render(struct read_errors *f, struct buf *b)
{
    pthread_mutex_lock(&f->lock);
    uint64_t oldest = f->count > FAULTS_KEPT ? f->count - FAULTS_KEPT + 1 : 1;
    for (uint64_t number = oldest; number <= f->count; number++) {
        const struct fault *fault = &f->kept[number % FAULTS_KEPT];
        struct tm utc;
        char when[32];
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&fault->first, &utc));
        buf_printf(b, "%s %llu %s\n", when, (unsigned long long)fault->failures,
                   fault->text ? fault->text : "memory was too short to say what");
    }
    pthread_mutex_unlock(&f->lock);
}
