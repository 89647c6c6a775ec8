/* SPDX-License-Identifier: BSD-2-Clause */

/* Each system call, completed at once and after having waited. */
#include <sel4/sel4.h>
#include <stddef.h>

#include "tests/boot/registers/stage.h"
#include "user/lib/print.h"

enum {
    LABEL = 0x2a, /* Of messages. */
    LONG = 10,    /* Words of a message, some of them in the IPC buffer. */
    ALL_WORDS = sizeof(seL4_UserContext) / sizeof(seL4_Word),
};

static const uint32_t lengths[] = {0, 1, 2, 3, 4, LONG};

enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* ---- Objects of the kernel ---- */

static void nb_send_to_nothing(struct stage *s)
{
    act_message(stage_syscall(s, ACTOR_A, seL4_SysNBSend, seL4_CapNull), LABEL, 4);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void yield(struct stage *s)
{
    stage_syscall(s, ACTOR_A, seL4_SysYield, 0);
    stage_syscall(s, ACTOR_B, seL4_SysYield, 0);
    stage_syscall(s, ACTOR_A, seL4_SysYield, 0);
    stage_go_together(s, ACTOR_A, ACTOR_B);
    stage_end(s);
}

static void call_without_result(struct stage *s)
{
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->ntfn_badged);
    act_message(a, LABEL, 4);
    act_receives(a, 0, 0, 0, NULL);
    a = stage_syscall(s, ACTOR_A, seL4_SysNBWait, s->ntfn);
    act_expect(a, A0, BADGE_NTFN);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void call_with_result(struct stage *s)
{
    const uint64_t flags = 0;
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->threads[ACTOR_B].tcb);
    act_message(a, TCBSetFlags, 2);
    act_set(a, A2, 0);
    act_set(a, A3, 0);
    act_receives(a, 0, seL4_NoError, 1, &flags);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void call_with_error(struct stage *s)
{
    const uint64_t range[2] = {1, ALL_WORDS};
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->threads[ACTOR_B].tcb);
    act_message(a, TCBReadRegisters, 2);
    act_set(a, A3, ALL_WORDS + 1);
    act_receives(a, 0, seL4_RangeError, 2, range);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void set_own_tls_base(struct stage *s)
{
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->threads[ACTOR_A].tcb);
    act_message(a, TCBSetTLSBase, 1);
    act_set(a, A2, 0x123456789abcdef0);
    act_receives(a, 0, seL4_NoError, 0, NULL);
    act_expect(a, TP, 0x123456789abcdef0);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void to_context(uint64_t *context, uint64_t pc, const struct registers *registers)
{
    context[0] = pc;
    for (uint32_t i = 1; i < ALL_WORDS; i++) {
        context[i] = registers->x[stage_context_register(i)];
    }
}

/* B's, while it waits. */
static void read_registers(struct stage *s)
{
    uint64_t context[ALL_WORDS];
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysWait, s->ntfn);
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->threads[ACTOR_B].tcb);
    act_message(a, TCBReadRegisters, 2);
    act_set(a, A2, 0);
    act_set(a, A3, ALL_WORDS);
    to_context(context, stage_address(actor_ecall_at[ACTOR_B]), &b->in);
    act_receives(a, 0, seL4_NoError, ALL_WORDS, context);
    act_expect(b, A0, BADGE_NTFN);
    stage_go(s, ACTOR_B);
    stage_go(s, ACTOR_A);
    seL4_Signal(s->ntfn_badged);
    stage_end(s);
}

/* B's, which ends its waiting; its FP registers stay. */
static void write_registers(struct stage *s)
{
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysWait, s->ntfn);
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysCall, s->threads[ACTOR_B].tcb);
    uint64_t context[ALL_WORDS];
    struct registers written = a->in;
    to_context(context, stage_address(actor_ecall_back[ACTOR_B]), &written);
    act_message(a, TCBWriteRegisters, 2 + ALL_WORDS);
    act_set(a, A2, 1);
    act_set(a, A3, ALL_WORDS);
    act_set(a, A4, context[0]);
    act_set(a, A5, context[1]);
    for (uint32_t i = 2; i < ALL_WORDS; i++) {
        act_set_word(a, 2 + i, context[i]);
    }
    act_receives(a, 0, seL4_NoError, 0, NULL);
    for (uint32_t i = 1; i < 32; i++) {
        act_expect(b, i, written.x[i]);
    }
    stage_go(s, ACTOR_B);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

/* ---- Messages ---- */

/* Both orders: `first` is the one that waits for the other. */
static void message(struct stage *s, int64_t send, enum actor_name first, uint32_t length)
{
    struct act *a = stage_syscall(s, ACTOR_A, send, s->endpoint_badged);
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysRecv, s->endpoint);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_message(a, LABEL, length);
    act_receives_from(b, BADGE_ENDPOINT, a);
    stage_go(s, first);
    stage_go(s, first == ACTOR_A ? ACTOR_B : ACTOR_A);
    stage_end(s);
}

static void send_then_recv(struct stage *s)
{
    for (uint32_t i = 0; i < LENGTHS; i++) {
        message(s, seL4_SysSend, ACTOR_A, lengths[i]);
    }
}

static void recv_then_send(struct stage *s)
{
    for (uint32_t i = 0; i < LENGTHS; i++) {
        message(s, seL4_SysSend, ACTOR_B, lengths[i]);
    }
}

static void recv_then_nb_send(struct stage *s)
{
    for (uint32_t i = 0; i < LENGTHS; i++) {
        message(s, seL4_SysNBSend, ACTOR_B, lengths[i]);
    }
}

static void nb_recv_of_nothing(struct stage *s)
{
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysNBRecv, s->endpoint);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_expect(b, A0, 0);
    stage_go(s, ACTOR_B);
    stage_end(s);
}

static void send_then_nb_recv(struct stage *s)
{
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysSend, s->endpoint_badged);
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysNBRecv, s->endpoint);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_message(a, LABEL, LONG);
    act_receives_from(b, BADGE_ENDPOINT, a);
    stage_go(s, ACTOR_A);
    stage_go(s, ACTOR_B);
    stage_end(s);
}

/* ---- Calls ---- */

struct call {
    struct act *a;
    struct act *b;
};

/* A's Call, and B's Recv of it. */
static struct call begin_call(struct stage *s, uint32_t length)
{
    struct call call = {stage_syscall(s, ACTOR_A, seL4_SysCall, s->endpoint_badged),
                        stage_syscall(s, ACTOR_B, seL4_SysRecv, s->endpoint)};
    act_set(call.b, A6, s->replies[ACTOR_B]);
    act_message(call.a, LABEL, length);
    act_receives_from(call.b, BADGE_ENDPOINT, call.a);
    return call;
}

static void call_and_send(struct stage *s)
{
    for (uint32_t i = 0; i < LENGTHS; i++) {
        struct call call = begin_call(s, lengths[LENGTHS - 1 - i]);
        struct act *b = stage_syscall(s, ACTOR_B, seL4_SysSend, s->replies[ACTOR_B]);
        act_message(b, LABEL + 1, lengths[i]);
        act_receives_from(call.a, 0, b);
        stage_go(s, ACTOR_B);
        stage_go(s, ACTOR_A);
        stage_end(s);
    }
}

/* The caller comes first; the server replies with a call, which is answered by nothing. */
static void call_and_call_reply(struct stage *s)
{
    struct call call = begin_call(s, 2);
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysCall, s->replies[ACTOR_B]);
    act_message(b, LABEL + 1, 3);
    act_receives_from(call.a, 0, b);
    act_receives(b, 0, 0, 0, NULL);
    stage_go(s, ACTOR_A);
    stage_go(s, ACTOR_B);
    stage_end(s);
}

/* The server's next message comes from C. */
static void answer_with(struct stage *s, struct call call, struct act *b, uint32_t length)
{
    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysSend, s->endpoint_badged);
    act_message(b, LABEL + 1, length);
    act_receives_from(call.a, 0, b);
    act_message(c, LABEL + 2, 3);
    act_receives_from(b, BADGE_ENDPOINT, c);
    stage_go(s, ACTOR_B);
    stage_go(s, ACTOR_A);
    stage_go(s, ACTOR_C);
    stage_end(s);
}

static void call_and_reply_recv(struct stage *s)
{
    for (uint32_t i = 0; i < LENGTHS; i++) {
        struct call call = begin_call(s, lengths[i]);
        struct act *b = stage_syscall(s, ACTOR_B, seL4_SysReplyRecv, s->endpoint);
        act_set(b, A6, s->replies[ACTOR_B]);
        answer_with(s, call, b, lengths[i]);
    }
}

static void call_and_nb_send_recv(struct stage *s)
{
    struct call call = begin_call(s, 2);
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysNBSendRecv, s->endpoint);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_set(b, T0, s->replies[ACTOR_B]);
    answer_with(s, call, b, LONG);
}

static void call_and_nb_send_wait(struct stage *s)
{
    struct call call = begin_call(s, 2);
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysNBSendWait, s->ntfn);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_message(b, LABEL + 1, 4);
    act_receives_from(call.a, 0, b);
    act_expect(b, A0, BADGE_NTFN);
    stage_go(s, ACTOR_B);
    stage_go(s, ACTOR_A);
    seL4_Signal(s->ntfn_badged);
    stage_end(s);
}

/* ---- Signals ---- */

static void wait_then_signal(struct stage *s)
{
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysWait, s->ntfn);
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysSend, s->ntfn_badged);
    act_message(a, 0, 0);
    act_expect(b, A0, BADGE_NTFN);
    stage_go(s, ACTOR_B);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

/* `source` takes it; then there is nothing more for NBWait. */
static void signal_then(struct stage *s, int64_t source)
{
    struct act *a = stage_syscall(s, ACTOR_A, seL4_SysNBSend, s->ntfn_badged);
    struct act *b = stage_syscall(s, ACTOR_B, source, s->ntfn);
    act_message(a, LABEL, 4);
    act_expect(b, A0, BADGE_NTFN);
    act_expect(stage_syscall(s, ACTOR_B, seL4_SysNBWait, s->ntfn), A0, 0);
    stage_go(s, ACTOR_A);
    stage_go(s, ACTOR_B);
    stage_end(s);
}

static void signal_then_wait(struct stage *s)
{
    signal_then(s, seL4_SysWait);
}

static void signal_then_nb_wait(struct stage *s)
{
    signal_then(s, seL4_SysNBWait);
}

static void signal_then_recv(struct stage *s)
{
    signal_then(s, seL4_SysRecv);
    signal_then(s, seL4_SysNBRecv);
}

/* A receiver on an endpoint that a signal of its bound notification wakes. */
static void signal_of_bound(struct stage *s)
{
    struct act *b = stage_syscall(s, ACTOR_B, seL4_SysRecv, s->endpoint);
    act_set(b, A6, s->replies[ACTOR_B]);
    act_expect(b, A0, BADGE_NTFN);
    CHECK(s, seL4_TCB_BindNotification(s->threads[ACTOR_B].tcb, s->ntfn) == seL4_NoError);
    stage_go(s, ACTOR_B);
    seL4_Signal(s->ntfn_badged);
    stage_end(s);
    CHECK(s, seL4_TCB_UnbindNotification(s->threads[ACTOR_B].tcb) == seL4_NoError);
}

static const struct scenario scenarios[] = {
    {"NBSend to nothing changes nothing", nb_send_to_nothing},
    {"Yield changes nothing", yield},
    {"Call of an object without a result clears a0 and a1 only", call_without_result},
    {"Call of an object with a result of one word sets a0, a1, a2", call_with_result},
    {"Call of an object that answers an error sets a0, a1, a2, a3", call_with_error},
    {"TCB_SetTLSBase sets tp", set_own_tls_base},
    {"TCB_ReadRegisters finds all 32", read_registers},
    {"TCB_WriteRegisters sets all 32 and no others", write_registers},
    {"Send, then Recv", send_then_recv},
    {"Recv, then Send", recv_then_send},
    {"Recv, then NBSend", recv_then_nb_send},
    {"NBRecv without a sender clears a0 only", nb_recv_of_nothing},
    {"Send, then NBRecv", send_then_nb_recv},
    {"Call, answered by Send", call_and_send},
    {"Call, answered by Call", call_and_call_reply},
    {"Call, answered by ReplyRecv", call_and_reply_recv},
    {"Call, answered by NBSendRecv", call_and_nb_send_recv},
    {"Call, answered by NBSendWait", call_and_nb_send_wait},
    {"Wait, then a signal: a0 only", wait_then_signal},
    {"A signal, then Wait: a0 only", signal_then_wait},
    {"A signal, then NBWait: a0 only", signal_then_nb_wait},
    {"A signal, then Recv or NBRecv of the notification: a0 only", signal_then_recv},
    {"Recv ended by the bound notification: a0 only", signal_of_bound},
};

const struct group group_syscalls = {"syscall", scenarios, sizeof scenarios / sizeof *scenarios};
