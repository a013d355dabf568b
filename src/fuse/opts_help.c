/* SPDX-License-Identifier: Apache-2.0 */
#include "fuse/opts_help.h"

#include <string.h>

enum { COLUMN = 27 }; /* of what an option is, on its line */

static const char before[] =
    "usage: ckptfs [-m MAP] [-g GRAPH] [-o OPTIONS] [CHECKPOINT] MOUNTPOINT\n"
    "       ckptfs -u MOUNTPOINT\n"
    "example: ckptfs -m map.ini model.ckpt-1000 /mnt/view\n"
    "\n"
    "Mount a TensorFlow checkpoint as if another model had saved it: a file for each tensor,\n"
    "and files that TensorFlow, PyTorch, JAX, NumPy and transformers load.\n"
    "\n"
    "CHECKPOINT is a prefix, a .index or .data-* file, a V1 file or the pattern of its shards,\n"
    "a safetensors file, an index or a pattern of such, or a directory: with a `checkpoint`\n"
    "state file, of a SavedModel, or with one checkpoint.\n"
    "Without it (or with `none`), [checkpoint] path of the map names it.\n"
    "\n";

static const char after[] =
    "\n"
    "The mount is always ro,nosuid,nodev,default_permissions. A comma or backslash in a\n"
    "value is escaped by a backslash. Exit status: 0; 1 for a wrong checkpoint, map or\n"
    "mount point; 2 for wrong usage.\n";

#define ROW(spelled, text, ...)                                                                    \
    {                                                                                              \
        .spellings = (spelled), .what = (text), __VA_ARGS__                                        \
    }

const struct opts_help opts_help[] = {
    ROW("-m FILE, -o map=FILE",
        "the assignment map, or the name of one that comes with ckptfs;\n"
        "without it every tensor has its own name",
        .value = OPTS_VALUE_MAP),
    ROW("-g PATH, -o graph=PATH",
        "the target graph: a .meta file, a saved_model.pb or its\n"
        "directory, or another checkpoint",
        .value = OPTS_VALUE_FILE),
    ROW("-o assign='SRC=DST'", "one more rule, as in [assignment_map]; may be repeated"),
    ROW("-o define='NAME=TYPE'", "one more declaration, as in [variables]; may be repeated"),
    ROW("--drop=PATTERN, -o drop=PATTERN",
        "hide tensors from all rules, as `drop` in [view]:\n"
        "`optimizer` are those of optimizers; may be repeated",
        .choices = "optimizer"),
    ROW("--keep=PATTERN, -o keep=PATTERN", "hide all others; may be repeated"),
    ROW("--set=NAME=VALUE, -o set=NAME=VALUE", "a parameter of the map, instead of its own\n"
                                               "value; may be repeated"),
    ROW("--prefer=ema, -o prefer=ema",
        "show moving averages as the weights they are of;\n"
        "none: not, whatever the map says",
        .choices = "ema|none"),
    ROW("--names KIND, -o names=KIND",
        "`key` or `friendly`: which names of an object-based\n"
        "checkpoint are shown; instead of [checkpoint] names",
        .choices = "key|friendly"),
    ROW("-o npy", "list the .npy file beside each tensor"),
    ROW("-o verify", "check each tensor against its checksum when it is first read"),
    ROW("-o noverify", "do not look at a few small tensors of each data file at the mount"),
    ROW("-o runas=USER", "when root mounts: as whom files are opened, instead of the owner of\n"
                         "what is named; root: one that may read all"),
    ROW("-o sandbox=no", "do without the sandbox, to find out whether it is in the way",
        .choices = "no|yes"),
    ROW("-o uid=N, -o gid=N", "owner and group of all files"),
    ROW("-o umask=M", "permission bits to take away (octal)"),
    ROW("-o nonempty", "mount over a directory that is not empty"),
    ROW("-f", "stay in the foreground, log to stderr"),
    ROW("-d", "log every request (implies -f)"),
    ROW("-v", "log more"),
    ROW("-u", "unmount MOUNTPOINT"),
    ROW("-h, --help", "this help"),
    ROW("-V, --version", "versions"),
    ROW("-o fsname=NAME", "the source in the mount table (the checkpoint)", .libfuse = true),
    ROW("-o allow_other", "let other users in, too", .libfuse = true),
    ROW("-o allow_root", "let root in, too", .libfuse = true),
    ROW("-o auto_unmount", "unmount when the process ends", .libfuse = true),
    {NULL, NULL, OPTS_VALUE_OTHER, NULL, false},
};

bool opts_spelling_next(struct str *rest, struct opts_spelling *out)
{
    if (!rest->len) {
        return false;
    }
    long comma = str_search(*rest, STR(", "));
    struct str all = comma < 0 ? *rest : str_head(*rest, (size_t)comma);
    *rest = str_from_pos(*rest, comma < 0 ? rest->len : (size_t)comma + 2);
    out->named = str_starts(all, STR("-o "));
    all = str_from_pos(all, out->named ? 3 : 0);
    size_t end = 0;
    while (end < all.len && all.ptr[end] != '=' && all.ptr[end] != ' ') {
        end++;
    }
    out->value = end < all.len;
    out->option = str_head(all, end + (out->value && all.ptr[end] == '='));
    return true;
}

static void indent(struct buf *b, size_t from)
{
    for (size_t i = from; i < COLUMN; i++) {
        buf_char(b, ' ');
    }
}

static void print_row(struct buf *b, const struct opts_help *row)
{
    size_t left = strlen(row->spellings) + 4;
    buf_printf(b, "    %s", row->spellings);
    if (left < COLUMN) {
        indent(b, left);
    } else {
        buf_text(b, "   ");
    }
    for (const char *line = row->what, *end; line; line = end) {
        size_t len = strcspn(line, "\n");
        buf_str(b, str_of(line, len));
        buf_char(b, '\n');
        end = line[len] ? line + len + 1 : NULL;
        indent(b, end ? 0 : COLUMN);
    }
}

void opts_help_print(struct buf *b)
{
    buf_text(b, before);
    for (const struct opts_help *row = opts_help; row->spellings; row++) {
        if (!row->libfuse) {
            print_row(b, row);
        }
    }
    buf_text(b, after);
}
