/* SPDX-License-Identifier: Apache-2.0 */
/* SANITIZED is defined where the compiler puts a sanitizer into the program, which does things of
 * its own: maps memory, reads /proc, traces the process to find leaks, writes reports. */
#ifndef CKPTFS_SANDBOX_SANITIZED_H
#define CKPTFS_SANDBOX_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
