/* SPDX-License-Identifier: BSD-2-Clause */

/* A system with something of everything in it, to be shown. */
#ifndef TESTS_SHOW_WORLD_H
#define TESTS_SHOW_WORLD_H

#include <string>

#include "hosted/show/show.h"
#include "tests/support/system.h"

namespace albireo {

/* Threads in every state, a call stack of two, badged copies, a second CSpace, a second address
 * space, a bound notification, a handler for interrupt 10, a thread waiting for its release, and a
 * pending fault. Root is current. */
void build_world(System &sys);

/* What the three functions write. */
std::string text_of(const struct sim *sim, uint32_t parts = SHOW_ALL);
std::string json_of(const struct sim *sim, uint32_t parts = SHOW_ALL);
std::string dot_of(const struct sim *sim, uint32_t parts = SHOW_ALL);

/* Whether `text` is one JSON value, by the grammar of RFC 8259. */
bool is_json(const std::string &text);

} // namespace albireo

#endif
