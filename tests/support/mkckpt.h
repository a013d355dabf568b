/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints for tests, good and broken, encoded without any code of src/ (own crc, own varints),
 * so that a mistake there is not made twice. Layout after
 * tensorflow/core/lib/io/{table_builder,block_builder,format}.cc and
 * tensorflow/core/protobuf/tensor_bundle.proto. A lack of memory ends the program.
 *
 *   file      data block * | metaindex block (empty) | index block | footer
 *   block     content | type u8 (0 none, 1 snappy) | masked crc32c u32 over content and type
 *   content   entry * | restart offset u32 * n | n u32
 *   entry     varint shared | varint unshared | varint value_len | unshared key bytes | value
 *   index     key >= the last key of its block, value = varint offset, varint size (without the 5
 *             bytes of type and crc)
 *   footer    metaindex handle | index handle | zeros to byte 40 | 57 fb 80 8b 24 75 47 db
 */
#ifndef CKPTFS_TESTS_MKCKPT_H
#define CKPTFS_TESTS_MKCKPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mkbuf {
    uint8_t *data;
    size_t len;
    size_t cap;
};

void mkbuf_free(struct mkbuf *b);
void mkbuf_add(struct mkbuf *b, const void *bytes, size_t len);
void mkbuf_fill(struct mkbuf *b, int byte, size_t count);
void mkbuf_u8(struct mkbuf *b, unsigned byte);
void mkbuf_le32(struct mkbuf *b, uint32_t value);
void mkbuf_varint(struct mkbuf *b, uint64_t value);

/* One varint field of a message, left out when 0 as proto3 does; one length-delimited field. */
void mkbuf_field(struct mkbuf *b, unsigned number, uint64_t value);
void mkbuf_message(struct mkbuf *b, unsigned number, const void *bytes, size_t len);

uint32_t mk_crc32c(const void *bytes, size_t len);
uint32_t mk_mask(uint32_t crc);

/* Writes the file, replacing it; ends the program on failure. */
void mk_write_file(const char *path, const void *bytes, size_t len);

/* A table under construction. The knobs may be changed at any time. */
struct mktable {
    size_t block_bytes;        /* a data block is cut when it has that many; 262144 */
    unsigned restart_interval; /* 16 */
    bool snappy;               /* data blocks */
    uint32_t crc_xor;          /* into the checksum of data blocks */
    uint32_t index_crc_xor;    /* into that of the index block */
    int64_t restart_count;     /* what data blocks say they have; -1: the truth */
    uint64_t magic;
    uint64_t index_off_add; /* to the index handle in the footer */
    uint64_t index_bytes_add;

    struct mkbuf file; /* the result */
    struct mkbuf block;
    struct mkbuf index;
    struct mkbuf restarts;
    struct mkbuf index_restarts;
    struct mkbuf last_key;
    unsigned since_restart;
};

struct mkhandle {
    uint64_t off;
    uint64_t bytes;
    uint32_t crc32c; /* masked, as the trailer has it */
};

void mktable_init(struct mktable *t);
void mktable_free(struct mktable *t);

/* A record, whatever its order; blocks are cut by themselves. */
void mktable_add(struct mktable *t, const void *key, size_t key_len, const void *value,
                 size_t value_len);

/* An entry of the present data block as given: three numbers, then bytes. */
void mktable_raw_entry(struct mktable *t, uint64_t shared, uint64_t unshared, uint64_t value_len,
                       const void *bytes, size_t len);

/* Ends the data block, empty or not, and lists it in the index. */
void mktable_cut(struct mktable *t);

/* A block of these content bytes, not listed in the index. */
struct mkhandle mktable_raw_block(struct mktable *t, const void *content, size_t len, unsigned type,
                                  uint32_t crc_xor);

/* An index entry. */
void mktable_list(struct mktable *t, const void *key, size_t key_len, struct mkhandle h);

/* The rest of the file: t->file is whole afterwards. */
void mktable_finish(struct mktable *t);

/* Records of a bundle. */
void mk_header(struct mkbuf *b, unsigned num_shards);
struct mkentry {
    uint64_t dtype;
    unsigned rank;
    const int64_t *dims;
    uint64_t shard;
    uint64_t off;
    uint64_t bytes;
    uint32_t crc; /* masked */
};
void mk_entry(struct mkbuf *b, const struct mkentry *e);

/* The key of a slice (OrderedCode, reference tensor_bundle.cc EncodeTensorNameSlice): numbers from
 * 0 to 2^13 only, -1 as length is a full axis. */
void mk_slice_key(struct mkbuf *b, const char *name, unsigned rank, const int64_t *starts,
                  const int64_t *lengths);

/* A whole checkpoint: tensors in any order, written with the keys sorted. */
enum { MK_SHARDS_MOST = 16 };

struct mkrecord;

struct mkckpt {
    unsigned num_shards;
    struct mkbuf header;
    struct mkbuf shards[MK_SHARDS_MOST];
    struct mkrecord *records;
    size_t count;
};

void mkckpt_init(struct mkckpt *c, unsigned num_shards);
void mkckpt_free(struct mkckpt *c);

/* A tensor whose `len` bytes are put at the end of its shard. */
void mkckpt_tensor(struct mkckpt *c, const char *name, unsigned dtype, unsigned rank,
                   const int64_t *dims, unsigned shard, const void *bytes, size_t len);

/* A run of strings as a data file has it (tensor_bundle.cc, WriteStringTensor): elements[i] of
 * lens[i] bytes. *crc is what its entry has, masked. */
void mk_strings(struct mkbuf *b, const void *const *elements, const size_t *lens, size_t count,
                bool big_endian, uint32_t *crc);

/* A record as it is. */
void mkckpt_record(struct mkckpt *c, const void *key, size_t key_len, const void *value,
                   size_t value_len);

/* Adds header and records, sorted, to a table. */
void mkckpt_into_table(struct mkckpt *c, struct mktable *t);

/* PREFIX.index and PREFIX.data-*-of-*. */
void mkckpt_write(struct mkckpt *c, const char *prefix);

/* PREFIX.index alone, of `count` float32 tensors named "model/layer_%06u/sub/kernel" of shape [16,
 * 4], in one shard. */
void mk_write_big_index(const char *prefix, unsigned count);

#endif
