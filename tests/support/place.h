/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CKPTFS_TESTS_PLACE_H
#define CKPTFS_TESTS_PLACE_H

#include "base/position.h"

/* place_text: "map.ini:3", as position_print has it, in static storage. */
const char *place_text(struct position at);

#endif
