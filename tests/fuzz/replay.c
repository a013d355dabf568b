/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a fuzz target without libFuzzer: build/tests/replay_NAME FILE-OR-FOLDER... feeds it
 * the files, each in a process of its own with 10 seconds of CPU time (a busy machine must not fail
 * it). The last line is `replay: N passed, N failed`. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { CPU_SECONDS = 10, WALL_SECONDS = 240 };

static unsigned passed;
static unsigned failed;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    (void)data;
    (void)most;
    return size; /* mutators are linked, but never called */
}

static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)st.st_size;
    uint8_t *data = malloc(*size + !*size); /* exactly as long: a read past the end is found */
    FUZZ_CHECK(data && fread(data, 1, *size, f) == *size);
    fclose(f);
    return data;
}

static void feed(const char *path)
{
    fflush(NULL);
    pid_t child = fork();
    FUZZ_CHECK(child >= 0);
    if (child == 0) {
        alarm(WALL_SECONDS);
        setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_SECONDS, CPU_SECONDS + 5});
        size_t size;
        uint8_t *data = slurp(path, &size);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        exit(0); /* not _exit: the leak checker runs now */
    }
    int status;
    FUZZ_CHECK(waitpid(child, &status, 0) == child);
    if (status == 0) {
        passed++;
        return;
    }
    failed++;
    if (WIFSIGNALED(status)) {
        printf("%s: FAILED: killed by %s\n", path, strsignal(WTERMSIG(status)));
    } else {
        printf("%s: FAILED: exit status %d\n", path, WEXITSTATUS(status));
    }
}

static void feed_all(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(st.st_mode)) {
        feed(path);
        return;
    }
    struct dirent **list;
    int count = scandir(path, &list, NULL, alphasort);
    FUZZ_CHECK(count >= 0);
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof(inner), "%s/%s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.') {
            feed_all(inner);
        }
        free(list[i]);
    }
    free(list);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        feed_all(argv[i]);
    }
    printf("replay: %u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
