/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations of recipes: by lines and words, so that most of what comes out is understood. In
 * templates, @ and a letter is
 *
 *   @N a name of a tensor   @S a scope   @T a dtype   @D dimensions   @# a number   @F a file */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/recipe_words.h"
#include "tensor/dtype.h"

enum { LINES_MOST = 512, WORDS_MOST = 64 };

/* A recipe as lines, and where its random numbers are. */
struct mutation {
    struct str lines[LINES_MOST];
    size_t count;
    uint32_t random;
    struct mkbuf made[4]; /* owns the text of new lines */
    size_t made_count;
};

static uint32_t below(struct mutation *m, size_t n)
{
    return n ? fuzz_random(&m->random) % (uint32_t)n : 0;
}

static const char *one_of(struct mutation *m, const struct word_list *list)
{
    return list->words[below(m, list->count)];
}

/* The kind of the section that line i is in. */
static struct str kind_at(const struct mutation *m, size_t i)
{
    struct str word = {"", 0};
    for (i++; i-- > 0;) {
        struct str rest = m->lines[i];
        if (str_starts(rest, STR("== "))) {
            rest = str_from_pos(rest, 3);
            (void)take_word(&rest, &word);
            break;
        }
    }
    return word;
}

/* The first word of some line of a checkpoint, or the second of some head: of tensors, or files. */
static struct str some_word(struct mutation *m, bool file)
{
    struct str word = {"", 0};
    for (unsigned tries = 0; tries < 20 && m->count; tries++) {
        size_t i = below(m, m->count);
        struct str rest = m->lines[i];
        struct str kind = kind_at(m, i);
        bool head = str_starts(rest, STR("== "));
        bool tensor = !head && (str_eq(kind, STR("v1")) || str_eq(kind, STR("v2")));
        if (head && file) {
            (void)(take_word(&rest, &word) && take_word(&rest, &word) && take_word(&rest, &word));
        } else if (tensor && !file && rest.len && rest.ptr[0] != '@') {
            (void)take_word(&rest, &word);
        }
        if (word.len) {
            return word;
        }
    }
    return str_from(one_of(m, &recipe_names));
}

/* A file that a head names may be a prefix: then also what belongs to it. */
static void add_file(struct mutation *m, struct mkbuf *out)
{
    static const char *const endings[] = {"",
                                          "",
                                          ".index",
                                          ".data-00000-of-00001",
                                          ".data-00000-of-00002",
                                          ".data-00001-of-00002",
                                          "-00000-of-00002",
                                          "-*-of-00002",
                                          ".meta"};
    struct str word = some_word(m, true);
    const char *ending = endings[below(m, ARRAY_LEN(endings))];
    mkbuf_add(out, word.ptr, word.len);
    mkbuf_add(out, ending, strlen(ending));
}

static void add_scope(struct mutation *m, struct mkbuf *out)
{
    struct str name = some_word(m, false);
    long slash = str_find(name, '/');
    mkbuf_add(out, name.ptr, slash < 0 ? name.len : (size_t)slash);
    mkbuf_u8(out, '/');
}

static void add_choice(struct mkbuf *out, const char *text)
{
    mkbuf_add(out, text, strlen(text));
}

static void add_template(struct mutation *m, struct mkbuf *out, const char *text)
{
    for (; *text; text++) {
        char what = text[0] == '@' ? text[1] : 0;
        struct str name;
        switch (what) {
        case 'N':
            name = below(m, 4) ? some_word(m, false) : str_from(one_of(m, &recipe_names));
            mkbuf_add(out, name.ptr, name.len);
            break;
        case 'S':
            add_scope(m, out);
            break;
        case 'T':
            add_choice(out, one_of(m, &recipe_dtypes));
            break;
        case 'D':
            add_choice(out, one_of(m, &recipe_shapes));
            break;
        case '#':
            add_choice(out, below(m, 3) ? recipe_numbers.words[below(m, 6)]
                                        : one_of(m, &recipe_numbers));
            break;
        case 'F':
            add_file(m, out);
            break;
        default:
            mkbuf_u8(out, (unsigned char)text[0]);
            continue;
        }
        text++;
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static struct mkbuf *new_text(struct mutation *m)
{
    return m->made_count < ARRAY_LEN(m->made) ? &m->made[m->made_count++] : NULL;
}

static struct str text_of(const struct mkbuf *b)
{
    return str_of(b->data ? b->data : (const uint8_t *)"", b->len);
}

static void insert(struct mutation *m, size_t at, struct str line)
{
    if (m->count < LINES_MOST) {
        memmove(&m->lines[at + 1], &m->lines[at], (m->count - at) * sizeof(*m->lines));
        m->lines[at] = line;
        m->count++;
    }
}

static void erase(struct mutation *m, size_t at)
{
    m->count--;
    memmove(&m->lines[at], &m->lines[at + 1], (m->count - at) * sizeof(*m->lines));
}

/* A line that may stand after line `at`; NULL where nothing is known of its section. */
static const char *template_at(struct mutation *m, size_t at)
{
    struct word_list lines = recipe_lines(kind_at(m, at));
    return lines.count ? one_of(m, &lines) : NULL;
}

static void insert_template(struct mutation *m, bool head)
{
    size_t at = below(m, m->count);
    const char *text = head || !m->count ? one_of(m, &recipe_heads) : template_at(m, at);
    struct mkbuf *out = text ? new_text(m) : NULL;
    if (out) {
        add_template(m, out, text);
        insert(m, m->count ? at + 1 : 0, text_of(out));
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

/* What stands instead of a word: of its own kind where that is known. */
static void add_instead(struct mutation *m, struct mkbuf *out, struct str word)
{
    long equal = str_find(word, '=');
    if (equal > 0) {
        mkbuf_add(out, word.ptr, (size_t)equal + 1);
        add_template(m, out, below(m, 3) ? "@#" : below(m, 2) ? "@N" : "@F");
    } else if (dtype_parse(word) != DTYPE_INVALID) {
        add_template(m, out, "@T");
    } else if (word.ptr[0] >= '0' && word.ptr[0] <= '9') {
        add_template(m, out, below(m, 2) ? "@#" : "@D");
    } else {
        add_template(m, out, below(m, 2) ? "@N" : "@F");
    }
}

static void change_word(struct mutation *m, size_t at)
{
    struct str words[WORDS_MOST];
    size_t count = 0;
    struct str rest = m->lines[at];
    while (count < WORDS_MOST && take_word(&rest, &words[count])) {
        count++;
    }
    struct mkbuf *out = count ? new_text(m) : NULL;
    size_t changed = below(m, count);
    uint32_t how = below(m, 8);
    for (size_t i = 0; out && i < count; i++) {
        if (i && out->len) {
            mkbuf_u8(out, ' ');
        }
        if (i != changed || how == 1) {
            mkbuf_add(out, words[i].ptr, words[i].len);
        } else if (how) {
            add_instead(m, out, words[i]);
        }
        if (i == changed && how == 1) {
            mkbuf_u8(out, ' ');
            add_template(m, out, one_of(m, &recipe_head_words));
        }
    }
    if (out) {
        m->lines[at] = text_of(out);
    }
}

static void change_bytes(struct mutation *m, size_t at)
{
    struct mkbuf *out = new_text(m);
    if (out) {
        mutate_bytes_into(out, (const uint8_t *)m->lines[at].ptr, m->lines[at].len);
        m->lines[at] = text_of(out);
    }
}

/* A word at the end of a line: one of another line like it. */
static void add_word(struct mutation *m, size_t at)
{
    struct mkbuf *out = new_text(m);
    const char *text =
        str_starts(m->lines[at], STR("== ")) ? one_of(m, &recipe_head_words) : template_at(m, at);
    const char *word = text ? strrchr(text, ' ') : NULL;
    if (out && text) {
        mkbuf_add(out, m->lines[at].ptr, m->lines[at].len);
        mkbuf_u8(out, ' ');
        add_template(m, out, word ? word + 1 : text);
        m->lines[at] = text_of(out);
    }
}

static void mutate_once(struct mutation *m)
{
    uint32_t how = below(m, 16);
    size_t at = below(m, m->count);
    size_t other = below(m, m->count);
    if (m->count == 0 || how == 0) {
        insert_template(m, true);
    } else if (how < 4) {
        insert_template(m, false);
    } else if (how < 9) {
        change_word(m, at);
    } else if (how < 11) {
        add_word(m, at);
    } else if (how == 11) {
        change_bytes(m, at);
    } else if (how < 14) {
        erase(m, at);
    } else if (how == 14) {
        insert(m, at, m->lines[other]);
    } else {
        struct str line = m->lines[at];
        m->lines[at] = m->lines[other];
        m->lines[other] = line;
    }
}

size_t mutate_recipe(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static struct mutation m;
    struct str rest = str_of(data, size);
    struct mkbuf out = {0};
    m = (struct mutation){.random = seed};
    while (m.count < LINES_MOST && take_line(&rest, &m.lines[m.count])) {
        m.count++;
    }
    for (uint32_t times = 1 + below(&m, 3); times; times--) {
        mutate_once(&m);
    }
    for (size_t i = 0; i < m.count && out.len + m.lines[i].len < most; i++) {
        mkbuf_add(&out, m.lines[i].ptr, m.lines[i].len);
        mkbuf_u8(&out, '\n');
    }
    size = out.len;
    memcpy(data, out.data, size);
    mkbuf_free(&out);
    for (size_t i = 0; i < m.made_count; i++) {
        mkbuf_free(&m.made[i]);
    }
    return size;
}
