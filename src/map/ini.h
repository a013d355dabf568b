/* SPDX-License-Identifier: Apache-2.0 */
/* INI text to items, through inih, which must never change a meaning silently.
 *
 * inih (55) splits at ':' too, cuts names and sections at 49 bytes, lets anything follow a section
 * header, takes an indented line for a second value of the name before, and gives its handler no
 * line number. So a reader function of ours sees each physical line first: it counts, strips the
 * BOM, CR and comments (`;` or `#` at the start or after a blank), tells continuations, and refuses
 * what inih would misread. What passes means the same to inih and to us.
 *
 * Text is UTF-8 without control bytes. A line is at most 64 KiB (map/line.h). An indented line
 * continues the item above it; comment lines between them are skipped, a blank line ends the
 * item. */
#ifndef CKPTFS_MAP_INI_H
#define CKPTFS_MAP_INI_H

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/errint.h"
#include "base/str.h"

enum {
    INI_SECTION_MOST = 49,    /* bytes of a section's name: inih cuts the rest */
    INI_ITEMS_MOST = 4 << 20, /* of a file */
    INI_SECTIONS_MOST = 1 << 20,
};

struct ini_item {
    struct str section; /* without brackets */
    struct str key;     /* trimmed, as written: %XX not decoded; never empty */
    struct str value;   /* trimmed; continuation lines are joined by one blank */
    struct position at; /* of the key */
};

/* One header. Its items are those from `first` to the next section's. */
struct ini_section {
    struct str name; /* empty: the header was refused, and where its items belong is not known */
    uint32_t line;
    uint32_t first;
};

struct ini_file {
    const char *path;                   /* for messages: as the user gave it */
    const struct ini_section *sections; /* in file order; a name may come again */
    const struct ini_item *items; /* in file order; those before the first header have section "" */
    uint32_t section_count;
    uint32_t count; /* of the items */
};

/* ini_parse_text: parses `text`, the content of the file `path` (borrowed for as long as *out),
 * allocating in `a`. Every bad line is one DIAG_MAP_SYNTAX error with its position, what was found
 * and the remedy; -EINVAL if there was any (*out then holds the good items, so that the caller can
 * go on and report more). Not for two threads at once: inih's limits are variables of the
 * process.
 *
 * Where `parameters` is not NULL, `${NAME}` is replaced in lines that are neither headers nor in
 * [parameters], before anything else is made of them. */
struct parameters;
MUST_CHECK errint ini_parse_text(struct str text, const char *path, struct parameters *parameters,
                                 struct arena *a, struct ini_file *out, struct diag *d);

/* ini_section_end: the number of the first item behind that section's. */
static inline uint32_t ini_section_end(const struct ini_file *ini, uint32_t section)
{
    return section + 1 < ini->section_count ? ini->sections[section + 1].first : ini->count;
}

#endif
