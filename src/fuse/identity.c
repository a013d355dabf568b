/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fuse/named.h"

/* ---- who ---- */

/* By its number. A user that the table of users does not have gets the group of the same number. */
static void take_user(struct identity *who, uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);
    who->kind = IDENTITY_USER;
    who->uid = uid;
    who->gid = entry ? entry->pw_gid : (gid_t)uid;
    if (entry) {
        snprintf(who->name, sizeof(who->name), "%s", entry->pw_name);
    } else {
        snprintf(who->name, sizeof(who->name), "%u", uid);
    }
}

/* A name, or the number of a user. */
static bool find_user(const char *text, uid_t *uid)
{
    const struct passwd *entry = getpwnam(text);
    if (entry) {
        *uid = entry->pw_uid;
        return true;
    }
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    *uid = (uid_t)number;
    return text[0] >= '0' && text[0] <= '9' && !*end && !errno && number < UINT_MAX;
}

static errint complain_identity(struct buf *complaint, const char *user, const char *what)
{
    buf_text(complaint, "-o runas=");
    buf_visible(complaint, str_from(user));
    buf_text(complaint, what);
    return -EINVAL;
}

errint identity_given(const struct opts *o, struct identity *out, struct buf *complaint)
{
    *out = (struct identity){.kind = IDENTITY_SAME};
    uid_t uid;
    if (!o->runas) {
        return 0;
    }
    if (!find_user(o->runas, &uid)) {
        return complain_identity(complaint, o->runas, ": there is no such user");
    }
    if (geteuid() != 0) {
        bool same = uid == geteuid();
        return same ? 0
                    : complain_identity(complaint, o->runas,
                                        ": only root can open files as another user");
    }
    take_user(out, uid);
    out->kind = uid == 0 ? IDENTITY_READER : IDENTITY_USER;
    out->groups = true;
    snprintf(out->words, sizeof(out->words), "tried as %s, as -o runas= says", out->name);
    return 0;
}

static unsigned long number_in(const char *path, unsigned long otherwise)
{
    char text[64];
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[got < 0 ? 0 : got] = '\0';
    return got > 0 ? strtoul(text, NULL, 10) : otherwise;
}

/* Whether the number stands for all users that a user namespace has no number for. */
static bool is_unmapped(uid_t uid)
{
    CLEANUP_CLOSE int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    char map[64];
    ssize_t got = fd < 0 ? 0 : read(fd, map, sizeof(map) - 1);
    map[got < 0 ? 0 : got] = '\0';
    unsigned from, to, count;
    bool whole = sscanf(map, "%u %u %u", &from, &to, &count) != 3 || count == UINT_MAX;
    return !whole && uid == number_in("/proc/sys/kernel/overflowuid", 65534);
}

static void log_unmapped(const struct owner *owner, const char *rights)
{
    CLEANUP_BUF struct buf of = {0};
    buf_visible(&of, str_from(owner->of));
    log_warning("%s: its owner is unknown in this user namespace, files are opened %s",
                buf_view(&of).ptr, rights);
}

static void take_owner(struct identity *who, const struct owner *owner)
{
    CLEANUP_BUF struct buf of = {0};
    buf_visible(&of, str_from(owner->of));
    take_user(who, owner->uid);
    snprintf(who->words, sizeof(who->words),
             "tried as %s, the owner of %s; -o runas=USER opens files as another user, runas=root "
             "as root",
             who->name, buf_view(&of).ptr);
}

void identity_find(const struct opts *o, struct identity *out)
{
    if (o->runas || geteuid() != 0) {
        return;
    }
    struct owner owner;
    if (named_owner(o, &owner)) {
        if (is_unmapped(owner.uid)) {
            log_unmapped(&owner, "with all rights of root");
        } else {
            take_owner(out, &owner);
        }
        return;
    }
    out->kind = IDENTITY_ROOT;
    snprintf(out->words, sizeof(out->words),
             "tried as root without its privileges; -o runas=USER opens files as another user, "
             "runas=root as root with them");
}

/* ---- becoming it ---- */

/* What could be gained by executing a program. */
static void drop_bounds(void)
{
    for (int i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++) {
        prctl(PR_CAPBSET_DROP, i); /* refused without CAP_SETPCAP; no_new_privs does as well */
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* A set of capabilities that have numbers below 32. */
#define CAPABILITY(number) (1u << (number))

/* Keeps of all capabilities those in the set. */
static errint keep_capabilities(unsigned set)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2];
    if (syscall(SYS_capget, &head, now) != 0) {
        return -errno;
    }
    for (int half = 0; half < 2; half++) {
        now[half].permitted &= half == 0 ? set : 0;
        now[half].effective = now[half].permitted;
        now[half].inheritable = 0;
    }
    return syscall(SYS_capset, &head, now) == 0 ? 0 : -errno;
}

static errint set_groups(const struct identity *who)
{
    int rc = who->groups ? initgroups(who->name, who->gid) : setgroups(0, NULL);
    return rc == 0 ? 0 : -errno;
}

static errint become_user(const struct identity *who)
{
    int count = getgroups(0, NULL);
    CLEANUP_FREE gid_t *groups = calloc(count < 0 ? 1 : (size_t)count + 1, sizeof(*groups));
    gid_t gid = getegid();
    count = groups ? getgroups(count, groups) : -1;
    if (count < 0) {
        return -errno;
    }
    errint rc = set_groups(who);
    if (rc < 0) {
        return rc;
    }
    if (setresgid(who->gid, who->gid, who->gid) == 0) {
        drop_bounds();
        if (setresuid(who->uid, who->uid, who->uid) == 0) {
            prctl(PR_SET_DUMPABLE,
                  0); /* the user could else attach to it, and answer for the mount */
            return keep_capabilities(0);
        }
    }
    rc = -errno;
    if (setresgid(gid, gid, gid) != 0 || setgroups((size_t)count, groups) != 0) {
        log_debug("groups are not what they were: %s", strerror(errno));
    }
    return rc;
}

/* What a user namespace refuses here was not root's to give away. */
static errint become_root(const struct identity *who)
{
    errint rc = set_groups(who);
    if (rc < 0 || setresgid(who->gid, who->gid, who->gid) != 0) {
        log_debug("groups stay as they are: %s", strerror(rc < 0 ? -rc : errno));
    }
    return keep_capabilities(who->kind == IDENTITY_READER ? CAPABILITY(CAP_DAC_READ_SEARCH) : 0);
}

/* Reads root's own texts with no privilege but to become somebody else, and becomes whoever they
 * lead to. */
static errint become_by_texts(struct identity *who, const struct opts *o)
{
    struct owner owner;
    drop_bounds();
    errint rc = keep_capabilities(CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID));
    if (rc < 0 || !named_owner_in_texts(o, &owner)) {
        return rc < 0 ? rc : become_root(who);
    }
    if (is_unmapped(owner.uid)) {
        log_unmapped(&owner, "as root without its privileges");
        return become_root(who);
    }
    const struct identity root = *who;
    take_owner(who, &owner);
    rc = become_user(who);
    if (rc < 0) {
        log_warning("cannot become %s (%s), files are opened as root without its privileges",
                    who->name, strerror(-rc));
        *who = root;
        rc = become_root(who);
    }
    return rc;
}

static errint become_wanted(struct identity *who, const struct opts *o)
{
    switch (who->kind) {
    case IDENTITY_SAME:
        return 0;
    case IDENTITY_USER:
        return become_user(who);
    case IDENTITY_READER:
        drop_bounds();
        return become_root(who);
    case IDENTITY_ROOT:
        break;
    }
    return become_by_texts(who, o);
}

static void tell_denied(const struct identity *who)
{
    if (who->kind == IDENTITY_USER) {
        log_info("files are opened as %s, uid %u", who->name, who->uid);
    } else if (who->kind == IDENTITY_ROOT) {
        log_info("files are opened as root without its privileges");
    }
}

void identity_become(struct identity *who, const struct opts *o)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        log_debug("privileges could be gained: %s", strerror(errno));
    }
    errint rc = become_wanted(who, o);
    if (rc < 0) {
        log_warning("cannot become %s (%s), files are opened with all rights of root",
                    who->kind == IDENTITY_USER ? who->name : "less than root", strerror(-rc));
    } else {
        tell_denied(who);
    }
}
