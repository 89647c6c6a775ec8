/* SPDX-License-Identifier: BSD-2-Clause */

/* Timelines of kernels that are broken, and of names that are odd. What they say of good ones is
 * tested on recorded runs, by timeline_test.py. */
#include <cstring>

#include "hosted/timeline/timeline.h"
#include "tests/support/system.h"

namespace albireo {

namespace {

class Timeline : public ::testing::Test {
  protected:
    void SetUp() override
    {
        file_ = open_memstream(&text_, &size_);
        timeline_ = timeline_begin(file_, sys_.sim());
    }

    /* As if the current thread had made this call. */
    void event(const char *what)
    {
        sim_set_time(sys_.sim(), sys_.now() + 1);
        auto event = std::make_unique<struct trace_event>();
        event->number = ++events_;
        event->time = sys_.now();
        event->who.paddr = reinterpret_cast<uintptr_t>(sys_.root().object) - SIM_WINDOW;
        event->event = SIM_EVENT_SYSCALL;
        snprintf(event->what, sizeof event->what, "%s", what);
        timeline_event(timeline_, event.get());
    }

    std::string end()
    {
        EXPECT_TRUE(timeline_end(timeline_, "here", "the end"));
        fclose(file_);
        std::string text(text_, size_);
        free(text_);
        EXPECT_EQ(text.substr(text.size() - 3), "}}\n");
        EXPECT_NE(text.find("\"ending\":\"the end\""), std::string::npos);
        return text;
    }

    System sys_;
    FILE *file_ = nullptr;
    char *text_ = nullptr;
    size_t size_ = 0;
    uint64_t events_ = 0;
    struct timeline *timeline_ = nullptr;
};

bool contains(const std::string &text, const char *piece)
{
    return text.find(piece) != std::string::npos;
}

} // namespace

TEST_F(Timeline, ThreadListThatLeadsNowhere)
{
    Thread other = sys_.spawn({.priority = 50});
    event("Yield");
    struct thread *saved = sys_.kernel()->threads;
    sys_.kernel()->threads = reinterpret_cast<struct thread *>(0x10);
    event("Call 0x1 TCB_Suspend()");
    event("DebugNameThread 'x'");
    event("DebugPutChar 0x41 'A'");
    sys_.kernel()->threads = saved;
    event("Yield"); // What was given up is not taken up again.
    std::string text = end();
    EXPECT_TRUE(contains(text, "TCB_Suspend"));
    EXPECT_EQ(other.state(), THREAD_RESTART);
}

TEST_F(Timeline, ListThatLosesItsTail)
{
    sys_.spawn({.priority = 50});
    event("Yield");
    struct thread *first = sys_.kernel()->threads;
    struct thread *saved = first->all_next;
    first->all_next = reinterpret_cast<struct thread *>(SIM_WINDOW + SIM_RAM_BASE + 3);
    event("Yield");
    first->all_next = saved;
    end();
}

TEST_F(Timeline, BadPointersOfThreadsAndCores)
{
    struct kernel *k = sys_.kernel();
    struct core core = k->cores[0];
    struct sched_context *sc = sys_.root().object->sc;
    sys_.root().object->sc = reinterpret_cast<struct sched_context *>(8);
    k->cores[0].current_sc = reinterpret_cast<struct sched_context *>(0x123456789);
    k->cores[0].current = nullptr;
    event("Yield");
    k->cores[0].current = core.current;
    k->cores[0].current_sc = core.current_sc;
    struct refill *ring = core.current_sc->refills.ring;
    core.current_sc->refills.ring = nullptr;
    event("Yield");
    core.current_sc->refills.ring = ring;
    sys_.root().object->sc = sc;
    EXPECT_TRUE(contains(end(), "\"has no time\""));
}

TEST_F(Timeline, OddNamesAndWords)
{
    char name[] = "a\"b\\c<d\x01\xff";
    memcpy(sys_.root().object->name, name, sizeof name);
    event("DebugNameThread '?'");
    event("");
    event("(");
    event("Call 0x1 (null) label=7");
    std::string text = end();
    EXPECT_TRUE(contains(text, "a\\\"b\\\\c\\u003cd\\u0001\\u00ff"));
    EXPECT_TRUE(contains(text, "\"name\":\"Call null\""));
    EXPECT_FALSE(contains(text, "\"name\":\"\""));
}

} // namespace albireo
