/* SPDX-License-Identifier: Apache-2.0 */
/* cast_table FROM TO MODE < in > out: a filter that casts all elements of its input. For
 * tests/parity/test_cast.py. MODE is checked, saturate or wrap. Exit status 2: refused or not
 * understood; 3: a value does not fit; 1: anything else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cast.h"

static enum dtype parse(const char *name)
{
    enum dtype type = dtype_parse(str_from(name));
    if (type == DTYPE_INVALID) {
        fprintf(stderr, "cast_table: no type %s\n", name);
        exit(2);
    }
    return type;
}

static unsigned char *read_all(FILE *in, size_t *len)
{
    size_t cap = 1 << 20;
    unsigned char *bytes = malloc(cap);
    *len = 0;
    while (bytes) {
        size_t got = fread(bytes + *len, 1, cap - *len, in);
        *len += got;
        if (got == 0) {
            break;
        }
        if (*len == cap) {
            cap *= 2;
            bytes = realloc(bytes, cap);
        }
    }
    if (!bytes || ferror(in)) {
        fputs("cast_table: cannot read\n", stderr);
        exit(1);
    }
    return bytes;
}

int main(int argc, char **argv)
{
    const char *const modes[] = {"checked", "saturate", "wrap"};
    size_t mode = 0;
    while (argc == 4 && mode < ARRAY_LEN(modes) && strcmp(argv[3], modes[mode]) != 0) {
        mode++;
    }
    if (argc != 4 || mode == ARRAY_LEN(modes)) {
        fputs("usage: cast_table FROM TO checked|saturate|wrap < in > out\n", stderr);
        return 2;
    }
    enum dtype from = parse(argv[1]);
    enum dtype to = parse(argv[2]);
    const char *refusal = cast_refusal(from, to, (enum cast_mode)mode);
    if (refusal) {
        fprintf(stderr, "cast_table: %s\n", refusal);
        return 2;
    }

    size_t len;
    unsigned char *in = read_all(stdin, &len);
    size_t count = len / dtype_bytes(from);
    size_t out_bytes = count * dtype_bytes(to);
    unsigned char *out = malloc(out_bytes + 1);
    errint rc = out ? cast_run(from, to, (enum cast_mode)mode, in, out, count) : -ENOMEM;
    if (rc == 0 && fwrite(out, 1, out_bytes, stdout) != out_bytes) {
        rc = -EIO;
    }
    free(out);
    free(in);
    if (rc == 0 && fflush(stdout) != 0) {
        rc = -EIO;
    }
    return rc == 0 ? 0 : rc == -ERANGE ? 3 : 1;
}
