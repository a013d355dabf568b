/* SPDX-License-Identifier: Apache-2.0 */
/* How a function of ckptfs says that it failed.
 *
 * `errint` is 0 for success or a negative errno. Ignoring it is a compile error. The codes we use:
 *
 *   -ENOENT     no such tensor or file
 *   -EINVAL     the map or the command line is wrong (start-up only)
 *   -EBADMSG    checkpoint bytes contradict the format: magic, checksum, bounds
 *   -ENOTSUP    well-formed, but not served (start-up only)
 *   -EOVERFLOW  sizes that do not fit
 *   -ERANGE     a value does not fit the type that it is cast to
 *   -EUCLEAN    damaged, as -o verify found and tells
 *   -EINTR      the request was interrupted
 *   -EAGAIN     this thread may not wait now: another has to ask again (once.h)
 *   -EIO        short read, changed file or device error
 *   -ENOMEM     allocation failed
 *
 * Iterators return 1 (an item), 0 (the end) or a negative errno. Functions that yield a count of
 * bytes return ssize_t with the same negatives. Start-up functions take a `struct diag *` last and
 * put the words of the failure there (diag.h); nothing below src/fuse and src/tool prints. */
#ifndef CKPTFS_BASE_ERRINT_H
#define CKPTFS_BASE_ERRINT_H

#include <errno.h>

typedef int errint;

/* first_failure: `rc`, or where that is 0, `next`: of steps that are all done, the first that
 * failed. */
static inline errint first_failure(errint rc, errint next)
{
    return rc == 0 ? next : rc;
}

#define MUST_CHECK        __attribute__((warn_unused_result))
#define FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))

#endif
