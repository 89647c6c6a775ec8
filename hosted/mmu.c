/* SPDX-License-Identifier: BSD-2-Clause */

/* The MMU: Sv39 walks over the page tables that the kernel keeps in guest RAM, as in the RISC-V
 * privileged specification, section "Virtual Address Translation Process". Accessed and dirty bits
 * are not set by this hardware: a leaf without them faults.
 */
#include <string.h>

#include "core/bits.h"
#include "hosted/state.h"

/* Bits of a page-table entry, and those that Sv39 without extensions reserves. */
#define PTE_V 0x01u
#define PTE_R 0x02u
#define PTE_W 0x04u
#define PTE_X 0x08u
#define PTE_U 0x10u
#define PTE_G 0x20u
#define PTE_A 0x40u
#define PTE_D 0x80u
#define PTE_RESERVED 0xFFC0000000000000u

enum { LEVELS = 3, ROOT_BITS = 30, INDEX_BITS = 9, SIGN_BIT = 38 };

static uint64_t page_fault(enum sim_access access)
{
    static const uint64_t causes[] = {[SIM_FETCH] = 12, [SIM_LOAD] = 13, [SIM_STORE] = 15};
    return causes[access];
}

static uint64_t access_fault(enum sim_access access)
{
    static const uint64_t causes[] = {[SIM_FETCH] = 1, [SIM_LOAD] = 5, [SIM_STORE] = 7};
    return causes[access];
}

/* All bits from the sign bit up are equal. */
static bool canonical(uint64_t vaddr)
{
    uint64_t top = vaddr >> SIGN_BIT;
    return top == 0 || top == UINT64_MAX >> SIGN_BIT;
}

static uint64_t pte_base(uint64_t pte)
{
    return (pte & ~PTE_RESERVED) >> 10 << 12;
}

/* Finds the leaf for vaddr: 0 and *leaf; or the cause, and *leaf is what a TLB may remember of
 * that: an invalid entry of the level where the walk ended. */
static uint64_t walk(struct sim *sim, uint64_t vaddr, enum sim_access access,
                     struct tlb_entry *leaf)
{
    uint64_t table = sim->machine.cores[sim->core].root;
    bool global = false;
    for (uint32_t bits = ROOT_BITS; bits >= 12; bits -= INDEX_BITS) {
        *leaf = (struct tlb_entry){.bits = (uint8_t)bits};
        uint64_t at = table + 8 * ((vaddr >> bits) & 511);
        const uint64_t *entry = sim_ram(sim, at, 8);
        if (entry == NULL) {
            return access_fault(access);
        }
        uint64_t pte = *entry;
        global = global || (pte & PTE_G) != 0;
        if ((pte & PTE_V) == 0 || (pte & (PTE_R | PTE_W)) == PTE_W || (pte & PTE_RESERVED) != 0) {
            return page_fault(access);
        }
        if ((pte & (PTE_R | PTE_X)) != 0) {
            if (!is_aligned(pte_base(pte), bits)) {
                return page_fault(access);
            }
            leaf->pte = pte;
            leaf->global = global;
            return 0;
        }
        /* In a pointer to the next table these are reserved. */
        if ((pte & (PTE_U | PTE_A | PTE_D)) != 0) {
            return page_fault(access);
        }
        table = pte_base(pte);
    }
    return page_fault(access);
}

/* User mode may access through this leaf. */
static bool permitted(uint64_t pte, enum sim_access access)
{
    uint64_t need = PTE_V | PTE_U | PTE_A;
    switch (access) {
    case SIM_FETCH:
        need |= PTE_X;
        break;
    case SIM_LOAD:
        need |= PTE_R;
        break;
    case SIM_STORE:
        need |= PTE_W | PTE_D;
        break;
    }
    return (pte & need) == need;
}

uint64_t sim_translate(struct sim *sim, uint64_t vaddr, enum sim_access access, uint64_t *paddr)
{
    if (!canonical(vaddr)) {
        return page_fault(access);
    }
    struct machine_core *core = &sim->machine.cores[sim->core];
    const struct tlb_entry *known = tlb_find(&core->tlb, core->asid, vaddr);
    struct tlb_entry leaf;
    if (known != NULL) {
        leaf = *known;
    } else {
        uint64_t cause = walk(sim, vaddr, access, &leaf);
        if (cause != 0 && !sim->config.tlb_keep_invalid) {
            return cause;
        }
        leaf.page = vaddr >> leaf.bits;
        leaf.asid = core->asid;
        tlb_insert(&core->tlb, sim->config.tlb_limit, &leaf);
    }
    if (!permitted(leaf.pte, access)) {
        return page_fault(access);
    }
    *paddr = pte_base(leaf.pte) + bits_low(vaddr, leaf.bits);
    return 0;
}

static struct device *device_at(struct sim *sim, uint64_t paddr, uint32_t size)
{
    for (uint32_t i = 0; i < sim->device_count; i++) {
        struct device *device = &sim->devices[i];
        if (paddr >= device->base && size <= device->size &&
            paddr - device->base <= device->size - size) {
            return device;
        }
    }
    return NULL;
}

/* One piece of an access, within a page. False if nothing answers there. */
static bool physical(struct sim *sim, enum sim_access access, uint64_t paddr, uint32_t size,
                     uint64_t *value)
{
    void *ram = sim_ram(sim, paddr, size);
    if (ram != NULL && access == SIM_STORE) {
        sim_tell_written(sim, ram, size);
        memcpy(ram, value, size);
        return true;
    }
    if (ram != NULL) {
        *value = 0;
        memcpy(value, ram, size);
        return true;
    }
    struct device *device = device_at(sim, paddr, size);
    if (device == NULL || access == SIM_FETCH) {
        return false;
    }
    sim->busy = true; /* An interrupt that the device raises comes after the access. */
    if (access == SIM_STORE) {
        device->write(device->context, paddr - device->base, size, *value);
    } else {
        *value = bits_low(device->read(device->context, paddr - device->base, size), 8 * size);
    }
    sim->busy = false;
    return true;
}

/* The physical address of vaddr if something answers there for `size` bytes; else the cause. */
static uint64_t locate(struct sim *sim, enum sim_access access, uint64_t vaddr, uint32_t size,
                       uint64_t *paddr)
{
    uint64_t cause = sim_translate(sim, vaddr, access, paddr);
    if (cause != 0) {
        return cause;
    }
    bool answers = sim_ram(sim, *paddr, size) != NULL ||
                   (access != SIM_FETCH && device_at(sim, *paddr, size) != NULL);
    return answers ? 0 : access_fault(access);
}

uint64_t mmu_access(struct sim *sim, enum sim_access access, uint64_t vaddr, uint32_t size,
                    uint64_t *value, uint64_t *bad)
{
    sim->machine.now = saturating_add(sim->machine.now, sim->config.access_ticks);
    uint32_t first = (uint32_t)min_u64(size, SIM_PAGE - bits_low(vaddr, 12));
    uint64_t low_paddr;
    uint64_t high_paddr = 0;
    *bad = vaddr;
    uint64_t cause = locate(sim, access, vaddr, first, &low_paddr);
    if (cause == 0 && first < size) {
        *bad = vaddr + first;
        cause = locate(sim, access, *bad, size - first, &high_paddr);
    }
    if (cause != 0) {
        return cause;
    }
    if (first == size) {
        return physical(sim, access, low_paddr, size, value) ? 0 : access_fault(access);
    }
    /* Little endian: the first page has the low bytes. */
    uint64_t low = bits_low(*value, 8 * first);
    uint64_t high = *value >> 8 * first;
    if (!physical(sim, access, low_paddr, first, &low) ||
        !physical(sim, access, high_paddr, size - first, &high)) {
        return access_fault(access);
    }
    *value = low + (high << 8 * first);
    return 0;
}

static bool user_access(struct sim *sim, enum sim_access access, uint64_t vaddr, uint32_t size,
                        uint64_t *value)
{
    if (sim->status != SIM_RUNNING) {
        return false;
    }
    if (sim_is_idle(sim) || (size != 1 && size != 2 && size != 4 && size != 8)) {
        sim_fail(sim, "simulator misused: user access when idle, or of an odd size", __FILE__,
                 __LINE__);
        return false;
    }
    uint64_t bad;
    uint64_t cause = mmu_access(sim, access, vaddr, size, value, &bad);
    if (cause != 0) {
        sim_enter(sim, SIM_EVENT_FAULT, cause, bad);
    }
    sim_settle(sim);
    return cause == 0;
}

bool sim_load(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t *value)
{
    *value = 0;
    return user_access(sim, SIM_LOAD, vaddr, size, value);
}

bool sim_store(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t value)
{
    return user_access(sim, SIM_STORE, vaddr, size, &value);
}

bool sim_fetch(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t *value)
{
    *value = 0;
    return user_access(sim, SIM_FETCH, vaddr, size, value);
}

bool sim_add_device(struct sim *sim, uint64_t base, uint64_t size, sim_device_read *read,
                    sim_device_write *write, void *context)
{
    if (sim->device_count == SIM_DEVICES_MAX || size == 0 || base > UINT64_MAX - size) {
        return false;
    }
    for (uint32_t i = 0; i < sim->config.ram_count; i++) {
        const struct boot_region *ram = &sim->config.ram[i];
        if (base < ram->end && ram->start < base + size) {
            return false;
        }
    }
    for (uint32_t i = 0; i < sim->device_count; i++) {
        const struct device *other = &sim->devices[i];
        if (base < other->base + other->size && other->base < base + size) {
            return false;
        }
    }
    sim->devices[sim->device_count++] = (struct device){
        .base = base, .size = size, .read = read, .write = write, .context = context};
    return true;
}

void sim_device_state(struct sim *sim, uint64_t size, sim_device_alarm *alarm)
{
    if (sim->device_count == 0) {
        sim_fail(sim, "simulator misused: state of no device", __FILE__, __LINE__);
        return;
    }
    sim->devices[sim->device_count - 1].state_size = size;
    sim->devices[sim->device_count - 1].alarm = alarm;
}
