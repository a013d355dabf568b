/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/recipe_words.h"

#include "base/errint.h"

#define LIST(array)                                                                                \
    {                                                                                              \
        (array), ARRAY_LEN(array)                                                                  \
    }

static const char *const dtypes[] = {
    "float32",
    "float64",
    "int32",
    "uint8",
    "int16",
    "int8",
    "string",
    "complex64",
    "int64",
    "bool",
    "qint8",
    "quint8",
    "qint32",
    "bfloat16",
    "qint16",
    "quint16",
    "uint16",
    "complex128",
    "float16",
    "resource",
    "variant",
    "uint32",
    "uint64",
    "float8_e5m2",
    "int4",
    "uint4",
    "int2",
    "uint2",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e4m3b11fnuz",
    "float8_e5m2fnuz",
    "float4_e2m1fn",
    "half",
    "77",
};
static const char *const shapes[] = {".",     "1",    "4",   "3,2",  "4,3",     "0",     "0,3",
                                     "2,3,4", "10,4", "300", "-1,2", "2,1,2,1", "64,17", "5000"};
static const char *const numbers[] = {
    "0",    "1",     "2",          "3",          "5",
    "7",    "16",    "64",         "100",        "255",
    "4096", "65536", "2147483647", "4294967295", "9223372036854775807",
    "-1"};
static const char *const names[] = {"a",
                                    "a/b",
                                    "a/b/c",
                                    "w",
                                    "w/Adam",
                                    "x/y",
                                    "d/part_0",
                                    "d/part_1",
                                    "part_0",
                                    "model.index",
                                    "checkpoint",
                                    ".ckptfs",
                                    "model/w",
                                    "%00",
                                    "%FF",
                                    "a%0Ab",
                                    "..",
                                    "a..b",
                                    "%E2%82%AC",
                                    "w:0",
                                    "%",
                                    "a.npy",
                                    "_CHECKPOINTABLE_OBJECT_GRAPH",
                                    "w/.ATTRIBUTES/VARIABLE_VALUE"};

/* What a line of a section may be. */
struct templates {
    const char *kind;
    struct word_list lines;
};
static const char *const tensor_lines[] = {
    "@N @T @D",
    "@N/x @T @D fill=small",
    "@N @T @D fill=random",
    "@N @T @D fill=special",
    "@N @T @D fill=negative",
    "@N @T @D shard=@#",
    "@N @T @D parts=0:@#",
    "@N @T @D parts=1:2 shard=1",
    "@N @T @D parts=0:3 lost=1",
    "@N @T @D parts=0:4 only=@#",
    "@N @T @D crc=1",
    "@N @T @D said_size=@#",
    "@N @T @D said_off=@#",
    "@N @T @D said_shard=@#",
    "@N @T @D said_dtype=@#",
    "@N @T @D raw=3a00",
    "@N @T @D gap=@#",
    "@N @T @D pad=@#",
    "@N string . text=abc%00",
    "@N @T @D unpacked",
    "@N/.ATTRIBUTES/VARIABLE_VALUE @T @D",
    "@ 0 @# @N",
    "@attr @# VARIABLE_VALUE @N @N/.ATTRIBUTES/VARIABLE_VALUE",
    "@slot @# @# m @#",
    "@ 1 2 w",
    "@raw @# 2a00"};
static const char *const graph_lines[] = {"@N @T @D",
                                          "@N @T @D op=VariableV2",
                                          "@N/part_0 @T @D of=@N full=@D at=0",
                                          "@N @T ?",
                                          "@N @T @D bare",
                                          "@N @T @D in=local_variables",
                                          "@var @N @T @D",
                                          "@var - @T @D",
                                          "@obj",
                                          "@ 0 @# @N",
                                          "@ 1 @# w",
                                          "@slot @# @# m @#",
                                          "@N @T -1,3"};
static const char *const file_lines[] = {"[assignment_map]",
                                         "[variables]",
                                         "[view]",
                                         "[files]",
                                         "[checkpoint]",
                                         "/ = /",
                                         "/ = z/",
                                         "@N = @N",
                                         "@S = z/",
                                         "@S = @S",
                                         "@N = t | cast @T",
                                         "@N = t | cast @T saturate",
                                         "@N = t | cast @T wrap",
                                         "/ = / | cast @T",
                                         "@S = / | cast @T",
                                         "/ = / | cast @T all",
                                         "@N = t | partition @#",
                                         "@N = t | partition 1,@#",
                                         "@N = t | partition min_max 8 min_slice_size 64",
                                         "@N = t | partition fixed 3",
                                         "@N = t | partition variable_axis 64",
                                         "@N = t | partition 2 | cast @T",
                                         "@N = l/part_0, l/part_1",
                                         "@N = l/part_1, l/part_0",
                                         "@N = t/part_3",
                                         "@N = t/part_0",
                                         "t = @T [?, 3]",
                                         "t = @T [...]",
                                         "@N = @T []",
                                         "@N = @T [4, 3] | partition 2,1",
                                         "undeclared = infer",
                                         "dtype = cast",
                                         "dtype = source",
                                         "dtype = strict",
                                         "missing = skip",
                                         "files = raw, npy, tensorflow, safetensors",
                                         "files = raw",
                                         "name = bert",
                                         "safetensors = weights",
                                         "shard_size = 5",
                                         "shard_size = 1KB",
                                         "shards = compact",
                                         "shards = source",
                                         "layout = savedmodel",
                                         "layout = flat",
                                         "config.json = @F",
                                         "a/b = @F",
                                         "assets/ = @F",
                                         "names = friendly",
                                         "names = key",
                                         "path = @F",
                                         "@N = checkpoint",
                                         "@N = .ckptfs",
                                         "@N = a%0Ab",
                                         "@N = %",
                                         "model_checkpoint_path: \"@F\"",
                                         "model_checkpoint_path: \"$DIR/@F\"",
                                         "all_model_checkpoint_paths: \"@F\"",
                                         "model_checkpoint_path: 'a\\\\b\\101'",
                                         "all_model_checkpoint_timestamps: 1.5e9",
                                         "; comment",
                                         "  continued"};
static const char *const change_lines[] = {"flip @F @#", "cut @F @#",   "grow @F 1", "touch @F @#",
                                           "gone @F",    "swap @F",     "chmod @F",  "link @F",
                                           "away @F",    "sneak @F @#", "hide @F @#"};
static const char *const open_lines[] = {"assign @N = @N",          "assign / = /",
                                         "assign @N = t | cast @T", "define t = @T [...]",
                                         "define @N = @T [4]",      "assign @S = z/"};
static const char *const heads[] = {"== v2 @N shards=2",
                                    "== v1 @N",
                                    "== v1 @N shards=2 snappy",
                                    "== meta g.meta",
                                    "== saved saved_model.pb",
                                    "== file map.ini",
                                    "== file checkpoint",
                                    "== damage",
                                    "== open @F",
                                    "== open . npy",
                                    "== open @F map=map.ini verify",
                                    "== open @F graph=@F threads",
                                    "== change"};
static const char *const head_words[] = {
    "shards=@#", "snappy",    "block=@#",    "restart=@#", "big",     "count=@#", "min_consumer=@#",
    "npy",       "verify",    "compact",     "friendly",   "threads", "small",    "few",
    "values",    "header=@#", "map=map.ini", "graph=@F",   "plan",    "list",     "unnamed",
    "noversion"};

static const struct templates sections[] = {
    {"v2", LIST(tensor_lines)},     {"v1", LIST(tensor_lines)}, {"meta", LIST(graph_lines)},
    {"saved", LIST(graph_lines)},   {"file", LIST(file_lines)}, {"damage", LIST(change_lines)},
    {"change", LIST(change_lines)}, {"open", LIST(open_lines)},
};

const struct word_list recipe_dtypes = LIST(dtypes);
const struct word_list recipe_shapes = LIST(shapes);
const struct word_list recipe_numbers = LIST(numbers);
const struct word_list recipe_names = LIST(names);
const struct word_list recipe_heads = LIST(heads);
const struct word_list recipe_head_words = LIST(head_words);

struct word_list recipe_lines(struct str kind)
{
    for (unsigned i = 0; i < ARRAY_LEN(sections); i++) {
        if (str_eq(kind, str_from(sections[i].kind))) {
            return sections[i].lines;
        }
    }
    return (struct word_list){NULL, 0};
}
