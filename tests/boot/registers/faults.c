/* SPDX-License-Identifier: BSD-2-Clause */

/* Faults that are handled, after which the thread goes on as if nothing had been; and unknown
 * system calls and timeouts, whose replies set registers. */
#include <sel4/sel4.h>
#include <stddef.h>

#include "tests/boot/registers/handler.h"
#include "user/lib/port.h"

enum {
    CODE_RETURN = 0x00090067, /* jr s2 */
    CODE_ECALL = 0x00000073,
    ALL_WORDS = sizeof(seL4_UserContext) / sizeof(seL4_Word),
    BUDGET_US = 1000, /* Of a thread that is to overrun it. */
    PERIOD_US = 10000,
    CAP_TYPE_TCB = 12,          /* docs/abi/03 section 3.1. */
    CONSUMED_MAX_US = 60000000, /* Counted since the start. */
};

static void set_words(struct stage *s, seL4_CPtr frame, uint64_t offset, uint32_t word)
{
    CHECK(s, seL4_RISCV_Page_Map(frame, s->space.vspace, STAGE_PAGES, seL4_ReadWrite,
                                 seL4_RISCV_ExecuteNever) == seL4_NoError);
    user_store32(STAGE_PAGES + offset, word);
    CHECK(s, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    __asm__ volatile("fence.i" : : : "memory");
}

static void unmap(struct stage *s, seL4_CPtr frame)
{
    CHECK(s, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
}

/* ---- Page faults ---- */

static void load(struct stage *s)
{
    uint64_t address = STAGE_PAGES + 0x128;
    struct act *a = stage_jump(s, ACTOR_A, snippet_load);
    act_set(a, S4, address);
    act_expect(a, S3, 0x87654321);
    set_words(s, s->page, 0x128, 0x87654321);
    set_words(s, s->page, 0x12c, 0);
    handler_receives_vm_fault(s, stage_address(snippet_load), address, ACCESS_LOAD);
    handler_maps(s, s->page, STAGE_PAGES, seL4_CanRead, true);
    handler_replies(s, 4);
    handler_end(s);
    unmap(s, s->page);
}

static void store(struct stage *s)
{
    uint64_t address = STAGE_PAGES + 0xff8;
    struct act *a = stage_jump(s, ACTOR_A, snippet_store);
    uint64_t value = a->in.x[S3];
    act_set(a, S4, address);
    handler_receives_vm_fault(s, stage_address(snippet_store), address, ACCESS_STORE);
    handler_maps(s, s->page, STAGE_PAGES, seL4_ReadWrite, true);
    handler_replies(s, 4);
    handler_end(s);
    CHECK(s, user_load64(address) == value);
    unmap(s, s->page);
}

/* The page is there, but may only be read. */
static void store_read_only(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_store);
    uint64_t value = a->in.x[S3];
    act_set(a, S4, STAGE_PAGES);
    CHECK(s, seL4_RISCV_Page_Map(s->page, s->space.vspace, STAGE_PAGES, seL4_CanRead,
                                 seL4_RISCV_ExecuteNever) == seL4_NoError);
    handler_receives_vm_fault(s, stage_address(snippet_store), STAGE_PAGES, ACCESS_STORE);
    handler_maps(s, s->page, STAGE_PAGES, seL4_ReadWrite, true);
    handler_replies(s, 4);
    handler_end(s);
    CHECK(s, user_load64(STAGE_PAGES) == value);
    unmap(s, s->page);
}

static void fetch(struct stage *s)
{
    uint64_t address = STAGE_PAGES + 0x7fc;
    struct act *a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, address);
    set_words(s, s->code, 0x7fc, CODE_RETURN);
    handler_receives_vm_fault(s, address, address, ACCESS_FETCH);
    handler_maps(s, s->code, STAGE_PAGES, seL4_CanRead, false);
    handler_replies(s, 4);
    handler_end(s);
    unmap(s, s->code);
}

static void fetch_execute_never(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, STAGE_PAGES);
    set_words(s, s->code, 0, CODE_RETURN);
    CHECK(s, seL4_RISCV_Page_Map(s->code, s->space.vspace, STAGE_PAGES, seL4_ReadWrite,
                                 seL4_RISCV_ExecuteNever) == seL4_NoError);
    handler_receives_vm_fault(s, STAGE_PAGES, STAGE_PAGES, ACCESS_FETCH);
    handler_maps(s, s->code, STAGE_PAGES, seL4_ReadWrite, false);
    handler_replies(s, 4);
    handler_end(s);
    unmap(s, s->code);
}

/* An ecall in the last word of a page: the system call is complete, and then the next page is
 * missing. */
static void ecall_at_end_of_page(struct stage *s)
{
    uint64_t next = STAGE_PAGES + USER_PAGE_SIZE;
    struct act *a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, next - INSTRUCTION_SIZE);
    act_set(a, A7, (seL4_Word)seL4_SysNBWait);
    act_set(a, A0, s->ntfn);
    act_expect(a, A0, BADGE_NTFN);
    seL4_Signal(s->ntfn_badged);
    set_words(s, s->code, USER_PAGE_SIZE - INSTRUCTION_SIZE, CODE_ECALL);
    set_words(s, s->code_next, 0, CODE_RETURN);
    CHECK(s, seL4_RISCV_Page_Map(s->code, s->space.vspace, STAGE_PAGES, seL4_CanRead,
                                 seL4_RISCV_Default_VMAttributes) == seL4_NoError);
    handler_receives_vm_fault(s, next, next, ACCESS_FETCH);
    handler_maps(s, s->code_next, next, seL4_CanRead, false);
    handler_replies(s, 0);
    handler_end(s);
    unmap(s, s->code);
    unmap(s, s->code_next);
}

/* The address is that of the second half, which lies in the next page. */
static void fetch_second_half(struct stage *s)
{
    uint64_t next = STAGE_PAGES + USER_PAGE_SIZE;
    struct act *a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, next - INSTRUCTION_SIZE / 2);
    set_words(s, s->code, USER_PAGE_SIZE - INSTRUCTION_SIZE, (uint32_t)CODE_RETURN << 16);
    set_words(s, s->code_next, 0, (uint32_t)CODE_RETURN >> 16);
    CHECK(s, seL4_RISCV_Page_Map(s->code, s->space.vspace, STAGE_PAGES, seL4_CanRead,
                                 seL4_RISCV_Default_VMAttributes) == seL4_NoError);
    handler_receives_vm_fault(s, next - INSTRUCTION_SIZE / 2, next, ACCESS_FETCH);
    handler_maps(s, s->code_next, next, seL4_CanRead, false);
    handler_replies(s, 0);
    handler_end(s);
    unmap(s, s->code);
    unmap(s, s->code_next);
}

/* Code that the program itself writes, and fence.i. */
static void written_code(struct stage *s)
{
    CHECK(s, seL4_RISCV_Page_Map(s->code, s->space.vspace, STAGE_PAGES, seL4_ReadWrite,
                                 seL4_RISCV_Default_VMAttributes) == seL4_NoError);
    for (uint32_t number = 0; number < 4; number++) {
        struct act *a = stage_jump(s, ACTOR_A, NULL);
        act_set(a, S1, STAGE_PAGES);
        act_expect(a, S3, number);
        user_store32(STAGE_PAGES, 0x00000993 | number << 20); /* li s3, number */
        user_store32(STAGE_PAGES + INSTRUCTION_SIZE, CODE_RETURN);
        __asm__ volatile("fence.i" : : : "memory");
        stage_go(s, ACTOR_A);
        stage_end(s);
    }
    unmap(s, s->code);
}

/* ---- Capability faults ---- */

/* The handler fills the slot, and the system call is done again. */
static void receive_from(struct stage *s, int64_t number, seL4_CPtr slot)
{
    struct act *a = stage_syscall(s, ACTOR_A, number, slot);
    const uint64_t words[] = {stage_address(actor_ecall_at[ACTOR_A]), slot, 1,
                              seL4_MissingCapability, 0};
    act_expect(a, A0, BADGE_NTFN);
    handler_receives(s, BADGE_FAULT, seL4_Fault_CapFault, 5, words);
    handler_copies(s, s->ntfn_badged, slot);
    handler_replies(s, 4);
    seL4_Signal(s->ntfn_badged);
    handler_end(s);
    CHECK(s, seL4_CNode_Delete(seL4_CapInitThreadCNode, slot, ALLOC_DEPTH) == seL4_NoError);
}

static void receive_from_empty_slot(struct stage *s)
{
    seL4_CPtr slot = s->empty_slot;
    receive_from(s, seL4_SysRecv, slot);
    receive_from(s, seL4_SysNBRecv, slot);
    receive_from(s, seL4_SysWait, slot);
    receive_from(s, seL4_SysNBWait, slot);
}

/* A pointer with bits where the guard of the CNode has none; the handler skips the ecall. */
static void send_to(struct stage *s, int64_t number)
{
    seL4_Word depth = s->info->initThreadCNodeSizeBits;
    uint64_t pc = stage_address(actor_ecall_at[ACTOR_A]);
    seL4_CPtr pointer = (seL4_CPtr)1 << depth;
    struct act *a = stage_syscall(s, ACTOR_A, number, pointer);
    const uint64_t words[] = {
        pc, pointer, 0, seL4_GuardMismatch, seL4_WordBits, 0, seL4_WordBits - depth};
    act_message(a, 1, 4);
    handler_receives(s, BADGE_FAULT, seL4_Fault_CapFault, 7, words);
    handler_moves(s, pc + INSTRUCTION_SIZE);
    handler_replies(s, 4);
    handler_end(s);
}

static void send_to_bad_pointer(struct stage *s)
{
    send_to(s, seL4_SysSend);
    send_to(s, seL4_SysCall);
}

/* ---- User exceptions ---- */

static void exception(struct stage *s, const char *snippet, uint64_t cause)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet);
    act_set(a, S4, STAGE_DATA + 1);
    handler_receives_exception(s, stage_address(snippet), a->in.x[SP], cause);
    handler_replies_exception(s, stage_address(snippet) + INSTRUCTION_SIZE);
    handler_end(s);
}

static void illegal(struct stage *s)
{
    exception(s, snippet_illegal, 2);
}

/* The reply may give the thread another stack. */
static void illegal_new_sp(struct stage *s)
{
    uint64_t pc = stage_address(snippet_illegal);
    struct act *a = stage_jump(s, ACTOR_A, snippet_illegal);
    handler_receives_exception(s, pc, a->in.x[SP], 2);
    struct act *c = handler_replies(s, 2);
    act_set(c, A2, pc + INSTRUCTION_SIZE);
    act_expect(a, SP, c->in.x[A3]);
    handler_end(s);
}

static void breakpoint(struct stage *s)
{
    exception(s, snippet_breakpoint, 3);
}

static void misaligned_lr(struct stage *s)
{
    exception(s, snippet_lr, 4);
}

/* ---- Unknown system calls ---- */

/* The message shows what the thread had in its registers; the reply sets them anew. */
static void unknown(struct stage *s, int64_t number)
{
    uint64_t pc = stage_address(actor_ecall_at[ACTOR_A]);
    struct act *a = stage_syscall(s, ACTOR_A, number, 0);
    const uint64_t *x = a->in.x;
    const uint64_t words[] = {pc,    x[SP], x[RA], x[A0], x[A1],           x[A2],
                              x[A3], x[A4], x[A5], x[A6], (uint64_t)number};
    handler_receives(s, BADGE_FAULT, seL4_Fault_UnknownSyscall, 11, words);
    struct act *c = handler_replies(s, 10);
    act_set(c, A2, pc + INSTRUCTION_SIZE);
    act_expect(a, SP, c->in.x[A3]);
    act_expect(a, RA, c->in.x[A4]);
    act_expect(a, A0, c->in.x[A5]);
    for (uint32_t i = 4; i < 10; i++) {
        act_expect(a, A1 + i - 4, c->in_words[i]);
    }
    handler_end(s);
}

static void unknown_syscalls(struct stage *s)
{
    static const int64_t numbers[] = {
        0,
        1,
        93,
        0xffffffff, /* -1 to -11 in 32 bits, */
        0xfffffff5,
        -0x100000001, /* with other high halves, */
        0x00000001fffffff5,
        0x7fffffffffffffff, /* with another sign. */
        INT64_MIN,
        -30, /* No system call of this architecture. */
        -33,
        -1000,
    };
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        unknown(s, numbers[i]);
    }
}

/* Those of a debug kernel: the first two print a line that TAP does not care about. Others have no
 * such calls. */
static void debug_calls(struct stage *s)
{
#ifdef CONFIG_DEBUG_BUILD
    stage_syscall(s, ACTOR_A, seL4_SysDebugPutChar, '#');
    stage_syscall(s, ACTOR_A, seL4_SysDebugPutChar, '\n');
    act_expect(stage_syscall(s, ACTOR_A, seL4_SysDebugCapIdentify, seL4_CapInitThreadTCB), A0,
               CAP_TYPE_TCB);
    act_expect(stage_syscall(s, ACTOR_A, seL4_SysDebugCapIdentify, seL4_CapNull), A0, 0);
    stage_go(s, ACTOR_A);
    stage_end(s);
#else
    for (int64_t number = ABI_SYS_DEBUG_PUT_CHAR; number >= ABI_SYS_DEBUG_NAME_THREAD; number--) {
        unknown(s, number);
    }
#endif
}

/* ---- Timeouts ---- */

static void limit_budget(const void *argument)
{
    struct stage *s = *(struct stage *const *)argument;
    stage_configure(s, ACTOR_A, BUDGET_US, PERIOD_US);
    CHECK(s, seL4_TCB_SetTimeoutEndpoint(s->threads[ACTOR_A].tcb, s->timeout_endpoint) ==
                 seL4_NoError);
}

static void restore_budget(const void *argument)
{
    struct stage *s = *(struct stage *const *)argument;
    CHECK(s, seL4_TCB_SetTimeoutEndpoint(s->threads[ACTOR_A].tcb, seL4_CapNull) == seL4_NoError);
    stage_configure(s, ACTOR_A, STAGE_SLICE_US, STAGE_SLICE_US);
}

/* A tells C, which is above it, that it has loaded its registers, and then loops. C limits A's
 * budget only now, gets the timeout, and lifts the limit. Its reply sets all integer registers. */
static void timeout(struct stage *s)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_ecall_loop);
    act_set(a, A7, (seL4_Word)seL4_SysSend);
    act_set(a, A0, s->ntfn_badged);
    act_message(a, 0, 0);
    act_expect(stage_syscall(s, ACTOR_C, seL4_SysWait, s->ntfn), A0, BADGE_NTFN);
    stage_work(s, ACTOR_C, limit_budget, &s);

    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysRecv, s->fault_endpoint);
    const uint64_t words[] = {BADGE_SC, 0};
    act_set(c, A6, s->replies[ACTOR_C]);
    act_receives(c, BADGE_TIMEOUT, seL4_Fault_Timeout, 2, words);
    stage_work(s, ACTOR_C, restore_budget, &s);

    struct act *reply = handler_replies(s, ALL_WORDS);
    act_set(reply, A2, stage_address(probe_jump_a_back));
    for (uint32_t i = 1; i < ALL_WORDS; i++) {
        act_expect(a, stage_context_register(i),
                   i < ACT_REGISTER_WORDS ? reply->in.x[A2 + i] : reply->in_words[i]);
    }
    stage_go(s, ACTOR_C);
    stage_go(s, ACTOR_A);
    stage_wait(s);
    uint64_t consumed = c->out.x[A3];
    CHECK(s, consumed != 0 && consumed < CONSUMED_MAX_US);
    act_expect(c, A3, consumed);
    stage_end(s);
}

/* ---- Faults of memory itself ---- */

/* Where there is no device, the bus reports an error: causes 1, 5, 7. */
static void bus_error(struct stage *s)
{
    CHECK(s, seL4_RISCV_Page_Map(s->hole, s->space.vspace, STAGE_PAGES, seL4_ReadWrite,
                                 seL4_RISCV_Default_VMAttributes) == seL4_NoError);
    refuse_access(s, STAGE_PAGES + 0x10);
    unmap(s, s->hole);
}

static const struct scenario scenarios[] = {
    {"a load from a missing page", load},
    {"a store to a missing page", store},
    {"a store to a read-only page", store_read_only},
    {"a fetch from a missing page", fetch},
    {"a fetch from a page that is not executable", fetch_execute_never},
    {"a fetch whose second half is in a missing page", fetch_second_half},
    {"an ecall at the end of the last page", ecall_at_end_of_page},
    {"code that was written as data, after fence.i", written_code},
    {"accesses where there is no device", bus_error},
    {"receiving from an empty slot", receive_from_empty_slot},
    {"sending through a bad pointer", send_to_bad_pointer},
    {"an illegal instruction", illegal},
    {"an illegal instruction whose handler sets sp", illegal_new_sp},
    {"a breakpoint", breakpoint},
    {"a misaligned LR", misaligned_lr},
    {"unknown system calls show and set registers", unknown_syscalls},
    {"debug calls change a0 only, or are unknown", debug_calls},
    {"a timeout's reply sets all integer registers", timeout},
};

const struct group group_faults = {"fault", scenarios, sizeof scenarios / sizeof *scenarios};
