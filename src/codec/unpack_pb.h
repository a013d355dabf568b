/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf-c over an arena: for the *_pb.c files, which alone know the generated types. */
#ifndef CKPTFS_CODEC_UNPACK_PB_H
#define CKPTFS_CODEC_UNPACK_PB_H

#include "base/arena.h"
#include "base/errint.h"
#include "base/str.h"

struct ProtobufCMessageDescriptor;

/* unpack_pb: the message of that type in `record`, all of it allocated in `scratch`; *out is the
 * address of a pointer to it. -EBADMSG if it is no such message, -ENOMEM; *out is then NULL. */
MUST_CHECK errint unpack_pb(const struct ProtobufCMessageDescriptor *type, struct str record,
                            struct arena *scratch, void *out);

#endif
