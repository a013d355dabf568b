/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes with a length. Tensor names are such runs: they may hold NUL, control
 * bytes and invalid UTF-8, so no name in ckptfs is a C string. */
#ifndef CKPTFS_BASE_STR_H
#define CKPTFS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_FMT      "%.*s"
#define STR_ARG(s)   (int)(s).len, (s).ptr

static inline struct str str_from(const char *text)
{
    return (struct str){text, strlen(text)};
}

static inline struct str str_of(const void *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Order of unsigned bytes, a proper prefix first: TensorFlow's order of keys. */
static inline int str_cmp(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The bytes from position `from` on; empty when there are none. */
static inline struct str str_from_pos(struct str s, size_t from)
{
    return from >= s.len ? (struct str){s.ptr + s.len, 0}
                         : (struct str){s.ptr + from, s.len - from};
}

static inline struct str str_head(struct str s, size_t len)
{
    return (struct str){s.ptr, len < s.len ? len : s.len};
}

/* Position of the first / last byte c, or -1. */
static inline long str_find(struct str s, char c)
{
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return hit ? hit - s.ptr : -1;
}

static inline long str_rfind(struct str s, char c)
{
    const char *hit = s.len ? memrchr(s.ptr, c, s.len) : NULL;
    return hit ? hit - s.ptr : -1;
}

/* Position of the first occurrence of the bytes of `needle`, or -1. */
static inline long str_search(struct str s, struct str needle)
{
    const char *hit = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return hit ? hit - s.ptr : -1;
}

static inline struct str str_trim(struct str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

#endif
