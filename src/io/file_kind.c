/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file_kind.h"

#include <sys/stat.h>

#include "base/crc32c.h"
#include "base/cursor.h"
#include "io/file.h"
#include "io/io_file.h"

enum { SAFETENSORS_HEADER_MOST = 100 * 1000 * 1000 };

/* What is known of a file while its kind is looked for. */
struct look {
    struct str head; /* FILE_KIND_HEAD bytes, or all */
    uint64_t size;
    bool table; /* it ends as a table does */
};

static const char unpack[] = "unpack it";
static const char from_keras[] =
    "load it with Keras and save a checkpoint: tf.train.Checkpoint(model=model).write(PREFIX)";

/* ---- kinds that are more than a magic number ------------------------------------------------- */

static bool is_empty(const struct look *l)
{
    return l->size == 0;
}

static bool is_table(const struct look *l)
{
    return l->table;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The head without a BOM and leading blanks. */
static struct str first_words(const struct look *l)
{
    struct str s = l->head;
    s = str_starts(s, STR("\xef\xbb\xbf")) ? str_from_pos(s, 3) : s;
    while (s.len && strchr(" \t\r\n", s.ptr[0]) && s.ptr[0]) {
        s = str_from_pos(s, 1);
    }
    return s;
}

static bool begins_with(const struct look *l, struct str with)
{
    struct str s = first_words(l);
    size_t i = 0;
    while (i < with.len && i < s.len && to_lower(s.ptr[i]) == with.ptr[i]) {
        i++;
    }
    return i == with.len;
}

static bool is_html(const struct look *l)
{
    return begins_with(l, STR("<!doctype html")) || begins_with(l, STR("<html")) ||
           begins_with(l, STR("<head"));
}

static bool is_xml(const struct look *l)
{
    return begins_with(l, STR("<?xml"));
}

static bool is_json(const struct look *l)
{
    struct str s = first_words(l);
    return s.len >= 2 && s.ptr[0] == '{' && strchr("\" \t\r\n}", s.ptr[1]) && s.ptr[1];
}

static bool is_state(const struct look *l)
{
    return begins_with(l, STR("model_checkpoint_path:")) ||
           begins_with(l, STR("all_model_checkpoint_paths:"));
}

/* INI whose first section is one of a map's. */
static bool is_map(const struct look *l)
{
    static const char *const sections[] = {"[assignment_map]", "[checkpoint]", "[variables]",
                                           "[view]", "[files]"};
    struct str s = first_words(l);
    while (s.len && (s.ptr[0] == ';' || s.ptr[0] == '#')) {
        long end = str_find(s, '\n');
        const struct look rest = {.head = end < 0 ? STR("") : str_from_pos(s, (size_t)end)};
        s = first_words(&rest);
    }
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        found |= str_starts(s, str_from(sections[i]));
    }
    return found;
}

static bool is_utf16(const struct look *l)
{
    return str_starts(l->head, STR("\xff\xfe")) || str_starts(l->head, STR("\xfe\xff"));
}

static bool is_lfs(const struct look *l)
{
    return str_starts(l->head, STR("version https://git-lfs.github.com/spec/")) ||
           str_starts(l->head, STR("version https://hawser.github.com/spec/"));
}

static bool is_annex(const struct look *l)
{
    return str_starts(l->head, STR("/annex/objects/"));
}

static bool is_tar(const struct look *l)
{
    return str_starts(str_from_pos(l->head, 257), STR("ustar"));
}

static bool is_safetensors(const struct look *l)
{
    struct cursor c = cursor_over(l->head.ptr, l->head.len);
    uint64_t header = cursor_le64(&c);
    struct str json = str_from_pos(l->head, 8);
    return !c.bad && header >= 2 && header <= SAFETENSORS_HEADER_MOST && header <= l->size - 8 &&
           json.len >= 2 && json.ptr[0] == '{' &&
           (json.ptr[1] == '"' || json.ptr[1] == '}' || json.ptr[1] == ' ');
}

/* TensorBoard's events, tf.data: length, and the masked checksum of its 8 bytes. */
static bool is_tfrecord(const struct look *l)
{
    struct cursor c = cursor_over(l->head.ptr, l->head.len);
    struct str length = cursor_bytes(&c, 8);
    uint32_t stored = cursor_le32(&c);
    return !c.bad && crc32c_mask(crc32c_extend(0, length.ptr, length.len)) == stored;
}

/* The name of the first entry of a zip file. */
static struct str zip_entry(const struct look *l)
{
    if (!str_starts(l->head, STR("PK\3\4")) || l->head.len < 30) {
        return STR("");
    }
    const uint8_t *len = (const uint8_t *)l->head.ptr + 26;
    return str_head(str_from_pos(l->head, 30), (size_t)(len[0] | len[1] << 8));
}

static bool is_torch_zip(const struct look *l)
{
    struct str entry = zip_entry(l);
    return str_ends(entry, STR("/data.pkl")) || str_ends(entry, STR("/.format_version")) ||
           str_ends(entry, STR("/byteorder"));
}

static bool is_npz(const struct look *l)
{
    return str_ends(zip_entry(l), STR(".npy"));
}

static bool is_keras_zip(const struct look *l)
{
    struct str entry = zip_entry(l);
    return str_eq(entry, STR("metadata.json")) || str_eq(entry, STR("config.json")) ||
           str_ends(entry, STR(".weights.h5"));
}

static bool is_zip(const struct look *l)
{
    return str_starts(l->head, STR("PK\3\4")) || str_starts(l->head, STR("PK\5\6"));
}

/* torch.save of before 1.6 pickles this number first. */
static bool is_torch_pickle(const struct look *l)
{
    return str_starts(l->head, STR("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"));
}

/* PROTO and a protocol that is there, then an opcode that pickles begin with. */
static bool is_pickle(const struct look *l)
{
    struct str s = l->head;
    return s.len > 3 && s.ptr[0] == '\x80' && s.ptr[1] >= 2 && s.ptr[1] <= 5 && s.ptr[2] &&
           strchr("}]().cK\x95XU\x8c\x8a(", s.ptr[2]);
}

/* ---- protobuf -------------------------------------------------------------------------------- */

/* The field of that tag at the cursor, of bytes; `bad` is set if there is another. */
static struct str take_field(struct cursor *c, uint8_t tag)
{
    struct str found = cursor_bytes(c, 1);
    c->bad |= !c->bad && (uint8_t)found.ptr[0] != tag;
    uint64_t len = cursor_varint64(c);
    struct str rest = str_of(c->pos, cursor_left(c));
    return str_head(rest, len < rest.len ? (size_t)len : rest.len);
}

static bool is_word(struct str s)
{
    bool letters = s.len > 0 && s.len < 128;
    for (size_t i = 0; letters && i < s.len; i++) {
        letters = (s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') ||
                  (i > 0 && s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '_' ||
                  s.ptr[i] == '>';
    }
    return letters;
}

/* GraphDef { node { name: "w" op: "Const" ...: where a MetaGraphDef's first message, its
 * meta_info_def, has other messages. */
static bool is_graph_def(const struct look *l)
{
    struct cursor file = cursor_over(l->head.ptr, l->head.len);
    struct str node = take_field(&file, 0x0a);
    struct cursor c = cursor_over(node.ptr, node.len);
    struct str name = take_field(&c, 0x0a);
    (void)cursor_bytes(&c, name.len);
    struct str op = take_field(&c, 0x12);
    return !file.bad && !c.bad && name.len > 0 && is_word(op);
}

/* MetaGraphDef { meta_info_def { stripped_op_list { op ... }: what TensorFlow's exporters begin
 * with. */
static bool is_meta_graph(const struct look *l)
{
    struct cursor file = cursor_over(l->head.ptr, l->head.len);
    struct str info = take_field(&file, 0x0a);
    struct cursor c = cursor_over(info.ptr, info.len);
    struct str ops = take_field(&c, 0x12);
    struct cursor list = cursor_over(ops.ptr, ops.len);
    (void)take_field(&list, 0x0a);
    return !file.bad && !c.bad && !list.bad;
}

/* SavedModel { saved_model_schema_version: 1 meta_graphs { meta_info_def ... */
static bool is_saved_model(const struct look *l)
{
    struct cursor c = cursor_over(l->head.ptr, l->head.len);
    struct str version = cursor_bytes(&c, 2);
    struct str graph = take_field(&c, 0x12);
    return !c.bad && str_eq(version, STR("\x08\x01")) && graph.len > 0 && graph.ptr[0] == 0x0a;
}

/* ModelProto { ir_version producer_name ... */
static bool is_onnx(const struct look *l)
{
    struct cursor c = cursor_over(l->head.ptr, l->head.len);
    struct str version = cursor_bytes(&c, 2);
    struct str producer = take_field(&c, 0x12);
    return !c.bad && version.ptr[0] == 0x08 && version.ptr[1] >= 3 && version.ptr[1] < 32 &&
           (str_starts(producer, STR("pytorch")) || str_starts(producer, STR("tf2onnx")) ||
            str_starts(producer, STR("keras2onnx")) || str_starts(producer, STR("onnx")) ||
            str_starts(producer, STR("skl2onnx")));
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct known {
    struct file_kind kind;
    bool (*is)(const struct look *l); /* NULL: by `magic` at byte `at` */
    size_t at;
    struct str magic;
} table[] = {
#define BY(function, ...)                                                                          \
    {                                                                                              \
        {__VA_ARGS__}, function, 0,                                                                \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define MAGIC(bytes, ...)                                                                          \
    {                                                                                              \
        {__VA_ARGS__}, NULL, 0,                                                                    \
        {                                                                                          \
            bytes, sizeof(bytes) - 1                                                               \
        }                                                                                          \
    }
#define MAGIC_AT(offset, bytes, ...)                                                               \
    {                                                                                              \
        {__VA_ARGS__}, NULL, offset,                                                               \
        {                                                                                          \
            bytes, sizeof(bytes) - 1                                                               \
        }                                                                                          \
    }
    BY(is_empty, FILE_KIND_EMPTY, "empty", "was it copied as a whole?"),
    BY(is_table, FILE_KIND_TABLE, "the index of a checkpoint, or a V1 checkpoint", NULL),
    BY(is_lfs, FILE_KIND_POINTER, "a Git LFS pointer", "run 'git lfs pull' in its repository"),
    BY(is_annex, FILE_KIND_POINTER, "a git-annex pointer", "run 'git annex get' on it"),
    BY(is_state, FILE_KIND_STATE, "a checkpoint's state file",
       "name its directory as the checkpoint"),
    BY(is_map, FILE_KIND_MAP, "a map", "it goes with the option -m"),
    BY(is_html, FILE_KIND_OTHER, "an HTML page",
       "download it anew: a page came in the place of the file"),
    BY(is_xml, FILE_KIND_OTHER, "an XML document",
       "download it anew: a server's answer came in the place of the file"),
    BY(is_json, FILE_KIND_OTHER, "JSON", NULL),
    BY(is_utf16, FILE_KIND_OTHER, "text in UTF-16", "save it as UTF-8"),
    MAGIC("\x1f\x8b", FILE_KIND_ARCHIVE, "compressed with gzip", unpack),
    MAGIC("BZh", FILE_KIND_ARCHIVE, "compressed with bzip2", unpack),
    MAGIC("\xfd"
          "7zXZ",
          FILE_KIND_ARCHIVE, "compressed with xz", unpack),
    MAGIC("\x28\xb5\x2f\xfd", FILE_KIND_ARCHIVE, "compressed with zstd", unpack),
    MAGIC("7z\xbc\xaf\x27\x1c", FILE_KIND_ARCHIVE, "a 7z archive", unpack),
    MAGIC("Rar!\x1a\x07", FILE_KIND_ARCHIVE, "a RAR archive", unpack),
    BY(is_tar, FILE_KIND_ARCHIVE, "a tar archive", unpack),
    BY(is_torch_zip, FILE_KIND_WEIGHTS, "a PyTorch file (zip)", NULL),
    BY(is_npz, FILE_KIND_WEIGHTS, "a NumPy .npz file (zip)", NULL),
    BY(is_keras_zip, FILE_KIND_WEIGHTS, "a .keras file (zip)", from_keras),
    BY(is_zip, FILE_KIND_ARCHIVE, "a zip archive", unpack),
    MAGIC("\x89HDF\r\n\x1a\n", FILE_KIND_WEIGHTS, "an HDF5 file, as Keras writes", from_keras),
    BY(is_safetensors, FILE_KIND_SAFETENSORS, "a safetensors file", NULL),
    MAGIC("GGUF", FILE_KIND_WEIGHTS, "a GGUF file", NULL),
    MAGIC("\x93NUMPY", FILE_KIND_WEIGHTS, "a NumPy .npy file", NULL),
    BY(is_torch_pickle, FILE_KIND_WEIGHTS, "a PyTorch file (pickle)", NULL),
    BY(is_pickle, FILE_KIND_WEIGHTS, "a Python pickle", NULL),
    MAGIC_AT(4, "TFL3", FILE_KIND_WEIGHTS, "a TensorFlow Lite model", NULL),
    MAGIC("\x00\x05\x16\x07", FILE_KIND_OTHER,
          "an AppleDouble file, which macOS writes beside the real one",
          "name the file without '._'"),
    MAGIC("\x00\x05\x16\x00", FILE_KIND_ARCHIVE, "an AppleSingle file", unpack),
    BY(is_saved_model, FILE_KIND_GRAPH, "a SavedModel's graph", "name the directory that holds it"),
    BY(is_onnx, FILE_KIND_WEIGHTS, "an ONNX model", NULL),
    BY(is_graph_def, FILE_KIND_WEIGHTS, "a frozen GraphDef, in which variables are constants",
       "take the checkpoint or SavedModel that it was made from"),
    BY(is_meta_graph, FILE_KIND_GRAPH, "a MetaGraphDef (.meta)", "it goes with the option -g"),
    BY(is_tfrecord, FILE_KIND_OTHER, "a TFRecord file, as TensorBoard's events are", NULL),
#undef BY
#undef MAGIC
#undef MAGIC_AT
};

static const struct file_kind unknown = {FILE_KIND_UNKNOWN, "a file of no known kind", NULL};

static const struct file_kind *find_kind(const struct look *l)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct known *k = &table[i];
        if (k->is ? k->is(l) : str_starts(str_from_pos(l->head, k->at), k->magic)) {
            return &k->kind;
        }
    }
    return &unknown;
}

bool file_ends_as_table(struct io *io)
{
    char tail[8];
    if (io->size < sizeof(tail) ||
        io_read(io, NULL, io->size - sizeof(tail), sizeof(tail), tail) < 0) {
        return false;
    }
    struct cursor c = cursor_over(tail, sizeof(tail));
    return cursor_le64(&c) == FILE_TABLE_MAGIC;
}

const struct file_kind *file_kind_of(struct io *io)
{
    char head[FILE_KIND_HEAD];
    size_t len = io->size < sizeof(head) ? (size_t)io->size : sizeof(head);
    if (io_read(io, NULL, 0, len, head) < 0) {
        return &unknown;
    }
    const struct look l = {str_of(head, len), io->size, file_ends_as_table(io)};
    return find_kind(&l);
}

const struct file_kind *file_kind_at(const char *path)
{
    CLEANUP_IO struct io *io = NULL;
    struct stat st;
    bool regular = file_stat(path, &st) == 0 && S_ISREG(st.st_mode) && io_open(path, &io) == 0;
    return regular ? file_kind_of(io) : &unknown;
}

const struct file_kind *file_kind_of_text(struct str text)
{
    char magic[8];
    for (unsigned i = 0; i < sizeof(magic); i++) {
        magic[i] = (char)(FILE_TABLE_MAGIC >> 8 * i);
    }
    const struct look l = {str_head(text, FILE_KIND_HEAD), text.len,
                           str_ends(text, str_of(magic, sizeof(magic)))};
    return find_kind(&l);
}

errint file_kind_complain(struct diag *d, enum diag_code code, const char *path,
                          const struct file_kind *kind, const char *expected)
{
    return diag_error(d, code, path, str_from(path), "the file is %s, expected %s%s%s", kind->name,
                      expected, kind->remedy ? ": " : "", kind->remedy ? kind->remedy : "");
}
