/* SPDX-License-Identifier: BSD-2-Clause */

/* The port to threads that are C functions in the hosted simulator. */
#include "user/lib/port.h"

#include "hosted/native.h"

enum { TICKS_PER_US = 10 };

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

uint64_t user_now_us(void)
{
    return albireo_native_time() / TICKS_PER_US;
}

void user_work_us(uint64_t us)
{
    albireo_native_work(us * TICKS_PER_US);
}

void user_thread_context(seL4_UserContext *regs, void (*entry)(uint64_t), uint64_t argument,
                         uint64_t stack_top, uint64_t buffer)
{
    (void)buffer; /* The simulator asks the kernel. */
    regs->pc = albireo_native_entry(entry);
    regs->sp = stack_top;
    regs->a0 = argument;
}
