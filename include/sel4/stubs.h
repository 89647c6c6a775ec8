/* SPDX-License-Identifier: BSD-2-Clause */

/* Invocations of kernel objects, docs/abi/05: seL4_<Object>_<Method>(_service, arguments).
 *
 * All are expanded from the tables in abi/api.h, except those whose signature is not the plain list
 * of arguments: register transfers and the ones that return more than an error. A stub touches the
 * IPC buffer only for what does not fit in registers, and to leave details of an error in msg[].
 */
#ifndef SEL4_STUBS_H
#define SEL4_STUBS_H

#include "abi/api.h"
#include "sel4/syscalls.h"
#include "sel4/types.h"

/* Calls `service` with the words and capabilities given. The first words of the answer are stored
 * back to the buffer if there is something in them: an error's details, or `results` words. */
LIBSEL4_INLINE_FUNC seL4_Error albireo_invoke(seL4_CPtr service, seL4_Word label, int word_count,
                                              const seL4_Word *words, int cap_count,
                                              const seL4_CPtr *caps, seL4_Bool results)
{
    struct albireo_trap t = albireo_trap_new(
        service, seL4_MessageInfo_new(label, 0, (seL4_Word)cap_count, (seL4_Word)word_count));
    for (int i = 0; i < cap_count; i++) {
        seL4_SetCap(i, caps[i]);
    }
    for (int i = seL4_FastMessageRegisters; i < word_count; i++) {
        seL4_SetMR(i, words[i]);
    }
    t.a2 = word_count > 0 ? words[0] : 0;
    t.a3 = word_count > 1 ? words[1] : 0;
    t.a4 = word_count > 2 ? words[2] : 0;
    t.a5 = word_count > 3 ? words[3] : 0;
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysCall, &t, seL4_Null);
    seL4_Error error = (seL4_Error)seL4_MessageInfo_get_label(info);
    if ((error != seL4_NoError || results) && seL4_GetIPCBuffer() != seL4_Null) {
        albireo_words_to_buffer(&t);
    }
    return error;
}

/* Parameters of a stub, from a row's ABI_ARGS. */
#define ALBIREO_PARAM_W(type, name) , type name
#define ALBIREO_PARAM_B(name) , seL4_Uint8 name
#define ALBIREO_PARAM_R(name) , seL4_CapRights_t name
#define ALBIREO_PARAM_D(name) , seL4_CNode_CapData_t name
#define ALBIREO_PARAM_C(name) , seL4_CPtr name

/* Initialisers of its array of words, and of its array of capabilities. */
#define ALBIREO_WORD_W(type, name) , (seL4_Word)name
#define ALBIREO_WORD_B(name) , name
#define ALBIREO_WORD_R(name) , name.words[0]
#define ALBIREO_WORD_D(name) , name.words[0]
#define ALBIREO_WORD_C(name)
#define ALBIREO_CAP_W(type, name)
#define ALBIREO_CAP_B(name)
#define ALBIREO_CAP_R(name)
#define ALBIREO_CAP_D(name)
#define ALBIREO_CAP_C(name) , name

/* Each array begins with an element that is not sent, because an array cannot be empty. */
#define ALBIREO_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])) - 1)

#define ALBIREO_STUB(label, kind, name, stub, handler, args, results)                              \
    LIBSEL4_INLINE seL4_Error seL4_##stub(seL4_CPtr _service ABI_ARGS_##args(                      \
        ALBIREO_PARAM_W, ALBIREO_PARAM_B, ALBIREO_PARAM_R, ALBIREO_PARAM_D, ALBIREO_PARAM_C))      \
    {                                                                                              \
        seL4_Word words[] = {0 ABI_ARGS_##args(ALBIREO_WORD_W, ALBIREO_WORD_B, ALBIREO_WORD_R,     \
                                               ALBIREO_WORD_D, ALBIREO_WORD_C)};                   \
        seL4_CPtr caps[] = {0 ABI_ARGS_##args(ALBIREO_CAP_W, ALBIREO_CAP_B, ALBIREO_CAP_R,         \
                                              ALBIREO_CAP_D, ALBIREO_CAP_C)};                      \
        return albireo_invoke(_service, label, ALBIREO_COUNT(words), words + 1,                    \
                              ALBIREO_COUNT(caps), caps + 1, (results) > 0);                       \
    }

/* The rows whose public signature is another one give the raw stubs that follow use. */
#define seL4_TCB_ReadRegisters albireo_tcb_read_registers
#define seL4_TCB_WriteRegisters albireo_tcb_write_registers
#define seL4_TCB_CopyRegisters albireo_tcb_copy_registers
#define seL4_TCB_SetFlags albireo_tcb_set_flags
#define seL4_SchedContext_Consumed albireo_sched_context_consumed
#define seL4_SchedContext_YieldTo albireo_sched_context_yield_to
#define seL4_RISCV_Page_GetAddress albireo_page_get_address

ABI_INVOCATIONS(ALBIREO_STUB)

#undef seL4_TCB_ReadRegisters
#undef seL4_TCB_WriteRegisters
#undef seL4_TCB_CopyRegisters
#undef seL4_TCB_SetFlags
#undef seL4_SchedContext_Consumed
#undef seL4_SchedContext_YieldTo
#undef seL4_RISCV_Page_GetAddress

#undef ALBIREO_STUB
#undef ALBIREO_COUNT
#undef ALBIREO_PARAM_W
#undef ALBIREO_PARAM_B
#undef ALBIREO_PARAM_R
#undef ALBIREO_PARAM_D
#undef ALBIREO_PARAM_C
#undef ALBIREO_WORD_W
#undef ALBIREO_WORD_B
#undef ALBIREO_WORD_R
#undef ALBIREO_WORD_D
#undef ALBIREO_WORD_C
#undef ALBIREO_CAP_W
#undef ALBIREO_CAP_B
#undef ALBIREO_CAP_R
#undef ALBIREO_CAP_D
#undef ALBIREO_CAP_C

/* ---- Register transfers ---- */

enum { albireo_context_words = sizeof(seL4_UserContext) / sizeof(seL4_Word) };

/* Reads the first `count` registers of `regs`; the others are left as they are. */
LIBSEL4_INLINE seL4_Error seL4_TCB_ReadRegisters(seL4_TCB _service, seL4_Bool suspend_source,
                                                 seL4_Uint8 arch_flags, seL4_Word count,
                                                 seL4_UserContext *regs)
{
    seL4_Word flags = (seL4_Word)(suspend_source != 0) | (seL4_Word)arch_flags << 8;
    seL4_Error error = albireo_tcb_read_registers(_service, flags, count);
    if (error != seL4_NoError) {
        return error;
    }
    seL4_Word *out = &regs->pc;
    for (int i = 0; i < (int)count && i < albireo_context_words; i++) {
        out[i] = seL4_GetMR(i);
    }
    return seL4_NoError;
}

/* Writes the first `count` registers of `regs`. The message always has room for all of them. */
LIBSEL4_INLINE seL4_Error seL4_TCB_WriteRegisters(seL4_TCB _service, seL4_Bool resume_target,
                                                  seL4_Uint8 arch_flags, seL4_Word count,
                                                  const seL4_UserContext *regs)
{
    seL4_Word words[2 + albireo_context_words];
    const seL4_Word *in = &regs->pc;
    words[0] = (seL4_Word)(resume_target != 0) | (seL4_Word)arch_flags << 8;
    words[1] = count;
    for (int i = 0; i < albireo_context_words; i++) {
        words[2 + i] = in[i];
    }
    return albireo_invoke(_service, ABI_LABEL_TCB_WRITE_REGISTERS, 2 + albireo_context_words, words,
                          0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_CopyRegisters(seL4_TCB _service, seL4_TCB source,
                                                 seL4_Bool suspend_source, seL4_Bool resume_target,
                                                 seL4_Bool transfer_frame,
                                                 seL4_Bool transfer_integer, seL4_Uint8 arch_flags)
{
    seL4_Word flags = (seL4_Word)(suspend_source != 0) | (seL4_Word)(resume_target != 0) << 1 |
                      (seL4_Word)(transfer_frame != 0) << 2 |
                      (seL4_Word)(transfer_integer != 0) << 3 | (seL4_Word)arch_flags << 8;
    return albireo_tcb_copy_registers(_service, source, flags);
}

/* ---- Invocations with a result ---- */

typedef struct seL4_TCB_SetFlags {
    int error;
    seL4_Word flags;
} seL4_TCB_SetFlags_t;

LIBSEL4_INLINE seL4_TCB_SetFlags_t seL4_TCB_SetFlags(seL4_TCB _service, seL4_Word clear,
                                                     seL4_Word set)
{
    seL4_TCB_SetFlags_t result;
    result.error = (int)albireo_tcb_set_flags(_service, clear, set);
    result.flags = seL4_GetMR(0);
    return result;
}

typedef struct seL4_SchedContext_Consumed {
    int error;
    seL4_Time consumed;
} seL4_SchedContext_Consumed_t;

LIBSEL4_INLINE seL4_SchedContext_Consumed_t seL4_SchedContext_Consumed(seL4_SchedContext _service)
{
    seL4_SchedContext_Consumed_t result;
    result.error = (int)albireo_sched_context_consumed(_service);
    result.consumed = seL4_GetMR(0);
    return result;
}

typedef struct seL4_SchedContext_YieldTo {
    int error;
    seL4_Time consumed;
} seL4_SchedContext_YieldTo_t;

LIBSEL4_INLINE seL4_SchedContext_YieldTo_t seL4_SchedContext_YieldTo(seL4_SchedContext _service)
{
    seL4_SchedContext_YieldTo_t result;
    result.error = (int)albireo_sched_context_yield_to(_service);
    result.consumed = seL4_GetMR(0);
    return result;
}

typedef struct seL4_RISCV_Page_GetAddress {
    int error;
    seL4_Word paddr;
} seL4_RISCV_Page_GetAddress_t;

LIBSEL4_INLINE seL4_RISCV_Page_GetAddress_t seL4_RISCV_Page_GetAddress(seL4_RISCV_Page _service)
{
    seL4_RISCV_Page_GetAddress_t result;
    result.error = (int)albireo_page_get_address(_service);
    result.paddr = seL4_GetMR(0);
    return result;
}

/* ---- Aliases ---- */

/* ConfigureFlags with no flag: a constant-bandwidth scheduling context. */
LIBSEL4_INLINE seL4_Error seL4_SchedControl_Configure(seL4_SchedControl _service,
                                                      seL4_SchedContext schedcontext,
                                                      seL4_Time budget, seL4_Time period,
                                                      seL4_Word extra_refills, seL4_Word badge)
{
    return seL4_SchedControl_ConfigureFlags(_service, schedcontext, budget, period, extra_refills,
                                            badge, seL4_SchedContext_NoFlag);
}

#endif
