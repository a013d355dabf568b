/* SPDX-License-Identifier: Apache-2.0 */
/* attrcachefs SOURCE MOUNTPOINT: shows the directory SOURCE, read-only, and lets the kernel keep
 * the attributes and pages of its files for an hour, whatever happens to them meanwhile. Network
 * file systems keep them for a minute (NFS, SMB, sshfs), which is too short for a test to be sure
 * of.
 *
 * Only who asks for synchronised attributes (AT_STATX_FORCE_SYNC) gets those that the files
 * have. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double AN_HOUR = 3600; /* seconds */

static int source = -1; /* the directory */

/* "/a/b" within the source. */
static const char *within(const char *path)
{
    path += strspn(path, "/");
    return *path ? path : ".";
}

static void *start(struct fuse_conn_info *connection, struct fuse_config *config)
{
    connection->want &=
        ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA; /* new attributes do not make old pages go */
    config->attr_timeout = AN_HOUR;
    config->entry_timeout = AN_HOUR;
    config->kernel_cache = 1;
    config->use_ino = 1;
    return NULL;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *file)
{
    (void)file;
    return fstatat(source, within(path), st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

static int open_file(const char *path, struct fuse_file_info *file)
{
    if ((file->flags & O_ACCMODE) != O_RDONLY) {
        return -EROFS;
    }
    int fd = openat(source, within(path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    file->fh = (uint64_t)fd;
    return 0;
}

static int read_file(const char *path, char *buf, size_t size, off_t off,
                     struct fuse_file_info *file)
{
    (void)path;
    ssize_t got = pread((int)file->fh, buf, size, off);
    return got < 0 ? -errno : (int)got;
}

static int release_file(const char *path, struct fuse_file_info *file)
{
    (void)path;
    close((int)file->fh);
    return 0;
}

static int read_directory(const char *path, void *buf, fuse_fill_dir_t fill, off_t off,
                          struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    (void)off;
    (void)file;
    (void)flags;
    int fd = openat(source, within(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        return -errno;
    }
    for (struct dirent *e; (e = readdir(directory)) != NULL;) {
        fill(buf, e->d_name, NULL, 0, 0);
    }
    closedir(directory);
    return 0;
}

static const struct fuse_operations operations = {
    .init = start,
    .getattr = get_attributes,
    .open = open_file,
    .read = read_file,
    .release = release_file,
    .readdir = read_directory,
};

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "attrcachefs: SOURCE MOUNTPOINT\n");
        return 2;
    }
    source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) {
        fprintf(stderr, "attrcachefs: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    char *args[] = {argv[0], argv[2]};
    return fuse_main(2, args, &operations, NULL);
}
