/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/recorder.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/core.h"

namespace albireo {

namespace {

/* A test with several systems numbers them. */
std::string file_name(const std::string &folder)
{
    static std::string last;
    static unsigned number;
    const ::testing::TestInfo *info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name =
        info == nullptr ? "system" : std::string(info->test_suite_name()) + "." + info->name();
    std::replace(name.begin(), name.end(), '/', '-');
    number = name == last ? number + 1 : 1;
    last = name;
    std::string suffix = number == 1 ? "" : "." + std::to_string(number);
    return folder + "/" + name + suffix + ".trace";
}

} // namespace

std::unique_ptr<TraceRecorder> TraceRecorder::create(struct sim *sim)
{
    const char *folder = std::getenv("ALBIREO_TRACE_DIR");
    if (folder == nullptr) {
        return nullptr;
    }
    std::string name = file_name(folder);
    std::FILE *file = std::fopen(name.c_str(), "w");
    if (file == nullptr) {
        ADD_FAILURE() << "ALBIREO_TRACE_DIR: " << name << " cannot be written";
        return nullptr;
    }
    return std::unique_ptr<TraceRecorder>(new TraceRecorder(sim, file));
}

TraceRecorder::TraceRecorder(struct sim *sim, std::FILE *file)
    : sim_(sim), file_(file), shadow_(trace_shadow_create()),
      header_(std::make_unique<struct trace_header>()),
      event_(std::make_unique<struct trace_event>())
{
    header_->kind = TRACE_CALLS;
    std::snprintf(header_->origin, sizeof header_->origin, "test");
    header_->debug = CONFIG_DEBUG;
    header_->fpu = CONFIG_FPU;
    header_->domains = CONFIG_DOMAINS;
    header_->cores = CONFIG_CORES;
    header_->machine = *sim_config_of(sim);
    header_->dtb_size = header_->machine.dtb_size;
    header_->instructions_per_tick = 100;
    header_->first = 1;
    header_->hash_every = 1;
    header_->boot_hash = trace_state_hash(sim);
    trace_write_header(file, header_.get());
    struct sim_observer observer = {this, before, after, poll};
    sim_observe(sim, &observer);
}

TraceRecorder::~TraceRecorder()
{
    end();
    trace_shadow_free(shadow_);
    trace_event_free(event_.get());
}

void TraceRecorder::end()
{
    if (file_ == nullptr) {
        return;
    }
    sim_observe(sim_, nullptr);
    trace_write_end(file_, written_, "end of the test");
    std::fclose(file_);
    file_ = nullptr;
}

void TraceRecorder::before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    auto *r = static_cast<TraceRecorder *>(context);
    if (sim_kernel(r->sim_)->work_units_per_poll != ABI_WORK_UNITS) {
        r->ended_ = true; /* A trace cannot say so. */
    }
    trace_describe_before(r->sim_, r->shadow_, event, a, b, r->event_.get());
}

void TraceRecorder::after(void *context)
{
    auto *r = static_cast<TraceRecorder *>(context);
    struct trace_event *event = r->event_.get();
    trace_describe_after(r->sim_, r->shadow_, event);
    if (r->ended_) {
        return;
    }
    event->has_hash = sim_status(r->sim_) != SIM_PANICKED;
    event->hash = event->has_hash ? trace_state_hash(r->sim_) : 0;
    trace_write_event(r->file_, r->header_.get(), event);
    r->written_ = event->number;
}

void TraceRecorder::poll(void *context, uint64_t now, bool pending)
{
    auto *r = static_cast<TraceRecorder *>(context);
    trace_describe_poll(r->sim_, r->event_.get(), now, pending);
}

} // namespace albireo
