/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/boot/registers/handler.h"

#include <stddef.h>

struct act *handler_receives(struct stage *s, seL4_Word badge, seL4_Word fault, uint32_t length,
                             const uint64_t *words)
{
    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysRecv, s->fault_endpoint);
    act_set(c, A6, s->replies[ACTOR_C]);
    act_receives(c, badge, fault, length, words);
    return c;
}

void handler_receives_vm_fault(struct stage *s, uint64_t pc, uint64_t address, enum access access)
{
    const uint64_t words[] = {pc, address, access == ACCESS_FETCH, access};
    handler_receives(s, BADGE_FAULT, seL4_Fault_VMFault, 4, words);
}

void handler_receives_exception(struct stage *s, uint64_t pc, uint64_t sp, uint64_t cause)
{
    const uint64_t words[] = {pc, sp, cause, 0};
    handler_receives(s, BADGE_FAULT, seL4_Fault_UserException, 4, words);
}

static struct act *calls(struct stage *s, seL4_CPtr object, seL4_Word label, seL4_Word caps,
                         uint32_t length)
{
    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysCall, object);
    act_message(c, label, length);
    act_set(c, A1, seL4_MessageInfo_new(label, 0, caps, length).words[0]);
    act_receives(c, 0, seL4_NoError, 0, NULL);
    return c;
}

void handler_maps(struct stage *s, seL4_CPtr frame, uint64_t vaddr, seL4_CapRights_t rights,
                  bool execute_never)
{
    struct act *c = calls(s, frame, RISCVPageMap, 1, 3);
    c->cap = s->space.vspace;
    act_set(c, A2, vaddr);
    act_set(c, A3, rights.words[0]);
    act_set(c, A4, execute_never ? seL4_RISCV_ExecuteNever : seL4_RISCV_Default_VMAttributes);
}

void handler_copies(struct stage *s, seL4_CPtr source, seL4_CPtr slot)
{
    struct act *c = calls(s, seL4_CapInitThreadCNode, CNodeCopy, 1, 5);
    c->cap = seL4_CapInitThreadCNode;
    act_set(c, A2, slot);
    act_set(c, A3, ALLOC_DEPTH);
    act_set(c, A4, source);
    act_set(c, A5, ALLOC_DEPTH);
    act_set_word(c, 4, seL4_AllRights.words[0]);
}

void handler_moves(struct stage *s, uint64_t pc)
{
    struct act *c = calls(s, s->threads[ACTOR_A].tcb, TCBWriteRegisters, 0, 3);
    act_set(c, A2, 0);
    act_set(c, A3, 1);
    act_set(c, A4, pc);
}

struct act *handler_replies(struct stage *s, uint32_t length)
{
    struct act *c = stage_syscall(s, ACTOR_C, seL4_SysSend, s->replies[ACTOR_C]);
    act_message(c, 0, length);
    return c;
}

void handler_replies_exception(struct stage *s, uint64_t pc)
{
    act_set(handler_replies(s, 1), A2, pc);
}

void handler_end(struct stage *s)
{
    stage_go(s, ACTOR_C);
    stage_go(s, ACTOR_A);
    stage_end(s);
}

static void refuse(struct stage *s, uint64_t pc, uint64_t address, enum access access,
                   uint64_t goes_on)
{
    handler_receives_vm_fault(s, pc, address, access);
    handler_moves(s, goes_on);
    handler_replies(s, 0);
    handler_end(s);
}

void refuse_access(struct stage *s, uint64_t address)
{
    struct act *a = stage_jump(s, ACTOR_A, snippet_load);
    uint64_t pc = stage_address(snippet_load);
    act_set(a, S4, address);
    refuse(s, pc, address, ACCESS_LOAD, pc + INSTRUCTION_SIZE);

    a = stage_jump(s, ACTOR_A, snippet_store);
    pc = stage_address(snippet_store);
    act_set(a, S4, address);
    refuse(s, pc, address, ACCESS_STORE, pc + INSTRUCTION_SIZE);

    a = stage_jump(s, ACTOR_A, NULL);
    act_set(a, S1, address);
    refuse(s, address, address, ACCESS_FETCH, stage_address(probe_jump_a_back));
}
