/* SPDX-License-Identifier: Apache-2.0 */
#include "propose/proof.h"

#include <string.h>

#include "map/token.h"
#include "plan/ops/table.h"
#include "render/value_read.h"

errint proof_make(struct prover *p, const struct value *values, uint32_t count,
                  const char *operations, struct op_result *out, bool *made)
{
    *out = (struct op_result){.arena = &p->making};
    *made = false;
    errint rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = op_result_add(out, values[i]);
    }
    struct str rest = str_from(operations);
    while (rc == 0 && rest.ptr && rest.len) {
        struct op op;
        rc = op_parse(&op_table, token_cut(rest, '|', &rest), position_file(NULL), &p->making, &op,
                      &p->diag);
        if (rc == 0) {
            rc = op_apply(&op, out);
        }
    }
    *made = rc == 0;
    return rc == -ENOMEM ? rc : 0;
}

/* ---- all elements ---------------------------------------------------------------------------- */

static bool is_constant(const char *bytes, size_t len, unsigned width)
{
    return memcmp(bytes, bytes + width, len - width) == 0;
}

/* Bytes of blocks that end with an element, so that constants are seen. */
static size_t block_at(uint64_t off, uint64_t bytes)
{
    return bytes - off < PROVER_BLOCK ? (size_t)(bytes - off) : PROVER_BLOCK;
}

errint proof_compare(struct prover *p, const struct value *made, const struct value *wanted,
                     struct proof_outcome *out)
{
    unsigned width = dtype_bytes(wanted->dtype);
    uint8_t first[16];
    uint64_t bytes;
    *out = (struct proof_outcome){.constant = true};
    if (made->dtype != wanted->dtype || !shape_eq(made->shape, wanted->shape)) {
        return 0;
    }
    errint rc = shape_bytes(wanted->shape, wanted->dtype, &bytes);
    for (uint64_t off = 0; rc == 0 && off < bytes; off += PROVER_BLOCK) {
        size_t len = block_at(off, bytes);
        char *left = p->blocks[PROPOSAL_FROM];
        char *right = p->blocks[PROPOSAL_TO];
        rc = value_read(&p->readers[PROPOSAL_TO], wanted, off, len, right);
        if (rc == 0) {
            rc = value_read(&p->readers[PROPOSAL_FROM], made, off, len, left);
        }
        if (rc < 0 || memcmp(left, right, len) != 0) {
            return rc;
        }
        if (off == 0) {
            memcpy(first, right, width);
        }
        out->constant =
            out->constant && memcmp(right, first, width) == 0 && is_constant(right, len, width);
    }
    out->equal = rc == 0;
    return rc;
}

/* ---- some ------------------------------------------------------------------------------------ */

/* The first, the last, and others that no stride hits alone. */
static uint64_t sampled(unsigned i, uint64_t elements)
{
    if (i < 2) {
        return i == 0 ? 0 : elements - 1;
    }
    uint64_t x = (elements + i) * 0x9e3779b97f4a7c15;
    return (x ^ x >> 31) * 0xbf58476d1ce4e5b9 % elements;
}

errint proof_sample(struct prover *p, enum proposal_end end, const struct value *v,
                    struct proof_sample *out)
{
    unsigned width = dtype_bytes(v->dtype);
    uint64_t elements;
    *out = (struct proof_sample){.shape = v->shape, .dtype = v->dtype};
    errint rc = shape_elements(v->shape, &elements);
    out->count = elements < PROOF_SAMPLES ? (unsigned)elements : PROOF_SAMPLES;
    for (unsigned i = 0; rc == 0 && i < out->count; i++) {
        uint64_t at = elements <= PROOF_SAMPLES ? i : sampled(i, elements);
        out->offs[i] = at * width;
        rc = value_read(&p->readers[end], v, out->offs[i], width, out->elements[i]);
    }
    return rc;
}

errint proof_fits(struct prover *p, enum proposal_end end, const struct value *v,
                  const struct proof_sample *sample, bool *fits)
{
    unsigned width = dtype_bytes(v->dtype);
    uint8_t element[16];
    *fits = v->dtype == sample->dtype && shape_eq(v->shape, sample->shape);
    for (unsigned i = 0; *fits && i < sample->count; i++) {
        errint rc = value_read(&p->readers[end], v, sample->offs[i], width, element);
        if (rc < 0 && rc != -ERANGE) {
            return rc;
        }
        *fits = rc == 0 && memcmp(element, sample->elements[i], width) == 0;
    }
    return 0;
}
