/* SPDX-License-Identifier: BSD-2-Clause */

/* core/machine.h on RISC-V, where only the boot core runs: the others are stopped, and have neither
 * address space nor translations. */
#include "core/machine.h"

#include "arch/riscv64/asid.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/events.h"
#include "arch/riscv64/fpu.h"
#include "arch/riscv64/sbi.h"
#include "arch/riscv64/state.h"

struct machine the_machine;

bool machine_poll(struct machine *m, uint32_t core, uint64_t *now)
{
    (void)m;
    (void)core;
    *now = csr_time();
    bool pending = (CSR_READ(sip) & (INTERRUPT_TIMER | INTERRUPT_EXTERNAL)) != 0;
    if (CONFIG_DEBUG && events_logged) {
        events_poll(*now, pending);
    }
    return pending;
}

uint32_t machine_irq_claim(struct machine *m, uint32_t core)
{
    uint32_t irq = plic_claim(&m->plic, m->cpus[core].plic_context);
    if (CONFIG_DEBUG && events_logged) {
        events_claim(irq);
    }
    return irq;
}

void machine_irq_complete(struct machine *m, uint32_t core, uint32_t irq)
{
    plic_complete(&m->plic, m->cpus[core].plic_context, irq);
}

void machine_irq_enable(struct machine *m, uint32_t core, uint32_t irq, bool enable)
{
    plic_enable(&m->plic, m->cpus[core].plic_context, irq, enable);
}

void machine_irq_trigger(struct machine *m, uint32_t irq, bool edge)
{
    (void)m; /* The gateways of a PLIC are wired for their sources (docs/abi/10 section 10.2). */
    (void)irq;
    (void)edge;
}

void machine_timer_set(struct machine *m, uint32_t core, uint64_t deadline)
{
    (void)core;
    if (m->has_stimecmp) {
        __asm__ volatile("csrw 0x14D, %0" : : "r"(deadline) : "memory"); /* stimecmp */
    } else {
        sbi_set_timer(m->has_sbi_time, deadline);
    }
}

static void fence_hardware_asids(const struct machine *m, const uint64_t *asids, uint32_t count)
{
    if (count != 0 && m->quirks.flush_all) {
        fence_all();
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        fence_asid(asids[i]);
    }
}

void machine_vspace_switch(struct machine *m, uint32_t core, uint64_t root_paddr, uint16_t asid)
{
    struct cpu *cpu = &m->cpus[core];
    uint64_t hardware_asid = asid_hardware(asid, m->asid_count);
    uint64_t fences[2];

    if (core != 0) {
        return;
    }
    CSR_WRITE(satp, SATP_SV39 | hardware_asid << SATP_ASID_SHIFT | root_paddr >> 12);
    uint32_t count = asid_fences(cpu->asid, asid, m->asid_count, fences);
    fence_hardware_asids(m, fences, count);
    cpu->asid = asid;
}

void machine_tlb_flush_page(struct machine *m, uint16_t asid, uint64_t vaddr)
{
    if (m->quirks.flush_all) {
        fence_all();
    } else {
        fence_page(vaddr, asid_hardware(asid, m->asid_count));
    }
}

/* Also what orders new global entries of a root table, which a fence for one ASID would not. */
void machine_tlb_flush_asid(struct machine *m, uint16_t asid)
{
    (void)m;
    (void)asid;
    fence_all();
}

/* sstatus.FS: off, or whether user code has written FP registers since it was set to clean. */
static void set_fpu_status(uint64_t status)
{
    CSR_CLEAR(sstatus, SSTATUS_FS);
    CSR_SET(sstatus, status);
}

void machine_fpu_save(struct machine *m, uint32_t core, uint64_t *words)
{
    struct cpu *cpu = &m->cpus[core];
    uint64_t status = CSR_READ(sstatus) & SSTATUS_FS;

    if (status == SSTATUS_FS_DIRTY || cpu->fpu_dirty) {
        CSR_SET(sstatus, SSTATUS_FS_DIRTY);
        fpu_save(words);
        cpu->fpu_dirty = false;
        set_fpu_status(status == 0 ? 0 : SSTATUS_FS_CLEAN);
    }
}

void machine_fpu_load(struct machine *m, uint32_t core, const uint64_t *words)
{
    uint64_t status = CSR_READ(sstatus) & SSTATUS_FS;

    CSR_SET(sstatus, SSTATUS_FS_DIRTY);
    fpu_load(words);
    m->cpus[core].fpu_dirty = false;
    set_fpu_status(status == 0 ? 0 : SSTATUS_FS_CLEAN);
}

void machine_fpu_enable(struct machine *m, uint32_t core, bool enable)
{
    struct cpu *cpu = &m->cpus[core];

    if (enable) {
        set_fpu_status(cpu->fpu_dirty ? SSTATUS_FS_DIRTY : SSTATUS_FS_CLEAN);
    } else {
        cpu->fpu_dirty = (CSR_READ(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY;
        set_fpu_status(0);
    }
}

void machine_console(struct machine *m, char c)
{
    (void)m;
    sbi_putchar(c);
}

NORETURN void machine_halt(struct machine *m)
{
    (void)m;
    sbi_shutdown();
}
