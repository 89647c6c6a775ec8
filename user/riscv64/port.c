/* SPDX-License-Identifier: BSD-2-Clause */

/* The port to RISC-V machines: start of the root task, and user/lib/port.h.
 *
 * The root task's image is mapped read only into the processes that it makes, so what is written
 * once at its start, before there are any, is the same for all.
 */
#include "user/lib/port.h"

#include "user/lib/devices.h"
#include "user/lib/root.h"
#include "user/lib/space.h"

/* A gap between two looks at the clock that is longer than this is not all the thread's own: it
 * has been preempted. On boards where firmware emulates rdtime a look takes more than 1 us. */
enum { OWN_GAP_US = 10 };

__thread seL4_IPCBuffer *__sel4_ipc_buffer;

/* Of the clock; set at the start. */
static uint64_t ticks_per_us;

/* start.S */
void user_thread_start(void);
void user_start(void *bootinfo) __attribute__((noreturn));

static uint64_t now_ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}

void user_start(void *bootinfo)
{
    ticks_per_us = devices_timebase((const seL4_BootInfo *)bootinfo) / 1000000;
    if (ticks_per_us == 0) {
        __builtin_trap(); /* The kernel looks for it in the same places, and boots only with one. */
    }
    root_task(bootinfo);
    __builtin_trap();
}

uint64_t user_load64(uint64_t vaddr)
{
    uint64_t value;
    __asm__ volatile("ld %0, 0(%1)" : "=r"(value) : "r"(vaddr) : "memory");
    return value;
}

void user_store64(uint64_t vaddr, uint64_t value)
{
    __asm__ volatile("sd %0, 0(%1)" : : "r"(value), "r"(vaddr) : "memory");
}

uint32_t user_load32(uint64_t vaddr)
{
    uint32_t value;
    __asm__ volatile("lw %0, 0(%1)" : "=r"(value) : "r"(vaddr) : "memory");
    return value;
}

void user_store32(uint64_t vaddr, uint32_t value)
{
    __asm__ volatile("sw %0, 0(%1)" : : "r"(value), "r"(vaddr) : "memory");
}

uint8_t user_load8(uint64_t vaddr)
{
    uint8_t value;
    __asm__ volatile("lbu %0, 0(%1)" : "=r"(value) : "r"(vaddr) : "memory");
    return value;
}

void user_store8(uint64_t vaddr, uint8_t value)
{
    __asm__ volatile("sb %0, 0(%1)" : : "r"(value), "r"(vaddr) : "memory");
}

uint64_t user_now_us(void)
{
    return now_ticks() / ticks_per_us;
}

void user_work_us(uint64_t us)
{
    uint64_t gap_max = OWN_GAP_US * ticks_per_us;
    uint64_t left = us * ticks_per_us;
    uint64_t last = now_ticks();
    while (left > 0) {
        uint64_t now = now_ticks();
        uint64_t own = now - last < gap_max ? now - last : gap_max;
        left -= own < left ? own : left;
        last = now;
    }
}

void user_illegal_instruction(void)
{
    /* A write to a read-only CSR; without `norvc` unimp would be 2 bytes long. */
    __asm__ volatile(".option push\n.option norvc\nunimp\n.option pop" : : : "memory");
}

void user_breakpoint(void)
{
    __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : : : "memory");
}

void user_thread_context(seL4_UserContext *regs, void (*entry)(uint64_t), uint64_t argument,
                         uint64_t stack_top, uint64_t buffer)
{
    regs->pc = (uint64_t)(uintptr_t)user_thread_start;
    regs->sp = stack_top;
    regs->a0 = argument;
    regs->a1 = (uint64_t)(uintptr_t)entry;
    regs->a2 = buffer;
}

const void *user_extra_bootinfo(const seL4_BootInfo *info)
{
    return (const char *)info + USER_PAGE_SIZE; /* docs/abi/11 section 11.3 */
}
