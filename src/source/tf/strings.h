/* SPDX-License-Identifier: Apache-2.0 */
/* String tensors in data files, and where each of their elements stands.
 *
 *   V2 (tensorflow/core/util/tensor_bundle/tensor_bundle.cc, WriteStringTensor, ReadStringTensor)
 *
 *      varint length * n | u32 masked crc of the lengths | bytes of element 0 | ... | bytes of
 *      element n-1
 *
 *      The crc is over the lengths as fixed numbers in the writer's byte order, of 4 bytes, or of 8
 *      where 4 do not hold one. It goes on over the 4 stored bytes and the elements' bytes to make
 *      the entry's crc32c, so that is not the checksum of a run of bytes of the file.
 *
 *   V1  a field string_val = 8 an element, in the record of a slice (record_place.h)
 *
 * Where an element stands is only known when all before it were looked at. So a file with strings
 * has a derived io (io.h) whose offsets are numbers of elements: a run, which is a tensor or
 * a slice of one, has the numbers [first, first + elements), and strings_walk_* say which bytes
 * element i is. At the first look into a run all of it is read once, through a small window:
 * lengths and checksums are verified, and where each STRINGS_STEP-th element stands is kept, 16
 * bytes each. Others that look into the run wait for that (once.h). What was found damaged stays so
 * and is not looked at again. After a doubt about the file (io.h) the run is read through once
 * more: a bundle's has to have its checksum, and one of V1 its elements where they were. The bytes
 * that io_read gives of the derived io are those of its base. */
#ifndef CKPTFS_SOURCE_TF_STRINGS_H
#define CKPTFS_SOURCE_TF_STRINGS_H

#include <stdint.h>

#include "base/errint.h"
#include "codec/wire.h"
#include "io/io.h"
#include "source/tf/record_place.h"

enum { STRINGS_STEP = 64 };

enum strings_coding { STRINGS_BUNDLE, STRINGS_BUNDLE_BIG_ENDIAN, STRINGS_TF_V1 };

struct strings_run {
    uint64_t first; /* number of its first element in the derived io */
    uint64_t elements;
    uint64_t off;    /* byte in the base where it begins; of V1, its record */
    uint64_t bytes;  /* stored, with lengths and checksum; it may be less than that */
    uint32_t crc32c; /* masked, as stored; V1 has none */
    uint8_t coding;  /* enum strings_coding */
};

/* strings_numbers: how many numbers a run takes: 1 at least, so that those of runs without elements
 * differ too. */
static inline uint64_t strings_numbers(uint64_t elements)
{
    return elements ? elements : 1;
}

/* strings_extend_length: the checksum goes on over a length, as a number of 4 bytes in the writer's
 * order, or of 8 where 4 do not hold it. */
uint32_t strings_extend_length(uint32_t crc, uint64_t len, bool big_endian);

/* strings_check: reads a run of a bundle from `base`: *crc is the masked checksum that its entry
 * should have; if its lengths contradict their own checksum, *crc is one that cannot be right.
 * -EBADMSG when the lengths do not fit the bytes; -EIO, -ENOMEM; -EINTR where w is
 * interrupted (once.h). */
MUST_CHECK errint strings_check(struct io *base, struct once_waiter *w,
                                const struct strings_run *run, uint32_t *crc);

/* strings_io: the derived io of `count` runs of `base`, copied, by rising `first`; to be given to
 * io_close. -ENOMEM. */
MUST_CHECK errint strings_io(struct io *base, const struct strings_run *runs, uint32_t count,
                             struct io **out);

/* strings_run_at: the run of `io` that has the number; NULL for an io of another kind. Nothing is
 * read. */
const struct strings_run *strings_run_at(const struct io *io, uint64_t number);

/* strings_need: verifies the run that has the number, unless that is done: 0, -EBADMSG, -EIO,
 * -ENOMEM; -EINTR, -EAGAIN as once_need; -EINVAL for an io of another kind. */
MUST_CHECK errint strings_need(struct io *io, struct once_waiter *w, uint64_t number);

struct strings_counts {
    uint64_t sized;   /* runs that were read through */
    uint64_t damaged; /* runs that turned out to be */
    uint64_t bytes;   /* that the marks of the first take */
};

/* strings_count: adds what is known of the runs of `io` by now; nothing for an io of another
 * kind. */
void strings_count(const struct io *io, struct strings_counts *counts);

/* A walk over elements in the order of their numbers, in the caller's storage: 64 KiB. It owns
 * nothing that needs freeing. One thread. */
struct strings_walk {
    const struct strings_block *block; /* NULL: nowhere */
    uint64_t next;                     /* element of the run that comes next */
    struct wire_window lengths;        /* V2: from its length on */
    uint64_t bytes;                    /* V2: where its bytes begin */
    struct record_place place;         /* V1: before its field */
    struct wire wire;
};

static inline void strings_walk_init(struct strings_walk *w)
{
    w->block = NULL;
}

/* strings_walk_to: makes `number` of `io` the next element. Costs at most STRINGS_STEP
 * lengths. `waiter` is borrowed up to the next call. Fails as strings_need. */
MUST_CHECK errint strings_walk_to(struct strings_walk *w, struct io *io, struct once_waiter *waiter,
                                  uint64_t number);

/* strings_walk_next: the next element is bytes [*off, *off + *len) of the io; *end is where its
 * run ends, up to which bytes may be read. -EBADMSG past the last of the run, and as
 * strings_need. */
MUST_CHECK errint strings_walk_next(struct strings_walk *w, uint64_t *off, uint64_t *len,
                                    uint64_t *end);

#endif
