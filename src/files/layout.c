/* SPDX-License-Identifier: Apache-2.0 */
#include "files/layout.h"

#include <string.h>

errint layout_of_target(const struct catalog *c, const struct target *t, struct render_scratch *scratch,
                        struct extent *extent, struct layout *out)
{
    uint64_t bytes;
    errint rc = render_size(c, t, scratch, &bytes);
    *extent = (struct extent){.len = bytes, .kind = EXTENT_TARGET, .target = t};
    *out = (struct layout){extent, bytes ? 1 : 0, bytes};
    return rc;
}

struct layout layout_of_bytes(struct str bytes, struct extent *extent)
{
    *extent = (struct extent){.len = bytes.len, .kind = EXTENT_BYTES, .bytes = bytes.ptr};
    return (struct layout){extent, extent->len ? 1 : 0, extent->len};
}

/* Index of the extent that holds byte `off`, which is below the size. */
static uint32_t find(const struct layout *l, uint64_t off)
{
    uint32_t low = 0;
    uint32_t high = l->count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (l->extents[mid].off <= off) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return low;
}

ssize_t layout_read(const struct layout *l, const struct catalog *c, uint64_t off, size_t len, void *buf,
                    struct render_scratch *scratch)
{
    if (off >= l->size || len == 0) {
        return 0;
    }
    uint64_t count = l->size - off < len ? l->size - off : len;
    uint64_t done = 0;
    for (uint32_t i = find(l, off); done < count; i++) {
        const struct extent *e = &l->extents[i];
        uint64_t skip = off + done - e->off;
        uint64_t part = e->len - skip < count - done ? e->len - skip : count - done;
        char *to = (char *)buf + done;
        if (e->kind == EXTENT_BYTES) {
            memcpy(to, e->bytes + skip, part);
        } else {
            ssize_t got = render_read(c, e->target, e->target_off + skip, (size_t)part, to, scratch);
            if (got < 0) {
                return got;
            }
            if ((uint64_t)got != part) {
                return -EIO;
            }
        }
        done += part;
    }
    return (ssize_t)count;
}
