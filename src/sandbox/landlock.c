/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    CREATE_RULESET = 444,
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    ASK_VERSION = 1,
    RULE_BENEATH = 1
};

/* What a set takes. A kernel that knows less of it wants the rest to be 0. */
struct taken {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

struct beneath {
    uint64_t rights;
    int32_t parent;
} __attribute__((packed));

enum { TCP = 3, ABSTRACT_SOCKETS_AND_SIGNALS = 3 };

/* Those that a version has. */
static uint32_t rights_of(int version)
{
    uint32_t rights = LANDLOCK_ALL;
    if (version < 2) {
        rights &= ~(uint32_t)LANDLOCK_REFER;
    }
    if (version < 3) {
        rights &= ~(uint32_t)LANDLOCK_TRUNCATE;
    }
    if (version < 5) {
        rights &= ~(uint32_t)LANDLOCK_IOCTL_DEV;
    }
    return rights;
}

errint landlock_begin(uint32_t taken, bool network, struct landlock *out)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    *out = (struct landlock){.ruleset = -1, .network = network};
    if (version < 1) {
        return version < 0 ? -errno : -ENOSYS;
    }
    out->version = (int)version;
    out->taken = taken & rights_of(out->version);
    struct taken all = {
        .files = out->taken,
        .network = network && version >= 4 ? TCP : 0,
        .scopes = network && version >= 6 ? ABSTRACT_SOCKETS_AND_SIGNALS : 0,
    };
    out->ruleset = (int)syscall(CREATE_RULESET, &all, sizeof(all), 0);
    return out->ruleset < 0 ? -errno : 0;
}

errint landlock_allow(struct landlock *l, const char *path, uint32_t rights)
{
    static const uint32_t of_files = LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE |
                                     LANDLOCK_TRUNCATE | LANDLOCK_IOCTL_DEV;
    CLEANUP_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return -errno;
    }
    struct beneath rule = {rights & l->taken & (S_ISDIR(st.st_mode) ? LANDLOCK_ALL : of_files), fd};
    return rule.rights && syscall(ADD_RULE, l->ruleset, RULE_BENEATH, &rule, 0) != 0 ? -errno : 0;
}

errint landlock_enter(struct landlock *l)
{
    errint rc = syscall(RESTRICT_SELF, l->ruleset, 0) != 0 ? -errno : 0;
    landlock_drop(l);
    return rc;
}

void landlock_drop(struct landlock *l)
{
    cleanup_close(&l->ruleset);
    l->ruleset = -1;
}
