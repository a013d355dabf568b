/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/fuse, which containers often lack. */
#ifndef CKPTFS_FUSE_FUSE_DEVICE_H
#define CKPTFS_FUSE_FUSE_DEVICE_H

/* fuse_device_remedy: why this process cannot mount, and what to do: no /dev/fuse, or none that it
 * may open, or a container without the capability. NULL if nothing of that kind is in the way. */
const char *fuse_device_remedy(void);

#endif
