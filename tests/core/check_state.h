/* SPDX-License-Identifier: BSD-2-Clause */

/* A kernel state in which everything that kernel_check() looks at occurs at least once, built by
 * system calls of the kernel itself. */
#ifndef TESTS_CORE_CHECK_STATE_H
#define TESTS_CORE_CHECK_STATE_H

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/machine_stub.h"

extern "C" {
#include "core/endpoint.h"
#include "core/entry.h"
#include "core/ntfn.h"
#include "core/reply.h"
}

using Word = uint64_t;
using CPtr = uint64_t; /* In the root CSpace: the slot's index. */

constexpr CPtr kRootTcb = ABI_SLOT_INIT_TCB;
constexpr CPtr kRootCNode = ABI_SLOT_INIT_CNODE;
constexpr CPtr kRootVSpace = ABI_SLOT_INIT_VSPACE;

struct Task {
    CPtr tcb;
    CPtr sc;
    struct thread *thread;
};

/* A booted kernel; the root task has priority 100, so that what it starts above runs at once. */
class Booted {
  public:
    Booted();

    /* "ok", or the number of the violated invariant. */
    std::string check();
    struct check_failure failure = {};

    struct slot &slot(CPtr cptr) const
    {
        return cnode[cptr];
    }
    struct cap &cap(CPtr cptr) const
    {
        return cnode[cptr].cap;
    }

    /* System calls of the current thread. call() expects success of those that return. */
    void ecall(int64_t number, const std::vector<Word> &a, Word a6 = 0);
    void call(CPtr dest, Word label, const std::vector<Word> &words = {},
              const std::vector<CPtr> &caps = {});
    void recv(CPtr source, CPtr reply = 0)
    {
        ecall(ABI_SYS_RECV, {source}, reply);
    }
    void send(CPtr dest)
    {
        ecall(ABI_SYS_SEND, {dest, 0});
    }
    void call_endpoint(CPtr dest)
    {
        ecall(ABI_SYS_CALL, {dest, 0});
    }
    void yield()
    {
        ecall(ABI_SYS_YIELD, {0});
    }

    CPtr free_slot();
    CPtr make(Word type, Word size_bits = 0)
    {
        return retype(memory, type, size_bits);
    }
    CPtr retype(CPtr untyped, Word type, Word size_bits);
    CPtr copy(CPtr source, Word rights = ABI_RIGHT_ALL);
    CPtr mint(CPtr source, Word badge, Word rights = ABI_RIGHT_ALL);
    void copy_into(CPtr cspace, Word index, Word depth, CPtr source, bool move);
    void configure(CPtr sc, Word budget_us, Word period_us, Word extra = 0);
    /* A thread with an SC, resumed: if its priority is above the root task's it is current. */
    Task spawn(Word priority, Word budget_us = 1000, Word period_us = 1000, CPtr fault = 0);
    struct page_table *table_of(CPtr cptr) const
    {
        return cap(cptr).table;
    }

    HostRam ram;
    struct machine machine;
    struct boot_params params = {};
    struct kernel *k = nullptr;
    struct slot *cnode = nullptr;
    struct thread *root = nullptr;
    CPtr memory = 0; /* Untyped memory, and some of devices. */
    CPtr device_memory = 0;
    CPtr sched_control = 0;
    Word now = 0;

  private:
    void boot();
    void find_caps();
    std::vector<Word> scratch_;
};

/* The state. Each member is where one thing occurs. */
class Rich : public Booted {
  public:
    Rich();

    CPtr ep_recv, ep_send, ep_badged, ep_badged_copy, ep_fault;
    CPtr ntfn_wait, ntfn_active, ntfn_bound, ntfn_sc, ntfn_irq;
    CPtr reply_1, reply_2, reply_top, reply_bottom, reply_unused;
    CPtr inner, inner_child, inner_frame; /* Untyped in untyped, and what is in it. */
    CPtr device_frame;
    CPtr small_cnode;
    CPtr pool_copy, leaf_copy;
    CPtr lone;                             /* An untyped without children. */
    CPtr handler, handler_copy, handler_7; /* Of interrupts 5 and 7. */
    CPtr pool, vspace, middle, leaf, unmapped, page_rw, page_ro, page_mega, page_none;
    CPtr zombie; /* An anchor, in a ring with another that lies in zombie_home, and a thread. */
    struct slot *zombie_home = nullptr;
    struct thread *dying = nullptr;
    Task receiver_1, receiver_2, sender_1, sender_2, waiter_1, waiter_2, bound, client, proxy,
        server, periodic, released_1, released_2, ready_1, ready_2, faulted, sleeper, yielded;

  private:
    void make_ipc();
    void make_chain();
    void make_time();
    void make_memory();
    void make_vspace();
    void make_zombies();
};

#endif
