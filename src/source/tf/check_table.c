/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/check_table.h"

#include "base/cleanup.h"
#include "codec/sstable_index.h"
#include "io/file.h"

errint tf_check_table(const char *path, struct diag *d)
{
    CLEANUP_CLOSE int fd = -1;
    struct stat st;
    errint rc = file_open(path, &fd, &st);
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    const struct sstable_source src = {fd, (uint64_t)st.st_size, path, d};
    return sstable_check_metaindex(&src);
}
