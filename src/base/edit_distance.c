/* SPDX-License-Identifier: Apache-2.0 */
#include "base/edit_distance.h"

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* What both begin or end with costs nothing and never has to be looked at again. */
static void drop_common_ends(struct str *a, struct str *b)
{
    size_t shorter = a->len < b->len ? a->len : b->len;
    size_t head = 0;
    while (head < shorter && a->ptr[head] == b->ptr[head]) {
        head++;
    }
    size_t tail = 0;
    while (tail < shorter - head && a->ptr[a->len - 1 - tail] == b->ptr[b->len - 1 - tail]) {
        tail++;
    }
    *a = str_of(a->ptr + head, a->len - head - tail);
    *b = str_of(b->ptr + head, b->len - head - tail);
}

/* The matrix of distances between the heads of a (rows) and b (columns), of which only the diagonal
 * band |column - row| <= most can hold an answer. cell[k] is the column row + k - most of the row
 * done last. */
unsigned edit_distance(struct str a, struct str b, unsigned most)
{
    most = least(most, EDIT_MOST);
    const unsigned far = most + 1;
    if (a.len > b.len) {
        struct str longer = a;
        a = b;
        b = longer;
    }
    if (b.len - a.len > most) {
        return far;
    }
    drop_common_ends(&a, &b);

    unsigned cell[2 * EDIT_MOST + 2];
    const unsigned width = 2 * most + 1;
    for (unsigned k = 0; k < width; k++) {
        cell[k] = k >= most && k - most <= b.len ? k - most : far;
    }
    cell[width] = far;
    for (size_t row = 1; row <= a.len; row++) {
        unsigned nearest = far;
        for (unsigned k = 0; k < width; k++) {
            if (row + k < most || row + k - most > b.len) {
                cell[k] = far;
                continue;
            }
            size_t column = row + k - most;
            unsigned cost = cell[k + 1] + 1;
            if (column > 0) {
                cost = least(cost, cell[k] + (a.ptr[row - 1] != b.ptr[column - 1]));
            }
            if (k > 0) {
                cost = least(cost, cell[k - 1] + 1);
            }
            cell[k] = least(cost, far);
            nearest = least(nearest, cell[k]);
        }
        if (nearest == far) {
            return far;
        }
    }
    return cell[b.len - a.len + most];
}
