/* SPDX-License-Identifier: BSD-2-Clause */

/* Timer and device interrupts, which come between any two instructions; and that none of the ways
 * into the kernel lets a reservation of LR survive. */
#include <sel4/sel4.h>
#include <stddef.h>

#include "tests/boot/registers/handler.h"
#include "tests/boot/registers/layout.h"
#include "user/lib/port.h"

enum {
    SLICE_US = 1000,
    ROUNDS = 4,
    BUDGET_US = 1000,
    PERIOD_US = 8000,
    GO = 0x60, /* A value of the flag. */
    SC_TRIES = 100,
    /* Registers of serial ports, and what to write there for an interrupt when nothing is left to
     * be sent. */
    NS_IER = 1,
    NS_IER_SENT = 2,
    SF_IE = 0x10,
    SF_IE_SENT = 1,
};

/* ---- The timer ---- */

static uint64_t now_ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}

/* Nobody else wants to run: the thread is interrupted and goes on. */
static void alone(struct stage *s)
{
    uint64_t us = user_now_us();
    uint64_t ticks = now_ticks();
    uint64_t per_us = ticks / us;
    struct act *a = stage_jump(s, ACTOR_A, snippet_wait_time);
    act_set(a, S3, now_ticks() + per_us * 5 * SLICE_US);
    act_expect(a, T0, a->in.x[S3]);
    stage_configure(s, ACTOR_A, SLICE_US, SLICE_US);
    stage_go(s, ACTOR_A);
    stage_end(s);
    stage_configure(s, ACTOR_A, STAGE_SLICE_US, STAGE_SLICE_US);
}

/* Both wait for the other in a loop, so that only preemption lets them go on. */
static void round_robin(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_relay_a);
    struct act *b = stage_jump(s, ACTOR_B, snippet_relay_b);
    act_set(a, S3, ROUNDS);
    act_set(b, S3, ROUNDS);
    act_expect(a, T0, ROUNDS);
    act_expect(a, T1, ROUNDS);
    act_expect(b, T0, ROUNDS);
    act_expect(b, T1, ROUNDS);
    stage_configure(s, ACTOR_A, SLICE_US, SLICE_US);
    stage_configure(s, ACTOR_B, SLICE_US, SLICE_US);
    stage_go_together(s, ACTOR_A, ACTOR_B);
    stage_end(s);
    stage_configure(s, ACTOR_A, STAGE_SLICE_US, STAGE_SLICE_US);
    stage_configure(s, ACTOR_B, STAGE_SLICE_US, STAGE_SLICE_US);
}

/* A's budget ends, so that B, told by the root task, can raise the flag; A gets time again and
 * finds it. */
static void budget(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_wait);
    act_expect(a, T0, GO);
    act_set(stage_jump(s, ACTOR_B, snippet_raise_flag), S3, GO);
    stage_configure(s, ACTOR_A, BUDGET_US, PERIOD_US);
    stage_go(s, ACTOR_A);
    stage_go(s, ACTOR_B);
    stage_end(s);
    stage_configure(s, ACTOR_A, STAGE_SLICE_US, STAGE_SLICE_US);
}

/* Cleaning much memory takes many time slices. When it is interrupted, the system call begins anew;
 * that B could answer shows that it was. */
static void long_call(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_ask);
    struct act *b = stage_jump(s, ACTOR_B, snippet_answer);
    act_message(a, UntypedRetype, 6);
    act_set(a, A1, seL4_MessageInfo_new(UntypedRetype, 0, 1, 6).words[0]);
    a->cap = seL4_CapInitThreadCNode;
    act_set(a, A7, (seL4_Word)seL4_SysCall);
    act_set(a, A0, s->untyped);
    act_set(a, A2, seL4_UntypedObject);
    act_set(a, A3, s->untyped_bits);
    act_set(a, A4, 0);
    act_set(a, A5, 0);
    act_set_word(a, 4, s->empty_slot);
    act_set_word(a, 5, 1);
    act_set(a, S3, 0x55);
    act_receives(a, 0, seL4_NoError, 0, NULL);
    act_expect(a, T0, GO);
    act_set(b, S3, GO);
    act_expect(b, T0, 0x55);
    stage_configure(s, ACTOR_A, SLICE_US, SLICE_US);
    stage_configure(s, ACTOR_B, SLICE_US, SLICE_US);
    stage_go_together(s, ACTOR_A, ACTOR_B);
    stage_end(s);
    stage_configure(s, ACTOR_A, STAGE_SLICE_US, STAGE_SLICE_US);
    stage_configure(s, ACTOR_B, STAGE_SLICE_US, STAGE_SLICE_US);
    CHECK(s,
          seL4_CNode_Delete(seL4_CapInitThreadCNode, s->empty_slot, ALLOC_DEPTH) == seL4_NoError);
}

/* ---- A device ---- */

static void serve_interrupt(const void *argument)
{
    const struct stage *s = (const struct stage *)argument;
    serial_interrupts(&s->uart, 0);
    serial_events(&s->uart);
    seL4_IRQHandler_Ack(s->irq);
    *stage_flag(FLAG_GO) = GO;
}

/* C waits for the interrupt, above A; it serves it and lets A go on. */
static void handler_serves(struct stage *s)
{
    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysWait, s->irq_ntfn);
    act_expect(c, A0, BADGE_IRQ);
    stage_work(s, ACTOR_C, serve_interrupt, s);
}

static const char *interrupt_snippet(const struct stage *s)
{
    bool wide = s->uart.kind == SERIAL_SIFIVE || s->uart.reg_width == 4;
    return wide ? snippet_interrupt_4 : snippet_interrupt_1;
}

static uint64_t enable_register(const struct stage *s)
{
    uint64_t offset =
        s->uart.kind == SERIAL_SIFIVE ? (uint64_t)SF_IE : (uint64_t)NS_IER << s->uart.reg_shift;
    return s->uart.base + offset;
}

/* The store to the device is A's own, so the interrupt comes behind it at once. */
static void device(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, interrupt_snippet(s));
    act_set(a, S3, s->uart.kind == SERIAL_SIFIVE ? (uint64_t)SF_IE_SENT : (uint64_t)NS_IER_SENT);
    act_set(a, S4, enable_register(s));
    act_expect(a, T0, GO);
    handler_serves(s);
    serial_drain(&s->uart);
    stage_go(s, ACTOR_C);
    stage_go(s, ACTOR_A);
    stage_end(s);
    seL4_Poll(s->irq_ntfn, NULL); /* A level-triggered source may have signalled once more. */
}

/* ---- LR and SC ---- */

/* QEMU drops a reservation at every change of mode, so that there these hold whatever the kernel
 * does; harts need not. */

static struct act *reserve(struct stage *s, const char *snippet, uint64_t old)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet);
    user_store64(STAGE_DATA, old);
    act_set(a, S4, STAGE_DATA);
    act_expect(a, T0, old);
    act_expect(a, T1, 1);
    return a;
}

/* Else the rest would show nothing. */
static void undisturbed(struct stage *s)
{
    struct act *a = reserve(s, snippet_lr_sc, 0x11);
    act_set(a, S5, SC_TRIES);
    act_expect(a, S5, 0);
    act_expect(a, T1, 0);
    stage_go(s, ACTOR_A);
    stage_end(s);
    CHECK(s, user_load64(STAGE_DATA) == a->in.x[S3]);
}

static void across_ecall(struct stage *s)
{
    struct act *a = reserve(s, snippet_lr_ecall_sc, 0x22);
    act_set(a, A7, (seL4_Word)seL4_SysNBSend);
    act_set(a, A0, seL4_CapNull);
    act_message(a, 0, 0);
    stage_go(s, ACTOR_A);
    stage_end(s);
    CHECK(s, user_load64(STAGE_DATA) == 0x22);
}

static void across_fault(struct stage *s)
{
    struct act *a = reserve(s, snippet_lr_fault_sc, 0x33);
    uint64_t pc = stage_address(snippet_lr_fault_sc) + INSTRUCTION_SIZE;
    act_set(a, S7, STAGE_PAGES);
    handler_receives_vm_fault(s, pc, STAGE_PAGES, ACCESS_LOAD);
    handler_moves(s, pc + INSTRUCTION_SIZE);
    handler_replies(s, 0);
    handler_end(s);
    CHECK(s, user_load64(STAGE_DATA) == 0x33);
}

/* A's time slice ends between LR and SC, and B's SC must not succeed on A's reservation. */
static void across_preemption(struct stage *s)
{
    struct act *a = reserve(s, snippet_lr_wait_sc, 0x44);
    struct act *b = stage_jump(s, ACTOR_B, snippet_sc);
    act_expect(a, S6, GO);
    act_set(a, S3, 0x55);
    act_expect(b, T0, 0x55);
    act_set(b, S4, STAGE_DATA);
    act_expect(b, T1, 1);
    act_set(stage_jump(s, ACTOR_B, snippet_raise_flag), S3, GO);
    stage_go_together(s, ACTOR_A, ACTOR_B);
    stage_end(s);
    CHECK(s, user_load64(STAGE_DATA) == 0x44);
}

static const struct scenario scenarios[] = {
    {"timer, and nobody else to run", alone},
    {"timer, round robin", round_robin},
    {"timer, end of a budget and its replenishment", budget},
    {"timer, in the middle of a long system call", long_call},
    {"device, its handler above the interrupted thread", device},
    {"LR and SC with nothing in between succeed", undisturbed},
    {"LR, a system call: SC fails", across_ecall},
    {"LR, a page fault: SC fails", across_fault},
    {"LR, preemption: SC fails, and that of the other thread, too", across_preemption},
};

const struct group group_interrupts = {"interrupt", scenarios,
                                       sizeof scenarios / sizeof *scenarios};
