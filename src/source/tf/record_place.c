/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tf/record_place.h"

enum { RECORD_DATA = 2, SLICE_DATA = 3 };

int record_place_next(struct wire *w, struct record_place *p, uint32_t field, enum wire_type single)
{
    for (;;) {
        struct wire_field f;
        int rc;
        while ((rc = wire_next(w, &p->tensor, &f)) > 0) {
            if (f.number == field && (f.type == single || f.type == WIRE_BYTES)) {
                p->chunk = f.bytes;
                return 1;
            }
        }
        if (rc == 0 && (rc = wire_next_of(w, &p->slice, SLICE_DATA, &p->tensor)) == 0) {
            p->tensor = (struct wire_window){0};
            rc = wire_next_of(w, &p->record, RECORD_DATA, &p->slice);
            if (rc == 0) {
                return 0;
            }
        }
        if (rc < 0) {
            return rc;
        }
    }
}
