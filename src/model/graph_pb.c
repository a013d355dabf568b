/* SPDX-License-Identifier: Apache-2.0 */
#include "model/graph_pb.h"

#include "codec/unpack_pb.h"
#include "meta_graph.pb-c.h"

static struct str text_of(ProtobufCBinaryData bytes)
{
    return bytes.len ? str_of(bytes.data, bytes.len) : STR("");
}

static struct graph_dims dims_of(const int64_t *dims, size_t rank)
{
    return (struct graph_dims){dims, (uint32_t)rank, false};
}

/* No shape at all is one of unknown rank, as for TensorFlow. */
static errint shape_of(const Ckptfs__Shape *m, struct arena *scratch, struct graph_dims *out)
{
    *out = (struct graph_dims){.unknown_rank = !m || m->unknown_rank};
    if (out->unknown_rank || m->n_dim == 0) {
        return 0;
    }
    int64_t *dims = ARENA_ARRAY(scratch, int64_t, m->n_dim);
    if (!dims) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < m->n_dim; i++) {
        dims[i] = m->dim[i]->size;
    }
    *out = dims_of(dims, m->n_dim);
    return 0;
}

errint graph_variable_def_decode(struct str record, struct arena *scratch,
                                 struct graph_variable_def *out)
{
    *out = (struct graph_variable_def){.name = STR(""), .whole = STR("")};
    const Ckptfs__VariableDef *m;
    errint rc = unpack_pb(&ckptfs__variable_def__descriptor, record, scratch, &m);
    if (rc < 0) {
        return rc;
    }
    out->name = text_of(m->variable_name);
    const Ckptfs__SaveSliceInfo *slice = m->save_slice_info;
    if (slice) {
        out->is_part = true;
        out->whole = text_of(slice->full_name);
        out->full = dims_of(slice->full_shape, slice->n_full_shape);
        out->offset = dims_of(slice->var_offset, slice->n_var_offset);
        out->shape = dims_of(slice->var_shape, slice->n_var_shape);
    }
    return 0;
}

errint graph_attr_decode(struct str record, struct arena *scratch, struct graph_attr *out)
{
    *out = (struct graph_attr){.shape = {.unknown_rank = true}};
    const Ckptfs__AttrValue *m;
    errint rc = unpack_pb(&ckptfs__attr_value__descriptor, record, scratch, &m);
    if (rc < 0) {
        return rc;
    }
    out->type = m->type;
    return shape_of(m->shape, scratch, &out->shape);
}

errint graph_saved_variable_decode(struct str record, struct arena *scratch,
                                   struct graph_saved_variable *out)
{
    *out = (struct graph_saved_variable){.name = STR("")};
    const Ckptfs__SavedVariable *m;
    errint rc = unpack_pb(&ckptfs__saved_variable__descriptor, record, scratch, &m);
    if (rc < 0) {
        return rc;
    }
    out->name = text_of(m->name);
    out->dtype = m->dtype;
    return shape_of(m->shape, scratch, &out->shape);
}
