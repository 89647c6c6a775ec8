/* SPDX-License-Identifier: BSD-2-Clause */

/* A system with something of everything, for a debugger to look at: hosted_test.py. */
#include "tests/support/system.h"

using namespace albireo;

/* Where the debugger stops. */
extern "C" void scene_is_set(System *sys);

__attribute__((noinline)) void scene_is_set(System *sys)
{
    __asm__ volatile("" : : "r"(sys) : "memory");
}

namespace {

void name(const Thread &thread, const char *text)
{
    thread_set_name(thread.object, "", text, "");
}

/* From a low priority, so that who becomes ready here stays ready. */
void set_scene(System &sys)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(ep, 0x42, ABI_RIGHT_WRITE | ABI_RIGHT_GRANT);
    CPtr requests = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr signalled = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr space = sys.make_vspace();
    sys.map_new_page(space, 0x400000, ABI_RIGHT_READ | ABI_RIGHT_WRITE, ABI_VM_EXECUTE_NEVER);
    sys.map_new_page(space, 0x402000, ABI_RIGHT_READ);
    CPtr cnode = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Mint(cnode, 5, 4, kCNode, ep, 64, ABI_RIGHT_READ, 0));

    Thread server = sys.spawn({.priority = 120});
    name(server, "server");
    EXPECT_CURRENT(sys, server);
    sys.recv(requests, reply);
    Thread client = sys.spawn({.priority = 110});
    name(client, "client");
    sys.call(requests, 7, {1, 2}); /* The server now runs; the client waits for its answer. */
    EXPECT_CURRENT(sys, server);
    sys.wait(ntfn);
    for (const char *sender : {"first", "second"}) {
        Thread thread = sys.spawn({.priority = 110});
        name(thread, sender);
        sys.send(badged, 3, {0xAB});
    }
    Thread faulter = sys.spawn({.priority = 110, .vspace = space, .fault_ep = ep});
    name(faulter, "faulter");
    sys.fault(13, 0x123000);
    Thread poor = sys.spawn({.priority = 110, .budget_us = 200, .period_us = 50000});
    name(poor, "poor");
    sys.advance(300);
    Thread ready = sys.spawn({.priority = 90, .cspace = cnode, .cspace_data = 60});
    name(ready, "ready");
    sys.signal(sys.mint(signalled, 0x8));
    EXPECT_CURRENT(sys, sys.root());
}

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    System sys;
    set_scene(sys);
    scene_is_set(&sys);
    return testing::Test::HasFailure() ? 1 : 0;
}
