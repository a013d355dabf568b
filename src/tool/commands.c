/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/commands.h"

#include <string.h>

#include "base/nearest.h"
#include "base/path.h"

enum { COMMANDS_MOST = 32 }; /* as many bits as a set has */

/* The folder of the page. */
static const char *stat_output(const struct tool_args *args, struct arena *a)
{
    return args->html ? path_dir(args->html, a) : NULL;
}

const struct command commands[] = {
    {"list", "CHECKPOINT [PATTERN]",
     "print the tensors of a checkpoint: name, dtype, shape, bytes, shard",
     "model.ckpt-1000 'dense*'", FOR_LIST, .words = {WORD_FILE, WORD_TENSOR},
     .trouble = TOOL_FAILED, .run = tool_list},
    {"plan", "[CHECKPOINT]", "print the dry run of a mount: which target comes from where",
     "-m map.ini model.ckpt-1000", FOR_PLAN, .words = {WORD_FILE}, .trouble = TOOL_FAILED,
     .run = tool_plan},
    {"cat", "CHECKPOINT PATH...", "write the bytes, or print the values, of variables of the view",
     "--text -m map.ini model.ckpt-1000 dense/bias", FOR_CAT, .words = {WORD_FILE, WORD_VARIABLE},
     .repeated = true, .trouble = TOOL_FAILED, .run = tool_cat},
    {"export", "CHECKPOINT DIRECTORY|FILE",
     "write files of the view that TensorFlow, PyTorch, JAX or NumPy loads",
     "--format safetensors -m map.ini model.ckpt-1000 out", FOR_EXPORT,
     .words = {WORD_FILE, WORD_FILE}, .trouble = TOOL_FAILED, .output = tool_export_output,
     .run = tool_export},
    {"verify", "CHECKPOINT", "compare every tensor with its checksum", "model.ckpt-1000",
     FOR_VERIFY, .words = {WORD_FILE}, .trouble = TOOL_FAILED, .run = tool_verify},
    {"stat", "CHECKPOINT [PATTERN]",
     "print what numbers tensors of the view have: range, mean, NaN, histogram",
     "-m map.ini model.ckpt-1000 'dense*'", FOR_STAT, .words = {WORD_FILE, WORD_TARGET},
     .trouble = TOOL_FAILED, .output = stat_output, .run = tool_stat},
    {"diff", "A B", "compare two views: names, dtypes, shapes, checksums or values",
     "-M map.ini old.ckpt-1000 new.ckpt-1000", FOR_DIFF, .words = {WORD_FILE, WORD_FILE},
     .trouble = TOOL_USAGE, .run = tool_diff},
    {"map", "[CHECKPOINT]", "print a map to begin with, or the one to a model with the same data",
     "-g converted.safetensors model.ckpt-1000", FOR_MAP, .words = {WORD_FILE},
     .trouble = TOOL_FAILED, .run = tool_map},
};

const size_t command_count = ARRAY_LEN(commands);
_Static_assert(ARRAY_LEN(commands) < COMMANDS_MOST, "each command has a bit");

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const char *command_nearest(const char *name)
{
    const char *known[ARRAY_LEN(commands) + 1] = {"help"};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        known[i + 1] = commands[i].name;
    }
    return nearest_word(str_from(name), known, ARRAY_LEN(known));
}

void commands_print(struct buf *b)
{
    const char *names[ARRAY_LEN(commands)];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        names[i] = commands[i].name;
    }
    buf_list(b, names, ARRAY_LEN(names), " or ");
}
