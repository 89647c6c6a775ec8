/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/trace/recording.h"

#include <cstdio>
#include <cstdlib>

namespace albireo {

Trace parse(const std::string &text, struct trace_error *error)
{
    return Trace(trace_parse(text.data(), text.size(), error), trace_close);
}

Trace parse(const std::string &text)
{
    struct trace_error error = {};
    Trace trace = parse(text, &error);
    EXPECT_NE(trace, nullptr) << error.text << "\n" << text;
    return trace;
}

std::string complaint(const std::string &text)
{
    struct trace_error error = {};
    EXPECT_EQ(parse(text, &error), nullptr) << text;
    return error.text;
}

std::string calls_trace(const std::vector<std::string> &lines, uint64_t events)
{
    std::string text = "albireo-trace 1\nkind calls\n";
    for (const std::string &line : lines) {
        text += line + "\n";
    }
    return text + "end " + std::to_string(events) + " stopped\n";
}

Event::Event(const std::string &line)
{
    struct trace_error error = {};
    Trace trace = parse(calls_trace({line}, 1));
    if (trace != nullptr) {
        EXPECT_TRUE(trace_event_at(trace.get(), 1, &event_, &error)) << error.text;
    }
}

std::string Event::line() const
{
    struct trace_header header = {};
    std::string text(1 << 16, '\0');
    text.resize(trace_format_event(text.data(), text.size(), &header, &event_));
    return text;
}

/* --- Recording -------------------------------------------------------------------------------- */

Recording::Recording(struct sim *sim, enum trace_kind kind) : sim_(sim)
{
    header_.kind = kind;
    header_.hash_every = 1;
    trace_describe_machine(sim, &header_);
    header_.boot_hash = trace_state_hash(sim);
    if (kind == TRACE_CALLS) {
        shadow_ = trace_shadow_create();
    }
    struct sim_observer observer = {this, before, after, poll};
    sim_observe(sim, &observer);
}

Recording::~Recording()
{
    sim_observe(sim_, nullptr);
    trace_shadow_free(shadow_);
    trace_event_free(&event_);
}

void Recording::before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    Recording *self = static_cast<Recording *>(context);
    trace_describe_before(self->sim_, self->shadow_, event, a, b, &self->event_);
}

void Recording::after(void *context)
{
    Recording *self = static_cast<Recording *>(context);
    trace_describe_after(self->sim_, self->shadow_, &self->event_);
    self->event_.has_hash = true;
    self->event_.hash = trace_state_hash(self->sim_);
    std::string line(1 << 16, '\0');
    line.resize(trace_format_event(line.data(), line.size(), &self->header_, &self->event_));
    self->lines.push_back(line);
}

void Recording::poll(void *context, uint64_t now, bool pending)
{
    Recording *self = static_cast<Recording *>(context);
    trace_describe_poll(self->sim_, &self->event_, now, pending);
}

std::string Recording::text(const std::string &ending) const
{
    char *memory = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&memory, &size);
    trace_write_header(file, &header_);
    for (const std::string &line : lines) {
        std::fprintf(file, "%s\n", line.c_str());
    }
    trace_write_end(file, lines.size(), ending.c_str());
    std::fclose(file);
    std::string text(memory, size);
    std::free(memory);
    return text;
}

/* --- Playing ---------------------------------------------------------------------------------- */

std::string without_names(const std::string &line)
{
    std::string out;
    for (char c : line) {
        if (c == '@') {
            size_t end = out.find_last_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_.'-");
            out.resize(end == std::string::npos ? 0 : end + 1);
        }
        out += c;
    }
    return out;
}

std::vector<std::string> play(const std::string &text)
{
    struct trace_error error = {};
    struct sim_error problem = {};
    Trace trace = parse(text);
    if (trace == nullptr) {
        return {};
    }
    struct trace_header *header = trace_header(trace.get());
    struct sim_config config = header->machine;
    config.dtb = header->dtb;
    config.dtb_size = header->dtb_size;
    std::unique_ptr<struct sim, decltype(&sim_destroy)> sim(sim_create(&config, &problem),
                                                            sim_destroy);
    EXPECT_NE(sim, nullptr) << problem.text;
    if (sim == nullptr) {
        return {};
    }
    if (header->hash_every != 0) {
        EXPECT_EQ(header->boot_hash, trace_state_hash(sim.get()));
    }
    Recording recording(sim.get());
    Event event;
    for (uint64_t i = 1; i <= trace_events(trace.get()); i++) {
        EXPECT_TRUE(trace_event_at(trace.get(), i, event.get(), &error)) << error.text;
        if (!trace_apply(sim.get(), event.get(), &error)) {
            ADD_FAILURE() << error.text;
            break;
        }
        sim_fire(sim.get(), event->event, event->a, event->b);
        if (event->outcome[0] != '\0') {
            EXPECT_EQ(without_names(event->outcome), without_names(recording.outcome()))
                << event.line();
        }
        if (event->has_hash) {
            EXPECT_EQ(event->hash, recording.last().hash) << event.line();
        }
    }
    return recording.lines;
}

} // namespace albireo
