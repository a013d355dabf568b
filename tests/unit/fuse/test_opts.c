/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "fuse/opts.h"
#include "fuse/opts_help.h"
#include "fuse/opts_table.h"

static struct opts now;
static struct buf complaint;
static struct buf list;

static errint parse(const char *program, ...)
{
    char *argv[16] = {(char *)(uintptr_t)program};
    int argc = 1;
    va_list args;
    va_start(args, program);
    for (char *arg; (arg = va_arg(args, char *)) != NULL;) {
        argv[argc++] = arg;
    }
    va_end(args);
    opts_fini(&now);
    complaint.len = 0;
    return opts_parse(argc, argv, &now, &complaint);
}

static const char *session(void)
{
    list.len = 0;
    assert_int_equal(opts_session(&now, "/a,b\\c", &list), 0);
    return list.data;
}

static int teardown(void **state)
{
    (void)state;
    opts_fini(&now);
    buf_fini(&complaint);
    buf_fini(&list);
    return 0;
}

#define ALWAYS "ro,nosuid,nodev,default_permissions,subtype=ckptfs,fsname="

static void opts_parse_checkpoint_and_mountpoint(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "c", "m", NULL), 0);
    assert_int_equal(now.action, OPTS_MOUNT);
    assert_string_equal(now.checkpoint, "c");
    assert_string_equal(now.mountpoint, "m");
    assert_null(now.map);
    assert_false(now.verify || now.foreground || now.debug || now.helper || now.nonempty);
    assert_string_equal(session(), ALWAYS "/a\\,b\\\\c");
}

static void opts_parse_options_may_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(
        parse("ckptfs", "c", "-f", "m", "-o", "uid=1,umask=077", "-ogid=2,nonempty,verify", NULL),
        0);
    assert_true(now.foreground && now.nonempty && now.verify && now.policy.set_uid &&
                now.policy.set_gid);
    assert_int_equal(now.policy.force_uid, 1);
    assert_int_equal(now.policy.force_gid, 2);
    assert_int_equal(now.policy.umask, 077);
    assert_int_equal(parse("ckptfs", "--", "-c", "-m", NULL), 0);
    assert_string_equal(now.checkpoint, "-c");
    assert_string_equal(now.mountpoint, "-m");
}

static void opts_parse_values_are_unescaped_once(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "-o", "map=a\\,b\\\\c,fsname=x\\,y,allow_other", "m", NULL),
                     0);
    assert_string_equal(now.map, "a,b\\c");
    assert_null(now.checkpoint);
    assert_string_equal(session(), ALWAYS "x\\,y,allow_other");
    assert_int_equal(parse("ckptfs", "-o", "context=\"a\\,b\",max_read=4096", "c", "m", NULL), 0);
    assert_int_equal(now.max_read, 4096);
    assert_string_equal(session(), ALWAYS "/a\\,b\\\\c,context=\"a\\,b\",max_read=4096");
}

static void opts_parse_allow_root_opens_the_mount_to_all(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "-o", "allow_root,noexec", "c", "m", NULL), 0);
    assert_string_equal(session(), ALWAYS "/a\\,b\\\\c,allow_root,allow_other,noexec");
}

static void opts_parse_runas_is_kept_as_text(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "c", "m", NULL), 0);
    assert_null(now.runas);
    assert_int_equal(parse("ckptfs", "-o", "runas=no-such-user", "c", "m", NULL), 0);
    assert_string_equal(now.runas, "no-such-user");
    assert_string_equal(session(), ALWAYS "/a\\,b\\\\c");
    assert_int_equal(parse("ckptfs", "-o", "runas=", "c", "m", NULL), -EINVAL);
}

static void opts_parse_none_is_no_checkpoint(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "-o", "map=f", "none", "m", NULL), 0);
    assert_null(now.checkpoint);
    assert_int_equal(parse("ckptfs", "none", "m", NULL), -EINVAL);
    assert_int_equal(parse("ckptfs", "./none", "m", NULL), 0);
    assert_string_equal(now.checkpoint, "./none");
}

static void opts_parse_what_mount_and_fstab_pass_is_overridden(void **state)
{
    (void)state;
    assert_int_equal(
        parse("ckptfs", "c", "m", "-n", "-s", "-v", "-o",
              "rw,suid,dev,defaults,auto,noauto,user,user=u,_netdev,x-a=b,noatime,,subtype=z",
              NULL),
        0);
    assert_string_equal(session(), ALWAYS "/a\\,b\\\\c");
    assert_int_equal(parse("/sbin/mount.fuse.ckptfs", "c", "m", "-f", "-v", "-t", "fuse.ckptfs",
                           "-o", "rw", NULL),
                     0);
    assert_true(now.helper && now.fake && !now.foreground && !now.verbose);
}

static void opts_parse_map_and_graph_have_letters(void **state)
{
    (void)state;
    assert_int_equal(
        parse("ckptfs", "-m", "a.ini", "c", "-gg.meta", "m", "--names", "friendly", NULL), 0);
    assert_string_equal(now.map, "a.ini");
    assert_string_equal(now.graph, "g.meta");
    assert_int_equal(now.extra.names, MAP_NAMES_FRIENDLY);
    assert_string_equal(now.checkpoint, "c");
    assert_int_equal(
        parse("ckptfs", "--map=a=b", "--graph", "g", "--names=key", "c", "m", "-o", "ro", NULL), 0);
    assert_string_equal(now.map, "a=b");
    assert_string_equal(now.graph, "g");
    assert_int_equal(now.extra.names, MAP_NAMES_KEY);
    assert_int_equal(parse("ckptfs", "-m", "a", "-o", "map=b", "c", "m", NULL), -EINVAL);
    assert_string_equal(complaint.data, "the map is given twice");
    assert_int_equal(parse("ckptfs", "c", "m", "-m", NULL), -EINVAL);
    assert_string_equal(complaint.data, "-m: a value is missing");
}

static void opts_parse_letters_of_mount_keep_their_meaning(void **state)
{
    (void)state;
    assert_int_equal(parse("mount.fuse.ckptfs", "c", "m", "-n", "-o", "ro", NULL), 0);
    assert_int_equal(parse("mount.fuse.ckptfs", "c", "m", "-sfnv", "-N", "/proc/1/ns/mnt", NULL),
                     -EINVAL);
    assert_int_equal(
        parse("mount.fuse.ckptfs", "c", "m", "-s", "-f", "-n", "-v", "-N", "/proc/1/ns/mnt", NULL),
        0);
    assert_true(now.fake && !now.foreground);
    assert_string_equal(now.mount_namespace, "/proc/1/ns/mnt");
    assert_int_equal(parse("ckptfs", "c", "m", "-N", "/proc/1/ns/mnt", NULL), -EINVAL);
}

static void opts_parse_names_the_nearest_option(void **state)
{
    static const char *const cases[][2] = {
        {"-ompa=x", "unknown option: -o mpa=x; did you mean '-o map='?"},
        {"-osandbox=off", "-o sandbox=off: expected no or yes"},
        {"-overfy", "unknown option: -o verfy; did you mean '-o verify'?"},
        {"--grahp=x", "unknown option: --grahp=x; did you mean '--graph'?"},
        {"--hlep", "unknown option: --hlep; did you mean '--help'?"},
        {"-onames=freindly", "names=freindly: expected key or friendly; did you mean 'friendly'?"},
        {"-onames=x", "names=x: expected key or friendly"},
        {"-z", "unknown option: -z"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(parse("ckptfs", "c", "m", cases[i][0], NULL), -EINVAL);
        assert_string_equal(complaint.data, cases[i][1]);
    }
    assert_int_equal(parse("ckptfs", "-n", "friendly", "c", "m", NULL), -EINVAL);
    assert_string_equal(complaint.data,
                        "m: one argument too many; did you mean '--names friendly'?");
}

static void opts_parse_drop_and_keep_may_be_repeated(void **state)
{
    (void)state;
    assert_int_equal(
        parse("ckptfs", "c", "m", "--drop=optimizer", "-o", "drop=a\\,b,keep=**/w", NULL), 0);
    assert_int_equal(now.extra.drop_count, 2);
    assert_string_equal(now.extra.drop[0], "optimizer");
    assert_string_equal(now.extra.drop[1], "a,b");
    assert_int_equal(now.extra.keep_count, 1);
    assert_string_equal(now.extra.keep[0], "**/w");
}

static void opts_parse_assign_and_define_may_be_repeated(void **state)
{
    (void)state;
    assert_int_equal(
        parse("ckptfs", "c", "m", "-o",
              "assign=a=b,graph=g.meta,assign=t=e | partition 5\\,1,define=e=float32 []", NULL),
        0);
    assert_int_equal(now.extra.assign_count, 2);
    assert_string_equal(now.extra.assign[0], "a=b");
    assert_string_equal(now.extra.assign[1], "t=e | partition 5,1");
    assert_int_equal(now.extra.define_count, 1);
    assert_string_equal(now.extra.define[0], "e=float32 []");
    assert_string_equal(now.graph, "g.meta");
    assert_int_equal(now.extra.names, MAP_NAMES_UNSAID);
}

static void opts_parse_names_is_key_or_friendly(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "names=friendly", NULL), 0);
    assert_int_equal(now.extra.names, MAP_NAMES_FRIENDLY);
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "names=key", NULL), 0);
    assert_int_equal(now.extra.names, MAP_NAMES_KEY);
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "names=full", NULL), -EINVAL);
    assert_non_null(strstr(complaint.data, "expected key or friendly"));
}

static void opts_parse_debug_implies_foreground(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "-d", "c", "m", NULL), 0);
    assert_true(now.debug && now.foreground);
    assert_non_null(strstr(session(), ",debug"));
}

static void opts_parse_flags(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "c", "m", NULL), 0);
    assert_false(now.npy || now.verify);
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "npy,verify", NULL), 0);
    assert_true(now.npy && now.verify);
    assert_false(now.no_sandbox);
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "sandbox=no", NULL), 0);
    assert_true(now.no_sandbox);
    assert_int_equal(parse("ckptfs", "c", "m", "-o", "sandbox=yes", NULL), 0);
    assert_false(now.no_sandbox);
}

static void opts_parse_other_actions(void **state)
{
    (void)state;
    assert_int_equal(parse("ckptfs", "-h", NULL), 0);
    assert_int_equal(now.action, OPTS_HELP);
    assert_int_equal(parse("ckptfs", "--version", NULL), 0);
    assert_int_equal(now.action, OPTS_VERSION);
    assert_int_equal(parse("ckptfs", "-u", "m", NULL), 0);
    assert_int_equal(now.action, OPTS_UNMOUNT);
    assert_string_equal(now.mountpoint, "m");
}

static void check_refused(errint rc, const char *words)
{
    assert_int_equal(rc, -EINVAL);
    assert_non_null(strstr(complaint.data, words));
    assert_null(strchr(complaint.data, '\n'));
}

static void opts_parse_wrong_usage_is_one_line(void **state)
{
    (void)state;
    check_refused(parse("ckptfs", NULL), "MOUNTPOINT is missing");
    check_refused(parse("ckptfs", "a", "b", "c", NULL), "c: one argument too many");
    check_refused(parse("ckptfs", "-o", NULL), "-o: a value is missing");
    check_refused(parse("ckptfs", "c", "m", "-o", "graph=a,graph=b", NULL), "twice");
    check_refused(parse("ckptfs", "c", "m", "-o", "map=a", "-o", "map=b", NULL), "twice");
    check_refused(parse("ckptfs", "c", "m", "-o", "uid=-1", NULL),
                  "uid=-1: expected a decimal number");
    check_refused(parse("ckptfs", "c", "m", "-o", "uid=", NULL), "expected a decimal number");
    check_refused(parse("ckptfs", "c", "m", "-o", "gid=0x1", NULL), "expected a decimal number");
    check_refused(parse("ckptfs", "c", "m", "-o", "umask=8", NULL), "expected an octal number");
    check_refused(parse("ckptfs", "c", "m", "-o", "a\n\x1b[31m", NULL), "\\x0a\\x1b[31m");
}

/* Whether the table has it, and takes a value with it or none. */
static bool is_known(const struct opts_spelling *s)
{
    size_t len = s->option.len - str_ends(s->option, STR("="));
    for (const struct fuse_opt *o = opts_table; o->templ; o++) {
        struct str known = str_from(o->templ);
        bool value = str_ends(known, STR("=")) || str_ends(known, STR(" "));
        if (value == s->value &&
            str_eq(str_head(known, known.len - value), str_head(s->option, len))) {
            return true;
        }
    }
    return false;
}

static void opts_help_names_what_there_is(void **state)
{
    (void)state;
    unsigned count = 0;
    for (const struct opts_help *row = opts_help; row->spellings; row++) {
        struct str rest = str_from(row->spellings);
        for (struct opts_spelling s; opts_spelling_next(&rest, &s); count++) {
            assert_true(is_known(&s));
            assert_int_equal(s.named, s.option.ptr[0] != '-');
        }
    }
    assert_true(count > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opts_parse_checkpoint_and_mountpoint),
        cmocka_unit_test(opts_parse_options_may_stand_anywhere),
        cmocka_unit_test(opts_parse_values_are_unescaped_once),
        cmocka_unit_test(opts_parse_allow_root_opens_the_mount_to_all),
        cmocka_unit_test(opts_parse_runas_is_kept_as_text),
        cmocka_unit_test(opts_parse_none_is_no_checkpoint),
        cmocka_unit_test(opts_parse_what_mount_and_fstab_pass_is_overridden),
        cmocka_unit_test(opts_parse_map_and_graph_have_letters),
        cmocka_unit_test(opts_parse_letters_of_mount_keep_their_meaning),
        cmocka_unit_test(opts_parse_names_the_nearest_option),
        cmocka_unit_test(opts_parse_assign_and_define_may_be_repeated),
        cmocka_unit_test(opts_parse_drop_and_keep_may_be_repeated),
        cmocka_unit_test(opts_parse_names_is_key_or_friendly),
        cmocka_unit_test(opts_parse_debug_implies_foreground),
        cmocka_unit_test(opts_parse_flags),
        cmocka_unit_test(opts_parse_other_actions),
        cmocka_unit_test(opts_parse_wrong_usage_is_one_line),
        cmocka_unit_test(opts_help_names_what_there_is),
    };
    return cmocka_run_group_tests_name("opts", tests, NULL, teardown);
}
