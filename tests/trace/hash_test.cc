/* SPDX-License-Identifier: BSD-2-Clause */

/* The state hash: the same for the same state, another one for any other. */
#include <cstring>
#include <functional>
#include <map>

#include "tests/trace/recording.h"

namespace albireo {
namespace {

/* A state in which everything that can be there is there. */
class Stage {
  public:
    Stage()
    {
        ep = sys.make(ABI_OBJECT_ENDPOINT);
        ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        bound = sys.make(ABI_OBJECT_NOTIFICATION);
        reply = sys.make(ABI_OBJECT_REPLY);
        other_reply = sys.make(ABI_OBJECT_REPLY);
        handler = sys.alloc_slot();
        sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64);
        sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 4));
        badged = sys.mint(ep, 0x42);
        guarded = sys.mint(sys.make_cnode(4), 60 | 5 << 6);
        vspace = sys.make_vspace();
        frame = sys.map_new_page(vspace, 0x40000000);
        CPtr sc = sys.make_sc(100, 1000, 2, 0x99);
        sys.SchedContext_Bind(sc, bound);
        server = sys.spawn({.priority = 110});
        sys.recv(ep, reply);
        client = sys.spawn({.priority = 105, .fault_ep = badged});
        Word value;
        sys.load(0x123000, &value); /* The server has got its fault. */
        sys.send(ntfn);
        sys.wait(ntfn);
        sys.wait(ntfn); /* And waits. */
        sender = sys.spawn({.priority = 104});
        sys.send(badged, 1, {2});
        ready = sys.spawn({.priority = 50});
        sys.TCB_BindNotification(ready.tcb, bound);
        sys.send(bound);
    }
    uint64_t hash() const
    {
        return trace_state_hash(sys.sim());
    }

    System sys;
    CPtr ep, ntfn, bound, reply, other_reply, handler, badged, guarded, vspace, frame;
    Thread server, client, sender, ready;
};

TEST(StateHash, EqualStatesHaveEqualHashes)
{
    uint64_t first = 0;
    for (int i = 0; i < 2; i++) { /* Two machines, one after the other. */
        Stage stage;
        ASSERT_TRUE(stage.sys.alive());
        uint64_t hash = stage.hash();
        EXPECT_EQ(hash, stage.hash());
        EXPECT_TRUE(i == 0 || hash == first);
        first = hash;
        Snapshot snapshot = stage.sys.snapshot();
        stage.sys.revoke(stage.sys.ram_untyped());
        EXPECT_NE(hash, stage.hash());
        stage.sys.restore(snapshot);
        EXPECT_EQ(hash, stage.hash());
    }
}

TEST(StateHash, EveryEventChangesIt)
{
    Stage stage;
    System &sys = stage.sys;
    std::map<uint64_t, int> seen = {{stage.hash(), 0}};
    const std::function<void()> events[] = {
        [&] { sys.yield(); },
        [&] {
            sys.advance(1);
            sys.yield();
        },
        [&] { sys.TCB_SetPriority(kTcb, kTcb, 99); },
        [&] { sys.make(ABI_OBJECT_ENDPOINT); },
        [&] { sys.copy(stage.ep); },
        [&] { sys.mint(stage.ep, 1); },
        [&] { sys.TCB_SetFlags(stage.ready.tcb, 0, 1); },
        [&] { sys.TCB_Suspend(stage.sender.tcb); },
        [&] { sys.TCB_Resume(stage.sender.tcb); },
        [&] { sys.revoke(stage.ep); },
        [&] { sys.IRQHandler_Clear(stage.handler); },
        [&] { sys.RISCV_Page_Unmap(stage.frame); },
    };
    int number = 0;
    for (const auto &event : events) {
        event();
        number++;
        auto [place, fresh] = seen.emplace(stage.hash(), number);
        EXPECT_TRUE(fresh) << number << " as " << place->second;
    }
}

/* Changes a field, expects another hash (or the same), and puts the old value back. */
void expect_other(const Stage &stage, const char *what, void *field, size_t size, bool other)
{
    uint64_t before = stage.hash();
    unsigned char *byte = static_cast<unsigned char *>(field);
    for (size_t i = 0; i < size; i++) {
        byte[i] ^= 1; /* A bool stays one; an address moves by one. */
        EXPECT_EQ(before != stage.hash(), other) << what << ", byte " << i;
        byte[i] ^= 1;
    }
    EXPECT_EQ(before, stage.hash());
}

#define SEEN(field) expect_other(stage, #field, &(field), sizeof(field), true)
#define UNSEEN(field) expect_other(stage, #field, &(field), sizeof(field), false)

/* Another pointer instead. */
template <typename T> void expect_pointer(const Stage &stage, const char *what, T **field, T *other)
{
    uint64_t before = stage.hash();
    T *old = *field;
    ASSERT_NE(old, other) << what;
    *field = other;
    EXPECT_NE(before, stage.hash()) << what;
    *field = old;
}

#define POINTS(field, other) expect_pointer(stage, #field, &(field), other)

TEST(StateHash, Threads)
{
    Stage stage;
    struct thread *t = stage.sender.object;
    struct thread *root = stage.sys.root().object;
    for (int i = 1; i < 32; i++) {
        SEEN(t->regs.x[i]);
    }
    SEEN(t->regs.pc);
    SEEN(t->regs.fault_pc);
    SEEN(t->state);
    SEEN(t->queue);
    SEEN(t->priority);
    SEEN(t->mcp);
    SEEN(t->domain);
    SEEN(t->core);
    SEEN(t->flags);
    SEEN(t->badge);
    SEEN(t->can_grant);
    SEEN(t->can_grant_reply);
    SEEN(t->is_call);
    SEEN(t->buffer_vaddr);
    POINTS(t->sc, root->sc);
    POINTS(t->endpoint, static_cast<struct endpoint *>(nullptr));
    POINTS(t->reply, stage.sys.reply_of(stage.other_reply));
    POINTS(t->bound_ntfn, stage.sys.ntfn_of(stage.ntfn));
    POINTS(t->yield_to, root->sc);
    POINTS(stage.server.object->ntfn, stage.sys.ntfn_of(stage.bound));
    struct fault &fault = stage.client.object->fault;
    SEEN(fault.type);
    SEEN(fault.receive_phase);
    SEEN(fault.lookup_kind);
    SEEN(fault.bits_left);
    SEEN(fault.bits_found);
    SEEN(fault.address);
    SEEN(fault.code);
    SEEN(fault.fetch);
    UNSEEN(root->badge); /* It does not send. */
    UNSEEN(root->fault.address);
    UNSEEN(t->fpu);
    UNSEEN(t->name);
    POINTS(stage.sys.kernel()->threads, root);
}

TEST(StateHash, TimeAndCores)
{
    Stage stage;
    struct kernel *k = stage.sys.kernel();
    struct core &core = k->cores[0];
    struct sched_context *sc = stage.sys.root().object->sc;
    SEEN(core.now);
    SEEN(core.uncharged);
    SEEN(core.domain);
    SEEN(core.domain_index);
    SEEN(core.vspace_asid);
    SEEN(core.vspace_root);
    POINTS(core.current, stage.ready.object);
    POINTS(core.current_sc, stage.ready.sc_object());
    POINTS(core.ready[0].queues[50].head, static_cast<struct thread *>(nullptr));
    POINTS(core.release.head, stage.ready.object);
    UNSEEN(core.work_units);
    UNSEEN(k->counters);
    SEEN(sc->refills.budget);
    SEEN(sc->refills.period);
    SEEN(refill_at(&sc->refills, 0)->time);
    SEEN(refill_at(&sc->refills, 0)->amount);
    SEEN(sc->consumed);
    SEEN(sc->badge);
    SEEN(sc->core);
    SEEN(sc->bits);
    SEEN(sc->sporadic);
    POINTS(sc->thread, stage.ready.object);
    POINTS(sc->ntfn, stage.sys.ntfn_of(stage.ntfn));
    POINTS(sc->reply, stage.sys.reply_of(stage.reply));
    POINTS(sc->yield_from, stage.ready.object);
    SEEN(k->irq_states[11]);
    SEEN(k->domain_start);
    SEEN(k->domain_schedule[1].duration);
}

TEST(StateHash, Objects)
{
    Stage stage;
    System &sys = stage.sys;
    struct thread *nobody = nullptr;
    POINTS(sys.endpoint_of(stage.ep)->queue.head, nobody);
    struct ntfn *ntfn = sys.ntfn_of(stage.ntfn);
    SEEN(ntfn->state);
    UNSEEN(ntfn->badge); /* While it is not active. */
    POINTS(ntfn->queue.head, nobody);
    struct ntfn *bound = sys.ntfn_of(stage.bound);
    SEEN(bound->badge);
    POINTS(bound->bound, nobody);
    POINTS(bound->sc, sys.root().object->sc);
    struct reply *reply = sys.reply_of(stage.reply);
    POINTS(reply->thread, nobody);
    POINTS(reply->prev, sys.reply_of(stage.other_reply));
    POINTS(reply->next, sys.reply_of(stage.other_reply));
    POINTS(reply->sc, sys.root().object->sc);
}

TEST(StateHash, Capabilities)
{
    Stage stage;
    System &sys = stage.sys;
    struct cap &endpoint = sys.slot_at(stage.badged)->cap;
    SEEN(endpoint.badge);
    SEEN(endpoint.rights);
    SEEN(endpoint.cdt);
    SEEN(endpoint.type);
    POINTS(endpoint.endpoint, static_cast<struct endpoint *>(nullptr));
    struct cap &untyped = sys.slot_at(sys.ram_untyped())->cap;
    SEEN(untyped.paddr);
    SEEN(untyped.free_index);
    SEEN(untyped.bits);
    SEEN(untyped.device);
    struct cap &node = sys.slot_at(stage.guarded)->cap;
    SEEN(node.guard);
    SEEN(node.guard_bits);
    SEEN(node.bits);
    struct cap &frame = sys.slot_at(stage.frame)->cap;
    SEEN(frame.paddr);
    SEEN(frame.vaddr);
    SEEN(frame.asid);
    SEEN(frame.rights);
    SEEN(frame.device);
    struct cap &table = sys.slot_at(stage.vspace)->cap;
    SEEN(table.asid);
    SEEN(table.vaddr);
    SEEN(sys.slot_at(stage.handler)->cap.irq);
    SEEN(sys.slot_at(sys.sched_control())->cap.core);
    SEEN(sys.kernel()->irq_slots[10].cap.badge);
    SEEN(stage.sender.object->slots[THREAD_CSPACE].cap.guard);
    UNSEEN(frame.guard_bits); /* What this kind does not have. */
    UNSEEN(untyped.rights);
}

/* The same capability in another place is another state. */
TEST(StateHash, Places)
{
    Stage stage;
    CPtr slot = stage.sys.alloc_slot();
    Snapshot snapshot = stage.sys.snapshot();
    stage.sys.move(slot, stage.badged);
    uint64_t first = stage.hash();
    stage.sys.restore(snapshot);
    stage.sys.move(slot + 1, stage.badged);
    EXPECT_NE(first, stage.hash());
}

TEST(StateHash, AddressSpaces)
{
    Stage stage;
    System &sys = stage.sys;
    struct page_table *root = sys.slot_at(stage.vspace)->cap.table;
    uint32_t level;
    uint64_t *entry = vspace_walk(sys.kernel(), root, 0x40000000, &level);
    SEEN(*entry);
    SEEN(root->entries[1]);
    UNSEEN(root->entries[PT_ENTRIES / 2 + 1]); /* The kernel's half. */
    uint64_t page = reinterpret_cast<uintptr_t>(entry) & ~4095ull;
    uint64_t *last = reinterpret_cast<uint64_t *>(page) + PT_ENTRIES - 1;
    uint64_t before = stage.hash();
    *last = *entry; /* All of a lower table is the user's. */
    EXPECT_NE(before, stage.hash());
    *last = 0;
    POINTS(sys.kernel()->asid_pools[0]->roots[100], root);
    POINTS(sys.kernel()->asid_pools[1], sys.kernel()->asid_pools[0]);
    uint64_t *words = static_cast<uint64_t *>(sim_ram(sys.sim(), sys.cap_at(stage.frame).paddr, 8));
    UNSEEN(*words); /* Memory of users. */
}

/* Whatever is in memory, hash and descriptions end and do not crash. */
TEST(StateHash, BrokenStates)
{
    Stage stage;
    System &sys = stage.sys;
    Snapshot snapshot = stage.sys.snapshot();
    uint64_t seed = 12345;
    auto random = [&seed] {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        return seed >> 20;
    };
    struct trace_event event = {};
    uint64_t base = reinterpret_cast<uintptr_t>(sys.kernel());
    uint64_t objects[] = {base,
                          reinterpret_cast<uintptr_t>(stage.sender.object),
                          reinterpret_cast<uintptr_t>(sys.root().object),
                          reinterpret_cast<uintptr_t>(sys.slot_at(stage.ep)),
                          reinterpret_cast<uintptr_t>(sys.endpoint_of(stage.ep)),
                          reinterpret_cast<uintptr_t>(sys.root().object->sc)};
    std::map<uint64_t, int> hashes;
    for (int i = 0; i < 600; i++) {
        sys.restore(snapshot);
        for (uint64_t n = random() % 8 + 1; n > 0; n--) {
            uint64_t size = i % 6 == 0 ? sizeof(struct kernel) : 2048;
            uint64_t *word = reinterpret_cast<uint64_t *>(objects[i % 6] + random() % size / 8 * 8);
            uint64_t values[] = {0,
                                 random(),
                                 UINT64_MAX,
                                 8,
                                 base,
                                 base + random() % 100000 * 8,
                                 objects[random() % 6]};
            *word = values[random() % 7];
        }
        hashes[trace_state_hash(sys.sim())]++;
        trace_describe_before(sys.sim(), nullptr, SIM_EVENT_SYSCALL, 0, 0, &event);
        trace_describe_after(sys.sim(), nullptr, &event);
        EXPECT_LT(strlen(event.what) + strlen(event.outcome), 2u * TRACE_TEXT);
    }
    EXPECT_GT(hashes.size(), 150u);
    sys.restore(snapshot);
    trace_event_free(&event);
}

TEST(BuildId, IsSixteenDigits)
{
    std::string id = trace_build_id();
    EXPECT_EQ(id.size(), 16u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

} // namespace
} // namespace albireo
