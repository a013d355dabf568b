/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The largest request of the kernel: 256 pages. */
enum { BUF_BYTES = 2 << 20, BUF_ALIGNMENT = 2 << 20 };

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static int key_error;

static void fini(void *data)
{
    struct worker *w = data;
    render_scratch_fini(&w->scratch);
    free(w->buf);
    free(w);
}

static void make_key(void)
{
    key_error = pthread_key_create(&key, fini);
}

static struct worker *make(void)
{
    struct worker *w = calloc(1, sizeof(*w));
    if (w && pthread_setspecific(key, w) != 0) {
        free(w);
        return NULL;
    }
    return w;
}

struct worker *worker_self(size_t need)
{
    pthread_once(&key_once, make_key);
    struct worker *w = key_error ? NULL : pthread_getspecific(key);
    if (!w && (key_error || !(w = make()))) {
        return NULL;
    }
    if (!w->buf || w->cap < need) {
        size_t cap = need < BUF_BYTES ? BUF_BYTES : need;
        free(w->buf);
        w->cap = 0;
        w->buf = NULL;
        void *buf = NULL;
        if (posix_memalign(&buf, BUF_ALIGNMENT, cap) != 0) {
            return NULL;
        }
        /* One huge page costs one fault and one look-up where small ones cost 256 for each request. */
        madvise(buf, cap, MADV_HUGEPAGE);
        w->buf = buf;
        w->cap = cap;
    }
    return w;
}
