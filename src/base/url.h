/* SPDX-License-Identifier: Apache-2.0 */
/* Places that are no paths of this machine: gs://bucket/model, https://host/model,
 * hf://owner/model. */
#ifndef CKPTFS_BASE_URL_H
#define CKPTFS_BASE_URL_H

#include "base/str.h"

/* url_in: where in `path` a URL begins: at its start, or after a '/', since relative paths are put
 * behind a folder. ptr is NULL if there is none. */
struct str url_in(struct str path);

/* url_advice: what to do about a URL: "copy it here first, as with: gcloud storage cp -r";
 * static. */
const char *url_advice(struct str url);

#endif
