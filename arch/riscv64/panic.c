/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/panic.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/riscv64/console.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/layout.h"
#include "arch/riscv64/state.h"
#include "core/assert.h"
#include "core/kernel.h"

enum { BACKTRACE_MAX = 24 };

/* Linker symbols. */
extern char image_start[], text_end[], stacks_start[], bss_end[];

struct panic_regs panic_regs;
static bool panicking;

NORETURN static void stop(void)
{
    console_text("albireo: stopped\n");
    for (;;) {
        wait_for_interrupt();
    }
}

/* A panic while panicking stops at once: something it looks at is broken. */
static void begin(const char *what)
{
    bool again = panicking;
    panicking = true;
    console_text(again ? "\nalbireo: panic while panicking: " : "\nalbireo: panic: ");
    console_text(what);
    if (again) {
        console_text("\n");
        stop();
    }
}

static void print_registers(const uint64_t *x)
{
    static const char names[32][5] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                      "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                      "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                      "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (uint32_t i = 1; i < 32; i++) {
        console_text(names[i][2] == '\0' ? "   " : "  ");
        console_text(names[i]);
        console_text(" ");
        console_hex(x[i]);
        console_text(i % 4 == 0 || i == 31 ? "\n" : "");
    }
}

/* The name is the user's: only what can be printed. */
static void print_name(const char *name)
{
    for (uint32_t i = 0; i < CONFIG_NAME_SIZE && name[i] != '\0'; i++) {
        char c[2] = {name[i] >= ' ' && name[i] <= '~' ? name[i] : '?', '\0'};
        console_text(c);
    }
}

/* The thread on whose behalf the kernel was running, as far as that can be told. */
static void print_thread(void)
{
    const struct cpu *cpu = &the_machine.cpus[0];
    if (!the_machine.has_kernel) {
        console_text("  while booting, on hart ");
        console_number(cpu->hart);
        console_text("\n");
        return;
    }
    const struct thread *thread = cpu->core->current;
    console_text("  core ");
    console_number(cpu->index);
    console_text(", hart ");
    console_number(cpu->hart);
    console_text("; current thread '");
    print_name(thread->name);
    console_text("' at ");
    console_hex(thread->regs.fault_pc);
    console_text(", its registers:\n");
    print_registers(thread->regs.x);
}

static bool in_text(uint64_t address)
{
    return address % 2 == 0 && address >= (uint64_t)(uintptr_t)image_start + 4 &&
           address < (uint64_t)(uintptr_t)text_end;
}

static uint32_t instruction_half(uint64_t address)
{
    return *(const uint16_t *)(uintptr_t)address;
}

/* Whether the instruction before `address` is a call, that is, jumps and links to ra. */
static bool follows_call(uint64_t address)
{
    uint32_t last = instruction_half(address - 2);
    uint32_t word = last << 16 | instruction_half(address - 4);
    bool compressed = (last & 0xF07F) == 0x9002 && (last & 0x0F80) != 0; /* c.jalr */
    bool jump = (word & 0xFFF) == 0x0EF;                                 /* jal ra */
    bool indirect = (word & 0x7FFF) == 0x00E7;                           /* jalr ra */
    return compressed || jump || indirect;
}

static void print_address(uint64_t address)
{
    console_text("    ");
    console_hex(address);
    console_text("\n");
}

static void print_backtrace_head(void)
{
    console_text("  backtrace (for addr2line -fie albireo.elf):\n");
}

/* The kernel is compiled without frame pointers. Words on the stack that follow a call in the
 * kernel's text are return addresses, some of them perhaps of calls that are long over. */
static void print_backtrace(uint64_t sp)
{
    uint64_t count = 0;
    sp -= sp % 8;
    uint64_t over = (sp - (uint64_t)(uintptr_t)stacks_start) % (STACK_GUARD + STACK_SIZE);
    sp += over < STACK_GUARD ? STACK_GUARD - over : 0; /* The stack has overflowed. */
    bool on_stack = sp >= (uint64_t)(uintptr_t)stacks_start && sp < (uint64_t)(uintptr_t)bss_end;
    while (on_stack && count < BACKTRACE_MAX) {
        uint64_t word = *(const uint64_t *)(uintptr_t)sp;
        if (in_text(word) && follows_call(word)) {
            print_address(word);
            count++;
        }
        sp += 8;
        on_stack = (sp - (uint64_t)(uintptr_t)stacks_start) % (STACK_GUARD + STACK_SIZE) != 0;
    }
}

NORETURN void machine_panic(const char *what, const char *file, int line)
{
    begin(file);
    console_text(":");
    console_number((uint64_t)line);
    console_text(": ");
    console_text(what);
    console_text("\n");
    print_backtrace_head();
    print_backtrace((uint64_t)(uintptr_t)__builtin_frame_address(0));
    print_thread();
    stop();
}

NORETURN void panic_trap(void)
{
    begin("trap in the kernel: scause ");
    console_hex(panic_regs.cause);
    console_text(", stval ");
    console_hex(panic_regs.value);
    console_text(", pc ");
    console_hex(panic_regs.pc);
    console_text("\n");
    print_registers(panic_regs.x);
    print_backtrace_head();
    print_address(panic_regs.pc);
    print_address(panic_regs.x[REG_RA]);
    print_backtrace(panic_regs.x[REG_SP]);
    print_thread();
    stop();
}

NORETURN void panic_boot_failed(const char *what)
{
    console_text("\nalbireo: boot failed: ");
    console_text(what);
    console_text("\n");
    stop();
}
