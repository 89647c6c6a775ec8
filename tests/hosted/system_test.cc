/* SPDX-License-Identifier: BSD-2-Clause */

/* The fixture and the simulator, on a machine that has just booted. */
#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

TEST(System, RootRunsAfterBoot)
{
    System sys;
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(sys.root().object->priority, 100);
    EXPECT_GT(sim_checks(sys.sim()), 0u);
    EXPECT_EQ(sys.cap_at(kTcb).thread, sys.root().object);
}

TEST(System, MakesObjects)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_NE(sys.endpoint_of(ep), nullptr);
    CPtr badged = sys.mint(ep, 17);
    EXPECT_EQ(sys.cap_at(badged).badge, 17u);
    EXPECT_OK(sys.del(badged));
    EXPECT_TRUE(sys.is_empty(badged));
}

TEST(System, ErrorsAreSeenAndLeaveNoTrace)
{
    System sys;
    sys.make(ABI_OBJECT_ENDPOINT);
    Reply r;
    sys.expect_unchanged([&] { r = sys.CNode_Copy(kCNode, 5000, 65, kCNode, 1, 64, 15); });
    EXPECT_CALL_ERROR(r, STATUS_RANGE_ERROR, {1, 64});
    sys.expect_unchanged([&] { r = sys.CNode_Copy(kCNode, kTcb, 64, kCNode, kCNode, 64, 15); });
    EXPECT_CALL_ERROR(r, STATUS_DELETE_FIRST);
}

TEST(System, StateTextShowsChanges)
{
    System sys;
    std::string before = sys.state();
    sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_NE(before, sys.state());
}

TEST(System, CallAndReplyBetweenThreads)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    ThreadOptions options;
    options.priority = 110;
    Thread server = sys.spawn(options);
    EXPECT_CURRENT(sys, server);
    EXPECT_FALSE(sys.recv(ep, reply).returned);
    EXPECT_CURRENT(sys, sys.root());
    Reply r = sys.call(ep, 7, {1, 2, 3, 4, 5});
    EXPECT_FALSE(r.returned);
    EXPECT_CURRENT(sys, server);
    Reply got = sys.message();
    EXPECT_EQ(got.label, 7u);
    EXPECT_EQ(got.words, (std::vector<Word>{1, 2, 3, 4, 5}));
    sys.reply_recv(ep, reply, 9, {42});
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(sys.message().label, 9u);
    EXPECT_EQ(sys.message()[0], 42u);
}

TEST(System, SwitchToAndPark)
{
    System sys;
    Thread equal = sys.spawn();
    EXPECT_CURRENT(sys, sys.root());
    sys.switch_to(equal);
    ThreadOptions options;
    options.priority = 10;
    sys.switch_to(sys.root());
    Thread low = sys.spawn(options);
    EXPECT_OK(sys.TCB_Suspend(equal.tcb));
    sys.park();
    EXPECT_CURRENT(sys, low);
    sys.unpark();
    EXPECT_CURRENT(sys, sys.root());
}
