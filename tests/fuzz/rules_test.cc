/* SPDX-License-Identifier: BSD-2-Clause */

/* Single rules that oracles look at: what a wrong kernel would leave behind is written by hand. */
#include "fuzz/oracle/rules.h"

#include <algorithm>
#include <string>

#include "tests/fuzz/world_fixture.h"

extern "C" {
#include "core/kernel.h"
#include "core/machine.h"
#include "core/thread.h"
#include "fuzz/oracle/schedule.h"
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

    std::string schedule()
    {
        struct oracle_find find = {};
        objects_update(objects_);
        return schedule_check(world_, objects_, &find) ? ""
                                                       : std::string(find.kind) + ": " + find.text;
    }
    std::string remains()
    {
        struct oracle_find find = {};
        objects_update(objects_);
        return remains_check(objects_, &find) ? "" : std::string(find.kind) + ": " + find.text;
    }
    std::string work()
    {
        struct work_event work = {world_, objects_, &event_, 0};
        struct oracle_find find = {};
        objects_update(objects_);
        return work_check(&work, &find) ? "" : std::string(find.kind) + ": " + find.text;
    }
    /* With several domains only. */
    static std::string of_domains(const std::string &text)
    {
        return CONFIG_DOMAINS > 1 ? text : "";
    }
    /* Two threads of equal priority, the first before the second, in a notification's queue. */
    void queue_up(struct thread *first, struct thread *second)
    {
        for (struct thread *thread : {first, second}) {
            watch_write(thread, sizeof *thread);
            thread->queue = THREAD_QUEUE_NTFN;
            thread->queue_next = thread == first ? second : nullptr;
            thread->queue_prev = thread == first ? nullptr : first;
            thread->priority = 50;
        }
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
    queue_up(first, second);
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

TEST_F(Rules, LongOperationsStopWithTheirDomain)
{
    struct core *core = &k()->cores[0];
    const uint64_t least = k()->limits.min_budget;
    struct patience patience = {false, false};
    put(&core->domain_left, least + 10);
    patience_poll(&patience, world_, core->now + 9);
    EXPECT_FALSE(patience.over);
    patience_poll(&patience, world_, core->now + 10);
    EXPECT_EQ(patience.over, CONFIG_DOMAINS > 1);
    patience = {false, false};
    put(&core->domain_left, least - 1);
    patience_poll(&patience, world_, core->now);
    EXPECT_EQ(patience.over, CONFIG_DOMAINS > 1);
}

TEST_F(Rules, NobodyReadyOutranksWhoRuns)
{
    struct core *core = &k()->cores[0];
    uint64_t *words = core->ready[core->domain].words;
    const uint32_t runs = core->current->priority;
    EXPECT_EQ(schedule(), "");
    put(&words[runs / 64], words[runs / 64] | uint64_t{1} << runs % 64);
    EXPECT_EQ(schedule(), "");
    put(&words[200 / 64], words[200 / 64] | uint64_t{1} << 200 % 64);
    EXPECT_EQ(schedule(), CONFIG_DOMAINS > 1
                              ? ""
                              : "schedule: a thread of priority " + std::to_string(runs) +
                                    " runs, and one of priority 200 is ready");
}

TEST_F(Rules, TheTimerFiresInTime)
{
    const struct core *core = &k()->cores[0];
    uint64_t left = head_of(core->current_sc)->amount - core->uncharged;
    if (CONFIG_DOMAINS > 1) {
        left = std::min(left, core->domain_left);
    }
    const uint64_t last = core->now + left - k()->ticks_per_us;
    EXPECT_EQ(core->release.head, nullptr);
    EXPECT_EQ(schedule(), "");
    machine_timer_set(k()->machine, 0, last);
    EXPECT_EQ(schedule(), "");
    machine_timer_set(k()->machine, 0, last + 1);
    EXPECT_EQ(schedule().find("schedule: the timer is armed for "), 0u);
    machine_timer_set(k()->machine, 0, UINT64_MAX);
    EXPECT_EQ(schedule().find("schedule: the timer is armed for 18446744073709551615"), 0u);
}

TEST_F(Rules, WhoJoinsAQueueStandsBehindHisPriority)
{
    struct thread *first = world_->threads[0];
    struct thread *second = world_->threads[1];
    struct ntfn *ntfn = world_->subsystems[0].cnode[WORLD_SLOT_NTFN].cap.ntfn;
    put(&second->ntfn, ntfn);
    watch_begin();
    queue_up(first, second);
    put(&first->ntfn, ntfn);
    EXPECT_EQ(order(), "");
    EXPECT_EQ(schedule(),
              "schedule: a thread queues before one of priority 50 that was there first");
    first->priority = 51;
    EXPECT_EQ(schedule(), "");
    /* What follows is no thread: others find that. */
    first->priority = 50;
    for (uintptr_t next : {uintptr_t{16}, reinterpret_cast<uintptr_t>(second) + 8,
                           reinterpret_cast<uintptr_t>(ntfn), UINTPTR_MAX - 7}) {
        first->queue_next = reinterpret_cast<struct thread *>(next); // NOLINT: a wrong kernel's.
        EXPECT_EQ(schedule(), "");
    }
}

TEST_F(Rules, InterruptsOfNobodyAreNotInService)
{
    const uint32_t line = world_->subsystems[0].irq;
    put(&k()->irq_complete_at_claim, false);
    sim_raise_irq(world_->sim, line);
    ASSERT_TRUE(sim_irq_in_service(world_->sim, line));
    EXPECT_EQ(schedule(), "");
    put(&k()->irq_states[line], static_cast<uint8_t>(IRQ_INACTIVE));
    EXPECT_EQ(schedule(),
              "schedule: interrupt " + std::to_string(line) + " is nobody's, and in service");
}

TEST_F(Rules, ObjectsThatGoAreEmpty)
{
    struct slot *cnode = world_->subsystems[0].cnode;
    struct cap zombie = {};
    zombie.type = CAP_ZOMBIE;
    zombie.bits = 1;
    struct slot *full = &world_->subsystems[1].cnode[WORLD_SLOT_CNODE];
    struct slot *empty = &cnode[WORLD_SLOT_FREE + 4];
    for (struct slot *slots : {full, empty}) {
        start(WORLD_SHARED);
        zombie.slots = slots;
        put(&cnode[WORLD_SLOT_FREE].cap, zombie);
        watch_begin();
        put(&cnode[WORLD_SLOT_FREE].cap, (struct cap){});
        EXPECT_EQ(remains(),
                  slots == full ? "memory: an object goes, and a capability is left in it" : "");
        put(&cnode[WORLD_SLOT_FREE + 2].cap, zombie); /* It has moved. */
        EXPECT_EQ(remains(), "");
    }
}

TEST_F(Rules, DomainsRunByTheirSchedule)
{
    struct core *core = &k()->cores[0];
    invoke(WORLD_SLOT_NTFN, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE, WORLD_SLOT_NTFN);
    EXPECT_EQ(limits(), "");
    put(&k()->domain_schedule[k()->domain_start], (struct domain_entry){});
    EXPECT_EQ(limits(), of_domains("schedule: the schedule of domains begins with its end"));
    put(&event_.registers[REG_A1], Word{ABI_LABEL_DOMAIN_SCHEDULE_SET_START} << 12);
    EXPECT_EQ(limits(), of_domains("schedule: the schedule of domains begins with its end"));
    put(&event_.registers[REG_A1], Word{ABI_LABEL_TCB_SUSPEND} << 12);
    EXPECT_EQ(limits(), "");
    put(&core->domain_left, uint64_t{0});
    EXPECT_EQ(limits().find(of_domains("schedule: domain ")), 0u);
    EXPECT_EQ(limits().empty(), CONFIG_DOMAINS == 1);
}

/* A container is gone if no capability to it is left: all are looked through, wherever a wrong
 * kernel's sequence leads. */
TEST_F(Rules, SlotsOfContainersThatWentAreCounted)
{
    struct slot *slot = &world_->subsystems[0].cnode[WORLD_SLOT_FREE];
    struct slot *first = &k()->slot_base[k()->cdt_root.next];
    struct cap cnode = {};
    cnode.type = CAP_CNODE;
    cnode.bits = 9;
    cnode.slots = world_->subsystems[1].cnode;
    put(&slot->cap, cnode);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, WORLD_SLOT_CNODE);
    put(&slot->cap, (struct cap){});
    EXPECT_EQ(work(), "") << "it has others";
    for (uint32_t next : {k()->cdt_root.next, UINT32_MAX}) {
        put(&first->next, next);
        EXPECT_EQ(work().find("work: 512 slots deleted in an entry of 0 looks"), 0u) << next;
    }
}

/* Which event it is, the watch says: a wrong kernel may not count. */
TEST_F(Rules, ChangesAreOfTheirEvent)
{
    struct thread *thread = world_->threads[0];
    for (struct thread **field : {&thread->queue_next, &thread->queue_prev}) {
        watch_begin();
        put(field, world_->root);
        objects_update(objects_);
        ASSERT_EQ(objects_->change_count, 1u);
        EXPECT_EQ(objects_->changes[0].changed,
                  1u << reinterpret_cast<uintptr_t>(field) % WATCH_LINE / sizeof *field);
    }
}

} // namespace
} // namespace albireo
