/* SPDX-License-Identifier: BSD-2-Clause */

/* Floating-point registers belong to their thread, docs/abi/01 section 1.2 and 05 (SetFlags). */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/probe.h"
#include "user/lib/port.h"

enum { FCSR = 32, FPU_WORDS = 33, ILLEGAL_INSTRUCTION = 2 };

static seL4_TCB_SetFlags_t set_flags(const struct probe *p, seL4_Word clear, seL4_Word set)
{
    return seL4_TCB_SetFlags(p->thread.tcb, clear, set);
}

static void set_flags_errors(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_Word words[] = {0};
    CHECK(c, albireo_invoke(tcb, ABI_LABEL_TCB_SET_FLAGS, 1, words, 0, seL4_Null, 1) ==
                 seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetFlags(tcb, 0, UINT64_MAX).flags == seL4_TCBFlag_MASK);
    CHECK(c, seL4_TCB_SetFlags(tcb, 0, 0).flags == seL4_TCBFlag_MASK);
    CHECK(c, seL4_TCB_SetFlags(tcb, UINT64_MAX, UINT64_MAX).flags == seL4_TCBFlag_MASK);
    CHECK(c, seL4_TCB_SetFlags(tcb, UINT64_MAX, 0).flags == seL4_TCBFlag_NoFlag);
}

#ifdef CONFIG_HAVE_FPU

enum { HIGH = PROBE_PRIORITY, LOW = CONF_PRIORITY - 10 };

/* What a thread with this seed has in a register. Of fcsr, a rounding mode and flags. */
static uint64_t pattern(uint64_t seed, uint32_t index)
{
    return index == FCSR ? (seed % 5) << 5 | (seed * 7 % 32) : seed << 32 | (index + 1);
}

static void fill(uint64_t seed)
{
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        user_fpu_set(i, pattern(seed, i));
    }
}

static bool is_filled(uint64_t seed)
{
    bool all = true;
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        all = user_fpu_get(i) == pattern(seed, i) && all;
    }
    return all;
}

static void probe_fill(struct probe *p, uint64_t seed)
{
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        probe_fpu_set(p, i, pattern(seed, i));
    }
}

static bool probe_is_filled(struct probe *p, uint64_t seed)
{
    bool all = true;
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        all = outcome_is(probe_fpu_get(p, i), pattern(seed, i)) && all;
    }
    return all;
}

static bool probe_is_zero(struct probe *p)
{
    bool all = true;
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        all = outcome_is(probe_fpu_get(p, i), 0) && all;
    }
    return all;
}

static void threads_begin_with_zeros(struct conf *c)
{
    struct probe p;
    fill(1);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, probe_is_zero(&p));
    CHECK(c, is_filled(1));
}

static void system_calls_keep_all(struct conf *c)
{
    fill(2);
    seL4_Yield();
    CHECK(c, is_filled(2));
    CHECK(c, seL4_SchedContext_Consumed(seL4_CapInitThreadSC).error == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(c->alloc.cnode, conf_slot(c), ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, is_filled(2));
}

static void switches_keep_all(struct conf *c)
{
    struct probe p[2];
    REQUIRE(c, probe_start(c, &p[0]));
    REQUIRE(c, probe_start(c, &p[1]));
    fill(3);
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        probe_fpu_set(&p[0], i, pattern(4, i));
        probe_fpu_set(&p[1], i, pattern(5, i));
    }
    for (uint32_t round = 0; round < 2; round++) {
        CHECK(c, probe_is_filled(&p[0], 4));
        CHECK(c, is_filled(3));
        CHECK(c, probe_is_filled(&p[1], 5));
    }
}

/* Notes whether its registers are still what they were, each time it has worked for a while. */
struct holder {
    const struct conf *conf;
    uint64_t seed;
    seL4_CPtr done;
    uint64_t rounds;
    uint64_t kept;
};

static void holder_main(uint64_t argument)
{
    struct holder *h = (struct holder *)(uintptr_t)argument;
    fill(h->seed);
    for (uint64_t i = 0; i < h->rounds; i++) {
        user_work_us(3000);
        h->kept += is_filled(h->seed) ? 1 : 0;
    }
    seL4_Signal(h->done);
    conf_park(h->conf);
}

static bool holder_start(struct conf *c, struct holder *h, uint64_t seed, uint8_t priority,
                         seL4_Time budget, seL4_Time period)
{
    struct user_thread thread;
    *h = (struct holder){c, seed, conf_object(c, seL4_NotificationObject, 0), 5, 0};
    struct thread_spec spec = conf_spec(c, "holder", holder_main, h, priority);
    spec = conf_with_time(spec, budget, period);
    return conf_start(c, &spec, &thread);
}

/* Two that take turns by slices, and a higher one that comes in between. */
static void preemption_keeps_all(struct conf *c)
{
    struct holder h[3];
    REQUIRE(c, holder_start(c, &h[0], 6, LOW, 2000, 2000));
    REQUIRE(c, holder_start(c, &h[1], 7, LOW, 2000, 2000));
    REQUIRE(c, holder_start(c, &h[2], 8, HIGH, 700, 1700));
    for (uint32_t i = 0; i < 3; i++) {
        seL4_Wait(h[i].done, seL4_Null);
        CHECK(c, h[i].kept == h[i].rounds);
    }
}

static void faults_keep_all(struct conf *c)
{
    struct probe p;
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    REQUIRE(c, probe_start(c, &p));
    probe_fill(&p, 9);
    fill(10);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, CONF_WINDOW), CONF_WINDOW, 5));
    CHECK(c, is_filled(10));
    fill(11);
    CHECK(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_done(probe_again(&p)));
    CHECK(c, probe_is_filled(&p, 9));
    CHECK(c, is_filled(11));
}

static void suspension_keeps_all(struct conf *c)
{
    struct probe p;
    REQUIRE(c, probe_start(c, &p));
    probe_fill(&p, 12);
    CHECK(c, seL4_TCB_Suspend(p.thread.tcb) == seL4_NoError);
    fill(13);
    CHECK(c, seL4_TCB_Resume(p.thread.tcb) == seL4_NoError);
    CHECK(c, probe_is_filled(&p, 12));
    CHECK(c, seL4_TCB_Suspend(p.thread.tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_WriteRegisters(p.thread.tcb, 1, 0, 32, &p.start) == seL4_NoError);
    CHECK(c, probe_is_filled(&p, 12));
}

static void copying_registers_leaves_them(struct conf *c)
{
    struct probe p[2];
    REQUIRE(c, probe_start(c, &p[0]));
    REQUIRE(c, probe_start(c, &p[1]));
    probe_fill(&p[0], 14);
    probe_fill(&p[1], 15);
    CHECK(c,
          seL4_TCB_CopyRegisters(p[1].thread.tcb, p[0].thread.tcb, 1, 0, 1, 1, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_WriteRegisters(p[1].thread.tcb, 1, 0, 32, &p[1].start) == seL4_NoError);
    CHECK(c, seL4_TCB_WriteRegisters(p[0].thread.tcb, 1, 0, 32, &p[0].start) == seL4_NoError);
    CHECK(c, probe_is_filled(&p[0], 14));
    CHECK(c, probe_is_filled(&p[1], 15));
}

static void other_spaces_keep_all(struct conf *c)
{
    struct probe p;
    struct space space;
    REQUIRE(c, probe_start(c, &p));
    probe_fill(&p, 16);
    seL4_CPtr handler = conf_mint(c, p.answers, seL4_AllRights, 2);
    CHECK(c, space_create(&c->scene, seL4_CapInitThreadASIDPool, &space) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, handler, c->alloc.cnode, 0, space.vspace, 0) ==
                 seL4_NoError);
    struct outcome outcome = probe_fpu_get(&p, 1);
    CHECK(c, outcome.faulted && seL4_isVMFault_Fault(outcome.fault));
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, handler, c->alloc.cnode, 0, c->space.vspace, 0) ==
                 seL4_NoError);
    CHECK(c, outcome_is(probe_again(&p), pattern(16, 1)));
    CHECK(c, probe_is_filled(&p, 16));
}

static void processes_keep_all(struct conf *c)
{
    struct probe p[2];
    struct process process;
    REQUIRE(c, probe_start_process(c, &p[0], &process));
    REQUIRE(c, probe_start(c, &p[1]));
    CHECK(c, probe_is_zero(&p[0]));
    probe_fill(&p[0], 17);
    probe_fill(&p[1], 18);
    CHECK(c, probe_is_filled(&p[0], 17));
    CHECK(c, probe_is_filled(&p[1], 18));
}

static void new_threads_see_nothing_of_deleted_ones(struct conf *c)
{
    struct probe p[2];
    REQUIRE(c, probe_start(c, &p[0]));
    probe_fill(&p[0], 19);
    CHECK(c, seL4_CNode_Delete(c->alloc.cnode, p[0].thread.tcb, ALLOC_DEPTH) == seL4_NoError);
    REQUIRE(c, probe_start(c, &p[1]));
    CHECK(c, probe_is_zero(&p[1]));
}

/* ---- The flag ---- */

static void disabled_faults(struct conf *c)
{
    struct probe p;
    REQUIRE(c, probe_start(c, &p));
    probe_fill(&p, 20);
    CHECK(c, set_flags(&p, 0, seL4_TCBFlag_fpuDisabled).flags == seL4_TCBFlag_fpuDisabled);
    CHECK(c, outcome_is_exception(probe_fpu_get(&p, 3), ILLEGAL_INSTRUCTION));
    CHECK(c, outcome_is_exception(probe_again(&p), ILLEGAL_INSTRUCTION));
    CHECK(c, set_flags(&p, seL4_TCBFlag_fpuDisabled, 0).flags == seL4_TCBFlag_NoFlag);
    CHECK(c, outcome_is(probe_again(&p), pattern(20, 3)));
    CHECK(c, probe_is_filled(&p, 20));
}

static void disabled_from_the_start(struct conf *c)
{
    struct probe p;
    fill(21);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, set_flags(&p, 0, seL4_TCBFlag_fpuDisabled).error == seL4_NoError);
    CHECK(c, outcome_is_exception(probe_fpu_set(&p, 0, 1), ILLEGAL_INSTRUCTION));
    CHECK(c, outcome_is_exception(probe_fpu_get(&p, FCSR), ILLEGAL_INSTRUCTION));
    CHECK(c, set_flags(&p, seL4_TCBFlag_fpuDisabled, 0).error == seL4_NoError);
    CHECK(c, probe_is_zero(&p));
    CHECK(c, is_filled(21));
}

static void disabled_leaves_others_alone(struct conf *c)
{
    struct probe p[2];
    REQUIRE(c, probe_start(c, &p[0]));
    REQUIRE(c, probe_start(c, &p[1]));
    probe_fill(&p[0], 22);
    CHECK(c, set_flags(&p[0], 0, seL4_TCBFlag_fpuDisabled).error == seL4_NoError);
    probe_fill(&p[1], 23);
    CHECK(c, outcome_is_exception(probe_fpu_get(&p[0], 0), ILLEGAL_INSTRUCTION));
    CHECK(c, probe_is_filled(&p[1], 23));
    CHECK(c, set_flags(&p[0], seL4_TCBFlag_fpuDisabled, 0).error == seL4_NoError);
    CHECK(c, probe_is_filled(&p[0], 22));
    CHECK(c, probe_is_filled(&p[1], 23));
}

static const struct scenario scenarios[] = {
    {"SetFlags knows one flag, and wants two words", set_flags_errors},
    {"threads begin with zeros", threads_begin_with_zeros},
    {"system calls keep all registers", system_calls_keep_all},
    {"switches between threads keep all registers", switches_keep_all},
    {"preemption keeps all registers", preemption_keeps_all},
    {"faults and their handlers keep all registers", faults_keep_all},
    {"suspending and resuming keeps all registers", suspension_keeps_all},
    {"CopyRegisters leaves them alone", copying_registers_leaves_them},
    {"changing the address space keeps all registers", other_spaces_keep_all},
    {"threads of different address spaces keep all registers", processes_keep_all},
    {"a new thread sees nothing of a deleted one", new_threads_see_nothing_of_deleted_ones},
    {"a thread without FPU faults; with it, it has what it had", disabled_faults},
    {"a thread without FPU from the start begins with zeros", disabled_from_the_start},
    {"a thread without FPU leaves the others' registers alone", disabled_leaves_others_alone},
};

#else

static void no_fpu(struct conf *c)
{
    struct probe p;
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, set_flags(&p, 0, seL4_TCBFlag_fpuDisabled).flags == seL4_TCBFlag_NoFlag);
    CHECK(c, outcome_is_exception(probe_fpu_get(&p, 0), ILLEGAL_INSTRUCTION));
    CHECK(c, outcome_is_exception(probe_fpu_get(&p, FCSR), ILLEGAL_INSTRUCTION));
}

static const struct scenario scenarios[] = {
    {"SetFlags knows no flag, and wants two words", set_flags_errors},
    {"a kernel without FPU lets nobody use it", no_fpu},
};

#endif

const struct group conf_fpu = {"fpu", scenarios, sizeof scenarios / sizeof *scenarios};
