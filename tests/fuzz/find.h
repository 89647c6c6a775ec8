/* SPDX-License-Identifier: BSD-2-Clause */

/* For tests made by `fuzz_input test`. The rule find_test() of find.bzl builds and runs them. */
#ifndef TESTS_FUZZ_FIND_H
#define TESTS_FUZZ_FIND_H

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "abi/api.h"
#include "fuzz/api/input.h"
#include "fuzz/oracle/oracle.h"

namespace albireo {

/* Plays events in a new world, with these oracles: "KIND: TEXT" of what they find, "" for nothing.
 * Whoever finds something is told the input in words, too. */
std::string find_of(const struct input_config &config,
                    const std::vector<struct input_event> &events,
                    enum oracle_level level = ORACLE_FULL);

/* What this build of a test sees. */
bool find_counts_steps();
bool find_is_sanitized();

} // namespace albireo

/* At the beginning of a test that a build would pass which cannot see its find. */
#define ALBIREO_FIND_COUNTS_STEPS()                                                                \
    if (!albireo::find_counts_steps()) {                                                           \
        GTEST_SKIP() << "not looked at: only the precise watch counts steps (NAME_watched_test)";  \
    }
#define ALBIREO_FIND_IS_SANITIZED()                                                                \
    if (!albireo::find_is_sanitized()) {                                                           \
        GTEST_SKIP() << "not looked at: only sanitizers see it (NAME_sanitize_test)";              \
    }

#endif
