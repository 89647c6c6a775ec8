/* SPDX-License-Identifier: BSD-2-Clause */

/* A booted system for contract tests, scripted: the test plays the current thread.
 *
 *     TEST(Endpoint, CallReachesTheReceiver)
 *     {
 *         System sys;
 *         CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
 *         CPtr reply = sys.make(ABI_OBJECT_REPLY);
 *         Thread server = sys.spawn({.priority = 110}); // Above root (100): it runs at once.
 *         EXPECT_CURRENT(sys, server);
 *         sys.recv(ep, reply); // The server blocks, root continues.
 *         EXPECT_CURRENT(sys, sys.root());
 *         Reply r = sys.call(ep, 7, {1, 2, 3});
 *         EXPECT_FALSE(r.returned); // Blocked on the reply.
 *         EXPECT_CURRENT(sys, server);
 *         EXPECT_EQ(sys.message().label, 7u); // What the server has received.
 *     }
 *
 * The root thread gets priority 100 (see SystemOptions), its MCP stays 255. Threads share its
 * CSpace and VSpace unless told otherwise. Everything goes through real system calls of the
 * current thread, also make() and spawn(); so call those while root is current. To let a lower
 * thread run, park() the root and later unpark() it. After every event kernel_check() runs; a
 * violation or a kernel panic fails the test with a dump, and the system then ignores everything
 * else.
 *
 * Typed invocations: for every row of ABI_INVOCATIONS there is a member function with the stub's
 * name, the invoked capability first, then the arguments in the stub's order, for example
 *
 *     sys.TCB_SetPriority(tcb, authority, priority)
 *     sys.CNode_Copy(root, dest_index, dest_depth, src_root, src_index, src_depth, rights)
 *
 * They Call as the current thread. To get a message that a stub cannot produce (too short,
 * missing capabilities), use call() with the label.
 */
#ifndef TESTS_SUPPORT_SYSTEM_H
#define TESTS_SUPPORT_SYSTEM_H

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/core.h"

namespace albireo {

using Word = uint64_t;
using CPtr = uint64_t;

class System;

/* Shorthands for the initial capabilities. */
constexpr CPtr kTcb = ABI_SLOT_INIT_TCB;
constexpr CPtr kCNode = ABI_SLOT_INIT_CNODE;
constexpr CPtr kVSpace = ABI_SLOT_INIT_VSPACE;
constexpr CPtr kIrqControl = ABI_SLOT_IRQ_CONTROL;
constexpr CPtr kAsidControl = ABI_SLOT_ASID_CONTROL;
constexpr CPtr kAsidPool = ABI_SLOT_INIT_ASID_POOL;
constexpr CPtr kBuffer = ABI_SLOT_INIT_BUFFER;
constexpr CPtr kDomain = ABI_SLOT_DOMAIN;
constexpr CPtr kSchedContext = ABI_SLOT_INIT_SC;

struct SystemOptions {
    uint64_t memory = 16u << 20;
    uint8_t root_priority = 100;   /* Set after boot; 255: as booted. */
    bool complete_at_claim = true; /* As QEMU's virt board; false: HiFive. */
    bool checks = true;            /* kernel_check() after every event. */
    uint64_t start_time = 1000000;
    uint64_t ticks_per_us = SIM_TICKS_PER_US;
    uint32_t root_cnode_bits = 12;
    uint32_t boot_slice_ms = 5;
    std::vector<uint8_t> dtb = {};
    /* Last word on the machine. */
    std::function<void(sim_config &)> configure = {};
};

/* What a thread got: the message in its registers and IPC buffer. */
struct Reply {
    bool returned = false; /* The thread that made the system call is still current, past it. */
    Word badge = 0;        /* a0. */
    Word label = 0;        /* Of a1: error of an invocation, or label of a message. */
    Word length = 0;
    Word extra_caps = 0;
    Word unwrapped = 0;
    std::vector<Word> words; /* The first `length`. */

    bool ok() const
    {
        return returned && label == 0;
    }
    Word operator[](size_t i) const
    {
        return i < words.size() ? words[i] : 0xDEADDEADDEADDEADu;
    }
};

/* One thread made by the test. Plain data: copies name the same thread. */
struct Thread {
    CPtr tcb = 0;
    CPtr sc = 0;     /* 0: passive. */
    CPtr buffer = 0; /* Frame; 0: none. */
    struct thread *object = nullptr;
    System *system = nullptr;

    struct regs &regs() const
    {
        return object->regs;
    }
    enum thread_state state() const
    {
        return static_cast<enum thread_state>(object->state);
    }
    struct sched_context *sc_object() const
    {
        return object->sc;
    } /* The one it runs on now. */
    /* Words of its IPC buffer (ABI_BUFFER_*); null if it has none. */
    Word *buffer_words() const;
    /* The message in its registers and buffer, as after a receive or an invocation. */
    Reply message() const;
    bool operator==(const Thread &other) const
    {
        return object == other.object;
    }
};

struct ThreadOptions {
    uint8_t priority = 100;
    uint8_t mcp = 255;
    Word budget_us = 1000; /* Equal to the period: round robin. */
    Word period_us = 1000;
    Word extra_refills = 0;
    Word sc_badge = 0;
    bool sporadic = false;
    bool passive = false; /* No SC. */
    bool with_buffer = true;
    Word buffer_rights = ABI_RIGHT_READ | ABI_RIGHT_WRITE; /* Of the frame capability in the TCB. */
    CPtr cspace = kCNode;
    Word cspace_data = 0; /* Guard word; 0: as the capability has it. */
    CPtr vspace = kVSpace;
    CPtr fault_ep = 0;
    CPtr timeout_ep = 0;
    bool start = true; /* Resume it. */
    Word pc = 0;       /* 0: a distinct address in the user image. */
};

/* A saved state of a System; restorable any number of times. */
using Snapshot = std::shared_ptr<struct sim_snapshot>;

class System {
  public:
    explicit System(const SystemOptions &options = SystemOptions());
    ~System(); /* Adds the kernel's counters to CountersTable. */
    System(const System &) = delete;
    System &operator=(const System &) = delete;

    struct sim *sim() const
    {
        return sim_;
    }
    struct kernel *kernel() const
    {
        return sim_kernel(sim_);
    }
    bool alive() const
    {
        return sim_ != nullptr && sim_status(sim_) == SIM_RUNNING;
    }
    /* A panic that happens from now on is expected: it does not fail the test. */
    void expect_panic()
    {
        panic_expected_ = true;
    }
    bool panicked() const
    {
        return sim_status(sim_) == SIM_PANICKED;
    }
    std::string message_of_panic() const
    {
        return sim_message(sim_);
    }

    /* --- Slots and objects -------------------------------------------------------------------- */

    /* A fresh empty slot of the root CNode. */
    CPtr alloc_slot();
    /* `count` fresh slots in a row: the first. */
    CPtr alloc_slots(size_t count);
    /* A new object from the RAM untyped, made by the current thread (which must have the root
     * CSpace). Fails the test and returns 0 if that does not work. */
    CPtr make(Word type, Word size_bits = 0);
    CPtr make_cnode(Word radix)
    {
        return make(ABI_OBJECT_CAP_TABLE, radix);
    }
    /* A new childless untyped of 2^bits bytes: RAM, and device memory. */
    CPtr untyped(Word bits);
    CPtr device_untyped(Word bits = 12);
    /* The boot untyped that make() takes memory from. */
    CPtr ram_untyped() const
    {
        return ram_untyped_;
    }
    /* A configured SC. Equal times: round robin. */
    CPtr make_sc(Word budget_us, Word period_us, Word extra_refills = 0, Word badge = 0,
                 Word flags = 0, Word size_bits = 8);
    /* SchedControl of a core. */
    CPtr sched_control(Word core = 0) const;
    /* A copy of `source` in a fresh slot; minted with a badge (or guard word) and rights. */
    CPtr copy(CPtr source, Word rights = ABI_RIGHT_ALL);
    CPtr mint(CPtr source, Word badge, Word rights = ABI_RIGHT_ALL);
    /* CNode operations on slots of the root CNode. */
    Reply del(CPtr slot)
    {
        return CNode_Delete(kCNode, slot, 64);
    }
    Reply revoke(CPtr slot)
    {
        return CNode_Revoke(kCNode, slot, 64);
    }
    Reply move(CPtr dest, CPtr source)
    {
        return CNode_Move(kCNode, dest, 64, kCNode, source, 64);
    }

    /* What a capability pointer of the root thread's CSpace names; a null capability if it does not
     * resolve. slot_at(): null then. */
    const struct cap &cap_at(CPtr cptr) const;
    struct slot *slot_at(CPtr cptr) const;
    bool is_empty(CPtr cptr) const
    {
        return cap_at(cptr).type == CAP_NULL;
    }
    struct thread *thread_of(CPtr cptr) const;
    struct sched_context *sc_of(CPtr cptr) const;
    struct endpoint *endpoint_of(CPtr cptr) const;
    struct ntfn *ntfn_of(CPtr cptr) const;
    struct reply *reply_of(CPtr cptr) const;

    /* BootInfo: the words of the frame, docs/abi/11 section 11.7. */
    const Word *bootinfo() const
    {
        return bootinfo_;
    }

    /* --- Threads ------------------------------------------------------------------------------ */

    Thread root() const
    {
        return root_;
    }
    /* TCB, SC and buffer, configured (and started) by the current thread. */
    Thread spawn(const ThreadOptions &options = ThreadOptions());
    struct thread *current() const
    {
        return sim_current(sim_);
    }
    bool is_current(const Thread &thread) const
    {
        return current() == thread.object;
    }
    bool is_idle() const
    {
        return sim_is_idle(sim_);
    }
    /* The current thread yields to `thread` (SchedContext_YieldTo), whose priority must be at least
     * its own, and which must then be current. The yielding thread comes next. */
    void switch_to(const Thread &thread);
    /* The current thread (root, say) waits on a notification of its own; then another thread with
     * the root CSpace signals that. With a lower priority, it loses the processor by that. */
    void park();
    void unpark();

    /* --- Raw system calls of the current thread ----------------------------------------------- */

    /* ecall: a7 := number, a0.. := a (the others stay), t0 := t0 if given. If the kernel lets the
     * same thread repeat its ecall (preempted, budget ended), it does so, unless auto_restart is
     * off. Returns true if the caller is still current, past its ecall. */
    bool ecall(int64_t number, const std::vector<Word> &a = {}, const Word *t0 = nullptr);
    /* The current thread repeats the ecall that it stands at, registers as they are. */
    bool refire();
    bool auto_restart = true;
    uint64_t restarts = 0; /* By auto_restart, so far. */

    /* System calls in words. `words` beyond the fourth and `caps` go to the caller's IPC buffer, if
     * it has one. What comes back is in the Reply; if it did not return, see message() once the
     * thread runs again. */
    Reply call(CPtr dest, Word label, const std::vector<Word> &words = {},
               const std::vector<CPtr> &caps = {});
    Reply send(CPtr dest, Word label = 0, const std::vector<Word> &words = {},
               const std::vector<CPtr> &caps = {});
    Reply nb_send(CPtr dest, Word label = 0, const std::vector<Word> &words = {},
                  const std::vector<CPtr> &caps = {});
    Reply signal(CPtr dest)
    {
        return send(dest);
    }
    Reply recv(CPtr source, CPtr reply = 0);
    Reply nb_recv(CPtr source, CPtr reply = 0);
    Reply wait(CPtr source);
    Reply nb_wait(CPtr source);
    Reply reply_recv(CPtr source, CPtr reply, Word label = 0, const std::vector<Word> &words = {},
                     const std::vector<CPtr> &caps = {});
    Reply nb_send_recv(CPtr dest, CPtr source, CPtr reply, Word label = 0,
                       const std::vector<Word> &words = {}, const std::vector<CPtr> &caps = {});
    Reply nb_send_wait(CPtr dest, CPtr source, Word label = 0, const std::vector<Word> &words = {},
                       const std::vector<CPtr> &caps = {});
    void yield()
    {
        ecall(ABI_SYS_YIELD);
    }

    /* The message in the current thread's registers and buffer; in any thread's. */
    Reply message() const
    {
        return message_of(current());
    }
    Reply message_of(struct thread *thread) const;
    /* The current thread's receive slot: where a transferred capability goes. */
    void set_receive_slot(CPtr cnode, CPtr index, Word depth = 64);
    /* Words of a thread's IPC buffer, null if it has none. */
    Word *buffer_of(struct thread *thread) const;

    /* --- Typed invocations -------------------------------------------------------------------- */

#define ABI_SYSTEM_W(type, name) , Word name
#define ABI_SYSTEM_N(name) , Word name
#define ABI_SYSTEM_PUSH_W(type, name) words.push_back(name);
#define ABI_SYSTEM_PUSH_N(name) words.push_back(name);
#define ABI_SYSTEM_PUSH_C(name) caps.push_back(name);
#define ABI_X(label, kind, name, stub, handler, args, results)                                     \
    Reply stub(CPtr service ABI_ARGS_##args(ABI_SYSTEM_W, ABI_SYSTEM_N, ABI_SYSTEM_N,              \
                                            ABI_SYSTEM_N, ABI_SYSTEM_N))                           \
    {                                                                                              \
        std::vector<Word> words;                                                                   \
        std::vector<CPtr> caps;                                                                    \
        ABI_ARGS_##args(ABI_SYSTEM_PUSH_W, ABI_SYSTEM_PUSH_N, ABI_SYSTEM_PUSH_N,                   \
                        ABI_SYSTEM_PUSH_N,                                                         \
                        ABI_SYSTEM_PUSH_C) return call(service, label, words, caps);               \
    }
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
#undef ABI_SYSTEM_W
#undef ABI_SYSTEM_N
#undef ABI_SYSTEM_PUSH_W
#undef ABI_SYSTEM_PUSH_N
#undef ABI_SYSTEM_PUSH_C

    /* TCB_WriteRegisters with register values in the order of docs/abi/05 section 5.5.1. (The
     * generated one sends no register words.) */
    Reply write_registers(CPtr tcb, bool resume, const std::vector<Word> &registers);
    Reply retype(CPtr untyped, Word type, Word size_bits, CPtr first_slot, Word count = 1)
    {
        return Untyped_Retype(untyped, type, size_bits, kCNode, 0, 0, first_slot, count);
    }

    /* --- Memory ------------------------------------------------------------------------------- */

    /* A new root page table with an ASID from the initial pool. */
    CPtr make_vspace();
    /* Maps page tables until `vaddr` has those that a frame of 2^bits bytes needs. */
    void map_tables(CPtr vspace, Word vaddr, Word bits = ABI_PAGE_BITS);
    /* A new 4 KiB frame mapped at `vaddr`, with tables as needed. */
    CPtr map_new_page(CPtr vspace, Word vaddr, Word rights = ABI_RIGHT_READ | ABI_RIGHT_WRITE,
                      Word attributes = 0);
    /* Accesses of the current thread, 8 bytes by default. False: it has faulted. */
    bool load(Word vaddr, Word *value, uint32_t size = 8);
    bool store(Word vaddr, Word value, uint32_t size = 8);
    bool fetch(Word vaddr);
    /* The current thread takes an exception. */
    void fault(Word cause, Word value);

    /* --- Time and interrupts ------------------------------------------------------------------ */

    Word now() const
    {
        return sim_now(sim_);
    }
    void advance(Word us)
    {
        advance_ticks(us * sim_config_of(sim_)->ticks_per_us);
    }
    void advance_ticks(Word ticks);
    /* When idle: to the next thing that happens. False if nothing will. */
    bool run_idle();
    void irq(uint32_t line);
    void poll_every(uint32_t n)
    {
        sim_poll_every(sim_, n);
    }
    /* The interrupt comes at the n-th preemption point that looks (n >= 1). */
    void preempt_at(uint64_t n, uint32_t line)
    {
        sim_inject_at_preemption(sim_, n, line);
    }

    /* --- Whole state -------------------------------------------------------------------------- */

    std::string console() const
    {
        return sim_console(sim_);
    }
    void clear_console()
    {
        sim_console_clear(sim_);
    }
    /* All of the state in words, but counters and the current thread's registers. */
    std::string state() const;
    std::string dump() const; /* For humans. */
    /* Runs `action` and expects the state to be the same before and after. */
    void expect_unchanged(const std::function<void()> &action);
    Snapshot snapshot();
    void restore(const Snapshot &snapshot);

  private:
    bool syscall();
    Reply result(struct thread *caller, bool returned) const;
    Word prepare(Word label, const std::vector<Word> &words, const std::vector<CPtr> &caps,
                 std::vector<Word> *a);
    void after_event();
    void find_untypeds();
    void account();

    struct sim *sim_ = nullptr;
    Thread root_;
    const Word *bootinfo_ = nullptr;
    CPtr next_slot_ = 0;
    CPtr end_slot_ = 0;
    CPtr ram_untyped_ = 0;
    CPtr device_untyped_ = 0;
    CPtr park_ = 0;
    Word spawned_ = 0;
    bool panic_expected_ = false;
    bool reported_ = false;
    std::unique_ptr<struct counters> counted_;      /* Already in the table. */
    std::unique_ptr<class TraceRecorder> recorder_; /* With ALBIREO_TRACE_DIR. */
};

/* How often each check of ABI_CHECKS refused and each invocation succeeded, over all Systems of the
 * process. */
class CountersTable {
  public:
    static void add(const struct counters &now, const struct counters &before);
    /* One line per row: invocation, check, error, text, count. */
    static void report(std::ostream &out);
    /* True if no row is empty; else the empty ones are listed. */
    static bool complete(std::ostream &out);
};

/* --- Expectations ----------------------------------------------------------------------------- */

::testing::AssertionResult has_error(const Reply &reply, Word error);
::testing::AssertionResult has_error(const Reply &reply, Word error,
                                     const std::vector<Word> &details);
const char *error_name(Word error);
/* "root", a debug name, or "idle". */
std::string thread_name(const struct thread *thread);

#define EXPECT_OK(reply) EXPECT_TRUE(::albireo::has_error((reply), STATUS_OK))
#define ASSERT_OK(reply) ASSERT_TRUE(::albireo::has_error((reply), STATUS_OK))

/* The call returned with this error (STATUS_*), and detail words if given:
 * EXPECT_CALL_ERROR(reply, STATUS_RANGE_ERROR, {1, 64}); without the third, details do not
 * matter. */
#define EXPECT_CALL_ERROR(reply, ...) EXPECT_TRUE(::albireo::has_error((reply), __VA_ARGS__))

#define EXPECT_CURRENT(sys, thread_)                                                               \
    EXPECT_EQ(::albireo::thread_name((sys).current()), ::albireo::thread_name((thread_).object))   \
        << (sys).dump()
#define EXPECT_IDLE(sys) EXPECT_TRUE((sys).is_idle()) << (sys).dump()

} // namespace albireo

#endif
