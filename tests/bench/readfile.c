/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of scripts/bench, in C so that no interpreter is measured.
 *
 *   readfile read FILE CHUNK   read() to the end in CHUNK bytes, into one buffer; prints "BYTES
 *                              SECONDS"
 *   readfile map FILE          add up all words of a shared mapping; prints "BYTES SECONDS"
 *   readfile random FILE CHUNK COUNT   so many preads of CHUNK bytes at random multiples of it,
 *                              without readahead; prints "MEDIAN P99", in seconds
 *   readfile touch BYTES       write to so much new memory once, so that the host has given it to
 *                              this guest
 *   readfile resident FILE     prints the bytes of FILE that are in the page cache (mincore)
 *   readfile drop FILE         let the page cache of FILE go
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "readfile: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_sized(const char *path, size_t *bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        die(path);
    }
    *bytes = (size_t)st.st_size;
    return fd;
}

static void *map_all(int fd, size_t bytes, const char *path)
{
    void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        die(path);
    }
    return at;
}

static void read_all(const char *path, size_t chunk)
{
    size_t bytes, total = 0;
    char *buf = aligned_alloc(4096, (chunk + 4095) / 4096 * 4096);

    if (!buf) {
        die("memory");
    }
    memset(buf, 1, chunk); /* the buffer's own page faults are not the file's */

    double start = now();
    int fd = open_sized(path, &bytes);

    for (;;) {
        ssize_t n = read(fd, buf, chunk);

        if (n < 0) {
            die(path);
        }
        if (n == 0) {
            break;
        }
        total += (size_t)n;
    }
    double took = now() - start;

    if (total != bytes) {
        fprintf(stderr, "readfile: %s: %zu bytes read of %zu\n", path, total, bytes);
        exit(1);
    }
    printf("%zu %.6f\n", total, took);
    close(fd);
    free(buf);
}

static void sum_mapping(const char *path)
{
    size_t bytes;
    uint64_t sum = 0;
    double start = now();
    int fd = open_sized(path, &bytes);
    const uint64_t *word = map_all(fd, bytes, path);

    for (size_t i = 0; i < bytes / sizeof *word; i++) {
        sum += word[i];
    }
    printf("%zu %.6f %016jx\n", bytes, now() - start, (uintmax_t)sum);
    munmap((void *)(uintptr_t)word, bytes);
    close(fd);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void read_random(const char *path, size_t chunk, size_t count)
{
    size_t bytes;
    int fd = open_sized(path, &bytes);
    char *buf = malloc(chunk);
    double *took = malloc(count * sizeof *took);
    uint64_t random = UINT64_C(88172645463325252); /* xorshift */

    if (!buf || !took || bytes < chunk || count == 0) {
        die("random");
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    for (size_t i = 0; i < count; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        off_t at = (off_t)(random % (bytes / chunk) * chunk);
        double start = now();

        if (pread(fd, buf, chunk, at) != (ssize_t)chunk) {
            die(path);
        }
        took[i] = now() - start;
    }
    qsort(took, count, sizeof *took, by_value);
    printf("%.9f %.9f\n", took[count / 2], took[count - 1 - count / 100]);
    free(took);
    free(buf);
    close(fd);
}

static void touch(size_t bytes)
{
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        die("touch");
    }
    for (size_t i = 0; i < bytes; i += 4096) {
        at[i] = 1;
    }
    munmap(at, bytes);
}

static void resident(const char *path)
{
    size_t bytes, page = (size_t)sysconf(_SC_PAGESIZE), in = 0;
    int fd = open_sized(path, &bytes);
    size_t pages = (bytes + page - 1) / page;
    unsigned char *flags = malloc(pages + 1);

    if (bytes > 0) {
        void *at = map_all(fd, bytes, path);

        if (!flags || mincore(at, bytes, flags) < 0) {
            die(path);
        }
        munmap(at, bytes);
    }
    for (size_t i = 0; i < pages; i++) {
        in += flags[i] & 1;
    }
    printf("%zu\n", in * page);
    free(flags);
    close(fd);
}

static void drop(const char *path)
{
    size_t bytes;
    int fd = open_sized(path, &bytes);

    fdatasync(fd); /* dirty pages are not let go; a file system that cannot sync has none */
    errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (errno) {
        die(path);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (argc == 4 && strcmp(verb, "read") == 0) {
        read_all(argv[2], strtoull(argv[3], NULL, 0));
    } else if (argc == 3 && strcmp(verb, "map") == 0) {
        sum_mapping(argv[2]);
    } else if (argc == 5 && strcmp(verb, "random") == 0) {
        read_random(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
    } else if (argc == 3 && strcmp(verb, "touch") == 0) {
        touch(strtoull(argv[2], NULL, 0));
    } else if (argc == 3 && strcmp(verb, "resident") == 0) {
        resident(argv[2]);
    } else if (argc == 3 && strcmp(verb, "drop") == 0) {
        drop(argv[2]);
    } else {
        fputs("usage: readfile read FILE CHUNK | map FILE | random FILE CHUNK COUNT | touch BYTES "
              "| resident "
              "FILE | drop FILE\n",
              stderr);
        return 2;
    }
    return 0;
}
