/* SPDX-License-Identifier: BSD-2-Clause */

/* The system calls, docs/abi/01 and 14.
 *
 * Each comes in two forms. The plain form takes the first message words from the IPC buffer and
 * puts the received ones there, so that a message is always the buffer's msg[]. The WithMRs form
 * takes pointers to the four words that travel in registers, does not touch the buffer, and skips a
 * word whose pointer is null.
 */
#ifndef SEL4_SYSCALLS_H
#define SEL4_SYSCALLS_H

#include "abi/api.h"
#include "sel4/arch/trap.h"
#include "sel4/functions.h"
#include "sel4/types.h"

typedef enum {
#define ABI_X(number, name, stub) seL4_Sys##stub = number,
    ABI_SYSCALLS(ABI_X) ABI_DEBUG_SYSCALLS(ABI_X)
#undef ABI_X
        SEL4_FORCE_LONG_ENUM(seL4_Syscall_ID)
} seL4_Syscall_ID;

/* ---- Message words between registers, buffer and pointers ---- */

LIBSEL4_INLINE_FUNC void albireo_words_from_buffer(struct albireo_trap *t)
{
    const seL4_IPCBuffer *buffer = seL4_GetIPCBuffer();
    t->a2 = buffer->msg[0];
    t->a3 = buffer->msg[1];
    t->a4 = buffer->msg[2];
    t->a5 = buffer->msg[3];
}

LIBSEL4_INLINE_FUNC void albireo_words_to_buffer(const struct albireo_trap *t)
{
    seL4_IPCBuffer *buffer = seL4_GetIPCBuffer();
    buffer->msg[0] = t->a2;
    buffer->msg[1] = t->a3;
    buffer->msg[2] = t->a4;
    buffer->msg[3] = t->a5;
}

LIBSEL4_INLINE_FUNC void albireo_words_from(struct albireo_trap *t, seL4_Word count,
                                            const seL4_Word *mr0, const seL4_Word *mr1,
                                            const seL4_Word *mr2, const seL4_Word *mr3)
{
    t->a2 = (mr0 != seL4_Null && count > 0) ? *mr0 : 0;
    t->a3 = (mr1 != seL4_Null && count > 1) ? *mr1 : 0;
    t->a4 = (mr2 != seL4_Null && count > 2) ? *mr2 : 0;
    t->a5 = (mr3 != seL4_Null && count > 3) ? *mr3 : 0;
}

LIBSEL4_INLINE_FUNC void albireo_words_to(const struct albireo_trap *t, seL4_Word *mr0,
                                          seL4_Word *mr1, seL4_Word *mr2, seL4_Word *mr3)
{
    if (mr0 != seL4_Null) {
        *mr0 = t->a2;
    }
    if (mr1 != seL4_Null) {
        *mr1 = t->a3;
    }
    if (mr2 != seL4_Null) {
        *mr2 = t->a4;
    }
    if (mr3 != seL4_Null) {
        *mr3 = t->a5;
    }
}

/* Enters the kernel; reports what came in and from whom. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t albireo_syscall(seL4_Syscall_ID number,
                                                       struct albireo_trap *t, seL4_Word *sender)
{
    seL4_MessageInfo_t info;
    t->a7 = (seL4_Word)number;
    albireo_trap(t);
    if (sender != seL4_Null) {
        *sender = t->a0;
    }
    info.words[0] = t->a1;
    return info;
}

LIBSEL4_INLINE_FUNC struct albireo_trap albireo_trap_new(seL4_CPtr a0, seL4_MessageInfo_t info)
{
    struct albireo_trap t = {a0, info.words[0], 0, 0, 0, 0, 0, 0, 0};
    return t;
}

#define ALBIREO_NO_INFO seL4_MessageInfo_new(0, 0, 0, 0)

/* ---- Sending ---- */

LIBSEL4_INLINE_FUNC void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from_buffer(&t);
    albireo_syscall(seL4_SysSend, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_SendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                          seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2,
                                          seL4_Word *mr3)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    albireo_syscall(seL4_SysSend, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from_buffer(&t);
    albireo_syscall(seL4_SysNBSend, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_NBSendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                            seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2,
                                            seL4_Word *mr3)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    albireo_syscall(seL4_SysNBSend, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_Signal(seL4_CPtr dest)
{
    struct albireo_trap t = albireo_trap_new(dest, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysSend, &t, seL4_Null);
}

/* ---- Calling ---- */

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from_buffer(&t);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysCall, &t, seL4_Null);
    albireo_words_to_buffer(&t);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_CallWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                        seL4_Word *mr0, seL4_Word *mr1,
                                                        seL4_Word *mr2, seL4_Word *mr3)
{
    struct albireo_trap t = albireo_trap_new(dest, msgInfo);
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysCall, &t, seL4_Null);
    albireo_words_to(&t, mr0, mr1, mr2, mr3);
    return info;
}

/* ---- Receiving ---- */

#define ALBIREO_RECEIVE(name)                                                                      \
    LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_##name(seL4_CPtr src, seL4_Word *sender,           \
                                                       seL4_CPtr reply)                            \
    {                                                                                              \
        struct albireo_trap t = albireo_trap_new(src, ALBIREO_NO_INFO);                            \
        t.a6 = reply;                                                                              \
        seL4_MessageInfo_t info = albireo_syscall(seL4_Sys##name, &t, sender);                     \
        albireo_words_to_buffer(&t);                                                               \
        return info;                                                                               \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_##name##WithMRs(                                   \
        seL4_CPtr src, seL4_Word *sender, seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2,          \
        seL4_Word *mr3, seL4_CPtr reply)                                                           \
    {                                                                                              \
        struct albireo_trap t = albireo_trap_new(src, ALBIREO_NO_INFO);                            \
        t.a6 = reply;                                                                              \
        seL4_MessageInfo_t info = albireo_syscall(seL4_Sys##name, &t, sender);                     \
        albireo_words_to(&t, mr0, mr1, mr2, mr3);                                                  \
        return info;                                                                               \
    }

ALBIREO_RECEIVE(Recv)
ALBIREO_RECEIVE(NBRecv)

#undef ALBIREO_RECEIVE

#define ALBIREO_WAIT(name)                                                                         \
    LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_##name(seL4_CPtr src, seL4_Word *sender)           \
    {                                                                                              \
        struct albireo_trap t = albireo_trap_new(src, ALBIREO_NO_INFO);                            \
        seL4_MessageInfo_t info = albireo_syscall(seL4_Sys##name, &t, sender);                     \
        albireo_words_to_buffer(&t);                                                               \
        return info;                                                                               \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_##name##WithMRs(seL4_CPtr src, seL4_Word *sender,  \
                                                                seL4_Word *mr0, seL4_Word *mr1,    \
                                                                seL4_Word *mr2, seL4_Word *mr3)    \
    {                                                                                              \
        struct albireo_trap t = albireo_trap_new(src, ALBIREO_NO_INFO);                            \
        seL4_MessageInfo_t info = albireo_syscall(seL4_Sys##name, &t, sender);                     \
        albireo_words_to(&t, mr0, mr1, mr2, mr3);                                                  \
        return info;                                                                               \
    }

ALBIREO_WAIT(Wait)
ALBIREO_WAIT(NBWait)

#undef ALBIREO_WAIT

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Poll(seL4_CPtr src, seL4_Word *sender)
{
    return seL4_NBWait(src, sender);
}

/* ---- Sending and receiving in one kernel entry ---- */

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecv(seL4_CPtr src, seL4_MessageInfo_t msgInfo,
                                                      seL4_Word *sender, seL4_CPtr reply)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = reply;
    albireo_words_from_buffer(&t);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysReplyRecv, &t, sender);
    albireo_words_to_buffer(&t);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecvWithMRs(seL4_CPtr src,
                                                             seL4_MessageInfo_t msgInfo,
                                                             seL4_Word *sender, seL4_Word *mr0,
                                                             seL4_Word *mr1, seL4_Word *mr2,
                                                             seL4_Word *mr3, seL4_CPtr reply)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = reply;
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysReplyRecv, &t, sender);
    albireo_words_to(&t, mr0, mr1, mr2, mr3);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecv(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word *sender,
                                                       seL4_CPtr reply)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = reply;
    t.t0 = dest;
    albireo_words_from_buffer(&t);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysNBSendRecv, &t, sender);
    albireo_words_to_buffer(&t);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecvWithMRs(
    seL4_CPtr dest, seL4_MessageInfo_t msgInfo, seL4_CPtr src, seL4_Word *sender, seL4_Word *mr0,
    seL4_Word *mr1, seL4_Word *mr2, seL4_Word *mr3, seL4_CPtr reply)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = reply;
    t.t0 = dest;
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysNBSendRecv, &t, sender);
    albireo_words_to(&t, mr0, mr1, mr2, mr3);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWait(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word *sender)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = dest;
    albireo_words_from_buffer(&t);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysNBSendWait, &t, sender);
    albireo_words_to_buffer(&t);
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWaitWithMRs(seL4_CPtr dest,
                                                              seL4_MessageInfo_t msgInfo,
                                                              seL4_CPtr src, seL4_Word *sender,
                                                              seL4_Word *mr0, seL4_Word *mr1,
                                                              seL4_Word *mr2, seL4_Word *mr3)
{
    struct albireo_trap t = albireo_trap_new(src, msgInfo);
    t.a6 = dest;
    albireo_words_from(&t, seL4_MessageInfo_get_length(msgInfo), mr0, mr1, mr2, mr3);
    seL4_MessageInfo_t info = albireo_syscall(seL4_SysNBSendWait, &t, sender);
    albireo_words_to(&t, mr0, mr1, mr2, mr3);
    return info;
}

/* ---- Others ---- */

LIBSEL4_INLINE_FUNC void seL4_Yield(void)
{
    struct albireo_trap t = albireo_trap_new(0, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysYield, &t, seL4_Null);
}

#ifdef CONFIG_PRINTING
LIBSEL4_INLINE_FUNC void seL4_DebugPutChar(char c)
{
    struct albireo_trap t = albireo_trap_new((seL4_Uint8)c, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugPutChar, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_DebugPutString(const char *str)
{
    for (; *str != '\0'; str++) {
        seL4_DebugPutChar(*str);
    }
}

LIBSEL4_INLINE_FUNC void seL4_DebugDumpScheduler(void)
{
    struct albireo_trap t = albireo_trap_new(0, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugDumpScheduler, &t, seL4_Null);
}
#endif

#ifdef CONFIG_DEBUG_BUILD
LIBSEL4_INLINE_FUNC void seL4_DebugHalt(void)
{
    struct albireo_trap t = albireo_trap_new(0, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugHalt, &t, seL4_Null);
}

LIBSEL4_INLINE_FUNC void seL4_DebugSnapshot(void)
{
    struct albireo_trap t = albireo_trap_new(0, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugSnapshot, &t, seL4_Null);
}

/* Number of the capability's kind (03 section 3.1), 0 if there is none. */
LIBSEL4_INLINE_FUNC seL4_Uint32 seL4_DebugCapIdentify(seL4_CPtr cap)
{
    seL4_Word kind;
    struct albireo_trap t = albireo_trap_new(cap, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugCapIdentify, &t, &kind);
    return (seL4_Uint32)kind;
}

/* The name goes through the message area of the IPC buffer: at most 959 characters. */
LIBSEL4_INLINE_FUNC void seL4_DebugNameThread(seL4_CPtr tcb, const char *name)
{
    char *out = (char *)seL4_GetIPCBuffer()->msg;
    int i = 0;
    for (; name[i] != '\0' && i < seL4_MsgMaxLength * (int)sizeof(seL4_Word) - 1; i++) {
        out[i] = name[i];
    }
    out[i] = '\0';
    struct albireo_trap t = albireo_trap_new(tcb, ALBIREO_NO_INFO);
    albireo_syscall(seL4_SysDebugNameThread, &t, seL4_Null);
}
#endif

#undef ALBIREO_NO_INFO

#endif
