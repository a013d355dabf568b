/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/writer.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/pages.h"
#include "base/thread.h"
#include "base/write.h"

/* Bytes that are written at once. The kernel gives each write pages in one piece, and in a guest
 * whose host takes free memory back large pieces are those that it has to be asked for again: of
 * 1 MiB, some took ten times as long as others. */
enum { STEP = 64 << 10 };

/* Writes the buffer, and has the disk begin with it: there is that much less to wait for in the
 * end. Where the system has no such call, it begins when it likes. */
static errint write_buffer(const struct writer *w, size_t number)
{
    int fd = w->buffers[number].fd;
    size_t len = w->buffers[number].len;
    errint rc = 0;
    for (size_t off = 0; rc == 0 && off < len; off += STEP) {
        rc = write_all(fd, w->buffers[number].bytes + off, len - off < STEP ? len - off : STEP);
    }
    if (rc == 0) {
        (void)!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return rc;
}

static void *write_all_buffers(void *writer)
{
    struct writer *w = writer;
    pthread_mutex_lock(&w->lock);
    while (!w->ended || w->written < w->put) {
        if (w->written == w->put) {
            pthread_cond_wait(&w->moved, &w->lock);
            continue;
        }
        if (w->rc == 0) {
            pthread_mutex_unlock(&w->lock);
            errint rc = write_buffer(w, w->written % WRITER_BUFFERS);
            pthread_mutex_lock(&w->lock);
            w->rc = rc;
        }
        w->written++;
        pthread_cond_broadcast(&w->moved);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

errint writer_init(struct writer *w)
{
    *w = (struct writer){.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    for (size_t i = 0; i < WRITER_BUFFERS; i++) {
        w->buffers[i].bytes = pages_alloc(WRITER_BYTES);
        if (!w->buffers[i].bytes) {
            return -ENOMEM;
        }
    }
    w->started = thread_start(&w->thread, write_all_buffers, w) == 0;
    return 0;
}

char *writer_buffer(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->put - w->written == WRITER_BUFFERS) {
        pthread_cond_wait(&w->moved, &w->lock);
    }
    char *bytes = w->rc == 0 ? w->buffers[w->put % WRITER_BUFFERS].bytes : NULL;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}

void writer_put(struct writer *w, int fd, size_t len)
{
    size_t number = w->put % WRITER_BUFFERS;
    w->buffers[number].fd = fd;
    w->buffers[number].len = len;
    if (!w->started) {
        w->rc = write_buffer(w, number);
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->put++;
    pthread_cond_broadcast(&w->moved);
    pthread_mutex_unlock(&w->lock);
}

errint writer_drain(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->written < w->put) {
        pthread_cond_wait(&w->moved, &w->lock);
    }
    errint rc = w->rc;
    w->rc = 0;
    pthread_mutex_unlock(&w->lock);
    return rc;
}

void writer_fini(struct writer *w)
{
    if (w->started) {
        pthread_mutex_lock(&w->lock);
        w->ended = true;
        pthread_cond_broadcast(&w->moved);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    for (size_t i = 0; i < WRITER_BUFFERS; i++) {
        free(w->buffers[i].bytes);
    }
}
