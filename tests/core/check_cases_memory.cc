// SPDX-License-Identifier: BSD-2-Clause

#include "tests/core/check_cases.h"

namespace {

struct page_table *leaf_of(Rich &r)
{
    return r.table_of(r.leaf);
}

template <typename T> T *inside(void *object, size_t offset)
{
    return reinterpret_cast<T *>(static_cast<char *>(object) + offset);
}

Word end_of(const struct cap &untyped)
{
    return untyped.paddr + (Word{1} << untyped.bits);
}

} // namespace

const std::vector<Case> memory_cases = {
    {"K1", "no RAM", [](Rich &r, Edit &e) { e.set(r.k->ram_top, r.k->ram_base); }},
    {"K1", "misaligned slots",
     [](Rich &r, Edit &e) { e.set(r.k->slot_base, inside<struct slot>(r.k->slot_base, 8)); }},
    {"K2", "no such core", [](Rich &r, Edit &e) { e.set(r.k->this_core, CONFIG_CORES); }},
    {"K3", "timer without slack", [](Rich &r, Edit &e) { e.set(r.k->timer_slack, 0); }},
    {"K3", "low minimum budget", [](Rich &r, Edit &e) { e.set(r.k->limits.min_budget, 1); }},

    {"C1", "back link", [](Rich &r, Edit &e) { e.set(r.slot(r.ep_recv).prev, 77); }},
    {"C1", "link out of RAM",
     [](Rich &r, Edit &e) { e.set(r.slot(r.ep_recv).next, 0xffffffffu); }},
    {"C1", "before the root", [](Rich &r, Edit &e) { e.set(r.k->cdt_root.prev, 77); }},
    {"C1", "a slot that follows itself",
     [](Rich &r, Edit &e) {
         e.set(r.slot(r.ep_recv).next, ram_slot_number(r.k, &r.slot(r.ep_recv)));
     }},
    {"C2", "null in the sequence",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).type, CAP_NULL); }},
    {"C2", "a capability at the root",
     [](Rich &r, Edit &e) { e.set(r.k->cdt_root.cap.type, CAP_DOMAIN); }},
    {"C3", "no such kind", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).type, 5); }},
    {"C3", "high kind", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).type, 255); }},
    {"C3", "unused first word",
     [](Rich &r, Edit &e) { e.set(r.cap(ABI_SLOT_DOMAIN).paddr, 16); }},
    {"C3", "unused second word", [](Rich &r, Edit &e) { e.set(r.cap(r.reply_1).badge, 1); }},
    {"C3", "unused size", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).bits, 4); }},
    {"C3", "unused rights", [](Rich &r, Edit &e) { e.set(r.cap(r.small_cnode).rights, 1); }},
    {"C3", "unused ASID", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).asid, 1); }},
    {"C3", "unused guard size",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_rw).guard_bits, 1); }},
    {"C3", "no bool", [](Rich &r, Edit &e) { e.set_bytes(r.cap(r.page_rw).device, 2); }},
    {"C4", "guard and radix",
     [](Rich &r, Edit &e) { e.set(r.cap(r.small_cnode).guard_bits, 61); }},
    {"C4", "long guard", [](Rich &r, Edit &e) { e.set(r.cap(r.small_cnode).guard, 1); }},
    {"C4", "radix 0", [](Rich &r, Edit &e) { e.set(r.cap(r.small_cnode).bits, 0); }},
    {"C4", "small untyped", [](Rich &r, Edit &e) { e.set(r.cap(r.inner).bits, 3); }},
    {"C4", "watermark beyond the end",
     [](Rich &r, Edit &e) { e.set(r.cap(r.inner).free_index, (1u << 10) + 1); }},
    {"C4", "size of a frame", [](Rich &r, Edit &e) { e.set(r.cap(r.page_rw).bits, 13); }},
    {"C4", "address of no mapping",
     [](Rich &r, Edit &e) { e.set(r.cap(r.inner_frame).vaddr, 4096); }},
    {"C4", "misaligned mapping",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_mega).vaddr, 0x40001000); }},
    {"C4", "mapping above the user's end",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_rw).vaddr, ABI_USER_TOP); }},
    {"C4", "page table at no entry",
     [](Rich &r, Edit &e) { e.set(r.cap(r.leaf).vaddr, 0x40001000); }},
    {"C4", "ASID base", [](Rich &r, Edit &e) { e.set(r.cap(r.pool).asid_base, 513); }},
    {"C4", "size of an SC", [](Rich &r, Edit &e) { e.set(r.cap(r.client.sc).bits, 6); }},
    {"C4", "interrupt 0", [](Rich &r, Edit &e) { e.set(r.cap(r.handler).irq, 0); }},
    {"C4", "interrupt above the highest",
     [](Rich &r, Edit &e) { e.set(r.cap(r.handler).irq, r.k->irq_max + 1); }},
    {"C4", "core", [](Rich &r, Edit &e) { e.set(r.cap(r.sched_control).core, CONFIG_CORES); }},
    {"C4", "more left than there is", [](Rich &r, Edit &e) { e.set(r.cap(r.zombie).left, 5); }},
    {"C5", "rights of an endpoint", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).rights, 16); }},
    {"C5", "rights of a notification",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ntfn_wait).rights, ABI_RIGHT_GRANT); }},
    {"C5", "write-only frame",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_rw).rights, ABI_RIGHT_WRITE); }},
    {"C6", "misaligned untyped", [](Rich &r, Edit &e) { e.set(r.cap(r.inner).paddr, 0x80abc010); }},
    {"C6", "misaligned device memory",
     [](Rich &r, Edit &e) { e.set(r.cap(r.device_frame).paddr, 0x1008); }},
    {"C6", "object at null",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).endpoint, nullptr); }},
    {"C6", "frame out of RAM",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_rw).paddr, r.k->ram_top); }},
    {"C7", "a stranger among the children",
     [](Rich &r, Edit &e) { e.set(r.cap(r.inner_frame).paddr, end_of(r.cap(r.memory)) - 4096); }},
    {"C7", "an untyped after its child",
     [](Rich &r, Edit &e) {
         struct cap outer = r.cap(r.inner);
         e.set(r.cap(r.inner), r.cap(r.lone));
         e.set(r.cap(r.lone), outer);
     }},
    {"C8", "capabilities to an object apart",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ntfn_wait).ntfn, r.cap(r.ntfn_bound).ntfn); }},
    {"C8", "handlers of an interrupt apart",
     [](Rich &r, Edit &e) { e.set(r.cap(r.handler_7).irq, 5); }},
    {"C9", "a slot in a frame",
     [](Rich &r, Edit &e) {
         e.move_slot(r.slot(r.ep_fault), *r.ram.at<struct slot>(r.cap(r.page_rw).paddr));
     }},
    {"C9", "a slot among a thread's registers",
     [](Rich &r, Edit &e) {
         e.move_slot(r.slot(r.ep_fault), *inside<struct slot>(r.sleeper.thread, 64));
     }},
    {"C10", "an empty slot with a badge",
     [](Rich &r, Edit &e) { e.set(r.cap(r.free_slot()).badge, 1); }},
    {"C10", "an empty slot with a link",
     [](Rich &r, Edit &e) { e.set(r.slot(r.free_slot()).next, 1); }},
    {"C10", "an empty slot with bits",
     [](Rich &r, Edit &e) { e.set(r.k->irq_slots[9].cap.cdt, CDT_ORIGINAL); }},
    {"C10", "a barrier that is not used",
     [](Rich &r, Edit &e) { e.set(r.k->cdt_barriers[0].next, 1); }},
    {"C11", "a slot outside the sequence",
     [](Rich &r, Edit &e) { e.unlink(r.slot(r.device_frame)); }},
    {"C12", "unknown bits", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).cdt, 7); }},
    {"C12", "an original that is not the first",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).cdt, CDT_ORIGINAL); }},
    {"C12", "an untyped that cannot be a parent",
     [](Rich &r, Edit &e) { e.set(r.cap(r.inner).cdt, CDT_FIRST_BADGED); }},
    {"C12", "a copy that is an original",
     [](Rich &r, Edit &e) { e.set(r.cap(r.leaf_copy).cdt, CDT_ORIGINAL | CDT_FIRST_BADGED); }},
    {"C13", "a copy of nothing", [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).cdt, 0); }},
    {"C13", "a copy with another badge",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ep_badged_copy).badge, 8); }},

    {"U1", "a child above the watermark",
     [](Rich &r, Edit &e) { e.set(r.cap(r.inner).free_index, 256); }},
    {"U2", "an endpoint in a thread",
     [](Rich &r, Edit &e) {
         e.set(r.cap(r.ep_fault).endpoint, inside<struct endpoint>(r.sleeper.thread, 64));
     }},
    {"U2", "a page table that is a frame",
     [](Rich &r, Edit &e) {
         e.set(r.cap(r.unmapped).table, r.ram.at<struct page_table>(r.cap(r.page_none).paddr));
     }},
    {"U2", "an untyped in a CNode",
     [](Rich &r, Edit &e) {
         e.set(r.cap(r.lone).bits, 4);
         e.set(r.cap(r.lone).paddr, ram_paddr(r.k, r.cap(r.small_cnode).slots));
         e.set(r.cap(r.lone).free_index, 0);
     }},
    {"U3", "a frame in struct kernel",
     [](Rich &r, Edit &e) {
         e.set(r.cap(ABI_SLOT_BOOTINFO_FRAME).paddr, r.params.reserved[0].start);
     }},
    {"U3", "a frame at the kernel's root table",
     [](Rich &r, Edit &e) {
         e.set(r.cap(ABI_SLOT_BOOTINFO_FRAME).paddr, r.params.kernel_vspace);
     }},
    {"U4", "device memory made of RAM",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_none).device, true); }},
    {"U4", "device memory to one capability only",
     [](Rich &r, Edit &e) { e.set(r.cap(r.page_ro).device, true); }},

    {"I1", "the timer's number for users",
     [](Rich &r, Edit &e) { e.set(r.k->irq_states[96], IRQ_INACTIVE); }},
    {"I1", "another highest number", [](Rich &r, Edit &e) { e.set(r.k->irq_max, 95); }},
    {"I1", "a highest number beyond the table",
     [](Rich &r, Edit &e) { e.set(r.k->irq_max, CONFIG_IRQ_LIMIT); }},
    {"I1", "a handler for the timer",
     [](Rich &r, Edit &e) {
         e.set(r.cap(r.handler_7).irq, 96);
         e.set(r.k->irq_states[7], IRQ_INACTIVE);
     }},
    {"I2", "a handler without interrupt",
     [](Rich &r, Edit &e) { e.set(r.k->irq_states[7], IRQ_INACTIVE); }},
    {"I2", "an interrupt without handler",
     [](Rich &r, Edit &e) { e.set(r.k->irq_states[9], IRQ_SIGNAL); }},
    {"I2", "no such state", [](Rich &r, Edit &e) { e.set(r.k->irq_states[0], 9); }},
    {"I3", "a notification of an interrupt that is not in use",
     [](Rich &r, Edit &e) { e.move_slot(r.k->irq_slots[5], r.k->irq_slots[9]); }},
    {"I4", "a notification that may not be signalled",
     [](Rich &r, Edit &e) { e.set(r.k->irq_slots[5].cap.rights, ABI_RIGHT_READ); }},
    {"I4", "an endpoint for an interrupt",
     [](Rich &r, Edit &e) { e.move_slot(r.slot(r.ep_fault), r.k->irq_slots[7]); }},

    {"Z1", "a ring to another slot", [](Rich &r, Edit &e) { e.set(r.cap(r.zombie).ring_next, 5); }},
    {"Z1", "a ring out of RAM",
     [](Rich &r, Edit &e) { e.set(r.cap(r.zombie).ring_prev, 0xffffffffu); }},
    {"Z2", "two anchors", [](Rich &r, Edit &e) { e.set(r.zombie_home->cap.anchor, true); }},
    {"Z2", "no anchor", [](Rich &r, Edit &e) { e.set(r.cap(r.zombie).anchor, false); }},
    {"Z3", "a zombie that is not at home",
     [](Rich &r, Edit &e) {
         struct slot &to = r.zombie_home[4];
         e.move_slot(*r.zombie_home, to);
         uint32_t number = ram_slot_number(r.k, &to);
         e.set(ram_slot(r.k, to.cap.ring_next)->cap.ring_prev, number);
         e.set(ram_slot(r.k, to.cap.ring_prev)->cap.ring_next, number);
     }},
    {"Z4", "examined slots of the anchor are not empty",
     [](Rich &r, Edit &e) { e.set(r.cap(r.zombie).left, 1); }},
    {"Z4", "examined slots of another are not empty",
     [](Rich &r, Edit &e) { e.set(r.zombie_home->cap.left, 5); }},

    {"V1", "two records of a page table",
     [](Rich &r, Edit &e) { e.set(r.cap(r.leaf_copy).vaddr, 0x40200000); }},
    {"V2", "content of an unmapped page table",
     [](Rich &r, Edit &e) { e.set(r.table_of(r.unmapped)->entries[511], 1); }},
    {"V3", "a pool that is not installed",
     [](Rich &r, Edit &e) { e.set(r.k->asid_pools[1], nullptr); }},
    {"V3", "a pool in two places",
     [](Rich &r, Edit &e) { e.set(r.k->asid_pools[5], r.k->asid_pools[1]); }},
    {"V3", "a pool that is none",
     [](Rich &r, Edit &e) {
         e.set(r.k->asid_pools[127], inside<struct asid_pool>(r.k->asid_pools[1], 8));
     }},
    {"V3", "two bases of a pool", [](Rich &r, Edit &e) { e.set(r.cap(r.pool_copy).asid_base, 0); }},
    {"V4", "ASID 0",
     [](Rich &r, Edit &e) { e.set(r.k->asid_pools[0]->roots[0], r.table_of(r.vspace)); }},
    {"V4", "a root with two ASIDs",
     [](Rich &r, Edit &e) { e.set(r.k->asid_pools[1]->roots[9], r.table_of(r.vspace)); }},
    {"V4", "a root that is no page table",
     [](Rich &r, Edit &e) {
         e.set(r.k->asid_pools[1]->roots[9], r.ram.at<struct page_table>(r.cap(r.page_rw).paddr));
     }},
    {"V5", "a frame as page table",
     [](Rich &r, Edit &e) {
         e.set(r.table_of(r.middle)->entries[9], pte_table(r.cap(r.page_rw).paddr));
     }},
    {"V5", "a page table below a leaf table",
     [](Rich &r, Edit &e) {
         e.set(leaf_of(r)->entries[9], pte_table(ram_paddr(r.k, r.table_of(r.leaf))));
     }},
    {"V5", "a pointer with other bits",
     [](Rich &r, Edit &e) {
         e.set(r.table_of(r.middle)->entries[0], r.table_of(r.middle)->entries[0] + 16);
     }},
    {"V6", "a page table in another place",
     [](Rich &r, Edit &e) {
         e.set(r.table_of(r.vspace)->entries[2], r.table_of(r.vspace)->entries[1]);
     }},
    {"V6", "a page table in itself",
     [](Rich &r, Edit &e) {
         e.set(r.table_of(r.middle)->entries[0], r.table_of(r.vspace)->entries[1]);
     }},
    {"V7", "a mapping without capability",
     [](Rich &r, Edit &e) { e.set(leaf_of(r)->entries[5], leaf_of(r)->entries[0]); }},
    {"V7", "a mapping of another frame",
     [](Rich &r, Edit &e) {
         e.set(leaf_of(r)->entries[0], pte_leaf(r.cap(r.page_none).paddr, 3, true));
     }},
    {"V7", "a mapping with more rights",
     [](Rich &r, Edit &e) {
         e.set(leaf_of(r)->entries[1], pte_leaf(r.cap(r.page_ro).paddr, 3, false));
     }},
    {"V7", "a mapping for the kernel",
     [](Rich &r, Edit &e) { e.set(leaf_of(r)->entries[1], leaf_of(r)->entries[1] - 16); }},
    {"V7", "an invalid entry that is not 0",
     [](Rich &r, Edit &e) { e.set(leaf_of(r)->entries[9], 2); }},
    {"V8", "other mappings of the kernel",
     [](Rich &r, Edit &e) { e.set(r.table_of(r.vspace)->entries[511], 0); }},
    {"V8", "a user's entry in the kernel's root",
     [](Rich &r, Edit &e) { e.set(r.ram.at<Word>(r.k->kernel_vspace)[255], 1); }},
    {"V8", "a misaligned root table of the kernel",
     [](Rich &r, Edit &e) { e.set(r.k->kernel_vspace, r.k->kernel_vspace - 8); }},
    {"V9", "another root",
     [](Rich &r, Edit &e) {
         e.set(r.k->cores[0].vspace_root, ram_paddr(r.k, r.table_of(r.vspace)));
     }},
    {"V9", "another ASID", [](Rich &r, Edit &e) { e.set(r.k->cores[0].vspace_asid, 512); }},
    {"V9", "an address space that is gone",
     [](Rich &r, Edit &e) { e.set(r.k->asid_pools[0]->roots[1], nullptr); }},
};
