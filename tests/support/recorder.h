/* SPDX-License-Identifier: BSD-2-Clause */

/* Recording tests: with ALBIREO_TRACE_DIR=DIRECTORY in the environment, every System of a test
 * leaves a trace of its calls there, SUITE.TEST[.n].trace.
 */
#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "hosted/sim.h"
#include "hosted/trace/trace.h"

namespace albireo {

class TraceRecorder {
  public:
    /* Null if nothing is to be recorded. */
    static std::unique_ptr<TraceRecorder> create(struct sim *sim);
    ~TraceRecorder(); /* While the simulator still exists. */
    TraceRecorder(const TraceRecorder &) = delete;
    TraceRecorder &operator=(const TraceRecorder &) = delete;

    /* What a trace cannot say has happened, such as going back to a snapshot: it ends here. */
    void end();

  private:
    TraceRecorder(struct sim *sim, std::FILE *file);
    static void before(void *context, enum sim_event event, uint64_t a, uint64_t b);
    static void after(void *context);
    static void poll(void *context, uint64_t now, bool pending);

    struct sim *sim_;
    std::FILE *file_;
    struct trace_shadow *shadow_;
    std::unique_ptr<struct trace_header> header_;
    std::unique_ptr<struct trace_event> event_;
    uint64_t written_ = 0;
    bool ended_ = false;
};

} // namespace albireo

#endif
