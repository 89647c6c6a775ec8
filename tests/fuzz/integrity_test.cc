/* SPDX-License-Identifier: BSD-2-Clause */

/* Integrity: what a correct kernel changes is explained by the event, also across domains, and what
 * a wrong one changes is not. Authority looks at lines only, so that it does not come first. */
#include "tests/fuzz/shadow.h"

namespace albireo {

struct world *ShadowTest::world_;

namespace {

enum { ALPHA, BETA, GAMMA, FREE = WORLD_SLOT_FREE, READ_WRITE = ABI_RIGHT_READ | ABI_RIGHT_WRITE };

class IntegrityTest : public ShadowTest {
  protected:
    void SetUp() override
    {
        ShadowTest::SetUp();
        everything_ = false;
    }
    /* alpha's first thread yields, and meanwhile this happens, which must be found as this. */
    void expect_found(const char *what, const Hand &hand)
    {
        start(WORLD_SHARED);
        meanwhile(hand);
        EXPECT_TRUE(found("integrity: ")) << what << ": " << found();
        EXPECT_TRUE(found(what)) << found();
    }
    /* Thread t waits in a system call on a capability; then it is alpha's first thread's turn. */
    void blocked(uint32_t t, int64_t number, uint32_t cptr)
    {
        become(t);
        call(number, cptr);
        become(0);
    }
    void retype(uint64_t type, uint64_t bits, uint32_t to, uint64_t count = 1)
    {
        invoke(WORLD_SLOT_UNTYPED_2, ABI_LABEL_UNTYPED_RETYPE, {type, bits, 0, 0, to, count},
               {WORLD_SLOT_CNODE});
    }
    void copy(uint32_t to, uint32_t from, uint64_t rights = ABI_RIGHT_ALL)
    {
        invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_COPY, {to, 64, from, 64, rights},
               {WORLD_SLOT_CNODE});
    }
    void mint(uint32_t to, uint32_t from, uint64_t rights, uint64_t badge)
    {
        invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_MINT, {to, 64, from, 64, rights, badge},
               {WORLD_SLOT_CNODE});
    }
    void tamper_cap(uint32_t s, uint32_t i, const std::function<void(struct cap &)> &change)
    {
        tamper([=] {
            put(slot(s, i), *slot(s, i));
            change(cap(s, i));
        });
    }
    /* Where capabilities of messages to this thread go. */
    void receive_at(uint32_t t, uint64_t index)
    {
        uint64_t *words = buffer(thread(t));
        watch_write(words, 1024);
        words[ABI_BUFFER_RECEIVE_CNODE] = WORLD_SLOT_CNODE;
        words[ABI_BUFFER_RECEIVE_INDEX] = index;
        words[ABI_BUFFER_RECEIVE_DEPTH] = 64;
    }
};

/* --- Explained -------------------------------------------------------------------------------- */

TEST_F(IntegrityTest, MessagesWakeReceiversOfOtherDomains)
{
    blocked(4, ABI_SYS_RECV, WORLD_SLOT_PLAIN_ENDPOINT);
    call(ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT, 7, {1, 2, 3, 4, 5, 6}, {WORLD_SLOT_DATA});
    become(4);
    call(ABI_SYS_REPLY_RECV, WORLD_SLOT_PLAIN_ENDPOINT, 8, {6, 5, 4, 3, 2, 1});
    become(2);
    call(ABI_SYS_SEND, WORLD_SLOT_PLAIN_ENDPOINT, 9, {1});
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, QueuedMessagesAreTakenFromOtherDomains)
{
    blocked(2, ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT);
    call(ABI_SYS_SEND, WORLD_SLOT_PLAIN_ENDPOINT, 3, {1, 2, 3, 4, 5});
    become(4);
    call(ABI_SYS_RECV, WORLD_SLOT_PLAIN_ENDPOINT);
    call(ABI_SYS_REPLY_RECV, WORLD_SLOT_PLAIN_ENDPOINT);
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, ServersRunOnTheirCallersTime)
{
    start(WORLD_SERVER);
    become(0);
    call(ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT, 5, {1, 2, 3, 4, 5});
    ASSERT_EQ(thread(4), current());
    call(ABI_SYS_REPLY_RECV, WORLD_SLOT_ENDPOINT);
    become(2);
    sim_fault(world_->sim, 13, 0x1000);
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, SignalsWakeWaitersOfOtherDomains)
{
    blocked(4, ABI_SYS_WAIT, WORLD_SLOT_SHARED_NTFN);
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_NTFN);
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_NTFN);
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, InterruptsAndTimeInterruptAnybody)
{
    blocked(4, ABI_SYS_WAIT, WORLD_SLOT_NTFN);
    sim_raise_irq(world_->sim, world_->subsystems[GAMMA].irq);
    sim_raise_irq(world_->sim, world_->subsystems[BETA].irq);
    sim_advance(world_->sim, 100000);
    become(0);
    sim_fault(world_->sim, 2, 0);
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, CapabilitiesGoWithTheGrantRight)
{
    receive_at(2, FREE);
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1}, {WORLD_SLOT_DATA});
    EXPECT_EQ(CAP_FRAME, cap(BETA, FREE).type);
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, InvocationsOfOnesOwnAreExplained)
{
    become(0);
    retype(ABI_OBJECT_ENDPOINT, 0, FREE, 2);
    retype(ABI_OBJECT_CAP_TABLE, 4, FREE + 2);
    mint(FREE + 3, FREE, ABI_RIGHT_READ, 9);
    copy(FREE + 4, WORLD_SLOT_DATA, ABI_RIGHT_READ);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_MUTATE, {FREE + 5, 64, FREE + 2, 64, 3},
           {WORLD_SLOT_CNODE});
    invoke(FREE + 4, ABI_LABEL_PAGE_MAP, {WORLD_VADDR_FREE, READ_WRITE, 0}, {WORLD_SLOT_VSPACE});
    invoke(FREE + 4, ABI_LABEL_PAGE_UNMAP);
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_SET_PRIORITY, {50}, {WORLD_SLOT_TCB_0});
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_SUSPEND);
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_RESUME);
    retype(ABI_OBJECT_NOTIFICATION, 0, FREE + 6);
    invoke(WORLD_SLOT_TCB_FREE, ABI_LABEL_TCB_BIND_NOTIFICATION, {}, {FREE + 6});
    invoke(WORLD_SLOT_SC_FREE, ABI_LABEL_SCHED_CONTEXT_BIND, {}, {WORLD_SLOT_TCB_FREE});
    invoke(WORLD_SLOT_SCHED_CONTROL, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, {1000, 2000, 0, 5, 0},
           {WORLD_SLOT_SC_FREE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {WORLD_SLOT_TCB_FREE, 64});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_UNTYPED_2, 64});
    EXPECT_EQ("", found());
}

TEST_F(IntegrityTest, RevokingOnesEndpointCancelsOthers)
{
    start(WORLD_SERVER);
    blocked(2, ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT);
    EXPECT_EQ("", found());
    become(5);
    invoke(world_cptr(5, WORLD_SLOT_CNODE), ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_ENDPOINT, 64});
    EXPECT_EQ(CAP_NULL, cap(ALPHA, WORLD_SLOT_PLAIN_ENDPOINT).type);
    EXPECT_EQ("", found());
}

/* --- Threads ---------------------------------------------------------------------------------- */

TEST_F(IntegrityTest, RegistersOfOthersAreFound)
{
    expect_found("a register of thread", [&] { put(&thread(4)->regs.x[5], 1); });
    expect_found("a register of thread", [&] { put(&thread(1)->regs.x[REG_A0], 1); });
    expect_found("a register of thread", [&] { put(&thread(4)->regs.fault_pc, 1); });
    expect_found("the PC of thread", [&] { put(&thread(4)->regs.pc, 1); });
    expect_found("a floating-point register", [&] { put(&thread(5)->fpu[3], 1); });
}

TEST_F(IntegrityTest, StatesOfOthersAreFound)
{
    expect_found("the state of thread", [&] { put(&thread(4)->state, THREAD_INACTIVE); });
    expect_found("the state of thread", [&] { put(&thread(1)->state, THREAD_RESTART); });
    expect_found("the state of thread", [&] { put(&world_->root->state, THREAD_RUNNING); });
    expect_found("the queue of thread", [&] { put(&thread(4)->queue, THREAD_QUEUE_ENDPOINT); });
}

TEST_F(IntegrityTest, ParametersThatNoInvocationSetsAreFound)
{
    expect_found("the priority of thread", [&] { put(&thread(1)->priority, 7); });
    expect_found("the maximum controlled", [&] { put(&thread(1)->mcp, 7); });
    expect_found("the flags of thread", [&] { put(&thread(1)->flags, 1); });
    expect_found("the scheduling context of", [&] { put(&thread(5)->sc, nullptr); });
    expect_found("the IPC buffer's address", [&] { put(&thread(1)->buffer_vaddr, 0x400); });
    expect_found("the bound notification",
                 [&] { put(&thread(1)->bound_ntfn, cap(ALPHA, WORLD_SLOT_NTFN).ntfn); });
    expect_found("the yield-to of thread", [&] { put(&thread(4)->yield_to, thread(4)->sc); });
    expect_found("the fault of thread", [&] { put(&thread(4)->fault.type, FAULT_VM); });
    expect_found("the name of thread", [&] { put(&thread(4)->name[0], 'x'); });
}

TEST_F(IntegrityTest, WhatOthersAreBlockedOnIsFound)
{
    struct endpoint *endpoint = cap(GAMMA, WORLD_SLOT_ENDPOINT).endpoint;
    expect_found("what it is blocked on", [&] { put(&thread(4)->endpoint, endpoint); });
    expect_found("what it is blocked on", [&] { put(&thread(4)->badge, 5); });
}

TEST_F(IntegrityTest, APriorityOtherThanAskedForIsFound)
{
    become(0);
    tamper([&] { put(&thread(1)->priority, 51); });
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_SET_PRIORITY, {50}, {WORLD_SLOT_TCB_0});
    EXPECT_TRUE(found("the priority of thread")) << found();
}

TEST_F(IntegrityTest, SuspendingAnotherThanNamedIsFound)
{
    become(0);
    tamper([&] { put(&thread(3)->state, THREAD_INACTIVE); });
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_SUSPEND);
    EXPECT_TRUE(found("the state of thread")) << found();
}

/* --- Messages --------------------------------------------------------------------------------- */

TEST_F(IntegrityTest, AMessageToAnotherReceiverIsFound)
{
    blocked(4, ABI_SYS_RECV, WORLD_SLOT_ENDPOINT);
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    tamper([&] { put(&thread(4)->regs.x[REG_A2], 1); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1});
    EXPECT_TRUE(found("a register of thread")) << found();
}

TEST_F(IntegrityTest, AMessageToTheSecondWhoWaitsIsFound)
{
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    blocked(1, ABI_SYS_WAIT, WORLD_SLOT_SHARED_ENDPOINT);
    tamper([&] { put(&thread(1)->regs.x[REG_A2], 1); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1});
    EXPECT_TRUE(found("a register of thread")) << found();
}

TEST_F(IntegrityTest, MoreRegistersThanAMessageHasAreFound)
{
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    tamper([&] { put(&thread(2)->regs.x[REG_A6], 1); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1});
    EXPECT_TRUE(found("a register of thread")) << found();
}

TEST_F(IntegrityTest, AnotherBadgeThanTheSendersIsFound)
{
    blocked(4, ABI_SYS_RECV, WORLD_SLOT_PLAIN_ENDPOINT);
    tamper([&] { put(&thread(4)->regs.x[REG_A0], 0x77); });
    call(ABI_SYS_SEND, WORLD_SLOT_PLAIN_ENDPOINT, 0, {1});
    EXPECT_TRUE(found("a0, which is to be the badge")) << found();
}

TEST_F(IntegrityTest, ASenderThatWaitsWithMoreRightsIsFound)
{
    become(0);
    tamper([&] { put(&thread(0)->can_grant, true); });
    call(ABI_SYS_SEND, WORLD_SLOT_PLAIN_ENDPOINT, 0, {1});
    EXPECT_TRUE(found("what it is blocked on")) << found();
}

TEST_F(IntegrityTest, ACapabilityWithoutTheGrantRightIsFound)
{
    receive_at(2, FREE);
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_PLAIN_ENDPOINT);
    tamper_cap(BETA, FREE, [&](struct cap &to) { to = cap(ALPHA, WORLD_SLOT_ENDPOINT); });
    call(ABI_SYS_SEND, WORLD_SLOT_PLAIN_ENDPOINT, 0, {1}, {WORLD_SLOT_ENDPOINT});
    EXPECT_TRUE(found("a capability is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, AnotherCapabilityThanSentIsFound)
{
    receive_at(2, FREE);
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    tamper_cap(BETA, FREE, [&](struct cap &to) { to = cap(ALPHA, WORLD_SLOT_NTFN); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1}, {WORLD_SLOT_ENDPOINT});
    EXPECT_TRUE(found("a capability is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, ACapabilityInAnotherSlotThanWantedIsFound)
{
    receive_at(2, FREE);
    blocked(2, ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
    tamper_cap(BETA, FREE + 1, [&](struct cap &to) { to = cap(ALPHA, WORLD_SLOT_ENDPOINT); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 0, {1}, {WORLD_SLOT_ENDPOINT});
    EXPECT_TRUE(found("a capability is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, AReplyToAnotherCallerIsFound)
{
    start(WORLD_SERVER);
    become(0);
    call(ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT);
    ASSERT_EQ(thread(4), current());
    ASSERT_EQ(THREAD_BLOCKED_ON_REPLY, thread(0)->state);
    tamper([&] { put(&thread(2)->regs.x[REG_A2], 1); });
    call(ABI_SYS_SEND, WORLD_SLOT_REPLY_0);
    EXPECT_TRUE(found("a register of thread")) << found();
}

TEST_F(IntegrityTest, BadgesThatNobodySignalledAreFound)
{
    struct ntfn *ntfn = cap(ALPHA, WORLD_SLOT_NTFN).ntfn;
    become(0);
    tamper([&] { put(&ntfn->badge, ntfn->badge | 0x800); });
    call(ABI_SYS_SEND, WORLD_SLOT_NTFN_BADGED);
    EXPECT_TRUE(found("got badges that nobody signalled")) << found();
}

/* Nor is it an interrupt, if the kernel has not looked for any. */
TEST_F(IntegrityTest, InterruptsThatCannotHaveComeAreFound)
{
    struct ntfn *ntfn = cap(GAMMA, WORLD_SLOT_NTFN).ntfn;
    ASSERT_EQ(ntfn, k()->irq_slots[world_->subsystems[GAMMA].irq].cap.ntfn);
    become(0);
    tamper([&] { put(&ntfn->state, NTFN_ACTIVE); });
    copy(FREE, WORLD_SLOT_DATA);
    EXPECT_TRUE(found("which the event does not name")) << found();
}

/* --- Objects between threads ------------------------------------------------------------------ */

TEST_F(IntegrityTest, QueuesThatTheEventDoesNotNameAreFound)
{
    struct endpoint *endpoint = cap(GAMMA, WORLD_SLOT_ENDPOINT).endpoint;
    struct ntfn *ntfn = cap(GAMMA, WORLD_SLOT_NTFN).ntfn;
    struct reply *reply = cap(GAMMA, WORLD_SLOT_REPLY_0).reply;
    expect_found("endpoint", [&] { put(&endpoint->queue.head, thread(4)); });
    expect_found("notification", [&] { put(&ntfn->state, NTFN_ACTIVE); });
    expect_found("Reply object", [&] { put(&reply->thread, thread(4)); });
}

TEST_F(IntegrityTest, TimeOfOthersIsFound)
{
    struct sched_context *sc = thread(5)->sc;
    expect_found("a scheduling context out of reach", [&] { put(&sc->consumed, 1000); });
    expect_found("a scheduling context out of reach", [&] { put(&sc->refills.ring[0].amount, 1); });
    struct sched_context *own = thread(0)->sc;
    expect_found("a scheduling context in reach", [&] { put(&own->refills.budget, 1); });
    expect_found("a scheduling context in reach", [&] { put(&own->badge, 1); });
}

TEST_F(IntegrityTest, ALentSchedulingContextThatIsForgottenIsFound)
{
    start(WORLD_SERVER);
    become(0);
    tamper([&] { put(&cap(GAMMA, WORLD_SLOT_REPLY_0).reply->sc, nullptr); });
    call(ABI_SYS_CALL, WORLD_SLOT_PLAIN_ENDPOINT);
    EXPECT_TRUE(found("do not name each other")) << found();
}

/* --- Capabilities ----------------------------------------------------------------------------- */

TEST_F(IntegrityTest, CapabilitiesThatChangeByThemselvesAreFound)
{
    const auto change = [&](const std::function<void(struct cap &)> &how) {
        put(slot(GAMMA, WORLD_SLOT_ENDPOINT_BADGED), *slot(GAMMA, WORLD_SLOT_ENDPOINT_BADGED));
        how(cap(GAMMA, WORLD_SLOT_ENDPOINT_BADGED));
    };
    expect_found("is gone", [&] { change([](struct cap &cap) { cap = cap_null(); }); });
    expect_found("is changed", [&] { change([](struct cap &cap) { cap.badge = 1; }); });
    expect_found("is changed", [&] { change([](struct cap &cap) { cap.rights = 0; }); });
    expect_found("is changed", [&] { put(&cap(GAMMA, WORLD_SLOT_DATA).vaddr, 0x7000); });
    expect_found("is changed", [&] { put(&cap(GAMMA, WORLD_SLOT_UNTYPED_2).free_index, 9); });
    expect_found("is gone", [&] { put(&thread(4)->slots[THREAD_CSPACE].cap, cap_null()); });
}

TEST_F(IntegrityTest, CopiesWithMoreThanAskedForAreFound)
{
    become(0);
    tamper_cap(ALPHA, FREE, [](struct cap &cap) { cap.rights = ABI_RIGHT_ALL; });
    copy(FREE, WORLD_SLOT_ENDPOINT, ABI_RIGHT_READ);
    EXPECT_TRUE(found("is new that the event does not explain")) << found();

    start(WORLD_SHARED);
    become(0);
    tamper_cap(ALPHA, FREE, [](struct cap &cap) { cap.badge = 8; });
    mint(FREE, WORLD_SLOT_ENDPOINT, ABI_RIGHT_ALL, 7);
    EXPECT_TRUE(found("is new that the event does not explain")) << found();

    start(WORLD_SHARED);
    become(0);
    tamper_cap(ALPHA, FREE, [&](struct cap &to) { to.vaddr = 0x1000, to.asid = 1; });
    copy(FREE, WORLD_SLOT_DATA);
    EXPECT_TRUE(found("is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, AnotherBadgeForABadgedCapabilityIsFound)
{
    become(0);
    tamper([&] {
        put(slot(ALPHA, FREE), *slot(ALPHA, WORLD_SLOT_ENDPOINT_BADGED));
        cap(ALPHA, FREE).badge = 5;
    });
    call(ABI_SYS_CALL, WORLD_SLOT_CNODE, ABI_LABEL_CNODE_MINT,
         {FREE, 64, WORLD_SLOT_ENDPOINT_BADGED, 64, ABI_RIGHT_ALL, 5}, {WORLD_SLOT_CNODE});
    EXPECT_TRUE(found("is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, AnObjectOutsideOfItsUntypedIsFound)
{
    become(0);
    tamper_cap(ALPHA, FREE, [&](struct cap &to) { to.paddr = cap(ALPHA, WORLD_SLOT_DATA).paddr; });
    retype(ABI_OBJECT_PAGE_4K, 0, FREE);
    EXPECT_TRUE(found("is new that the event does not explain")) << found();
}

TEST_F(IntegrityTest, ADeletionOfSomethingElseIsFound)
{
    become(0);
    copy(FREE, WORLD_SLOT_ENDPOINT_BADGED);
    tamper_cap(ALPHA, WORLD_SLOT_ENDPOINT_BADGED, [](struct cap &cap) { cap = cap_null(); });
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {FREE, 64});
    EXPECT_TRUE(found("is gone that the event does not explain")) << found();
}

TEST_F(IntegrityTest, ARevocationOfNoDescendantIsFound)
{
    become(0);
    copy(FREE, WORLD_SLOT_ENDPOINT_BADGED);
    tamper_cap(ALPHA, WORLD_SLOT_ENDPOINT, [](struct cap &cap) { cap = cap_null(); });
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_ENDPOINT_BADGED, 64});
    EXPECT_EQ(CAP_NULL, cap(ALPHA, FREE).type);
    EXPECT_TRUE(found("is gone that the event does not explain")) << found();
}

/* --- Memory ----------------------------------------------------------------------------------- */

TEST_F(IntegrityTest, TablesThatNoMappingChangesAreFound)
{
    expect_found("a page table of owner 1", [&] { put(leaf(GAMMA, WORLD_VADDR_DATA), 0); });
    expect_found("a page table of owner 0", [&] { put(leaf(ALPHA, WORLD_VADDR_DATA), 0); });
    const struct cap &pool = cap(ALPHA, WORLD_SLOT_ASID_POOL);
    expect_found("an ASID's root",
                 [&] { put(&pool.pool->roots[300], cap(ALPHA, WORLD_SLOT_TABLE).table); });
}

TEST_F(IntegrityTest, AMappingWithMoreRightsThanAskedForIsFound)
{
    uint64_t *entry = leaf(ALPHA, WORLD_VADDR_FREE);
    become(0);
    tamper([&] { put(entry, *entry | 4); });
    invoke(WORLD_SLOT_FRAME_FREE, ABI_LABEL_PAGE_MAP, {WORLD_VADDR_FREE, ABI_RIGHT_READ, 0},
           {WORLD_SLOT_VSPACE});
    EXPECT_TRUE(found("a page table of owner 0")) << found();
}

TEST_F(IntegrityTest, AMappingThatIsClearedWithAnothersFrameIsFound)
{
    become(0);
    tamper([&] { put(leaf(ALPHA, WORLD_VADDR_DATA), 0); });
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {WORLD_SLOT_FRAME_FREE, 64});
    EXPECT_TRUE(found("a page table of owner 0")) << found();
}

TEST_F(IntegrityTest, WritesToFramesBeyondBuffersAreFound)
{
    expect_found("a frame of owner 1", [&] { put(ram(cap(GAMMA, WORLD_SLOT_DATA).paddr), 1); });
    expect_found("a frame of owner 0", [&] { put(ram(cap(ALPHA, WORLD_SLOT_DATA).paddr), 1); });
    expect_found("a frame of owner 1", [&] { put(&buffer(thread(4))[3], 1); });
    expect_found("a frame of owner 0", [&] { put(&buffer(thread(0))[ABI_BUFFER_WORDS], 1); });
}

TEST_F(IntegrityTest, WritesToFreeMemoryAreFound)
{
    expect_found("free memory of owner 1",
                 [&] { put(ram(cap(GAMMA, WORLD_SLOT_UNTYPED_2).paddr), 1); });
}

TEST_F(IntegrityTest, TheDomainScheduleIsFound)
{
    expect_found("the domain schedule", [&] { put(&k()->domain_schedule[0].duration, 77); });
}

} // namespace
} // namespace albireo
