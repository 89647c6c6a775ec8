/* SPDX-License-Identifier: BSD-2-Clause */

/* Replays traces in tests: whatever was recorded must come out again, with all invariants checked
 * after every event.
 */
#ifndef TESTS_REPLAY_REPLAY_H
#define TESTS_REPLAY_REPLAY_H

#include <string>

#include <gtest/gtest.h>

namespace albireo {

/* Empty if the trace replays as it says; else what is different, or how the kernel panicked. A
 * program's ELF file is looked for where the trace says, then by its name below the working
 * directory (of a Bazel test: its runfiles). */
std::string replay_complaint(const std::string &trace);

/* The same for a file. */
std::string replay_complaint_of_file(const std::string &path);

/* Whether a trace is of a kernel configured as this one. False for what is no trace, too. */
bool replay_fits(const std::string &trace);

/* A whole file; empty if it cannot be read. */
std::string replay_read(const std::string &path);

} // namespace albireo

#endif
