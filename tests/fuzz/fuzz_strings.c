/* SPDX-License-Identifier: Apache-2.0 */
/* A run of strings of a bundle: two bytes that say how many elements and in which byte order, then
 * the run. Its checksums are made right where it is decided what they should be, so that what comes
 * after them is reached. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "io/io_file.h"
#include "source/tf/strings.h"

enum { HEAD = 2, TAIL = 4, MOST = 1 << 16 };

/* What a simple reader makes of the run: where each element is. False if it is not well-formed.
 * Puts right the checksum of the lengths, and says what that of the entry is. */
struct simple {
    uint64_t offs[256];
    uint64_t lens[256];
    uint32_t crc;
};

static bool read_simply(uint8_t *run, size_t size, unsigned elements, bool big_endian,
                        struct simple *out)
{
    struct mkbuf summed = {0};
    size_t at = 0;
    uint64_t total = 0;
    bool good = true;
    for (unsigned i = 0; i < elements && good; i++) {
        uint64_t len = 0;
        unsigned shift = 0;
        do {
            good = at < size && shift < 70 && !(shift == 63 && run[at] > 1);
            len |= good ? (uint64_t)(run[at] & 0x7f) << shift : 0;
            shift += 7;
        } while (good && run[at++] & 0x80);
        good = good && len <= size;
        out->lens[i] = len;
        total += len;
        for (unsigned k = 0; k < 4; k++) {
            mkbuf_u8(&summed, len >> (big_endian ? 24 - 8 * k : 8 * k) & 0xff);
        }
    }
    good = good && size - at >= TAIL && total <= size - at - TAIL;
    if (good) {
        uint32_t crc = mk_mask(mk_crc32c(summed.data, summed.len));
        crc = big_endian ? htobe32(crc) : htole32(crc);
        memcpy(run + at, &crc, TAIL);
        mkbuf_add(&summed, run + at, TAIL + (size_t)total);
        out->crc = mk_mask(mk_crc32c(summed.data, summed.len));
        at += TAIL;
        for (unsigned i = 0; i < elements; i++) {
            out->offs[i] = at;
            at += (size_t)out->lens[i];
        }
    }
    mkbuf_free(&summed);
    return good;
}

static void look(struct io *s, unsigned elements, const struct simple *want)
{
    struct strings_walk *w = malloc(sizeof(*w));
    FUZZ_CHECK(w);
    strings_walk_init(w);
    for (unsigned i = 0; i < 2 * elements; i++) {
        unsigned at = i < elements ? i : i * 7 % elements;
        uint64_t off, len, end;
        FUZZ_CHECK(strings_walk_to(w, s, NULL, at) == 0);
        FUZZ_CHECK(strings_walk_next(w, &off, &len, &end) == 0);
        FUZZ_CHECK(off == want->offs[at] && len == want->lens[at] && len <= end - off);
    }
    FUZZ_CHECK(strings_walk_to(w, s, NULL, elements) == -EBADMSG);
    free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > MOST) {
        return 0;
    }
    unsigned elements = data[0];
    bool big_endian = data[1] & 1;
    bool keep = data[1] & 2; /* the checksums as they are */
    size -= HEAD;
    uint8_t *run_bytes = malloc(size + 1);
    FUZZ_CHECK(run_bytes);
    memcpy(run_bytes, data + HEAD, size);
    struct simple want = {.crc = 0};
    bool good =
        read_simply(run_bytes, size, elements, big_endian, &want) || (elements == 0 && size == 0);
    bool same = memcmp(run_bytes, data + HEAD, size) == 0;
    want.crc = elements == 0 && size == 0 ? mk_mask(0) : want.crc;
    struct io *file;
    struct io *strings;
    fuzz_file(keep ? data + HEAD : run_bytes, size);
    FUZZ_CHECK(io_file_new(&file) == 0 && io_file_hold(file, fuzz_path()) == 0);
    struct strings_run run = {.elements = elements,
                              .bytes = size,
                              .crc32c = want.crc,
                              .coding = big_endian ? STRINGS_BUNDLE_BIG_ENDIAN : STRINGS_BUNDLE};
    FUZZ_CHECK(strings_io(file, &run, 1, &strings) == 0);
    uint32_t crc;
    errint checked = strings_check(file, NULL, &run, &crc);
    errint rc = strings_need(strings, NULL, 0);
    FUZZ_CHECK(rc == (good && (same || !keep) ? 0 : -EBADMSG));
    FUZZ_CHECK((rc == 0) == (checked == 0 && crc == run.crc32c));
    FUZZ_CHECK(strings_need(strings, NULL, 0) == rc);
    if (rc == 0 && elements) {
        look(strings, elements, &want);
    }
    io_close(strings);
    io_close(file);
    free(run_bytes);
    return 0;
}
