/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/check_table.h"

#include "codec/sstable_index.h"
#include "io/file.h"
#include "io/io_file.h"

errint tf_check_table(const char *path, struct diag *d)
{
    CLEANUP_IO struct io *io = NULL;
    errint rc = io_open(path, &io);
    if (rc < 0) {
        return file_complain(d, DIAG_FILE_UNREADABLE, path, rc);
    }
    const struct sstable_source src = {io, d};
    return sstable_check_metaindex(&src);
}
