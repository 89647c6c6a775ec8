/* SPDX-License-Identifier: BSD-2-Clause */

/* Records what happens in a System as a calls trace, and plays such a trace on a fresh machine. */
#ifndef TESTS_TRACE_RECORDING_H
#define TESTS_TRACE_RECORDING_H

#include <memory>
#include <string>
#include <vector>

#include "hosted/trace/trace.h"
#include "tests/support/system.h"

namespace albireo {

/* A trace in memory, closed when nobody needs it any more. */
using Trace = std::shared_ptr<struct trace>;

Trace parse(const std::string &text, struct trace_error *error);
/* The same for text that must be a trace; null, and a failure of the test, if it is not. */
Trace parse(const std::string &text);
/* What is wrong with a text that must not be a trace. */
std::string complaint(const std::string &text);

/* "albireo-trace 1", a header that says `kind calls`, these lines, and an end after `events`. */
std::string calls_trace(const std::vector<std::string> &lines, uint64_t events);

/* One event; the text is parsed as the only line of a calls trace. */
class Event {
  public:
    Event() = default;
    explicit Event(const std::string &line);
    ~Event()
    {
        trace_event_free(&event_);
    }
    Event(const Event &) = delete;
    Event &operator=(const Event &) = delete;
    struct trace_event *operator->()
    {
        return &event_;
    }
    struct trace_event *get()
    {
        return &event_;
    }
    std::string line() const;

  private:
    struct trace_event event_ = {};
};

/* Watches a machine from now on. With registers and memory (calls), or without. */
class Recording {
  public:
    explicit Recording(struct sim *sim, enum trace_kind kind = TRACE_CALLS);
    ~Recording();
    Recording(const Recording &) = delete;
    Recording &operator=(const Recording &) = delete;

    /* Events as lines, the last one's parts. */
    std::vector<std::string> lines;
    const struct trace_event &last() const
    {
        return event_;
    }
    std::string what() const
    {
        return event_.what;
    }
    std::string outcome() const
    {
        return event_.outcome;
    }
    /* All of it as a trace; complete if recording began right after boot. */
    std::string text(const std::string &ending = "stopped") const;

  private:
    static void before(void *context, enum sim_event event, uint64_t a, uint64_t b);
    static void after(void *context);
    static void poll(void *context, uint64_t now, bool pending);

    struct sim *sim_;
    struct trace_shadow *shadow_ = nullptr;
    struct trace_header header_ = {};
    struct trace_event event_ = {};
};

/* The line without the debug names of threads: a System sets those behind the kernel's back. */
std::string without_names(const std::string &line);

/* Plays a calls trace on a fresh machine, and expects the outcomes and hashes that it says. Returns
 * the events as they happened. No other machine may exist. */
std::vector<std::string> play(const std::string &text);

} // namespace albireo

#endif
