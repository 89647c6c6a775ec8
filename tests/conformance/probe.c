/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/conformance/probe.h"

#include "user/lib/port.h"

enum operation { LOAD, STORE, FPU_GET, FPU_SET };
enum { BADGE_ANSWER = 1, BADGE_FAULT = 2, SLICE_US = 5000, REGISTERS = 32 };

/* The two endpoints in one word, as the process has only its registers to be told. */
#define ARGUMENT(requests, answers) ((requests) | (answers) << 32)

static uint64_t perform(seL4_Word operation, seL4_Word where, seL4_Word value)
{
    switch (operation) {
    case LOAD:
        return user_load64(where);
    case STORE:
        user_store64(where, value);
        return 0;
    case FPU_GET:
        return user_fpu_get((uint32_t)where);
    default:
        user_fpu_set((uint32_t)where, value);
        return 0;
    }
}

static void probe_main(uint64_t argument)
{
    seL4_CPtr requests = argument & UINT32_MAX;
    seL4_CPtr answers = argument >> 32;
    for (;;) {
        seL4_Word operation = 0;
        seL4_Word where = 0;
        seL4_Word value = 0;
        seL4_WaitWithMRs(requests, seL4_Null, &operation, &where, &value, seL4_Null);
        value = perform(operation, where, value);
        seL4_SendWithMRs(answers, seL4_MessageInfo_new(0, 0, 0, 1), &value, seL4_Null, seL4_Null,
                         seL4_Null);
    }
}

static bool make_endpoints(struct conf *c, struct probe *p)
{
    p->faulted = false;
    p->requests = conf_object(c, seL4_EndpointObject, 0);
    p->answers = conf_object(c, seL4_EndpointObject, 0);
    p->reply = conf_object(c, seL4_ReplyObject, 0);
    return p->reply != seL4_CapNull;
}

static struct thread_spec spec_of(struct conf *c, struct probe *p, uint64_t argument)
{
    struct thread_spec spec = conf_with_time(
        conf_spec(c, "probe", probe_main, seL4_Null, PROBE_PRIORITY), SLICE_US, SLICE_US);
    spec.argument = argument;
    spec.fault_endpoint = conf_mint(c, p->answers, seL4_AllRights, BADGE_FAULT);
    return spec;
}

static bool begin(struct conf *c, struct probe *p)
{
    return CHECK(c, seL4_TCB_ReadRegisters(p->thread.tcb, 0, 0, REGISTERS, &p->start) ==
                        seL4_NoError) &&
           CHECK(c, thread_start(&p->thread) == seL4_NoError);
}

bool probe_start(struct conf *c, struct probe *p)
{
    if (!make_endpoints(c, p)) {
        return false;
    }
    seL4_CPtr answers = conf_mint(c, p->answers, seL4_CanWrite, BADGE_ANSWER);
    struct thread_spec spec = spec_of(c, p, ARGUMENT(p->requests, answers));
    return conf_create(c, &spec, &p->thread) && begin(c, p);
}

bool probe_start_process(struct conf *c, struct probe *p, struct process *process)
{
    enum { REQUESTS = PROCESS_SLOT_FIRST, ANSWERS };
    if (!make_endpoints(c, p)) {
        return false;
    }
    struct thread_spec spec = spec_of(c, p, ARGUMENT((uint64_t)REQUESTS, (uint64_t)ANSWERS));
    if (!CHECK(c, process_create(&c->scene, c->info, &spec, process) == seL4_NoError)) {
        return false;
    }
    p->thread = process->thread;
    return CHECK(c, process_grant(&c->scene, process, REQUESTS, p->requests, seL4_CanRead, 0) ==
                        seL4_NoError) &&
           CHECK(c, process_grant(&c->scene, process, ANSWERS, p->answers, seL4_CanWrite,
                                  BADGE_ANSWER) == seL4_NoError) &&
           begin(c, p);
}

static struct outcome take(struct probe *p)
{
    struct outcome outcome = {0};
    seL4_Word badge;
    seL4_MessageInfo_t info = seL4_Recv(p->answers, &badge, p->reply);
    outcome.faulted = badge == BADGE_FAULT;
    outcome.value = seL4_GetMR(0);
    outcome.fault = seL4_getFault(info);
    p->faulted = outcome.faulted;
    return outcome;
}

/* After a fault, back to the beginning, where it waits for requests. */
static void recover(struct probe *p)
{
    if (p->faulted) {
        seL4_TCB_WriteRegisters(p->thread.tcb, 1, 0, REGISTERS, &p->start);
        p->faulted = false;
    }
}

static struct outcome request(struct probe *p, seL4_Word operation, seL4_Word where,
                              seL4_Word value)
{
    recover(p);
    seL4_SendWithMRs(p->requests, seL4_MessageInfo_new(0, 0, 0, 3), &operation, &where, &value,
                     seL4_Null);
    return take(p);
}

struct outcome probe_load(struct probe *p, uint64_t vaddr)
{
    return request(p, LOAD, vaddr, 0);
}

struct outcome probe_store(struct probe *p, uint64_t vaddr, uint64_t value)
{
    return request(p, STORE, vaddr, value);
}

struct outcome probe_fpu_get(struct probe *p, uint32_t index)
{
    return request(p, FPU_GET, index, 0);
}

struct outcome probe_fpu_set(struct probe *p, uint32_t index, uint64_t value)
{
    return request(p, FPU_SET, index, value);
}

struct outcome probe_jump(struct probe *p, uint64_t pc)
{
    seL4_UserContext regs = p->start;
    regs.pc = pc;
    seL4_TCB_WriteRegisters(p->thread.tcb, 1, 0, REGISTERS, &regs);
    return take(p);
}

struct outcome probe_again(struct probe *p)
{
    seL4_Send(p->reply, seL4_MessageInfo_new(0, 0, 0, 0));
    return take(p);
}

bool outcome_is_done(struct outcome outcome)
{
    return !outcome.faulted;
}

bool outcome_is(struct outcome outcome, uint64_t value)
{
    return !outcome.faulted && outcome.value == value;
}

bool outcome_is_vm_fault(struct outcome outcome, uint64_t vaddr, uint64_t status)
{
    return outcome.faulted && seL4_isVMFault_Fault(outcome.fault) &&
           seL4_Fault_VMFault_get_Addr(outcome.fault) == vaddr &&
           seL4_Fault_VMFault_get_FSR(outcome.fault) == status &&
           seL4_Fault_VMFault_get_PrefetchFault(outcome.fault) == (status == 1);
}

bool outcome_is_exception(struct outcome outcome, uint64_t number)
{
    return outcome.faulted && seL4_isUserException_Fault(outcome.fault) &&
           seL4_Fault_UserException_get_Number(outcome.fault) == number;
}
