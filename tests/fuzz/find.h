/* SPDX-License-Identifier: BSD-2-Clause */

/* For tests made by `fuzz_input test`. */
#ifndef TESTS_FUZZ_FIND_H
#define TESTS_FUZZ_FIND_H

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "abi/api.h"
#include "fuzz/api/input.h"

namespace albireo {

/* Plays events in a new world, with full oracles: "KIND: TEXT" of what they find, "" for nothing.
 * Whoever finds something is told the input in words, too. */
std::string find_of(const struct input_config &config,
                    const std::vector<struct input_event> &events);

} // namespace albireo

#endif
