/* SPDX-License-Identifier: Apache-2.0 */
#include "map/ini.h"

#include <ctype.h>
#include <ini.h>
#include <stdarg.h>

#include "base/buf.h"
#include "map/arrow.h"
#include "map/line.h"
#include "map/message.h"
#include "map/parameters.h"
#include "map/token.h"

/* What an indented line would continue. */
enum open_item {
    OPEN_NOTHING,
    OPEN_ITEM,    /* the newest one */
    OPEN_REFUSED, /* one that was refused: its further lines are not worth more errors */
};

struct reader {
    const char *path;
    struct parameters *parameters; /* NULL: they stay as they are */
    struct buf expanded;           /* a line, with their values */
    struct arena *arena;
    struct diag *d;
    struct str rest; /* of the text: what inih has not asked for yet */
    uint32_t line;   /* of the line handed over last */
    enum open_item open;
    bool continues;   /* the line handed over last continues the newest item */
    bool pending;     /* the value of the newest item is not stored yet ... */
    struct buf value; /* ... but here, and may grow */
    struct ini_section *sections;
    struct ini_item *items;
    uint32_t section_count;
    size_t section_cap;
    uint32_t item_count;
    size_t item_cap;
    errint rc;
};

/* Of the line handed over last. */
static struct position position_of(const struct reader *r)
{
    return (struct position){r->path, r->line};
}

static void note_error(struct reader *r, errint rc)
{
    if (r->rc == 0) {
        r->rc = rc;
    }
}

static void out_of_memory(struct reader *r)
{
    if (r->rc != -ENOMEM) {
        r->rc = diag_no_memory(r->d);
    }
}

static void add_section(struct reader *r, struct str name)
{
    struct str copy = arena_str(r->arena, name);
    if (!copy.ptr || !arena_grow(r->arena, &r->sections, &r->section_cap, r->section_count,
                                 sizeof(*r->sections))) {
        out_of_memory(r);
        return;
    }
    r->sections[r->section_count++] = (struct ini_section){copy, r->line, r->item_count};
}

/* The newest item is complete: its value goes from the buffer into the arena. */
static void store_value(struct reader *r)
{
    if (r->pending) {
        struct str copy = arena_str(r->arena, buf_view(&r->value));
        if (!copy.ptr || buf_check(&r->value) < 0) {
            out_of_memory(r);
            return;
        }
        r->items[r->item_count - 1].value = copy;
    }
    r->pending = false;
    r->value.len = 0;
}

/* The newest item lost a line of its own: what is left of it would only give more errors. */
static void drop_item(struct reader *r)
{
    r->item_count--;
    r->pending = false;
    r->value.len = 0;
}

static void add_item(struct reader *r, struct str key)
{
    store_value(r);
    struct str copy = arena_str(r->arena, key);
    if (!copy.ptr ||
        !arena_grow(r->arena, &r->items, &r->item_cap, r->item_count, sizeof(*r->items))) {
        out_of_memory(r);
        return;
    }
    r->items[r->item_count++] = (struct ini_item){
        .section = r->section_count ? r->sections[r->section_count - 1].name : STR(""),
        .key = copy,
        .value = STR(""),
        .at = position_of(r),
    };
    r->pending = true;
}

/* inih's handler: called alike for `name = value` and for a continuation. The section that inih cut
 * is not used. */
static int on_item(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    (void)section;
    if (r->rc == -ENOMEM) {
        return 1;
    }
    if (!r->continues) {
        add_item(r, str_from(name));
    } else if (r->value.len) {
        buf_char(&r->value, ' ');
    }
    buf_text(&r->value, value);
    return 1;
}

/* Adds the error of this line; inih gets an empty one. */
FORMAT(3, 4)
static struct str refuse_line(struct reader *r, struct str subject, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char message[1024];
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    note_error(r, diag_error_at(r->d, DIAG_MAP_SYNTAX, position_of(r), subject, "%s", message));
    r->open = OPEN_REFUSED;
    return STR("");
}

/* Adds the error of a file with too much in it and ends the reading. */
static struct str stop_reading(struct reader *r, const char *what, int most)
{
    note_error(r, diag_error_at(r->d, DIAG_LIMIT, position_of(r), STR(""),
                                "more than %d %s in one file", most, what));
    r->rest = STR("");
    return STR("");
}

/* The next physical line, without its end and, at the very start, without the BOM. */
static struct str take_line(struct reader *r)
{
    long end = str_find(r->rest, '\n');
    struct str line = end < 0 ? r->rest : str_head(r->rest, (size_t)end);
    r->rest = str_from_pos(r->rest, line.len + (end >= 0));
    r->line++;
    if (line.len && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return r->line == 1 && str_starts(line, STR("\xef\xbb\xbf")) ? str_from_pos(line, 3) : line;
}

static struct str judge_indented(struct reader *r, struct str line, struct str text)
{
    if (text.len > 1 && text.ptr[0] == '[' &&
        (isalpha((unsigned char)text.ptr[1]) || text.ptr[1] == '_')) {
        refuse_line(r, text, "an indented section header: remove the indentation");
        add_section(r, STR(""));
        return STR("");
    }
    if (line_has_spaced_equals(text)) {
        return refuse_line(
            r, text, "an indented line continues the one above: remove the indentation of '%s'",
            message_shown(r->d, text));
    }
    if (r->open == OPEN_NOTHING) {
        return refuse_line(
            r, text,
            "an indented line with nothing above to continue: remove the indentation, or the "
            "blank line above");
    }
    r->continues = r->open == OPEN_ITEM;
    return r->continues ? line : STR("");
}

static struct str judge_header(struct reader *r, struct str text)
{
    long close = str_find(text, ']');
    if (r->section_count == INI_SECTIONS_MOST) {
        return stop_reading(r, "section headers", INI_SECTIONS_MOST);
    }
    if (close < 0 || (size_t)close + 1 != text.len) {
        refuse_line(
            r, text,
            "expected a section header alone on its line, such as [assignment_map]: a name that "
            "begins "
            "with '[' is written with %%5B");
    } else if (close == 1) {
        refuse_line(r, text, "the section name is empty");
    } else if (close - 1 > INI_SECTION_MOST) {
        refuse_line(r, text, "the section name has %ld bytes, the limit is %d", close - 1,
                    INI_SECTION_MOST);
    } else {
        r->open = OPEN_NOTHING;
        add_section(r, str_of(text.ptr + 1, (size_t)close - 1));
        return text;
    }
    add_section(r, STR(""));
    return STR("");
}

static struct str judge_item(struct reader *r, struct str text)
{
    long equals = str_find(text, '=');
    long colon = str_find(text, ':');
    struct arrow arrow;
    if (arrow_find(text, &arrow)) {
        return refuse_line(r, text, "found '%s', expected '=': write '%s = %s'%s", arrow.sign,
                           message_shown(r->d, arrow.from), message_shown(r->d, arrow.to),
                           colon >= 0 ? ", and %3A for a ':' inside a name" : "");
    }
    if (equals < 0 && colon >= 0) {
        return refuse_line(
            r, text,
            "found ':', expected '=': write 'name = value', and %%3A for a ':' inside a name");
    }
    if (equals < 0) {
        return refuse_line(
            r, text,
            "found no '=': write 'name = value', and indent a line that continues the one above");
    }
    struct str key = str_trim(str_head(text, (size_t)equals));
    if (key.len == 0) {
        return refuse_line(r, text, "the name before '=' is empty");
    }
    struct str bare = token_without_output(key);
    if (bare.ptr) {
        const char *number = message_shown(r->d, str_from_pos(key, bare.len + 1));
        const char *name = message_shown(r->d, bare);
        return refuse_line(
            r, key, "names have no ':%s': write '%s', or '%s%%3A%s' if the name itself ends so",
            number, name, name, number);
    }
    if (colon >= 0 && colon < equals) {
        return refuse_line(
            r, key, "a ':' before the '=': write 'name = value', and %%3A for a ':' inside a name");
    }
    if (r->item_count == INI_ITEMS_MOST) {
        return stop_reading(r, "items", INI_ITEMS_MOST);
    }
    r->open = OPEN_ITEM;
    return text;
}

static bool takes_parameters(const struct reader *r, struct str body)
{
    bool header = str_trim(body).len && str_trim(body).ptr[0] == '[';
    bool sets =
        r->section_count && str_eq(r->sections[r->section_count - 1].name, STR("parameters"));
    return r->parameters && !header && !sets && parameters_wanted(body);
}

/* A line without comment with the values of its parameters; ptr is NULL: it was refused. */
static struct str expand_line(struct reader *r, struct str body)
{
    bool belongs = line_is_indented(body) && r->open == OPEN_ITEM;
    r->expanded.len = 0;
    errint rc = parameters_expand(r->parameters, body, position_of(r), &r->expanded, r->d);
    if (rc == 0 && str_starts(str_trim(buf_view(&r->expanded)), STR("["))) {
        refuse_line(r, body, "a value begins the line with '[': write %%5B for it");
        rc = -EINVAL;
    }
    if (rc < 0) {
        note_error(r, rc);
        r->open = OPEN_REFUSED;
        if (belongs) {
            drop_item(r);
        }
        return (struct str){NULL, 0};
    }
    return buf_view(&r->expanded);
}

/* What inih gets of this line: the line without comment, or nothing if it is blank or refused. */
static struct str judge_line(struct reader *r, struct str line)
{
    r->continues = false;
    bool belongs = line_is_indented(line) && r->open == OPEN_ITEM;
    struct line_fault fault;
    if (!line_is_text(line, &fault)) {
        refuse_line(r, STR(""), "%s", fault.text);
        if (belongs) {
            drop_item(r);
        } else if (line.len && line.ptr[0] == '[') {
            add_section(r, STR(""));
        }
        return STR("");
    }
    struct str body = line_without_comment(line);
    if (takes_parameters(r, body)) {
        body = expand_line(r, body);
        if (!body.ptr) {
            return STR("");
        }
    }
    struct str text = str_trim(body);
    if (text.len == 0) {
        r->open = str_trim(line).len == 0 ? OPEN_NOTHING : r->open;
        return STR("");
    }
    if (line_is_indented(body)) {
        return judge_indented(r, body, text);
    }
    return text.ptr[0] == '[' ? judge_header(r, text) : judge_item(r, text);
}

/* inih's reader: one physical line a call, as fgets() would give it. */
static char *next_line(char *to, int room, void *stream)
{
    struct reader *r = stream;
    if (r->rest.len == 0 || r->rc == -ENOMEM) {
        return NULL;
    }
    struct str line = judge_line(r, take_line(r));
    if (line.len + 2 > (size_t)room) {
        line = refuse_line(r, STR(""), "inih takes lines of %d bytes only", room - 2);
    }
    memcpy(to, line.ptr, line.len);
    memcpy(to + line.len, "\n", 2);
    return to;
}

/* Debian's inih has its options as variables. All are set that matter: another value would change a
 * meaning. */
static void set_options(void)
{
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_initial_alloc = ini_max_line = LINE_BYTES_MOST + 16;
    ini_allow_multiline = true;
    ini_allow_no_value = false;
    ini_stop_on_first_error = false;
    ini_allow_bom = false; /* ours is stripped; a second one is part of a name */
    ini_allow_inline_comments = false;
}

errint ini_parse_text(struct str text, const char *path, struct parameters *parameters,
                      struct arena *a, struct ini_file *out, struct diag *d)
{
    *out = (struct ini_file){.path = path};
    struct reader r = {.path = path, .parameters = parameters, .arena = a, .d = d, .rest = text};
    set_options();
    int line = ini_parse_stream(next_line, &r, on_item, &r);
    if (line == -2) {
        out_of_memory(&r);
    } else if (line > 0) {
        r.line = (uint32_t)line;
        refuse_line(&r, STR(""), "inih cannot read this line");
    }
    if (r.rc != -ENOMEM) {
        store_value(&r);
    }
    buf_fini(&r.value);
    buf_fini(&r.expanded);
    out->sections = r.sections;
    out->section_count = r.section_count;
    out->items = r.items;
    out->count = r.item_count;
    return r.rc;
}
