/* SPDX-License-Identifier: BSD-2-Clause */

/* Things to make sessions of: a small RV64 program, and a native system with IPC. */
#ifndef TESTS_SESSION_SUPPORT_H
#define TESTS_SESSION_SUPPORT_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosted/session/session.h"

namespace albireo {

struct CloseSession {
    void operator()(struct session *session) const
    {
        session_close(session);
    }
};
struct CloseTrace {
    void operator()(struct trace *trace) const
    {
        trace_close(trace);
    }
};
using SessionPtr = std::unique_ptr<struct session, CloseSession>;
using TracePtr = std::unique_ptr<struct trace, CloseTrace>;

/* A file in the test's directory; it is gone with the object. */
class TempFile {
  public:
    TempFile(const std::string &name, const std::string &content);
    ~TempFile();
    TempFile(const TempFile &) = delete;
    TempFile &operator=(const TempFile &) = delete;
    const std::string &path() const
    {
        return path_;
    }

  private:
    std::string path_;
};

/* The program: `rounds` times it computes for 16384 instructions and sends to the empty slot whose
 * number is the count of rounds left; then it executes an illegal instruction, and nobody helps. */
std::string counting_elf(uint32_t rounds);

/* A header for it, with time slices of 1 ms. */
struct trace_header program_header(const std::string &path);

/* A native system: a client calls a server 20 times, faults once in between, and is deleted. */
struct trace_header native_header();

struct Recorded {
    std::string text;
    std::string complaint; /* Why it ended. */
    uint64_t events = 0;
    std::string console;
};
/* Runs until it ends by itself, or for so many events. */
Recorded record(const struct trace_header &header, const struct session_recording &how,
                uint64_t most = 10000);

TracePtr parse(const std::string &text);
/* Null and *error if it is refused. */
SessionPtr replay(struct trace *trace, struct session_options options = {},
                  struct session_error *error = nullptr);

/* The trace with the first `from` in the line of event `number` replaced. */
std::string edited(const std::string &text, uint64_t number, const std::string &from,
                   const std::string &to);
/* Without the event, and those behind it renumbered. */
std::string without(const std::string &text, uint64_t number);
/* With other words in place of some in the header. */
std::string with_header(const std::string &text, const std::string &from, const std::string &to);

std::string complaint(const struct session *session);

} // namespace albireo

#endif
