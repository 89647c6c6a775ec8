/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/replay/replay.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

#include "hosted/session/session.h"
#include "hosted/trace/trace.h"
#include "tests/support/core.h"

namespace albireo {

namespace {

using TracePointer = std::unique_ptr<struct trace, decltype(&trace_close)>;
using SessionPointer = std::unique_ptr<struct session, decltype(&session_close)>;

TracePointer parse(const std::string &text, struct trace_error *error)
{
    return TracePointer(trace_parse(text.data(), text.size(), error), trace_close);
}

/* Where a program's ELF file is; empty: where the trace says. */
std::string find_image(const std::string &named)
{
    namespace fs = std::filesystem;
    std::error_code ignored;
    if (fs::exists(named, ignored)) {
        return "";
    }
    fs::path name = fs::path(named).filename();
    auto options = fs::directory_options::follow_directory_symlink |
                   fs::directory_options::skip_permission_denied;
    for (const fs::directory_entry &entry :
         fs::recursive_directory_iterator(".", options, ignored)) {
        if (entry.path().filename() == name) {
            return entry.path().string();
        }
    }
    return "";
}

std::string play(struct session *session)
{
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT) {
        end = session_step(session);
    }
    const struct sim *sim = session_sim(session);
    std::string event = "event " + std::to_string(session_events(session)) + ": ";
    if (sim_status(sim) == SIM_PANICKED) {
        return event + "kernel panic: " + sim_message(sim);
    }
    if (end == SESSION_END) {
        return "";
    }
    const char *complaint = session_complaint(session);
    return complaint != nullptr ? complaint : event + "the system stopped before its trace did";
}

} // namespace

std::string replay_complaint(const std::string &text)
{
    struct trace_error wrong = {};
    TracePointer trace = parse(text, &wrong);
    if (trace == nullptr) {
        return wrong.text;
    }
    std::string image;
    if (trace_header(trace.get())->kind == TRACE_PROGRAM) {
        image = find_image(trace_header(trace.get())->image_file);
    }
    struct session_options options = {};
    options.image_path = image.empty() ? nullptr : image.c_str();
    options.any_build = true;
    options.forwards_only = true;
    options.check_every = 1;
    struct session_error error = {};
    SessionPointer session(session_replay(trace.get(), &options, &error), session_close);
    if (session == nullptr) {
        return error.text;
    }
    return play(session.get());
}

std::string replay_read(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str() : "";
}

std::string replay_complaint_of_file(const std::string &path)
{
    std::string text = replay_read(path);
    return text.empty() ? path + ": cannot be read, or is empty" : replay_complaint(text);
}

bool replay_fits(const std::string &text)
{
    struct trace_error wrong = {};
    TracePointer trace = parse(text, &wrong);
    if (trace == nullptr) {
        return false;
    }
    const struct trace_header *header = trace_header(trace.get());
    return header->debug == CONFIG_DEBUG && header->fpu == CONFIG_FPU &&
           header->domains == CONFIG_DOMAINS && header->cores == CONFIG_CORES;
}

} // namespace albireo
