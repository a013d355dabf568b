/* SPDX-License-Identifier: Apache-2.0 */
/* The children of one directory: what they are called, and who moves when a name is both a variable
 * and a scope. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/grow.h"
#include "view/tree_build.h"

/* The file name of a path component: the component itself unless it must be escaped. */
static struct str file_name(struct build *b, struct str component)
{
    bool plain = component.len > 0 && component.len <= COMPONENT_MOST && component.ptr[0] != '.';
    for (size_t i = 0; plain && i < component.len; i++) {
        unsigned char c = (unsigned char)component.ptr[i];
        plain = c >= 0x20 && c != 0x7f && c != '%';
    }
    if (plain) {
        return component;
    }
    CLEANUP_BUF struct buf text = {0};
    escape_component(&text, component);
    struct str name =
        text.failed ? (struct str){NULL, 0} : arena_str(&b->tree->arena, buf_view(&text));
    if (!name.ptr) {
        diag_no_memory(b->diag);
    }
    return name;
}

static int child_order(const void *a, const void *b)
{
    const struct child *left = a;
    const struct child *right = b;
    return str_cmp(node_name(&left->node), node_name(&right->node));
}

static errint note_moved(struct build *b, const struct child *c, struct str to)
{
    if (!grow(&b->moved, &b->moved_cap, b->tree->moved_count, sizeof(*b->moved))) {
        return diag_no_memory(b->diag);
    }
    /* The variable's full name is what its children share, less the '/'. */
    struct str full = str_head(tree_entry_name(b, b->entries[c->pending.low]), c->pending.pos - 1);
    b->moved[b->tree->moved_count++] = (struct moved){full, to};
    return 0;
}

/* Whether any of the entries is a target; or, with `made`, a file that is none. */
static bool has_any(const struct build *b, uint32_t low, uint32_t high, bool made)
{
    while (low < high && (b->entries[low] >= b->plan->count) != made) {
        low++;
    }
    return low < high;
}

/* Where all of the entries are below the path of `what`, a variable or a file of the mount, which
 * is `len` bytes long, none of them may be a file that the map names: whether one is, which is an
 * error then. */
static bool refuse_below(struct build *b, const char *what, size_t len, uint32_t low, uint32_t high)
{
    for (; low < high; low++) {
        const struct made_file *file = tree_entry_file(b, b->entries[low]);
        if (file && file->at.file) {
            struct str path = str_from(file->path);
            diag_error_at(
                b->diag, DIAG_NAME_COLLISION, file->at, path,
                "'%s' of [files] would be below '%s', which is a %s of the view: give the folder "
                "another name",
                diag_visible(b->diag, path), diag_visible(b->diag, str_head(path, len)), what);
            return true;
        }
    }
    return false;
}

/* Directories that have their new names are listed, and those of the mount's own files are warned
 * of. */
static errint tell_moved(struct build *b, const struct child *children, uint32_t count)
{
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        const struct child *c = &children[i];
        if (c->moved && c->node.made &&
            !refuse_below(b, "variable", c->pending.pos - 1, c->pending.low, c->pending.high)) {
            diag_warn(b->diag, DIAG_NAME_COLLISION, "", c->component,
                      "variable '%s' has the name of a directory of the mount's own files, which "
                      "is '%s' therefore",
                      diag_visible(b->diag, c->component),
                      diag_visible(b->diag, node_name(&c->node)));
        }
        if (c->moved && has_any(b, c->pending.low, c->pending.high, false)) {
            rc = note_moved(b, c, node_name(&c->node));
        }
    }
    return rc;
}

/* `what`, a variable or a scope, has the path of another file. */
static void give_way(struct build *b, const char *what, const struct made_file *file)
{
    struct str path = str_from(file->path);
    if (file->at.file) {
        diag_error_at(
            b->diag, DIAG_NAME_COLLISION, file->at, path,
            "'%s' of [files] is also the name of a %s of the view: give the file another name",
            diag_visible(b->diag, path), what);
    } else {
        diag_warn(b->diag, DIAG_NAME_COLLISION, "", path,
                  "%s '%s' hides the mount's own file of that name", what,
                  diag_visible(b->diag, path));
    }
}

static void complain_twice(struct build *b, const struct made_file *file)
{
    diag_error_at(
        b->diag, DIAG_NAME_COLLISION, file->at, str_from(file->path),
        "two files of the mount would be called '%s': give one another name, in [view] or [files]",
        diag_visible(b->diag, str_from(file->path)));
}

/* What the entries of one component below a directory make. */
struct named {
    struct str component;
    struct str file; /* its name in the mount */
    uint32_t low;    /* entries [low, end) have it */
    uint32_t end;
    uint32_t below; /* entries [below, end) have more components */
    bool has_leaf;  /* a file */
    bool has_sub;   /* a directory of what is below */
    struct child leaf;
    struct child sub;
};

/* The end of the entries from `low` on that have the component. */
static uint32_t component_end(const struct build *b, const struct pending *dir, uint32_t low,
                              struct str component)
{
    uint32_t end = low + 1;
    for (; end < dir->high; end++) {
        struct str other = str_from_pos(tree_entry_name(b, b->entries[end]), dir->pos);
        if (!str_starts(other, component) ||
            (other.len > component.len && other.ptr[component.len] != '/')) {
            break;
        }
    }
    return end;
}

/* The file of entry n->low, which ends with the component. Others of its name give way. */
static void make_leaf(struct build *b, const struct pending *dir, struct named *n)
{
    uint32_t entry = b->entries[n->low];
    size_t len = tree_entry_name(b, entry).len;
    const struct made_file *made = tree_entry_file(b, entry);
    n->has_leaf = true;
    n->leaf.component = n->component;
    n->leaf.node = (struct node){
        .name = n->file.ptr,
        .name_len = (uint16_t)n->file.len,
        .parent = dir->node,
        .kind = (uint8_t)(made ? made->kind : NODE_TARGET),
    };
    if (made) {
        n->leaf.node.number = made->number;
        n->leaf.node.format = made->format;
    } else {
        n->leaf.node.target = entry;
    }
    /* A variable comes first: it has the smaller number. */
    for (n->below++; n->below < n->end; n->below++) {
        if (tree_entry_name(b, b->entries[n->below]).len != len) {
            break;
        }
        const struct made_file *other = tree_entry_file(b, b->entries[n->below]);
        if (made) {
            complain_twice(b, other);
        } else {
            give_way(b, "variable", other);
        }
    }
    if (made && n->below < n->end) {
        if (!refuse_below(b, "file", len, n->below, n->end)) {
            give_way(b, "scope", made);
        }
        n->has_leaf = false;
    }
}

static void make_sub(const struct build *b, const struct pending *dir, struct named *n)
{
    n->has_sub = true;
    n->sub.component = n->component;
    n->sub.moved = n->has_leaf;
    n->sub.node = (struct node){.name = n->file.ptr,
                                .name_len = (uint16_t)n->file.len,
                                .parent = dir->node,
                                .kind = NODE_DIR,
                                .made = has_any(b, n->below, n->end, true)};
    n->sub.pending =
        (struct pending){0, n->below, n->end, dir->pos + (uint32_t)n->component.len + 1};
}

/* What the entries from `low` on make that have its component. -ENOMEM. */
static errint make_named(struct build *b, const struct pending *dir, uint32_t low, struct named *n)
{
    struct str rest = str_from_pos(tree_entry_name(b, b->entries[low]), dir->pos);
    long slash = str_find(rest, '/');
    struct str component = slash < 0 ? rest : str_head(rest, (size_t)slash);
    *n = (struct named){.component = component,
                        .file = file_name(b, component),
                        .low = low,
                        .end = component_end(b, dir, low, component),
                        .below = low};
    if (!n->file.ptr) {
        return -ENOMEM;
    }
    if (slash < 0) {
        make_leaf(b, dir, n);
    }
    if (n->below < n->end) {
        make_sub(b, dir, n);
    }
    return 0;
}

static void complain_meeting(struct build *b, const struct child *a, const struct child *c)
{
    diag_error(b->diag, DIAG_NAME_COLLISION, "", a->component,
               "'%s' and '%s' would both have the file name '%s'",
               diag_visible(b->diag, a->component), diag_visible(b->diag, c->component),
               diag_visible(b->diag, node_name(&a->node)));
}

errint tree_add_node(struct build *b, struct node node, uint32_t *index)
{
    if (!grow(&b->nodes, &b->node_cap, b->node_count, sizeof(*b->nodes))) {
        return diag_no_memory(b->diag);
    }
    *index = b->node_count;
    b->nodes[b->node_count++] = node;
    return 0;
}

errint tree_enqueue(struct build *b, struct pending p)
{
    if (!grow(&b->queue, &b->queue_cap, b->queue_count, sizeof(*b->queue))) {
        return diag_no_memory(b->diag);
    }
    b->queue[b->queue_count++] = p;
    return 0;
}

/* Sort, name and append the children of one directory. */
static errint append_children(struct build *b, const struct pending *dir, struct child *children,
                              uint32_t count, bool any_moved)
{
    qsort(children, count, sizeof(*children), child_order);
    if (any_moved) {
        errint rc = tree_name_moved(b, children, count);
        if (rc == 0) {
            rc = tell_moved(b, children, count);
        }
        if (rc < 0) {
            return rc;
        }
        qsort(children, count, sizeof(*children), child_order);
    }
    b->nodes[dir->node].first_child = b->node_count;
    b->nodes[dir->node].child_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (i && child_order(&children[i - 1], &children[i]) == 0) {
            complain_meeting(b, &children[i - 1], &children[i]);
        }
        uint32_t index;
        errint rc = tree_add_node(b, children[i].node, &index);
        if (rc == 0 && children[i].node.kind == NODE_DIR) {
            children[i].pending.node = index;
            rc = tree_enqueue(b, children[i].pending);
        } else if (rc == 0 && children[i].node.kind == NODE_TARGET) {
            b->target_node[children[i].node.target] = index;
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

errint tree_fill_dir(struct build *b, struct pending dir)
{
    uint32_t count = 0;
    bool any_moved = false;
    for (uint32_t low = dir.low; low < dir.high;) {
        if (!grow(&b->children, &b->child_cap, (size_t)count + 1, sizeof(*b->children))) {
            return diag_no_memory(b->diag);
        }
        struct named n;
        errint rc = make_named(b, &dir, low, &n);
        if (rc < 0) {
            return rc;
        }
        low = n.end;
        if (n.has_leaf) {
            b->children[count++] = n.leaf;
        }
        if (n.has_sub) {
            b->children[count++] = n.sub;
        }
        any_moved |= n.has_leaf && n.has_sub;
    }
    return append_children(b, &dir, b->children, count, any_moved);
}
