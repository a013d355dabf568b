/* SPDX-License-Identifier: Apache-2.0 */
/* `ckptool map`: `--list`, the maps that come with the programs, or a new one (map_proposal.h). */
#include "base/cleanup.h"
#include "map/ready_maps.h"
#include "tool/map_proposal.h"
#include "tool/tool.h"

static void fill_row(const void *context, uint32_t i, struct buf cells[])
{
    const struct ready_map *map = (const struct ready_map *)context + i;
    buf_visible(&cells[0], map->name);
    buf_visible(&cells[1], map->what);
}

int tool_map(const struct tool_args *args, struct tool_out *o)
{
    if (args->list && (args->operand_count || args->graph)) {
        return tool_usage("map: --list stands alone");
    }
    if (!args->list && args->operand_count != 1) {
        return args->operand_count
                   ? tool_usage("map: one checkpoint, not '%s' too", args->operands[1])
                   : tool_usage("map: which checkpoint? `ckptool map --list` lists the maps that "
                                "are ready");
    }
    if (args->names_only && !args->graph) {
        return tool_usage("map: --names-only wants a model: -g MODEL");
    }
    if (!args->list) {
        return map_proposal(args, o);
    }
    static const char *const head[] = {"MAP", "FROM AND TO"};
    struct diag diag;
    struct arena arena;
    struct ready_map *list;
    uint32_t count;
    diag_init(&diag);
    arena_init(&arena);
    errint rc = ready_maps_list(&arena, &diag, &list, &count);
    rc = tool_complain(&diag, args->quiet, rc);
    if (rc == 0) {
        const struct table table = {
            .columns = ARRAY_LEN(head), .head = head, .tabs = !o->terminal, .indent = ""};
        table_print(&table, fill_row, list, count, o);
    }
    arena_fini(&arena);
    diag_fini(&diag);
    return rc < 0 ? TOOL_FAILED : TOOL_OK;
}
