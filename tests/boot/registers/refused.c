/* SPDX-License-Identifier: BSD-2-Clause */

/* What belongs to the kernel: its addresses, its CSRs and its instructions are faults of whoever
 * touches them, and nothing of it is in a thread that has just been made. */
#include <sel4/sel4.h>
#include <stddef.h>

#include "tests/boot/registers/handler.h"
#include "tests/boot/registers/layout.h"
#include "user/lib/port.h"

/* ---- Addresses ---- */

static void user_top(struct stage *s)
{
    refuse_access(s, 0x3ffffff000); /* The last page of the lower half: never mapped. */
    refuse_access(s, 0x3ffffffff8);
}

static void kernel_addresses(struct stage *s)
{
    refuse_access(s, 0xffffffc000000000); /* The window: physical address 0, */
    refuse_access(s, 0xffffffc080000000); /* the firmware, */
    refuse_access(s, 0xffffffc080200000); /* the kernel, */
    refuse_access(s, 0xffffffff80200000); /* again in the window of the image, */
    refuse_access(s, 0xffffffff80201000);
    refuse_access(s, 0xffffffffc0000000); /* the PLIC, */
    refuse_access(s, 0xfffffffffffffff8); /* and what is not mapped at all. */
}

static void not_canonical(struct stage *s)
{
    refuse_access(s, 0x0000004000000000);
    refuse_access(s, 0x0000008000000000);
    refuse_access(s, 0x8000000000000000);
    refuse_access(s, 0xffffffbffffffff8);
    refuse_access(s, STAGE_DATA | (uint64_t)1 << 63);
}

/* ---- Instructions ---- */

/* One instruction, written into a page, with another behind it that returns. */
static void refuse_instruction(struct stage *s, uint32_t instruction)
{
    struct act *a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, STAGE_PAGES);
    user_store32(STAGE_PAGES, instruction);
    user_store32(STAGE_PAGES + INSTRUCTION_SIZE, 0x00090067); /* jr s2 */
    __asm__ volatile("fence.i" : : : "memory");
    handler_receives_exception(s, STAGE_PAGES, a->in.x[SP], 2);
    handler_replies_exception(s, STAGE_PAGES + INSTRUCTION_SIZE);
    handler_end(s);
}

static void map_code(struct stage *s)
{
    CHECK(s, seL4_RISCV_Page_Map(s->code, s->space.vspace, STAGE_PAGES, seL4_ReadWrite,
                                 seL4_RISCV_Default_VMAttributes) == seL4_NoError);
}

static void unmap_code(struct stage *s)
{
    CHECK(s, seL4_RISCV_Page_Unmap(s->code) == seL4_NoError);
}

static void supervisor_csrs(struct stage *s)
{
    static const uint16_t csrs[] = {
        0x100, /* sstatus */
        0x104, /* sie */
        0x105, /* stvec */
        0x106, /* scounteren */
        0x140, /* sscratch */
        0x141, /* sepc */
        0x142, /* scause */
        0x143, /* stval */
        0x144, /* sip */
        0x14d, /* stimecmp */
        0x180, /* satp */
        0x300, /* mstatus */
        0x342, /* mcause */
        0xf14, /* mhartid */
        0x7b0, /* dcsr */
    };
    map_code(s);
    for (uint32_t i = 0; i < sizeof csrs / sizeof *csrs; i++) {
        refuse_instruction(s, 0x000029f3 | (uint32_t)csrs[i] << 20); /* csrr s3, csr */
        refuse_instruction(s, 0x00099073 | (uint32_t)csrs[i] << 20); /* csrw csr, s3 */
    }
    unmap_code(s);
}

static void read_only_csrs(struct stage *s)
{
    map_code(s);
    for (uint32_t csr = 0xc00; csr < 0xc03; csr++) { /* cycle, time, instret */
        refuse_instruction(s, 0x00099073 | csr << 20);
    }
    unmap_code(s);
}

/* There is no vector unit, or it is off: the contract has no place for its registers. */
static void vector_csrs(struct stage *s)
{
    map_code(s);
    refuse_instruction(s, 0x000029f3 | 0xc20u << 20); /* csrr s3, vl */
    refuse_instruction(s, 0x000029f3 | 0xc22u << 20); /* csrr s3, vlenb */
    refuse_instruction(s, 0x0d0072d7);                /* vsetvli t0, zero, e32, m1, ta, ma */
    unmap_code(s);
}

static void supervisor_instructions(struct stage *s)
{
    map_code(s);
    refuse_instruction(s, 0x10200073); /* sret */
    refuse_instruction(s, 0x30200073); /* mret */
    refuse_instruction(s, 0x12000073); /* sfence.vma */
    unmap_code(s);
}

/* ---- Counters ---- */

struct counters {
    uint64_t cycle[2];
    uint64_t instret[2];
    uint64_t time[2];
};

static void read_counters(const void *argument)
{
    struct counters *counters = *(struct counters *const *)argument;
    for (int i = 0; i < 2; i++) {
        __asm__ volatile("rdcycle %0" : "=r"(counters->cycle[i]));
        __asm__ volatile("rdinstret %0" : "=r"(counters->instret[i]));
        __asm__ volatile("rdtime %0" : "=r"(counters->time[i]));
        user_work_us(100);
    }
}

static void counters_run(struct stage *s)
{
    struct counters counters = {{0}, {0}, {0}};
    struct counters *const pointer = &counters;
    stage_work(s, ACTOR_A, read_counters, &pointer);
    stage_go(s, ACTOR_A);
    stage_end(s);
    CHECK(s, counters.cycle[0] != 0 && counters.cycle[1] > counters.cycle[0]);
    CHECK(s, counters.instret[0] != 0 && counters.instret[1] > counters.instret[0]);
    CHECK(s, counters.time[0] != 0 && counters.time[1] > counters.time[0]);
}

/* ---- A fresh thread ---- */

/* All registers are 0 but pc, the only one that is set. Those of other threads, which have just
 * used them all, are not seen. */
static void fresh_thread(struct stage *s)
{
    static const struct registers zeros = {{0}, {0}, 0};
    seL4_CPtr sc;
    seL4_TCB tcb;
    seL4_UserContext context = {.pc = stage_address(snippet_fresh)};
    uint64_t start = user_now_us();
    volatile uint64_t *flag = stage_flag(FLAG_GO);

    stage_syscall(s, ACTOR_A, seL4_SysYield, 0); /* Dirty registers. */
    stage_go(s, ACTOR_A);
    stage_end(s);
    CHECK(s, alloc_object(&s->alloc, seL4_TCBObject, 0, &tcb) == seL4_NoError);
    CHECK(s, alloc_object(&s->alloc, seL4_SchedContextObject, THREAD_SC_BITS, &sc) == seL4_NoError);
    CHECK(s, seL4_SchedControl_Configure(s->info->schedcontrol.start, sc, STAGE_SLICE_US,
                                         STAGE_SLICE_US, 0, 0) == seL4_NoError);
    CHECK(s, seL4_TCB_Configure(tcb, seL4_CapInitThreadCNode, seL4_NilData, s->space.vspace,
                                seL4_NilData, 0, seL4_CapNull) == seL4_NoError);
    CHECK(s, seL4_TCB_SetSchedParams(tcb, seL4_CapInitThreadTCB, seL4_MinPrio, STAGE_ACTOR_PRIORITY,
                                     sc, seL4_CapNull) == seL4_NoError);
    CHECK(s, seL4_TCB_WriteRegisters(tcb, 1, 0, 1, &context) == seL4_NoError);
    while (*flag == 0 && user_now_us() - start < 1000000) {
    }
    CHECK(s, *flag == 1);
    CHECK(s, registers_equal("a fresh thread", (const struct registers *)stage_flag(0), &zeros));
    *flag = 0;
    CHECK(s, seL4_CNode_Delete(seL4_CapInitThreadCNode, tcb, ALLOC_DEPTH) == seL4_NoError);
}

static const struct scenario scenarios[] = {
    {"the last page below the kernel's half", user_top},
    {"addresses of the kernel", kernel_addresses},
    {"addresses that are none", not_canonical},
    {"CSRs of supervisor, machine and debugger", supervisor_csrs},
    {"writing to counters", read_only_csrs},
    {"the vector unit", vector_csrs},
    {"instructions of supervisor and machine", supervisor_instructions},
    {"but the counters can be read, and count", counters_run},
    {"and a fresh thread has nothing but zeros in its registers", fresh_thread},
};

const struct group group_refused = {"refused", scenarios, sizeof scenarios / sizeof *scenarios};
