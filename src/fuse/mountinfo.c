/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/mountinfo.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* One line: 36 35 98:0 /root /mount/point options ... - type source options */
struct line {
    struct mount_id is;
    uint64_t parent;
    const char *path; /* unescaped */
    bool ours;
};

/* The octal escapes of mountinfo, undone in place. */
static void unescape_field(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static bool parse_line(char *text, struct line *out)
{
    char *rest = text;
    char *fields[5];
    *out = (struct line){0}; /* the table has no unique numbers */
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        fields[i] = strsep(&rest, " ");
    }
    const char *type = rest ? strstr(rest, " - ") : NULL;
    if (!type || sscanf(fields[2], "%u:%u", &out->is.major, &out->is.minor) != 2) {
        return false;
    }
    out->is.number = strtoull(fields[0], NULL, 10);
    out->parent = strtoull(fields[1], NULL, 10);
    unescape_field(fields[4]);
    out->path = fields[4];
    out->ours = strncmp(type + 3, "fuse.ckptfs ", 12) == 0;
    return true;
}

static void cleanup_fclose(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

typedef void visit_line(const struct line *line, void *context);

static errint visit_all(visit_line *visit, void *context)
{
    CLEANUP(cleanup_fclose) FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file) {
        return errno == ENOENT ? -ENOTSUP : -errno;
    }
    CLEANUP_FREE char *text = NULL;
    size_t cap = 0;
    errno = 0;
    while (getline(&text, &cap, file) > 0) {
        struct line line;
        if (parse_line(text, &line)) {
            visit(&line, context);
        }
        errno = 0;
    }
    return -errno; /* which the end of the file leaves alone */
}

struct search {
    const struct mount_id *is; /* that is sought, or */
    const char *path;
    bool found;
    struct mount_entry *out;
    uint64_t parent; /* of *out */
};

static void take_line(struct search *s, const struct line *line)
{
    *s->out = (struct mount_entry){.is = line->is, .ours = line->ours, .uncovered = true};
    snprintf(s->out->path, sizeof(s->out->path), "%s", line->path);
    s->parent = line->parent;
    s->found = true;
}

static void match_identity(const struct line *line, void *context)
{
    struct search *s = context;
    if (!s->found && mount_same(&line->is, s->is)) {
        take_line(s, line);
    }
}

static void match_cover(const struct line *line, void *context)
{
    struct search *s = context;
    if (line->parent == s->out->is.number && strcmp(line->path, s->out->path) == 0) {
        s->out->uncovered = false;
    }
}

/* Of mounts on each other the later has the earlier as its parent, wherever it stands in the table.
 */
static void match_path(const struct line *line, void *context)
{
    struct search *s = context;
    if (strcmp(line->path, s->path) == 0 && (!s->found || s->parent != line->is.number)) {
        take_line(s, line);
    }
}

errint mountinfo_find(const struct mount_id *is, struct mount_entry *out)
{
    struct search s = {.is = is, .out = out};
    errint rc = visit_all(match_identity, &s);
    if (rc == 0 && s.found) {
        return visit_all(match_cover, &s);
    }
    return rc < 0 ? rc : -ENOENT;
}

errint mountinfo_at(const char *path, struct mount_entry *out)
{
    struct search s = {.path = path, .out = out};
    errint rc = visit_all(match_path, &s);
    return rc == 0 && !s.found ? -ENOENT : rc;
}

/* What is asked for without being asked of the program that serves it. The kernel tells one of both
 * numbers at a time. */
static errint identify(int at, const char *name, int flags, struct mount_id *out)
{
    enum { MNT_ID_UNIQUE = 0x4000 }; /* STATX_MNT_ID_UNIQUE, which older headers lack */
    struct statx st;
    if (statx(at, name, flags | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) != 0) {
        return -errno;
    }
    bool numbered = st.stx_mask & STATX_MNT_ID;
    *out = (struct mount_id){.major = st.stx_dev_major,
                             .minor = st.stx_dev_minor,
                             .number = numbered ? st.stx_mnt_id : 0};
    if (statx(at, name, flags | AT_STATX_DONT_SYNC, MNT_ID_UNIQUE, &st) == 0 &&
        st.stx_mask & MNT_ID_UNIQUE) {
        out->unique = st.stx_mnt_id;
    }
    return 0;
}

errint mount_top(int parent, const char *name, struct mount_id *out)
{
    CLEANUP_CLOSE int top = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return top < 0 ? -errno : identify(top, "", AT_EMPTY_PATH, out);
}

bool mount_replaced(int parent, const char *name, const struct mount_id *old)
{
    struct mount_id now;
    return old->unique && old->number &&
           identify(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, &now) == 0 &&
           now.major == old->major && now.minor == old->minor && now.number == old->number &&
           now.unique && now.unique != old->unique;
}

bool mount_same(const struct mount_id *a, const struct mount_id *b)
{
    bool same_number = !a->number || !b->number || a->number == b->number;
    bool same_unique = !a->unique || !b->unique || a->unique == b->unique;
    return a->major == b->major && a->minor == b->minor && same_number && same_unique;
}
