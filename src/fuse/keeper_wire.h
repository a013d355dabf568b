/* SPDX-License-Identifier: Apache-2.0 */
/* What the server and its keeper say to each other, over a pair of sockets that keep messages
 * apart. */
#ifndef CKPTFS_FUSE_KEEPER_WIRE_H
#define CKPTFS_FUSE_KEEPER_WIRE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/errint.h"

/* The first byte of a request. Each is answered by an errint. */
enum keeper_request {
    KEEPER_MOUNT = 'm', /* the source's name follows; with the answer comes the device */
    KEEPER_LIVE = 'l',
    KEEPER_ABORT = 'a',
    KEEPER_UNMOUNT = 'u', /* the end of the connection means the same */
};

enum { KEEPER_TEXT_MOST = 4095 /* as long as the kernel takes the source of a mount */ };

/* keeper_send: one message, and with it the descriptor `passed`, if that is not -1. */
MUST_CHECK errint keeper_send(int socket, const void *bytes, size_t len, int passed);

/* keeper_receive: one message of at most `size` bytes: its length, 0 at the end, or a negative
 * errno. If a descriptor came with it, that is the caller's in *passed, else -1. */
MUST_CHECK ssize_t keeper_receive(int socket, void *bytes, size_t size, int *passed);

#endif
