/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/unpack_pb.h"

#include <protobuf-c/protobuf-c.h>

struct scratch_source {
    struct arena *arena;
    bool failed; /* tells "no memory" from "no message": unpack returns NULL for both */
};

static void *scratch_alloc(void *data, size_t bytes)
{
    struct scratch_source *source = data;
    void *object = arena_alloc(source->arena, bytes);
    source->failed |= !object;
    return object;
}

static void scratch_free(void *data, void *object)
{
    (void)data;
    (void)object;
}

errint unpack_pb(const struct ProtobufCMessageDescriptor *type, struct str record,
                 struct arena *scratch, void *out)
{
    struct scratch_source source = {scratch, false};
    ProtobufCAllocator allocator = {scratch_alloc, scratch_free, &source};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &allocator, record.len, (const uint8_t *)record.ptr);
    *(void **)out = message;
    if (message) {
        return 0;
    }
    return source.failed ? -ENOMEM : -EBADMSG;
}
