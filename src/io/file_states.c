/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file_states.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/grow.h"
#include "io/file.h"
#include "io/file_look.h"

struct file_state {
    const char *path;
    struct stat st;
    errint error; /* why there is no `st`; 0 */
};

void file_states_init(struct file_states *f)
{
    *f = (struct file_states){0};
    arena_init(&f->arena);
}

void file_states_fini(struct file_states *f)
{
    arena_fini(&f->arena);
    free(f->states);
    *f = (struct file_states){0};
}

static struct file_state state_of(const char *path)
{
    struct file_state s = {.path = path};
    s.error = file_look_at(path, &s.st);
    return s;
}

errint file_states_look(struct file_states *f, const char *path)
{
    const char *copy = arena_cstr(&f->arena, str_from(path));
    if (!copy || !grow(&f->states, &f->cap, f->count, sizeof(*f->states))) {
        return -ENOMEM;
    }
    f->states[f->count++] = state_of(copy);
    return 0;
}

static bool same_state(const struct file_state *a, const struct file_state *b)
{
    return a->error == b->error && (a->error || (file_same(&a->st, &b->st) &&
                                                 a->st.st_ctim.tv_sec == b->st.st_ctim.tv_sec &&
                                                 a->st.st_ctim.tv_nsec == b->st.st_ctim.tv_nsec));
}

const char *file_states_changed(const struct file_states *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct file_state now = state_of(f->states[i].path);
        if (!same_state(&f->states[i], &now)) {
            return f->states[i].path;
        }
    }
    return NULL;
}
