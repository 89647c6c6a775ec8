/* SPDX-License-Identifier: BSD-2-Clause */

/* Where things are: virtual addresses of the kernel, and offsets that the assembler code uses.
 * Included by C and by assembler code; trap.c asserts the offsets.
 *
 *   0xFFFFFFC0_00000000   the window: all RAM, at physical address + VM_WINDOW, in pages of 1 GiB,
 *                         readable and writable
 *   0xFFFFFFFF_80200000   the kernel image, wherever it was loaded, in pages of 4 KiB: text
 *                         executable, constants read only, data writable, stacks between guards
 *   0xFFFFFFFF_C0000000   registers of the kernel's devices (the PLIC), in pages of 2 MiB
 */
#ifndef ARCH_RISCV64_LAYOUT_H
#define ARCH_RISCV64_LAYOUT_H

#define VM_WINDOW 0xFFFFFFC000000000
#define VM_WINDOW_GIGA_PAGES 254 /* Physical addresses below 254 GiB are in the window. */
#define VM_IMAGE 0xFFFFFFFF80200000
#define VM_IMAGE_SIZE 0x200000 /* At most. */
#define VM_DEVICES 0xFFFFFFFFC0000000

#define STACK_SIZE 0x4000  /* Of each core, */
#define STACK_GUARD 0x1000 /* and an unmapped page below it. */

/* struct thread, core/thread.h. The address of a thread is that of its registers. */
#define REGS_PC 256
#define THREAD_STATE 272
#define THREAD_STATE_IDLE 7

/* struct cpu, state.h. */
#define CPU_KERNEL 0
#define CPU_CORE 8
#define CPU_STACK_TOP 16
#define CPU_INDEX 24
#define CPU_SIZE_LOG2 6
#define THREAD_CORE 277

/* scause of ecall from U-mode; numbers of registers that assemblers may not know. */
#define CAUSE_ECALL_FROM_USER 8
#define CSR_SENVCFG 0x10A
#define CSR_STIMECMP 0x14D
#define CSR_HSTATUS 0x600

/* trap.S: instructions from a trap to where events_entry reads the cycle counter, and from where
 * events_return does to user code. */
#define EVENTS_ENTRY_INSTRUCTIONS 32
#define EVENTS_EXIT_INSTRUCTIONS 45

/* struct panic_regs, panic.h. */
#define PANIC_PC 0
#define PANIC_CAUSE 8
#define PANIC_VALUE 16
#define PANIC_X 24

#endif
