/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a checkpoint's objects (tensorflow/core/protobuf/trackable_object_graph.proto). Node
 * 0 is the root:
 *
 *   @ PARENT CHILD NAME                 an edge
 *   @attr NODE NAME FULL_NAME KEY       a value that is in the checkpoint; - for an empty full name
 *   @slot OPTIMIZER VARIABLE NAME NODE  the node of a slot
 *   @raw NODE HEX                       more fields of a node */
#include "fuzz/fuzz.h"
#include "fuzz/made.h"

enum { NODES_MOST = 64, WORDS = 5 };

static void add_text(struct mkbuf *out, unsigned number, struct str text)
{
    struct mkbuf plain = {0};
    add_unescaped(&plain, str_eq(text, STR("-")) ? STR("") : text);
    mkbuf_message(out, number, plain.data, plain.len);
    mkbuf_free(&plain);
}

static void add_edge(struct mkbuf *node, const struct str w[WORDS])
{
    struct mkbuf edge = {0};
    mkbuf_field(&edge, 1, (uint64_t)number_of(w[2], 0));
    add_text(&edge, 2, w[3]);
    mkbuf_message(node, 1, edge.data, edge.len);
    mkbuf_free(&edge);
}

static void add_attribute(struct mkbuf *node, const struct str w[WORDS])
{
    struct mkbuf attribute = {0};
    for (unsigned i = 0; i < 3; i++) {
        add_text(&attribute, 1 + i, w[2 + i]);
    }
    mkbuf_message(node, 2, attribute.data, attribute.len);
    mkbuf_free(&attribute);
}

static void add_slot(struct mkbuf *node, const struct str w[WORDS])
{
    struct mkbuf slot = {0};
    mkbuf_field(&slot, 1, (uint64_t)number_of(w[2], 0));
    add_text(&slot, 2, w[3]);
    mkbuf_field(&slot, 3, (uint64_t)number_of(w[4], 0));
    mkbuf_message(node, 3, slot.data, slot.len);
    mkbuf_free(&slot);
}

void made_object_line(struct mkbuf *node, unsigned of, struct str line)
{
    struct str w[WORDS] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}};
    for (unsigned i = 0; i < WORDS && take_word(&line, &w[i]); i++) {
    }
    if (number_of(w[1], -1) != (int64_t)of) {
        return;
    }
    if (str_eq(w[0], STR("@"))) {
        add_edge(node, w);
    } else if (str_eq(w[0], STR("@attr"))) {
        add_attribute(node, w);
    } else if (str_eq(w[0], STR("@slot"))) {
        add_slot(node, w);
    } else if (str_eq(w[0], STR("@raw"))) {
        add_hex(node, w[2]);
    }
}

/* One more than the largest number of a node that a line has fields or an edge of. */
static unsigned count_nodes(struct str lines)
{
    int64_t count = 0;
    struct str line, word;
    while (take_line(&lines, &line)) {
        if (str_starts(line, STR("@"))) {
            while (take_word(&line, &word)) {
                int64_t number = number_of(word, -1);
                count = number >= count && number < NODES_MOST ? number + 1 : count;
            }
        }
    }
    return (unsigned)count;
}

void made_objects(struct mkbuf *out, struct str lines)
{
    unsigned count = count_nodes(lines);
    for (unsigned i = 0; i < count; i++) {
        struct mkbuf node = {0};
        struct str rest = lines;
        struct str line;
        while (take_line(&rest, &line)) {
            made_object_line(&node, i, line);
        }
        mkbuf_message(out, 1, node.data, node.len);
        mkbuf_free(&node);
    }
}
