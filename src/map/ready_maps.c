/* SPDX-License-Identifier: Apache-2.0 */
#include "map/ready_maps.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/path.h"
#include "base/trouble.h"
#include "io/file.h"
#include "map/map.h"

#define SUFFIX ".ini"

static bool is_name(const char *map)
{
    struct str text = str_from(map);
    return text.len && str_find(text, '/') < 0 && !str_ends(text, STR(SUFFIX));
}

static void file_unlist(DIR **stream)
{
    if (*stream) {
        closedir(*stream);
    }
}

static bool is_there(const char *path)
{
    struct stat st;
    return file_stat(path, &st) == 0;
}

/* The folder of the program, NULL if it cannot be found out. -ENOMEM. */
static errint find_program(struct arena *a, const char **out)
{
    char path[PATH_MAX];
    *out = NULL;
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (len < 0) {
        trouble_note("/proc/self/exe", -errno);
        return 0;
    }
    path[len] = '\0';
    *out = path_dir(path, a);
    return *out ? 0 : -ENOMEM;
}

/* NULL if there is none. -ENOMEM. */
static errint find_folder(struct arena *a, const char **out)
{
    const char *program;
    *out = NULL;
    errint rc = find_program(a, &program);
    if (rc < 0 || !program) {
        return rc;
    }
    const char *prefix = path_dir(program, a);
    const char *installed = prefix ? arena_printf(a, "%s/share/ckptfs/maps", prefix) : NULL;
    const char *built = arena_printf(a, "%s/maps", program);
    if (!installed || !built) {
        return -ENOMEM;
    }
    if (is_there(installed)) {
        *out = installed;
    } else if (is_there(built)) {
        *out = built;
    }
    return 0;
}

errint ready_map_path(const char **map, struct arena *a)
{
    const char *folder;
    if (!*map || !is_name(*map) || is_there(*map)) {
        return 0;
    }
    errint rc = find_folder(a, &folder);
    if (rc < 0 || !folder) {
        return rc;
    }
    const char *path = arena_printf(a, "%s/%s" SUFFIX, folder, *map);
    if (!path) {
        return -ENOMEM;
    }
    *map = is_there(path) ? path : *map;
    return 0;
}

/* The names of all files in the folder that are maps, without the suffix, in any order. */
static errint list_names(const char *folder, struct arena *a, struct diag *d,
                         struct ready_map *list, uint32_t *count)
{
    CLEANUP(file_unlist) DIR *stream = file_list(folder);
    if (!stream) {
        return diag_error(d, DIAG_FILE_UNREADABLE, folder, str_from(folder),
                          "cannot list the maps that come with ckptfs");
    }
    const struct dirent *entry;
    errint rc;
    while ((entry = file_next(stream, &rc)) && *count < READY_MAPS_MOST) {
        struct str name = str_from(entry->d_name);
        if (name.ptr[0] == '.' || !str_ends(name, STR(SUFFIX))) {
            continue;
        }
        const char *copy = arena_cstr(a, str_head(name, name.len - strlen(SUFFIX)));
        if (!copy) {
            return diag_no_memory(d);
        }
        list[(*count)++] = (struct ready_map){.name = str_from(copy), .what = STR("")};
    }
    return rc < 0 ? diag_error(d, DIAG_FILE_UNREADABLE, folder, str_from(folder),
                               "cannot list the maps that come with ckptfs")
                  : 0;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct ready_map *)a)->name, ((const struct ready_map *)b)->name);
}

/* The comment in the first line, or "". */
static struct str first_comment(struct str text)
{
    long end = str_find(text, '\n');
    struct str line = str_trim(end < 0 ? text : str_head(text, (size_t)end));
    bool is_comment = line.len && (line.ptr[0] == ';' || line.ptr[0] == '#');
    return is_comment ? str_trim(str_from_pos(line, 1)) : STR("");
}

static errint read_what(const char *folder, struct arena *a, struct diag *d, struct ready_map *map)
{
    struct str text;
    struct stat st;
    const char *path = arena_printf(a, "%s/" STR_FMT SUFFIX, folder, STR_ARG(map->name));
    if (!path) {
        return diag_no_memory(d);
    }
    errint rc = file_read_text(path, MAP_TEXT_MOST, a, &text, &st, d);
    map->what = rc < 0 ? STR("") : first_comment(text);
    return rc;
}

errint ready_maps_list(struct arena *a, struct diag *d, struct ready_map **list, uint32_t *count)
{
    *count = 0;
    *list = ARENA_ARRAY(a, struct ready_map, READY_MAPS_MOST);
    const char *folder;
    if (!*list || find_folder(a, &folder) < 0) {
        return diag_no_memory(d);
    }
    if (!folder) {
        return diag_error(d, DIAG_FILE_UNREADABLE, "", STR(""),
                          "no maps come with this ckptfs: beside the program there is neither "
                          "../share/ckptfs/maps nor maps");
    }
    errint rc = list_names(folder, a, d, *list, count);
    qsort(*list, *count, sizeof(**list), by_name);
    for (uint32_t i = 0; rc == 0 && i < *count; i++) {
        rc = read_what(folder, a, d, &(*list)[i]);
    }
    return rc;
}

/* The name of the ready map that `map` may have meant, or NULL. */
static const char *nearest_map(const char *map, struct arena *a)
{
    const char *folder;
    struct ready_map *list = ARENA_ARRAY(a, struct ready_map, READY_MAPS_MOST);
    const char **names = ARENA_ARRAY(a, const char *, READY_MAPS_MOST);
    uint32_t count = 0;
    if (!list || !names || find_folder(a, &folder) < 0 || !folder ||
        list_names(folder, a, NULL, list, &count) < 0) {
        return NULL;
    }
    qsort(list, count, sizeof(*list), by_name);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = list[i].name.ptr;
    }
    return nearest_word(str_from(map), names, count);
}

errint ready_map_check(const char *map, struct diag *d)
{
    if (!is_name(map) || is_there(map)) {
        return 0;
    }
    struct arena scratch;
    arena_init(&scratch);
    errint rc = diag_error(d, DIAG_FILE_UNREADABLE, map, str_from(map),
                           "neither a file nor a map that comes with ckptfs; `ckptool map --list` "
                           "lists those");
    const char *near = nearest_map(map, &scratch);
    if (near) {
        diag_nearest(d, str_from(near));
    }
    arena_fini(&scratch);
    return rc;
}
