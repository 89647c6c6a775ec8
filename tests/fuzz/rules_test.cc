/* SPDX-License-Identifier: BSD-2-Clause */

/* Single rules that oracles look at: what a wrong kernel would leave behind is written by hand. */
#include "fuzz/oracle/rules.h"

#include <string>

#include "tests/fuzz/world_fixture.h"

extern "C" {
#include "core/kernel.h"
#include "core/thread.h"
}

namespace albireo {
namespace {

/* As a kernel that writes it in this event. */
template <typename T> void put(T *at, T value)
{
    watch_write(at, sizeof *at);
    *at = value;
}

struct refill *head_of(const struct sched_context *sc)
{
    return &sc->refills.ring[sc->refills.head];
}

class Rules : public WorldTest {
  protected:
    void SetUp() override
    {
        ASSERT_NE(nullptr, world_);
        objects_ = objects_share(world_);
        ASSERT_NE(nullptr, objects_);
        start(WORLD_SHARED);
    }
    void TearDown() override
    {
        objects_release(objects_);
    }
    void start(int topology)
    {
        reset(topology);
        objects_start(objects_);
    }

    /* What is found, kind and text, or nothing. */
    std::string limits()
    {
        uint32_t count;
        struct oracle_find find = {};
        (void)watch_lines(&count);
        return limits_check(world_, &event_, &find) ? ""
                                                    : std::string(find.kind) + ": " + find.text;
    }
    std::string order()
    {
        struct oracle_find find = {};
        objects_update(objects_);
        return order_check(world_, objects_, &find) ? ""
                                                    : std::string(find.kind) + ": " + find.text;
    }

    /* The current thread is in the middle of an invocation with one extra capability. */
    void invoke(uint32_t slot, Word label, uint32_t extra)
    {
        struct thread *caller = current();
        Word *buffer = ram_words(k(), caller->slots[THREAD_BUFFER].cap.paddr);
        put(&buffer[ABI_BUFFER_CAPS], static_cast<Word>(extra));
        event_ = {};
        event_.event = SIM_EVENT_SYSCALL;
        event_.subject = caller;
        event_.registers[REG_A7] = static_cast<Word>(ABI_SYS_CALL);
        event_.registers[REG_A0] = slot;
        event_.registers[REG_A1] = label << 12 | 1 << 7 | 1;
        watch_begin();
    }

    struct objects *objects_ = nullptr;
    struct oracle_event event_ = {};
};

TEST_F(Rules, PrioritiesGoByTheAuthority)
{
    ASSERT_TRUE(become(0));
    struct thread *changed = world_->threads[0];
    const uint8_t most = world_->threads[1]->mcp;
    ASSERT_LT(most, changed->mcp);
    for (Word label : {ABI_LABEL_TCB_SET_PRIORITY, ABI_LABEL_TCB_SET_SCHED_PARAMS}) {
        start(WORLD_SHARED);
        ASSERT_TRUE(become(0));
        invoke(WORLD_SLOT_TCB_0, label, WORLD_SLOT_TCB_1);
        put(&changed->priority, most);
        EXPECT_EQ(limits(), "");
        put(&changed->priority, static_cast<uint8_t>(most + 1));
        EXPECT_EQ(limits(), "authority: a thread gets priority 110, mcp 110 by an authority whose "
                            "mcp is 109");
        put(&event_.registers[REG_A1], Word{ABI_LABEL_TCB_SUSPEND} << 12);
        EXPECT_EQ(limits(), "");
    }
}

TEST_F(Rules, WhoInstallsANotificationMaySignalIt)
{
    ASSERT_TRUE(become(0));
    struct slot *source = &world_->subsystems[0].cnode[WORLD_SLOT_NTFN];
    struct slot *installed = &k()->irq_slots[world_->subsystems[0].irq];
    invoke(WORLD_SLOT_IRQ_HANDLER, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION, WORLD_SLOT_NTFN);
    EXPECT_EQ(limits(), "");
    put(&source->cap.rights, static_cast<uint8_t>(ABI_RIGHT_READ));
    EXPECT_EQ(limits(), ""); /* What is installed is another one. */
    put(&installed->cap.rights, static_cast<uint8_t>(ABI_RIGHT_READ));
    EXPECT_EQ(limits(), "authority: interrupt 1 signals by a capability that may not");
}

TEST_F(Rules, WaitersQueueByPriority)
{
    struct thread *first = world_->threads[0];
    struct thread *second = world_->threads[1];
    EXPECT_EQ(order(), "");
    watch_begin();
    for (struct thread *thread : {first, second}) {
        watch_write(thread, sizeof *thread);
        thread->queue = THREAD_QUEUE_NTFN;
        thread->queue_next = thread == first ? second : nullptr;
        thread->queue_prev = thread == first ? nullptr : first;
        thread->priority = 50;
    }
    EXPECT_EQ(order(), "");
    second->priority = 51;
    EXPECT_NE(order().find("schedule: a thread of priority"), std::string::npos);
    first->queue = THREAD_QUEUE_READY;
    second->queue = THREAD_QUEUE_READY;
    EXPECT_EQ(order(), "");
}

TEST_F(Rules, WhoWaitsForTimeIsReleasedInOrder)
{
    struct core *core = &k()->cores[0];
    struct thread *early = world_->threads[0];
    struct thread *late = world_->threads[2];
    EXPECT_EQ(order(), "");
    for (struct thread *thread : {early, late}) {
        watch_write(thread, sizeof *thread);
        watch_write(head_of(thread->sc), sizeof(struct refill));
    }
    watch_write(core, sizeof *core);
    core->release.head = early;
    early->queue_next = late;
    late->queue_next = nullptr;
    head_of(early->sc)->time = 1000;
    head_of(late->sc)->time = 1001;
    EXPECT_EQ(order(), "");
    head_of(late->sc)->time = 999;
    EXPECT_EQ(order(), "schedule: who waits until 999 is released behind who waits until 1000");
    late->sc = nullptr;
    EXPECT_EQ(order(), "schedule: a thread waits for time that nobody gives it");
}

TEST_F(Rules, LongOperationsStopInTime)
{
    const struct core *core = &k()->cores[0];
    const uint64_t amount = head_of(core->current_sc)->amount;
    const uint64_t least = k()->limits.min_budget;
    const uint64_t last = core->now + amount - core->uncharged - least;
    struct patience patience = {false, false};
    struct oracle_find find = {};
    patience_poll(&patience, world_, last);
    patience_poll(&patience, world_, last);
    EXPECT_TRUE(patience_check(&patience, &find));
    patience_poll(&patience, world_, last + 1);
    EXPECT_TRUE(patience_check(&patience, &find)); /* It stops there. */
    patience_poll(&patience, world_, last + 1);
    EXPECT_FALSE(patience_check(&patience, &find));
    EXPECT_STREQ(find.kind, "work");
}

} // namespace
} // namespace albireo
