/* SPDX-License-Identifier: BSD-2-Clause */

/* Linked into the test of the whole API: after a run of all its tests, writes the table of provoked
 * errors and fails if a row is empty. A filtered or sharded run cannot be complete and is not
 * judged. */
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/system.h"

namespace albireo {

namespace {

class CoverageEnvironment : public ::testing::Environment {
  public:
    void TearDown() override
    {
        const char *directory = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
        if (directory != nullptr) {
            std::ofstream file(std::string(directory) + "/api_coverage.txt");
            CountersTable::report(file);
        }
        if (whole_run()) {
            CountersTable::report(std::cout);
        }
        std::ostringstream missing;
        bool complete = CountersTable::complete(missing);
        if (whole_run() && !complete) {
            ADD_FAILURE() << "no test provokes:\n" << missing.str();
        }
    }

  private:
    static bool whole_run()
    {
        const auto *unit = ::testing::UnitTest::GetInstance();
        return std::getenv("GTEST_TOTAL_SHARDS") == nullptr &&
               std::getenv("TEST_TOTAL_SHARDS") == nullptr &&
               unit->test_to_run_count() + unit->disabled_test_count() == unit->total_test_count();
    }
};

const auto *const environment = ::testing::AddGlobalTestEnvironment(new CoverageEnvironment);

} // namespace

} // namespace albireo
