/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of_scheme(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

struct str url_in(struct str path)
{
    long colon = str_search(path, STR("://"));
    size_t start = colon < 0 ? 0 : (size_t)colon;
    while (start > 0 && is_of_scheme(path.ptr[start - 1])) {
        start--;
    }
    bool found = colon - (long)start >= 2 && is_letter(path.ptr[start]) &&
                 (start == 0 || path.ptr[start - 1] == '/');
    return found ? str_from_pos(path, start) : (struct str){NULL, 0};
}

const char *url_advice(struct str url)
{
    static const struct {
        const char *scheme;
        const char *advice;
    } known[] = {
        {"gs://",
         "copy it here first, as with 'gcloud storage cp -r', or mount the bucket with gcsfuse"},
        {"s3://", "copy it here first, as with 'aws s3 cp --recursive', or mount the bucket"},
        {"hf://", "download it first, as with 'hf download'"},
        {"http://", "download it first"},
        {"https://", "download it first"},
        {"ftp://", "download it first"},
        {"file://", "write the path alone"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (str_starts(url, str_from(known[i].scheme))) {
            return known[i].advice;
        }
    }
    return "copy it to a file system first";
}
