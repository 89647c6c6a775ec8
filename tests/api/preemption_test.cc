/* SPDX-License-Identifier: BSD-2-Clause */

/* Long operations are interrupted at every preemption point, and end as if they had not been
 * (docs/abi/03 section 3.9, 15 items 33 and 35). In the middle a thread of higher priority really
 * runs, and in some tests does something to what is being deleted.
 */
#include <algorithm>
#include <cstring>
#include <functional>

#include "tests/api/stage.h"

namespace albireo {
namespace {

/* --- Scenes ----------------------------------------------------------------------------------- */

/* Something long that root does. */
struct Scene {
    std::function<Reply()> act;
    CPtr slot = 0; /* Where a zombie may be seen, if anywhere. */
    std::function<void()> check = [] {
    };
};

/* A CNode with 16 capabilities of many kinds, most of them the last of their object. */
CPtr full_cnode(Stage &stage, Word vaddr = 0x40000000)
{
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(4);
    CPtr vspace = stage.make(ABI_OBJECT_PAGE_TABLE);
    CPtr table = stage.make(ABI_OBJECT_PAGE_TABLE);
    CPtr leaf = stage.make(ABI_OBJECT_PAGE_TABLE);
    CPtr frame = stage.make(ABI_OBJECT_PAGE_4K);
    EXPECT_OK(sys.RISCV_ASIDPool_Assign(kAsidPool, vspace));
    EXPECT_OK(sys.RISCV_PageTable_Map(table, vspace, vaddr, 0));
    EXPECT_OK(sys.RISCV_PageTable_Map(leaf, vspace, vaddr, 0));
    EXPECT_OK(sys.RISCV_Page_Map(frame, vspace, vaddr, 3, 0));
    CPtr ep = stage.make(ABI_OBJECT_ENDPOINT);
    const CPtr inside[] = {vspace,
                           table,
                           leaf,
                           frame,
                           sys.copy(frame),
                           ep,
                           sys.mint(ep, 5),
                           sys.mint(ep, 6),
                           sys.copy(ep),
                           stage.make(ABI_OBJECT_NOTIFICATION),
                           stage.make(ABI_OBJECT_TCB),
                           stage.make(ABI_OBJECT_SCHED_CONTEXT, 8),
                           stage.make(ABI_OBJECT_REPLY),
                           stage.make(ABI_OBJECT_UNTYPED, 8),
                           sys.copy(kDomain),
                           sys.copy(kTcb)};
    for (Word i = 0; i < 16; i++) {
        EXPECT_OK(sys.CNode_Move(node, i, 4, kCNode, inside[i], 64));
    }
    return node;
}

/* A TCB of the stage with everything, the last capabilities to its CSpace, VSpace and SC in it or
 * gone; ready to run below root. */
CPtr full_tcb(Stage &stage, CPtr cspace)
{
    System &sys = stage.sys;
    CPtr tcb = stage.make(ABI_OBJECT_TCB);
    CPtr vspace = stage.make(ABI_OBJECT_PAGE_TABLE);
    CPtr frame = stage.make(ABI_OBJECT_PAGE_4K);
    CPtr ep = sys.mint(stage.make(ABI_OBJECT_ENDPOINT), 9);
    CPtr sc = stage.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    CPtr ntfn = stage.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_OK(sys.RISCV_ASIDPool_Assign(kAsidPool, vspace));
    EXPECT_OK(sys.SchedControl_ConfigureFlags(sys.sched_control(), sc, 1000, 1000, 0, 0, 0));
    EXPECT_OK(sys.TCB_Configure(tcb, cspace, 0, vspace, 0, 0x10000400, frame));
    EXPECT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 10, 10, sc, ep));
    EXPECT_OK(sys.TCB_SetTimeoutEndpoint(tcb, ep));
    EXPECT_OK(sys.TCB_BindNotification(tcb, ntfn));
    EXPECT_OK(sys.TCB_Resume(tcb));
    for (CPtr slot : {cspace, vspace, frame, ep}) {
        EXPECT_OK(sys.del(slot));
    }
    return tcb;
}

/* `count` threads outside the stage that are blocked on sending through `ep`: by Send, by Call, or
 * by a fault. Each has a priority of its own, below root's, so that the order in which they are
 * woken does not show. */
void queue_senders(Stage &stage, CPtr ep, int count)
{
    System &sys = stage.sys;
    for (int i = 0; i < count; i++) {
        Thread thread = sys.spawn({.priority = 110, .fault_ep = i % 3 == 2 ? ep : 0});
        EXPECT_CURRENT(sys, thread);
        if (i % 3 == 2) {
            sys.fault(2, 0);
        } else if (i % 3 == 1) {
            sys.call(ep, 1, {2});
        } else {
            sys.send(ep, 1, {2});
        }
        EXPECT_EQ(thread.state(), THREAD_BLOCKED_ON_SEND);
        EXPECT_OK(sys.TCB_SetPriority(thread.tcb, kTcb, ++stage.queued));
    }
}

Scene deleting(Stage &stage, CPtr slot)
{
    System *sys = &stage.sys;
    return {[sys, slot] { return sys->del(slot); }, slot,
            [sys, slot] {
                EXPECT_TRUE(sys->is_empty(slot));
            }};
}

Scene revoking(Stage &stage)
{
    Stage *s = &stage;
    return {[s] { return s->sys.revoke(s->untyped); }, 0,
            [s] {
                EXPECT_EQ(cdt_first_child(s->sys.kernel(), s->sys.slot_at(s->untyped)), nullptr);
            }};
}

/* Nothing is in that slot, or even the capability to the CNode is gone. */
bool is_gone(const System &sys, CPtr node, Word index)
{
    const struct cap &cap = sys.cap_at(node);
    return cap.type == CAP_NULL || cap.slots[index].cap.type == CAP_NULL;
}

Scene delete_full_cnode(Stage &stage)
{
    return deleting(stage, full_cnode(stage));
}

/* Ten CNodes, each the last slot of the next. */
Scene delete_chain(Stage &stage)
{
    CPtr outer = stage.make_cnode(2);
    EXPECT_OK(stage.sys.CNode_Copy(outer, 1, 2, kCNode, kTcb, 64, 15));
    for (int i = 1; i < 10; i++) {
        CPtr inner = outer;
        outer = stage.make_cnode(2);
        EXPECT_OK(stage.sys.CNode_Move(outer, 3, 2, kCNode, inner, 64));
        EXPECT_OK(stage.sys.CNode_Copy(outer, 0, 2, kCNode, kTcb, 64, 15));
    }
    return deleting(stage, outer);
}

/* Three levels, three CNodes in each; a full CNode among the leaves. */
Scene delete_tree(Stage &stage)
{
    CPtr root = stage.make_cnode(2);
    for (Word i = 0; i < 3; i++) {
        CPtr middle = stage.make_cnode(2);
        for (Word j = 0; j < 3; j++) {
            CPtr leaf = i == 1 && j == 1 ? full_cnode(stage) : stage.make_cnode(1);
            EXPECT_OK(stage.sys.CNode_Move(middle, j, 2, kCNode, leaf, 64));
        }
        EXPECT_OK(stage.sys.CNode_Move(root, i + 1, 2, kCNode, middle, 64));
    }
    return deleting(stage, root);
}

/* CNodes of which each has a capability to the next, the last to the first. Slots 0 and 3 hold
 * other things. With `orphan`, these are the last ones. */
CPtr cycle(Stage &stage, size_t count, bool orphan)
{
    System &sys = stage.sys;
    std::vector<CPtr> nodes;
    for (size_t i = 0; i < count; i++) {
        nodes.push_back(stage.make_cnode(2));
        EXPECT_OK(sys.CNode_Copy(nodes[i], 0, 2, kCNode, kTcb, 64, 15));
        CPtr ep = stage.make(ABI_OBJECT_ENDPOINT);
        EXPECT_OK(sys.CNode_Move(nodes[i], 3, 2, kCNode, ep, 64));
    }
    for (size_t i = 0; i < count; i++) {
        EXPECT_OK(sys.CNode_Copy(nodes[i], 1, 2, kCNode, nodes[(i + 1) % count], 64, 15));
    }
    for (size_t i = orphan ? 0 : 1; i < count; i++) {
        EXPECT_OK(sys.del(nodes[i]));
    }
    return nodes[0];
}

template <size_t count> Scene delete_into_cycle(Stage &stage)
{
    return deleting(stage, cycle(stage, count, false));
}

template <size_t count> Scene revoke_orphaned_cycle(Stage &stage)
{
    cycle(stage, count, true);
    return revoking(stage);
}

/* The slot is in a CNode to which the dying CNode has a capability. */
Scene delete_in_cycle(Stage &stage)
{
    System *sys = &stage.sys;
    CPtr outer = stage.make_cnode(2);
    CPtr inner = full_cnode(stage);
    EXPECT_OK(sys->CNode_Delete(inner, 3, 4));
    EXPECT_OK(sys->CNode_Copy(inner, 3, 4, kCNode, outer, 64, 15));
    EXPECT_OK(sys->CNode_Move(outer, 2, 2, kCNode, inner, 64));
    return {[=] { return sys->CNode_Delete(outer, 2, 2); }, 0,
            [=] {
                EXPECT_TRUE(is_gone(*sys, outer, 2));
            }};
}

Scene delete_tcb(Stage &stage)
{
    return deleting(stage, full_tcb(stage, full_cnode(stage)));
}

/* A CNode to which only the TCB in its slot 3 has a capability, besides that in the root CNode. */
CPtr tcb_in_its_cspace(Stage &stage, CPtr *node)
{
    System &sys = stage.sys;
    *node = full_cnode(stage);
    CPtr tcb = full_tcb(stage, sys.copy(*node));
    EXPECT_OK(sys.CNode_Delete(*node, 3, 4));
    return tcb;
}

Scene delete_tcb_in_its_cspace(Stage &stage)
{
    System *sys = &stage.sys;
    CPtr node;
    CPtr tcb = tcb_in_its_cspace(stage, &node);
    EXPECT_OK(sys->CNode_Move(node, 3, 4, kCNode, tcb, 64));
    return {[=] { return sys->CNode_Delete(node, 3, 4); }, 0,
            [=] {
                EXPECT_TRUE(is_gone(*sys, node, 3));
            }};
}

/* The TCB has the last capability to the CNode, and that the last to the TCB. */
Scene revoke_orphaned_tcb(Stage &stage)
{
    CPtr node;
    CPtr tcb = tcb_in_its_cspace(stage, &node);
    EXPECT_OK(stage.sys.CNode_Move(node, 3, 4, kCNode, tcb, 64));
    EXPECT_OK(stage.sys.del(node));
    return revoking(stage);
}

/* The TCB has the last capability to the CNode, which has another to the TCB. */
Scene delete_tcb_before_its_copy(Stage &stage)
{
    CPtr node;
    CPtr tcb = tcb_in_its_cspace(stage, &node);
    EXPECT_OK(stage.sys.CNode_Copy(node, 3, 4, kCNode, tcb, 64, 15));
    EXPECT_OK(stage.sys.del(node));
    return deleting(stage, tcb);
}

Scene revoke_everything(Stage &stage)
{
    System &sys = stage.sys;
    CPtr inner = stage.make(ABI_OBJECT_UNTYPED, 13);
    CPtr children = sys.alloc_slots(8);
    EXPECT_OK(sys.retype(inner, ABI_OBJECT_UNTYPED, 9, children, 8));
    EXPECT_OK(sys.retype(children + 3, ABI_OBJECT_NOTIFICATION, 0, sys.alloc_slots(3), 3));
    CPtr pool_memory = stage.make(ABI_OBJECT_UNTYPED, 12);
    CPtr pool = sys.alloc_slot();
    EXPECT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, pool_memory, kCNode, pool, 64));
    CPtr vspace = stage.make(ABI_OBJECT_PAGE_TABLE);
    EXPECT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
    full_cnode(stage);
    full_tcb(stage, full_cnode(stage));
    cycle(stage, 3, true);
    CPtr ep = stage.make(ABI_OBJECT_ENDPOINT);
    queue_senders(stage, sys.mint(ep, 3), 4);
    CPtr node = sys.mint(stage.make_cnode(3), 1 << 6 | 2);
    sys.copy(sys.copy(node));
    return revoking(stage);
}

Scene delete_endpoint(Stage &stage)
{
    CPtr ep = stage.make(ABI_OBJECT_ENDPOINT);
    queue_senders(stage, ep, 20);
    EXPECT_OK(stage.sys.revoke(ep)); /* The copies in the TCBs. */
    return deleting(stage, ep);
}

Scene cancel_badged_sends(Stage &stage)
{
    System *sys = &stage.sys;
    CPtr ep = stage.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys->mint(ep, 5);
    queue_senders(stage, five, 10);
    queue_senders(stage, sys->mint(ep, 6), 3);
    queue_senders(stage, five, 10);
    return {[=] { return sys->CNode_CancelBadgedSends(kCNode, five, 64); }, 0,
            [=] {
                int left = 0;
                const struct endpoint *object = sys->endpoint_of(ep);
                for (auto *t = object == nullptr ? nullptr : object->queue.head; t != nullptr;
                     t = t->queue_next) {
                    EXPECT_EQ(t->badge, 6u);
                    left++;
                }
                EXPECT_EQ(left, object == nullptr ? 0 : 3);
            }};
}

Scene delete_notification(Stage &stage)
{
    System &sys = stage.sys;
    CPtr ntfn = stage.make(ABI_OBJECT_NOTIFICATION);
    for (int i = 0; i < 20; i++) {
        Thread thread = sys.spawn({.priority = 110});
        sys.wait(ntfn);
        EXPECT_OK(sys.TCB_SetPriority(thread.tcb, kTcb, static_cast<Word>(20 + i % 4)));
    }
    return deleting(stage, ntfn);
}

Scene retype_dirty_memory(Stage &stage)
{
    System *sys = &stage.sys;
    CPtr memory = stage.make(ABI_OBJECT_UNTYPED, 15);
    CPtr frames = sys->alloc_slots(8);
    EXPECT_OK(sys->retype(memory, ABI_OBJECT_PAGE_4K, 0, frames, 8));
    Word base = sys->cap_at(memory).paddr;
    memset(sim_ram(sys->sim(), base, 1 << 15), 0x5A, 1 << 15);
    for (CPtr frame = frames; frame < frames + 8; frame++) {
        EXPECT_OK(sys->del(frame));
    }
    return {[=] { return sys->retype(memory, ABI_OBJECT_PAGE_4K, 0, frames, 3); }, 0,
            [=] {
                if (sys->is_empty(memory)) {
                    return;
                }
                EXPECT_EQ(sys->cap_at(frames + 2).paddr, base + 8192);
                const auto *bytes =
                    static_cast<const uint8_t *>(sim_ram(sys->sim(), base, 1 << 15));
                EXPECT_TRUE(std::all_of(bytes, bytes + (1 << 15), [](int b) { return b == 0; }));
            }};
}

struct SceneMaker {
    const char *name;
    Scene (*make)(Stage &);
    uint64_t points; /* At least so many preemption points. */
};

void PrintTo(const SceneMaker &maker, std::ostream *out)
{
    *out << maker.name;
}

const SceneMaker kScenes[] = {
    {"RevokeOfEverything", revoke_everything, 60},
    {"DeleteOfAFullCNode", delete_full_cnode, 16},
    {"DeleteOfAChainOfCNodes", delete_chain, 10},
    {"DeleteOfATreeOfCNodes", delete_tree, 20},
    {"DeleteIntoASelfContainingCNode", delete_into_cycle<1>, 0},
    {"DeleteIntoACycleOfTwo", delete_into_cycle<2>, 0},
    {"DeleteIntoACycleOfThree", delete_into_cycle<3>, 0},
    {"RevokeOfACNodeOnlyInItself", revoke_orphaned_cycle<1>, 3},
    {"RevokeOfACycleOfTwo", revoke_orphaned_cycle<2>, 6},
    {"RevokeOfACycleOfThree", revoke_orphaned_cycle<3>, 9},
    {"DeleteOfASlotInTheCycle", delete_in_cycle, 16},
    {"DeleteOfATcb", delete_tcb, 16},
    {"DeleteOfATcbInItsCSpace", delete_tcb_in_its_cspace, 3},
    {"DeleteOfATcbBeforeTheCopyInItsCSpace", delete_tcb_before_its_copy, 0},
    {"RevokeOfATcbOnlyInItsOnlyCSpace", revoke_orphaned_tcb, 16},
    {"DeleteOfAnEndpointWithTwentySenders", delete_endpoint, 19},
    {"DeleteOfANotificationWithTwentyWaiters", delete_notification, 19},
    {"CancelBadgedSendsOfTwenty", cancel_badged_sends, 20},
    {"RetypeOfDirtyMemory", retype_dirty_memory, 100},
};

/* --- Interruptions ---------------------------------------------------------------------------- */

/* What happens in the middle, by the watcher; and what root does afterwards in all runs. */
struct Script {
    std::function<void(const Scene &)> meanwhile = [](const Scene &) {
    };
    std::function<void(const Scene &)> finish = [](const Scene &) {
    };
    bool may_fail = false; /* The operation may be refused in the end. */
};

class Interrupted : public ::testing::TestWithParam<SceneMaker> {
  protected:
    void SetUp() override
    {
        scene_ = GetParam().make(stage_);
        start_ = stage_.sys.snapshot();
    }

    /* The state after a run. */
    std::string outcome(const Script &script)
    {
        scene_.check();
        script.finish(scene_);
        stage_.forget_watcher();
        return stage_.sys.state();
    }

    std::string uninterrupted(const Script &script);
    bool interrupted_at(uint64_t n, const Script &script);
    void at_every_point(const Script &script);

    Stage stage_;
    System &sys_ = stage_.sys;
    Scene scene_;
    Snapshot start_;
    uint64_t points_ = 0; /* Of the uninterrupted run. */
};

std::string Interrupted::uninterrupted(const Script &script)
{
    uint64_t before = sim_polls(sys_.sim());
    EXPECT_OK(scene_.act());
    points_ = sim_polls(sys_.sim()) - before;
    sys_.irq(kLine);
    stage_.watcher_waits();
    return outcome(script);
}

/* False if the operation has ended before its n-th preemption point. */
bool Interrupted::interrupted_at(uint64_t n, const Script &script)
{
    sys_.restore(start_);
    sys_.preempt_at(n, kLine);
    Reply reply = scene_.act();
    if (reply.returned) {
        EXPECT_OK(reply);
        sim_clear_injections(sys_.sim());
        return false;
    }
    EXPECT_CURRENT(sys_, stage_.watcher);
    EXPECT_EQ(sys_.message().badge, 0x77u);
    EXPECT_EQ(sys_.root().state(), THREAD_RESTART);
    script.meanwhile(scene_);
    stage_.watcher_waits();
    EXPECT_TRUE(sys_.refire());
    EXPECT_TRUE(script.may_fail || sys_.message().label == STATUS_OK);
    return true;
}

void Interrupted::at_every_point(const Script &script)
{
    std::string expected = uninterrupted(script);
    EXPECT_GE(points_, GetParam().points);
    uint64_t n = 1;
    for (; interrupted_at(n, script) && !HasFailure(); n++) {
        std::string state = outcome(script);
        ASSERT_TRUE(state == expected) << "at point " << n << ":\n"
                                       << state << "\ninstead of:\n"
                                       << expected;
    }
    EXPECT_EQ(n, points_ + 1);
    stage_.expect_memory_back();
}

INSTANTIATE_TEST_SUITE_P(Preemption, Interrupted, ::testing::ValuesIn(kScenes),
                         [](const auto &info) { return std::string(info.param.name); });

TEST_P(Interrupted, AtAnyPointEndsTheSame)
{
    at_every_point({});
}

TEST_P(Interrupted, AtEveryPointOfOneRunStillEnds)
{
    std::string expected = uninterrupted({});
    sys_.restore(start_);
    uint64_t interruptions = 0;
    sys_.preempt_at(1, kLine);
    bool returned = scene_.act().returned;
    while (!returned && interruptions <= 2 * points_) {
        interruptions++;
        stage_.watcher_waits();
        sys_.preempt_at(1, kLine);
        returned = sys_.refire();
    }
    sim_clear_injections(sys_.sim());
    EXPECT_TRUE(returned);
    EXPECT_EQ(sys_.message().label, Word(STATUS_OK));
    EXPECT_TRUE(points_ == 0 || outcome({}) == expected);
    stage_.expect_memory_back();
}

TEST_P(Interrupted, TheCallerCanBeSuspendedAndResumed)
{
    at_every_point({[this](const Scene &) {
        EXPECT_OK(sys_.TCB_Suspend(kTcb));
        EXPECT_EQ(sys_.root().state(), THREAD_INACTIVE);
        EXPECT_OK(sys_.TCB_Resume(kTcb));
    }});
}

TEST_P(Interrupted, AnAncestorCanBeRevoked)
{
    Script script;
    script.meanwhile = [this](const Scene &) {
        EXPECT_OK(sys_.revoke(stage_.untyped));
    };
    script.finish = script.meanwhile;
    script.may_fail = true;
    at_every_point(script);
}

TEST_P(Interrupted, TheSlotCanBeDeletedByAnother)
{
    if (scene_.slot == 0) {
        return;
    }
    at_every_point({[this](const Scene &scene) {
        EXPECT_OK(sys_.del(scene.slot));
        EXPECT_TRUE(sys_.is_empty(scene.slot));
    }});
}

TEST_P(Interrupted, TheSlotCanBeMovedAndDeletedThere)
{
    if (scene_.slot == 0) {
        return;
    }
    Script script;
    script.meanwhile = [this](const Scene &scene) {
        if (!sys_.is_empty(scene.slot)) {
            EXPECT_OK(sys_.move(stage_.spare, scene.slot));
        }
    };
    script.finish = [this](const Scene &) {
        EXPECT_OK(sys_.del(stage_.spare));
    };
    at_every_point(script);
}

TEST_P(Interrupted, AZombieCanNeitherBeInvokedNorCopied)
{
    if (scene_.slot == 0) {
        return;
    }
    at_every_point({[this](const Scene &scene) {
        if (sys_.cap_at(scene.slot).type != CAP_ZOMBIE) {
            return;
        }
        EXPECT_CALL_ERROR(sys_.CNode_Delete(scene.slot, 0, 4), STATUS_INVALID_CAPABILITY, {0});
        EXPECT_CALL_ERROR(sys_.TCB_Resume(scene.slot), STATUS_INVALID_CAPABILITY, {0});
        EXPECT_CALL_ERROR(sys_.CNode_Copy(kCNode, stage_.spare, 64, kCNode, scene.slot, 64, 15),
                          STATUS_ILLEGAL_OPERATION, {});
        EXPECT_CALL_ERROR(sys_.CNode_Mint(kCNode, stage_.spare, 64, kCNode, scene.slot, 64, 15, 0),
                          STATUS_ILLEGAL_OPERATION, {});
        EXPECT_OK(sys_.revoke(scene.slot));
    }});
}

} // namespace
} // namespace albireo
