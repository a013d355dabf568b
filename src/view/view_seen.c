/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view_seen.h"

#include "base/buf.h"
#include "base/cleanup.h"

void seen_init(struct seen *s)
{
    file_states_init(&s->state);
    file_states_init(&s->files);
}

void seen_fini(struct seen *s)
{
    file_states_fini(&s->state);
    file_states_fini(&s->files);
}

/* It was given by its state file, or by the directory of that. */
errint seen_state(struct seen *s, const char *checkpoint)
{
    CLEANUP_BUF struct buf path = {0};
    buf_printf(&path, "%s/checkpoint", checkpoint);
    errint rc = buf_check(&path);
    if (rc == 0) {
        rc = file_states_look(&s->state, path.data);
    }
    return rc < 0 ? rc : file_states_look(&s->state, checkpoint);
}

errint seen_files(struct seen *s, const struct location *where)
{
    errint rc = where->index_path ? file_states_look(&s->files, where->index_path) : 0;
    for (uint32_t i = 0; rc == 0 && i < where->file_count; i++) {
        rc = file_states_look(&s->files, where->files[i]);
    }
    return rc;
}

const char *seen_changed(const struct seen *s, bool failed)
{
    const char *file = file_states_changed(&s->files);
    return file || !failed ? file : file_states_changed(&s->state);
}
