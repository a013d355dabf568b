/* SPDX-License-Identifier: Apache-2.0 */
/* The bar of long commands, on a terminal that is standard error for as long as one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/tool.h"

enum { MIB = 1 << 20 };

static struct tool_bar bar;
static int terminal;
static int side;
static int own; /* standard error of the test */
static char drawn[4096];

static void columns(unsigned short count)
{
    assert_int_equal(ioctl(side, TIOCSWINSZ, &(struct winsize){.ws_row = 25, .ws_col = count}), 0);
}

static int setup(void **state)
{
    (void)state;
    terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    own = dup(STDERR_FILENO);
    assert_true(side >= 0 && own >= 0);
    columns(100);
    assert_int_equal(dup2(side, STDERR_FILENO), STDERR_FILENO);
    bar_begin(&bar, false);
    assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(terminal);
    close(side);
    close(own);
    return 0;
}

/* The only clock of this program: it stands still between calls of later(). */
static struct timespec clock_now = {.tv_sec = 1000};

int clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    *now = clock_now;
    return 0;
}

static void later(int seconds)
{
    clock_now.tv_sec += seconds;
}

/* What a call draws, without what goes around it; "" for nothing. */
#define DRAWN(call) (dup2(side, STDERR_FILENO), (call), dup2(own, STDERR_FILENO), look())

static const char *look(void)
{
    ssize_t got = read(terminal, drawn, sizeof(drawn) - 1);
    drawn[got > 0 ? got : 0] = '\0';
    if (!drawn[0]) {
        return drawn;
    }
    char *end = strstr(drawn, "\033[K");
    assert_true(drawn[0] == '\r' && end && end[3] == '\0');
    *end = '\0';
    return drawn + 1;
}

static void bar_begins_with_nothing_done(void **state)
{
    (void)state;
    later(3);
    assert_string_equal(DRAWN(bar_draw(&bar, 0, 100 * MIB)),
                        "[>                             ]    0%  0 of 100.0M");
    assert_string_equal(DRAWN(bar_draw(&bar, MIB, 100 * MIB)), ""); /* too soon */
    later(1);
    assert_non_null(
        strstr(DRAWN(bar_draw(&bar, 50 * MIB, 100 * MIB)), "]   50%  50.0M of 100.0M  "));
    assert_non_null(
        strstr(DRAWN(bar_draw(&bar, 100 * MIB, 100 * MIB)), "]  100%  100.0M of 100.0M  "));
    assert_null(strstr(drawn, "left"));
}

static void bar_waits_without_a_rate(void **state)
{
    (void)state;
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")), "");
    later(2);
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")),
                        "checking  0:02"); /* of how much is not known yet */
    DRAWN(bar_draw(&bar, 0, 1000 * MIB));
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")), "");
    later(12);
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")),
                        "[>                             ]    0%  0 of 1000.0M  checking  0:12");
    later(8);
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")),
                        "[>                             ]    0%  0 of 1000.0M  checking  0:20");
    later(1);
    assert_string_equal(DRAWN(bar_draw(&bar, 100 * MIB, 1000 * MIB)),
                        "[===>                          ]   10%  100.0M of 1000.0M");
    later(1);
    assert_string_equal(
        DRAWN(bar_draw(&bar, 200 * MIB, 1000 * MIB)),
        "[======>                       ]   20%  200.0M of 1000.0M  100.0M/s  0:08 left");
}

static void bar_rate_is_of_the_last_seconds(void **state)
{
    (void)state;
    DRAWN(bar_draw(&bar, 0, UINT64_C(10000) * MIB));
    uint64_t done = 0;
    for (int i = 0; i < 100; i++) { /* 1 MiB a second */
        later(1);
        DRAWN(bar_draw(&bar, done += MIB, UINT64_C(10000) * MIB));
    }
    assert_non_null(strstr(drawn, "  1.0M/s  "));
    for (int i = 0; i < 20; i++) { /* and 100 */
        later(1);
        DRAWN(bar_draw(&bar, done += 100 * MIB, UINT64_C(10000) * MIB));
    }
    const char *rate = strstr(drawn, "2.1G of 9.8G  ");
    assert_non_null(rate);
    double per_second = strtod(rate + 14, NULL); /* MiB; since the start it would be 17 */
    assert_true(per_second > 90 && per_second < 100);
}

static void bar_fits_the_terminal(void **state)
{
    (void)state;
    DRAWN(bar_draw(&bar, 0, 100 * MIB));
    later(1);
    DRAWN(bar_draw(&bar, 10 * MIB, 100 * MIB));
    static const struct {
        unsigned short columns;
        const char *line;
    } all[] = {
        {76, "[======>                       ]   20%  20.0M of 100.0M  10.0M/s  0:08 left"},
        {75, " 20%  20.0M of 100.0M  10.0M/s  0:08 left"},
        {42, " 20%  20.0M of 100.0M  10.0M/s  0:08 left"},
        {41, " 20%  20.0M of 100.0M  10.0M/s"},
        {31, " 20%  20.0M of 100.0M  10.0M/s"},
        {30, " 20%  20.0M of 100.0M"},
        {21, " 20%"},
        {4, ""},
        {0, "[======>                       ]   20%  20.0M of 100.0M  10.0M/s  0:08 left"}, /* not
                                                                                            known */
    };
    const struct tool_bar before = bar;
    const struct timespec then = clock_now;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        bar = before;
        clock_now = then;
        columns(all[i].columns);
        later(1);
        assert_string_equal(DRAWN(bar_draw(&bar, 20 * MIB, 100 * MIB)), all[i].line);
    }
}

static void bar_says_what_comes(void **state)
{
    (void)state;
    DRAWN(bar_draw(&bar, 0, MIB));
    DRAWN(bar_draw(&bar, MIB, MIB));
    assert_string_equal(
        DRAWN(bar_say(&bar, "writing to the disk")),
        "[==============================]  100%  1.0M of 1.0M  writing to the disk");
}

static void bar_is_quiet(void **state)
{
    (void)state;
    bar.wanted = false;
    later(5);
    assert_string_equal(DRAWN(bar_draw(&bar, 0, MIB)), "");
    assert_string_equal(DRAWN(bar_wait(&bar, "checking")), "");
    assert_string_equal(DRAWN(bar_say(&bar, "writing to the disk")), "");
    assert_string_equal(DRAWN(bar_end(&bar)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bar_begins_with_nothing_done, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_waits_without_a_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_rate_is_of_the_last_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_fits_the_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_says_what_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(bar_is_quiet, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
