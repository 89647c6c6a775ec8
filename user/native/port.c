/* SPDX-License-Identifier: BSD-2-Clause */

/* The port to threads that are C functions in the hosted simulator. */
#include "user/lib/port.h"

#include "hosted/native.h"

enum { TICKS_PER_US = 10, CAUSE_ILLEGAL_INSTRUCTION = 2, CAUSE_BREAKPOINT = 3 };

uint64_t user_load64(uint64_t vaddr)
{
    return albireo_native_load(vaddr, 8);
}

void user_store64(uint64_t vaddr, uint64_t value)
{
    albireo_native_store(vaddr, 8, value);
}

uint32_t user_load32(uint64_t vaddr)
{
    return (uint32_t)albireo_native_load(vaddr, 4);
}

void user_store32(uint64_t vaddr, uint32_t value)
{
    albireo_native_store(vaddr, 4, value);
}

uint8_t user_load8(uint64_t vaddr)
{
    return (uint8_t)albireo_native_load(vaddr, 1);
}

void user_store8(uint64_t vaddr, uint8_t value)
{
    albireo_native_store(vaddr, 1, value);
}

uint64_t user_now_us(void)
{
    return albireo_native_time() / TICKS_PER_US;
}

void user_work_us(uint64_t us)
{
    albireo_native_work(us * TICKS_PER_US);
}

uint64_t user_fpu_get(uint32_t index)
{
    return albireo_native_fpu_get(index);
}

void user_fpu_set(uint32_t index, uint64_t value)
{
    albireo_native_fpu_set(index, value);
}

void user_illegal_instruction(void)
{
    albireo_native_exception(CAUSE_ILLEGAL_INSTRUCTION);
}

void user_breakpoint(void)
{
    albireo_native_exception(CAUSE_BREAKPOINT);
}

void user_thread_context(seL4_UserContext *regs, void (*entry)(uint64_t), uint64_t argument,
                         uint64_t stack_top, uint64_t buffer)
{
    (void)buffer; /* The simulator asks the kernel. */
    regs->pc = albireo_native_entry(entry);
    regs->sp = stack_top;
    regs->a0 = argument;
}

const void *user_extra_bootinfo(const seL4_BootInfo *info)
{
    /* It follows the page of BootInfo, which follows that of the IPC buffer (docs/abi/11 section
     * 11.3); `info` is a host pointer, `ipcBuffer` is not. All of it is one piece of RAM. */
    uint64_t vaddr = (uint64_t)(uintptr_t)info->ipcBuffer + ((uint64_t)2 << seL4_PageBits);
    return albireo_native_pointer(vaddr, false);
}
