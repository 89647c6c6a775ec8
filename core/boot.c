/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/boot.h"

#include <stddef.h>

#include "abi/api.h"
#include "core/bits.h"
#include "core/boot_map.h"
#include "core/boot_plan.h"
#include "core/bootinfo.h"
#include "core/cdt.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "core/vspace.h"

#define PAGE_SIZE ((uint64_t)1 << ABI_PAGE_BITS)

enum {
    BOOT_ASID = 1,
    BOOT_SLICE_MS = 5,
    BOOT_PRIORITY = 255,
};

/* 2^56 - 1, the longest domain duration. */
#define DOMAIN_FOREVER (((uint64_t)1 << 56) - 1)

/* A boot in progress, after the last thing that can fail. */
struct boot {
    struct kernel *k;
    const struct boot_params *params;
    const struct boot_plan *plan;
    struct bootinfo *info;
    struct slot *cnode;
    struct page_table *vspace;
    struct page_table *tables;
    struct slot *last;  /* End of the derivation sequence. */
    uint64_t next_slot; /* First dynamic slot not yet filled. */
};

const char *boot_status_text(enum boot_status status)
{
    switch (status) {
    case BOOT_OK:
        return "booted";
    case BOOT_NO_RAM:
        return "no RAM, or an empty region of it";
    case BOOT_RAM_OVERLAPS:
        return "RAM regions overlap";
    case BOOT_RAM_SPAN:
        return "RAM spans 128 GiB or more, or lies beyond 2^39";
    case BOOT_TOO_MANY_REGIONS:
        return "too many memory regions";
    case BOOT_BAD_TIMER:
        return "the timer frequency is not a multiple of 1 MHz";
    case BOOT_BAD_IRQ_MAX:
        return "too many interrupt numbers";
    case BOOT_IMAGE_ALIGNMENT:
        return "the user image is empty or not page aligned";
    case BOOT_IMAGE_NOT_IN_RAM:
        return "the user image is not in RAM";
    case BOOT_IMAGE_OVERLAPS:
        return "the user image overlaps reserved memory or the device tree";
    case BOOT_IMAGE_RANGE:
        return "the user image does not fit in the user address space";
    case BOOT_DTB_NOT_IN_RAM:
        return "the device tree is not in RAM";
    case BOOT_CNODE_TOO_SMALL:
        return "the root CNode is too small for the initial capabilities";
    case BOOT_NO_MEMORY:
        return "not enough memory for the initial objects";
    }
    return "unknown boot status";
}

static void init_time(struct kernel *k, const struct boot_params *params)
{
    k->ticks_per_us = params->timer_hz / 1000000;
    k->max_period_us = UINT64_MAX / k->ticks_per_us / 8;
    k->timer_slack = k->ticks_per_us;
    k->limits.min_budget = ABI_MIN_BUDGET_US * k->ticks_per_us;
    k->limits.max_release_time = UINT64_MAX - 5 * (k->max_period_us * k->ticks_per_us);
}

/* All numbers are free, but those behind the controller's last one, which are the kernel's. */
static void init_irqs(struct kernel *k, const struct boot_params *params)
{
    k->irq_max = params->irq_max;
    k->irq_complete_at_claim = params->irq_complete_at_claim;
    if (CONFIG_CORES > 1) {
        k->irq_states[k->irq_max + 1] = IRQ_IPI;
        k->irq_states[k->irq_max + 2] = IRQ_IPI;
        k->irq_max += 2;
    }
    k->irq_max++;
    k->irq_states[k->irq_max] = IRQ_TIMER;
}

static void init_core(struct kernel *k, uint32_t index, uint64_t now)
{
    struct core *core = &k->cores[index];
    struct thread *idle = &core->idle_thread;
    struct sched_context *sc = &core->idle_sc;

    /* The idle SC is never charged; its budget only has to outlast any deadline. */
    sched_context_init(sc, ABI_MIN_SCHED_CONTEXT_BITS);
    sc->refills.ring = core->idle_refills;
    refill_new(&sc->refills, 2, UINT64_MAX / 2, UINT64_MAX / 2, now);
    sc->core = (uint8_t)index;
    sc->thread = idle;

    idle->state = THREAD_IDLE;
    idle->core = (uint8_t)index;
    idle->sc = sc;
    thread_set_name(idle, "", "idle_thread", "");

    core->idle = idle;
    core->current = idle;
    core->current_sc = sc;
    core->now = now;
    core->action = SCHED_KEEP;
    core->reprogram = true;
    core->domain_left = DOMAIN_FOREVER;
    core->vspace_root = k->kernel_vspace;
}

static void init_kernel(struct kernel *k, const struct boot_params *params,
                        const struct boot_plan *plan)
{
    k->machine = params->machine;
    k->window = params->window;
    k->ram_base = plan->ram_base;
    k->ram_top = plan->ram_top;
    /* One slot below RAM: number 0 means none, and a user's CNode may start where RAM does. */
    uint64_t base = align_down(plan->ram_base, ABI_SLOT_BITS) - sizeof(struct slot);
    k->slot_base = (struct slot *)(uintptr_t)(base + params->window);
    k->kernel_vspace = params->kernel_vspace;
    k->work_units_per_poll = ABI_WORK_UNITS;
    k->domain_schedule[0].duration = DOMAIN_FOREVER;
    init_time(k, params);
    init_irqs(k, params);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        init_core(k, i, params->now);
    }
}

static void *object_at(const struct boot *boot, enum boot_object_kind kind)
{
    return ram_at(boot->k, boot->plan->objects[kind].paddr);
}

/* Puts a boot capability in an empty slot of the root CNode. */
static void provide(struct boot *boot, uint64_t index, struct cap cap)
{
    struct slot *slot = &boot->cnode[index];
    ASSERT(index < bit(boot->plan->cnode_bits));
    cdt_insert_original(boot->k, slot, boot->last, cap);
    boot->last = slot;
}

static void provide_next(struct boot *boot, struct cap cap)
{
    provide(boot, boot->next_slot, cap);
    boot->next_slot++;
}

static void provide_plain(struct boot *boot, uint64_t index, enum cap_type type)
{
    struct cap cap = cap_null();
    cap.type = (uint8_t)type;
    provide(boot, index, cap);
}

static struct cap frame_cap(uint64_t paddr, uint64_t vaddr)
{
    struct cap cap = cap_null();
    cap.type = CAP_FRAME;
    cap.paddr = paddr;
    cap.bits = ABI_PAGE_BITS;
    cap.rights = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
    cap.asid = BOOT_ASID;
    cap.vaddr = vaddr;
    return cap;
}

static struct cap table_cap(struct page_table *table, uint64_t vaddr)
{
    struct cap cap = cap_null();
    cap.type = CAP_PAGE_TABLE;
    cap.table = table;
    cap.asid = BOOT_ASID;
    cap.vaddr = vaddr;
    return cap;
}

/* A page of the initial address space: the mapping, and the capability for it. */
static struct cap map_frame(struct boot *boot, uint64_t paddr, uint64_t vaddr)
{
    vspace_boot_map_frame(boot->k, boot->vspace, vaddr, paddr);
    return frame_cap(paddr, vaddr);
}

static void create_vspace(struct boot *boot)
{
    struct kernel *k = boot->k;
    vspace_copy_kernel(k, boot->vspace);
    struct cap pool = cap_null();
    pool.type = CAP_ASID_POOL;
    pool.pool = object_at(boot, BOOT_POOL);
    pool.asid_base = 0;
    pool.pool->roots[BOOT_ASID] = boot->vspace;
    k->asid_pools[0] = pool.pool;

    provide(boot, ABI_SLOT_INIT_VSPACE, table_cap(boot->vspace, 0));
    provide_plain(boot, ABI_SLOT_IRQ_CONTROL, CAP_IRQ_CONTROL);
    provide_plain(boot, ABI_SLOT_ASID_CONTROL, CAP_ASID_CONTROL);
    provide(boot, ABI_SLOT_INIT_ASID_POOL, pool);
}

/* Maps the next `count` tables, one per 2^bits bytes from that of the image's start on. */
static void create_table_level(struct boot *boot, uint64_t count, uint32_t bits)
{
    uint64_t vaddr = align_down(boot->plan->image_vaddr, bits);
    for (uint64_t i = 0; i < count; i++) {
        vspace_boot_map_table(boot->k, boot->vspace, vaddr, boot->tables);
        provide_next(boot, table_cap(boot->tables, vaddr));
        boot->tables++;
        vaddr += bit(bits);
    }
}

static void create_tables(struct boot *boot)
{
    boot->info->user_image_paging.start = boot->next_slot;
    create_table_level(boot, boot->plan->middle_tables, ABI_GIGA_PAGE_BITS);
    create_table_level(boot, boot->plan->leaf_tables, ABI_MEGA_PAGE_BITS);
    boot->info->user_image_paging.end = boot->next_slot;
}

/* Frame capabilities in consecutive slots for consecutive pages. */
static struct bootinfo_slots create_frames(struct boot *boot, uint64_t paddr, uint64_t vaddr,
                                           uint64_t count)
{
    struct bootinfo_slots slots;
    slots.start = boot->next_slot;
    for (uint64_t i = 0; i < count; i++) {
        provide_next(boot, map_frame(boot, paddr + i * PAGE_SIZE, vaddr + i * PAGE_SIZE));
    }
    slots.end = boot->next_slot;
    return slots;
}

/* The extra BootInfo: at most one chunk, a copy of the device tree. */
static void create_extra(struct boot *boot)
{
    const struct boot_plan *plan = boot->plan;
    if (plan->extra_pages == 0) {
        return;
    }
    struct bootinfo_chunk *chunk = object_at(boot, BOOT_EXTRA);
    chunk->id = BOOTINFO_ID_FDT;
    chunk->len = plan->extra_len;
    uint8_t *data = (uint8_t *)(chunk + 1);
    const uint8_t *dtb = ram_at(boot->k, boot->params->dtb);
    for (uint64_t i = 0; i < boot->params->dtb_size; i++) {
        data[i] = dtb[i];
    }
    boot->info->extra_len = plan->extra_len;
    boot->info->extra_pages =
        create_frames(boot, plan->objects[BOOT_EXTRA].paddr, plan->extra_vaddr, plan->extra_pages);
}

/* Any SchedControl capability covers any other (docs/abi/03 section 3.6), which would make the
 * first of them the parent of the rest. A slot without capability between two keeps them apart. */
static void append_barrier(struct boot *boot, struct slot *barrier)
{
    barrier->prev = ram_slot_number(boot->k, boot->last);
    boot->last->next = ram_slot_number(boot->k, barrier);
    boot->last = barrier;
}

static void create_sched_control(struct boot *boot)
{
    boot->info->sched_control.start = boot->next_slot;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (i > 0) {
            append_barrier(boot, &boot->k->cdt_barriers[i]);
        }
        struct cap cap = cap_null();
        cap.type = CAP_SCHED_CONTROL;
        cap.core = i;
        provide_next(boot, cap);
    }
    boot->info->sched_control.end = boot->next_slot;
}

/* One untyped for each piece of the map, as long as BootInfo has room to name it. They count as
 * used up, so that the first retype clears them. */
static void create_untypeds(struct boot *boot, struct boot_map *map, bool device)
{
    uint64_t paddr;
    uint32_t bits;
    while (boot_map_piece(map, &paddr, &bits)) {
        uint64_t i = boot->next_slot - boot->info->untyped.start;
        if (i == ABI_BOOTINFO_UNTYPEDS) {
            return;
        }
        struct cap cap = cap_null();
        cap.type = CAP_UNTYPED;
        cap.paddr = paddr;
        cap.bits = (uint8_t)bits;
        cap.device = device;
        cap.free_index = bit(bits) / 16;
        provide_next(boot, cap);
        boot->info->untyped_list[i].paddr = paddr;
        boot->info->untyped_list[i].size_bits = (uint8_t)bits;
        boot->info->untyped_list[i].is_device = device ? 1 : 0;
    }
}

static void create_all_untypeds(struct boot *boot)
{
    struct boot_map map;
    boot->info->untyped.start = boot->next_slot;
    boot_plan_device_map(boot->params, &map);
    create_untypeds(boot, &map, true);
    boot_plan_ram_map(boot->params, boot->plan, &map);
    create_untypeds(boot, &map, false);
    boot->info->untyped.end = boot->next_slot;
}

static void fill_bootinfo(struct boot *boot)
{
    struct bootinfo *info = boot->info;
    info->num_nodes = CONFIG_CORES;
    info->ipc_buffer = boot->plan->buffer_vaddr;
    info->cnode_bits = boot->plan->cnode_bits;
    info->empty.start = boot->next_slot;
    info->empty.end = bit(boot->plan->cnode_bits);
}

static struct sched_context *create_sc(struct boot *boot)
{
    struct kernel *k = boot->k;
    struct sched_context *sc = object_at(boot, BOOT_SC);
    uint64_t ms = boot->params->boot_slice_ms == 0 ? BOOT_SLICE_MS : boot->params->boot_slice_ms;
    uint64_t slice = ms * 1000 * k->ticks_per_us;

    sched_context_init(sc, ABI_MIN_SCHED_CONTEXT_BITS);
    refill_new(&sc->refills, 2, slice, slice, boot->params->now);
    struct cap cap = cap_null();
    cap.type = CAP_SCHED_CONTEXT;
    cap.sc = sc;
    cap.bits = ABI_MIN_SCHED_CONTEXT_BITS;
    provide(boot, ABI_SLOT_INIT_SC, cap);
    return sc;
}

/* The initial thread, ready to run, with copies of three capabilities in its own slots. */
static void create_thread(struct boot *boot, struct sched_context *sc)
{
    struct kernel *k = boot->k;
    struct thread *thread = object_at(boot, BOOT_TCB);
    struct slot *cnode = &boot->cnode[ABI_SLOT_INIT_CNODE];
    struct slot *vspace = &boot->cnode[ABI_SLOT_INIT_VSPACE];
    struct slot *buffer = &boot->cnode[ABI_SLOT_INIT_BUFFER];
    struct cap frame = buffer->cap;
    frame.asid = 0; /* A copy of a frame capability is not mapped. */
    frame.vaddr = 0;

    thread_init(k, thread, "");
    thread_set_name(thread, "", "rootserver", "");
    cdt_insert_copy(k, &thread->slots[THREAD_CSPACE], cnode, cnode->cap);
    cdt_insert_copy(k, &thread->slots[THREAD_VSPACE], vspace, vspace->cap);
    cdt_insert_copy(k, &thread->slots[THREAD_BUFFER], buffer, frame);
    thread->buffer_vaddr = boot->plan->buffer_vaddr;
    thread->priority = BOOT_PRIORITY;
    thread->mcp = BOOT_PRIORITY;
    thread->state = THREAD_RUNNING;
    thread->regs.pc = boot->params->entry;
    thread->regs.fault_pc = boot->params->entry;
    thread->regs.x[REG_A0] = boot->plan->info_vaddr;
    thread->sc = sc;
    sc->thread = thread;
    k->cores[0].current = thread;
    k->cores[0].current_sc = sc;
}

static void create_cnode(struct boot *boot)
{
    struct cap thread = cap_null();
    thread.type = CAP_TCB;
    thread.thread = object_at(boot, BOOT_TCB);
    struct cap cnode = cap_null();
    cnode.type = CAP_CNODE;
    cnode.slots = boot->cnode;
    cnode.bits = (uint8_t)boot->plan->cnode_bits;
    cnode.guard_bits = (uint8_t)(64 - boot->plan->cnode_bits);

    provide(boot, ABI_SLOT_INIT_TCB, thread);
    provide(boot, ABI_SLOT_INIT_CNODE, cnode);
}

enum boot_status kernel_boot(struct kernel *k, const struct boot_params *params)
{
    struct boot_region memory;
    memory.start = (uint64_t)(uintptr_t)k - params->window;
    memory.end = memory.start + sizeof(struct kernel);
    ASSERT(is_aligned(memory.start, ABI_SLOT_BITS));
    struct boot_plan plan;
    enum boot_status status = boot_plan_make(params, memory, &plan);
    if (status != BOOT_OK) {
        return status;
    }

    init_kernel(k, params, &plan);
    ram_clear(k, plan.object_memory.start, plan.object_memory.end - plan.object_memory.start);
    struct boot boot = {.k = k, .params = params, .plan = &plan};
    boot.info = object_at(&boot, BOOT_INFO);
    boot.cnode = object_at(&boot, BOOT_CNODE);
    boot.vspace = object_at(&boot, BOOT_VSPACE);
    boot.tables = object_at(&boot, BOOT_TABLES);
    boot.last = &k->cdt_root;
    boot.next_slot = ABI_SLOT_DYNAMIC;

    create_cnode(&boot);
    create_vspace(&boot);
    create_tables(&boot);
    provide(&boot, ABI_SLOT_BOOTINFO_FRAME,
            map_frame(&boot, plan.objects[BOOT_INFO].paddr, plan.info_vaddr));
    provide(&boot, ABI_SLOT_INIT_BUFFER,
            map_frame(&boot, plan.objects[BOOT_BUFFER].paddr, plan.buffer_vaddr));
    provide_plain(&boot, ABI_SLOT_DOMAIN, CAP_DOMAIN);
    struct sched_context *sc = create_sc(&boot);
    create_extra(&boot);
    create_sched_control(&boot);
    boot.info->user_image_frames =
        create_frames(&boot, params->image.start, plan.image_vaddr, plan.image_pages);
    create_all_untypeds(&boot);
    fill_bootinfo(&boot);
    create_thread(&boot, sc);
    sched_exit(k);
    return BOOT_OK;
}
