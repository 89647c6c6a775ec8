/* SPDX-License-Identifier: BSD-2-Clause */

/* The making of a subsystem. Root makes each object in a slot of its own, sets it up, and moves it
 * to the subsystem; or keeps the original and gives a copy.
 */
#include <inttypes.h>

#include "core/bits.h"
#include "core/config.h"
#include "core/ram.h"
#include "fuzz/api/world_build.h"

#define PAGE ((uint64_t)1 << ABI_PAGE_BITS)

enum {
    SHORT_GUARD = 64 - WORLD_CNODE_RADIX - WORLD_INNER_RADIX - WORLD_INNER_GUARD,
    USED_BITS = 14,
    SC_BITS = 8,
    SC_FREE_BITS = 9,
    EXTRA_REFILLS = 4,
};

/* --- What users have written ------------------------------------------------------------------ */

static uint64_t *memory(struct world_state *w, uint64_t paddr, uint64_t size)
{
    uint64_t *words = sim_ram(w->world.sim, paddr, size);
    if (words == NULL) {
        root_fail(w, "0x%" PRIx64 " is not in RAM", paddr);
    } else {
        watch_write(words, size);
    }
    return words;
}

void make_secrets(struct world_state *w, uint32_t s, uint64_t paddr)
{
    uint64_t *words = w->failed ? NULL : memory(w, paddr, PAGE);
    for (uint64_t i = 0; words != NULL && i < PAGE / sizeof *words; i++) {
        words[i] = world_secret(s, bits_low(paddr / sizeof *words + i, 32));
    }
}

static void write_poison(struct world_state *w, uint64_t paddr, uint64_t size)
{
    uint64_t *words = w->failed ? NULL : memory(w, paddr, size);
    for (uint64_t i = 0; words != NULL && i < size / sizeof *words; i++) {
        words[i] = WORLD_POISON;
    }
}

/* An IPC buffer that can be used at once: three capabilities to send, and where one may arrive. */
static void write_buffer(struct build *b, uint64_t paddr, uint32_t t)
{
    make_secrets(b->w, b->s, paddr);
    uint64_t *words = b->w->failed ? NULL : memory(b->w, paddr, PAGE);
    if (words == NULL) {
        return;
    }
    words[ABI_BUFFER_CAPS] = world_cptr(t, WORLD_SLOT_NTFN);
    words[ABI_BUFFER_CAPS + 1] = world_cptr(t, WORLD_SLOT_DATA);
    words[ABI_BUFFER_CAPS + 2] = world_cptr(t, WORLD_SLOT_ENDPOINT);
    words[ABI_BUFFER_RECEIVE_CNODE] = world_cptr(t, WORLD_SLOT_CNODE);
    words[ABI_BUFFER_RECEIVE_INDEX] = WORLD_SLOT_FREE + t % 2;
    words[ABI_BUFFER_RECEIVE_DEPTH] = 64;
}

static void write_registers(struct build *b, uint32_t t)
{
    struct world_state *w = b->w;
    uint64_t registers[32];
    for (uint32_t i = 0; i < 32; i++) {
        registers[i] = world_secret(b->s, t << 16 | i);
    }
    registers[0] = WORLD_VADDR_DATA + 0x100 * (t % 2);
    root_write_registers(w, root_slot(w, ROOT_TCBS + t), registers);

    struct thread *thread = w->world.threads[t];
    if (w->failed || !CONFIG_FPU) {
        return;
    }
    watch_write(thread->fpu, sizeof thread->fpu);
    for (uint32_t i = 0; i + 1 < FPU_WORDS; i++) { /* The last one is fcsr. */
        thread->fpu[i] = world_secret(b->s, t << 16 | 0x100 | i);
    }
}

/* --- A subsystem ------------------------------------------------------------------------------ */

static void make_cnodes(struct build *b)
{
    struct world_state *w = b->w;
    const uint64_t cnode = root_slot(w, ROOT_CNODES + b->s);
    const uint64_t inner = root_slot(w, ROOT_WORK);
    build_make(b, ABI_OBJECT_CAP_TABLE, WORLD_CNODE_RADIX, ROOT_CNODES + b->s);
    b->subsystem->cnode = build_cap(w, cnode)->slots;
    build_mint(w, build_place(b, WORLD_SLOT_CNODE), cnode, 0, build_guard(0, WORLD_CNODE_GUARD));
    build_mint(w, build_place(b, WORLD_SLOT_CNODE_SHORT), cnode, 0, build_guard(0, SHORT_GUARD));

    build_make(b, ABI_OBJECT_CAP_TABLE, WORLD_INNER_RADIX, ROOT_WORK);
    b->subsystem->inner = build_cap(w, inner)->slots;
    build_mint(w, (struct build_place){inner, WORLD_INNER_CNODE, WORLD_INNER_RADIX}, cnode, 0,
               build_guard(0, WORLD_CNODE_GUARD));
    build_mint(w, (struct build_place){inner, WORLD_INNER_SELF, WORLD_INNER_RADIX}, inner, 0,
               build_guard(0, 64 - WORLD_INNER_RADIX));
    build_mint(w, (struct build_place){inner, WORLD_INNER_ENDPOINT, WORLD_INNER_RADIX},
               root_slot(w, ROOT_ENDPOINTS + b->s), ABI_RIGHT_ALL, 0);
    build_mutate(w, build_place(b, WORLD_SLOT_INNER), inner,
                 build_guard(WORLD_INNER_VALUE, WORLD_INNER_GUARD));
}

/* alpha and beta share the initial ASID pool, gamma has its own. */
static void make_pool(struct build *b)
{
    struct world_state *w = b->w;
    if (b->s != GAMMA) {
        build_give(b, WORLD_SLOT_ASID_POOL, ABI_SLOT_INIT_ASID_POOL, 0, 0);
        return;
    }
    build_make(b, ABI_OBJECT_UNTYPED, ABI_ASID_POOL_BITS, ROOT_POOL_MEMORY);
    build_invoke(w, ABI_SLOT_ASID_CONTROL, ABI_LABEL_ASID_CONTROL_MAKE_POOL,
                 (struct root_args){{root_slot(w, ROOT_POOL), 64},
                                    {root_slot(w, ROOT_POOL_MEMORY), ABI_SLOT_INIT_CNODE}});
}

static void make_vspace(struct build *b)
{
    struct world_state *w = b->w;
    const uint64_t vspace = root_slot(w, ROOT_VSPACES + b->s);
    const uint64_t pool = b->s == GAMMA ? root_slot(w, ROOT_POOL) : ABI_SLOT_INIT_ASID_POOL;
    const uint64_t leaf = root_slot(w, ROOT_WORK);
    build_make(b, ABI_OBJECT_PAGE_TABLE, 0, ROOT_VSPACES + b->s);
    build_make(b, ABI_OBJECT_PAGE_TABLE, 0, ROOT_TABLES + b->s);
    build_make(b, ABI_OBJECT_PAGE_TABLE, 0, ROOT_WORK);
    build_make(b, ABI_OBJECT_PAGE_TABLE, 0, ROOT_WORK + 1);
    b->subsystem->vspace = ram_paddr(w->world.k, build_cap(w, vspace)->table);
    build_invoke(w, pool, ABI_LABEL_ASID_POOL_ASSIGN, (struct root_args){{0}, {vspace}});
    build_invoke(w, root_slot(w, ROOT_TABLES + b->s), ABI_LABEL_PAGE_TABLE_MAP,
                 (struct root_args){{WORLD_VADDR}, {vspace}});
    build_invoke(w, leaf, ABI_LABEL_PAGE_TABLE_MAP, (struct root_args){{WORLD_VADDR}, {vspace}});
    build_mint(w, build_place(b, WORLD_SLOT_VSPACE), vspace, 0, 0);
    build_move(w, build_place(b, WORLD_SLOT_TABLE), leaf);
    build_move(w, build_place(b, WORLD_SLOT_TABLE_FREE), root_slot(w, ROOT_WORK + 1));
    if (b->s == GAMMA) {
        build_move(w, build_place(b, WORLD_SLOT_ASID_POOL), pool);
    }
}

/* Which endpoint a thread's faults and timeouts go to, through a capability in ROOT_WORK. */
static uint64_t make_handler(struct build *b, uint64_t badge)
{
    struct world_state *w = b->w;
    const bool served = b->topology == WORLD_SERVER && b->s != GAMMA;
    const uint64_t endpoint = root_slot(w, ROOT_ENDPOINTS + (served ? GAMMA : b->s));
    const uint64_t rights = served ? CLIENT : ABI_RIGHT_ALL;
    if (served) {
        build_grant(b, endpoint, rights, badge);
    }
    build_mint(w, build_own(w, ROOT_WORK), endpoint, rights, badge);
    return root_slot(w, ROOT_WORK);
}

static void set_handlers(struct build *b, uint32_t t)
{
    struct world_state *w = b->w;
    const uint64_t tcb = root_slot(w, ROOT_TCBS + t);
    const bool served = b->topology == WORLD_SERVER && b->s != GAMMA;
    uint64_t handler = ABI_SLOT_NULL;
    if (t % 2 == 1 || served) {
        handler = make_handler(b, WORLD_BADGE_FAULT(t));
    }
    /* Priorities are equal: who is to act is reached by yielding (play.c). Inputs set other ones,
     * and find out which each may set. */
    build_invoke(w, tcb, ABI_LABEL_TCB_SET_SCHED_PARAMS,
                 (struct root_args){{WORLD_MCP - t, WORLD_PRIORITY},
                                    {ABI_SLOT_INIT_TCB, root_slot(w, ROOT_SCS + t), handler}});
    if (handler != ABI_SLOT_NULL) {
        build_discard(w, ROOT_WORK);
    }
    if (t % 2 == 1) {
        build_invoke(w, tcb, ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT,
                     (struct root_args){{0}, {make_handler(b, WORLD_BADGE_TIMEOUT(t))}});
        build_discard(w, ROOT_WORK);
    }
}

static void make_sc(struct build *b, uint32_t t)
{
    struct world_state *w = b->w;
    struct root_args args = {{WORLD_SLICE_US, WORLD_SLICE_US, 0, 0x1000 | t},
                             {root_slot(w, ROOT_SCS + t)}};
    if (t % 2 == 1) {
        args.words[0] = WORLD_BUDGET_US;
        args.words[1] = WORLD_PERIOD_US;
        args.words[2] = EXTRA_REFILLS;
        args.words[4] = b->s == BETA ? 0 : ABI_SC_SPORADIC;
    }
    build_make(b, ABI_OBJECT_SCHED_CONTEXT, SC_BITS, ROOT_SCS + t);
    build_invoke(w, w->info->sched_control.start, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, args);
}

/* Thread i of the subsystem, its SC and its IPC buffer. It does not run yet. */
static void make_thread(struct build *b, uint32_t i)
{
    struct world_state *w = b->w;
    const uint32_t t = 2 * b->s + i;
    const uint64_t tcb = root_slot(w, ROOT_TCBS + t);
    const uint64_t frame = root_slot(w, ROOT_WORK);
    const uint64_t vaddr = WORLD_VADDR_BUFFER + i * PAGE;
    const uint64_t guard = t == WORLD_THREAD_SHORT ? SHORT_GUARD : WORLD_CNODE_GUARD;
    build_make(b, ABI_OBJECT_TCB, 0, ROOT_TCBS + t);
    w->world.threads[t] = build_cap(w, tcb)->thread;
    make_sc(b, t);
    build_make(b, ABI_OBJECT_PAGE_4K, 0, ROOT_WORK);
    build_map(b, frame, vaddr, READ_WRITE);
    build_invoke(w, tcb, ABI_LABEL_TCB_CONFIGURE,
                 (struct root_args){
                     {build_guard(0, guard), 0, vaddr},
                     {root_slot(w, ROOT_CNODES + b->s), root_slot(w, ROOT_VSPACES + b->s), frame}});
    write_buffer(b, build_cap(w, frame)->paddr, t);
    build_move(w, build_place(b, WORLD_SLOT_BUFFER_0 + i), frame);
    set_handlers(b, t);
    write_registers(b, t);
    root_name_thread(w, tcb, b->subsystem->name, i);
    if (CONFIG_DOMAINS > 1 && b->topology == WORLD_APART && b->s == GAMMA) {
        build_invoke(w, ABI_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SET, (struct root_args){{1}, {tcb}});
    }
}

static void make_frames(struct build *b)
{
    struct world_state *w = b->w;
    const uint64_t work = root_slot(w, ROOT_WORK);
    build_make(b, ABI_OBJECT_PAGE_4K, 0, ROOT_WORK);
    build_map(b, work, WORLD_VADDR_DATA, READ_WRITE);
    make_secrets(w, b->s, build_cap(w, work)->paddr);
    build_move(w, build_place(b, WORLD_SLOT_DATA), work);
    build_make(b, ABI_OBJECT_PAGE_4K, 0, ROOT_WORK);
    build_move(w, build_place(b, WORLD_SLOT_FRAME_FREE), work);
    build_retype(w, root_slot(w, ROOT_DEVICES + b->s), ABI_OBJECT_PAGE_4K, 0, ROOT_WORK, 1);
    build_map(b, work, WORLD_VADDR_DEVICE, READ_WRITE);
    build_move(w, build_place(b, WORLD_SLOT_DEVICE_FRAME), work);
    build_move(w, build_place(b, WORLD_SLOT_DEVICE), root_slot(w, ROOT_DEVICES + b->s));
}

/* Untyped memory that has been used before: full, without children, and dirty. */
static void make_used(struct build *b, uint32_t to, uint32_t bits)
{
    struct world_state *w = b->w;
    const uint64_t work = root_slot(w, ROOT_WORK);
    build_make(b, ABI_OBJECT_UNTYPED, bits, ROOT_WORK);
    build_retype(w, work, ABI_OBJECT_UNTYPED, bits, ROOT_WORK + 1, 1);
    build_discard(w, ROOT_WORK + 1);
    write_poison(w, build_cap(w, work)->paddr, bit(bits));
    build_move(w, build_place(b, to), work);
}

static void make_spares(struct build *b)
{
    static const struct {
        uint8_t type, bits, slot;
    } rows[] = {
        {ABI_OBJECT_UNTYPED, ABI_PAGE_BITS, WORLD_SLOT_UNTYPED_2},
        {ABI_OBJECT_TCB, 0, WORLD_SLOT_TCB_FREE},
        {ABI_OBJECT_SCHED_CONTEXT, SC_FREE_BITS, WORLD_SLOT_SC_FREE},
        {ABI_OBJECT_REPLY, 0, WORLD_SLOT_REPLY_0},
        {ABI_OBJECT_REPLY, 0, WORLD_SLOT_REPLY_1},
    };
    struct world_state *w = b->w;
    const bool server = b->topology == WORLD_SERVER && b->s == GAMMA;
    if (!server) {
        make_used(b, WORLD_SLOT_UNTYPED_0, USED_BITS);
        make_used(b, WORLD_SLOT_UNTYPED_1, ABI_PAGE_BITS);
    }
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!server || rows[i].type == ABI_OBJECT_TCB || rows[i].type == ABI_OBJECT_SCHED_CONTEXT) {
            build_make(b, rows[i].type, rows[i].bits, ROOT_WORK);
            build_move(w, build_place(b, rows[i].slot), root_slot(w, ROOT_WORK));
        }
    }
    for (uint32_t i = 0; server && i < 2; i++) {
        build_make_shared(w, ABI_OBJECT_REPLY, ROOT_REPLIES + i);
        build_give(b, WORLD_SLOT_REPLY_0 + i, root_slot(w, ROOT_REPLIES + i), 0, 0);
    }
}

/* The notification, bound to the first thread, and the interrupt that signals it. */
static void make_ntfn(struct build *b)
{
    struct world_state *w = b->w;
    const uint64_t ntfn = root_slot(w, ROOT_WORK);
    const uint64_t badged = root_slot(w, ROOT_WORK + 1);
    const uint64_t handler = root_slot(w, ROOT_WORK + 2);
    build_make(b, ABI_OBJECT_NOTIFICATION, 0, ROOT_WORK);
    build_mint(w, build_own(w, ROOT_WORK + 1), ntfn, ABI_RIGHT_ALL, WORLD_BADGE);
    build_invoke(w, root_slot(w, ROOT_TCBS + 2 * b->s), ABI_LABEL_TCB_BIND_NOTIFICATION,
                 (struct root_args){{0}, {ntfn}});
    build_invoke(w, ABI_SLOT_IRQ_CONTROL, ABI_LABEL_IRQ_CONTROL_GET,
                 (struct root_args){{b->subsystem->irq, handler, 64}, {ABI_SLOT_INIT_CNODE}});
    build_invoke(w, handler, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION,
                 (struct root_args){{0}, {badged}});
    build_hand_over(b, WORLD_SLOT_IRQ_HANDLER, handler);
    build_move(w, build_place(b, WORLD_SLOT_NTFN), ntfn);
    build_move(w, build_place(b, WORLD_SLOT_NTFN_BADGED), badged);
}

void make_subsystem(struct build *b)
{
    struct world_state *w = b->w;
    make_cnodes(b);
    make_pool(b);
    make_vspace(b);
    make_thread(b, 0);
    make_thread(b, 1);
    make_frames(b);
    make_spares(b);
    make_ntfn(b);
    build_mint(w, build_place(b, WORLD_SLOT_TCB_0), root_slot(w, ROOT_TCBS + 2 * b->s), 0, 0);
    build_mint(w, build_place(b, WORLD_SLOT_SC_0), root_slot(w, ROOT_SCS + 2 * b->s), 0, 0);
    build_move(w, build_place(b, WORLD_SLOT_SC_1), root_slot(w, ROOT_SCS + 2 * b->s + 1));
    build_mint(w, build_place(b, WORLD_SLOT_ENDPOINT_BADGED), root_slot(w, ROOT_ENDPOINTS + b->s),
               ABI_RIGHT_ALL, WORLD_BADGE);
    build_give(b, WORLD_SLOT_SCHED_CONTROL, w->info->sched_control.start, 0, 0);
    build_give(b, WORLD_SLOT_ASID_CONTROL, ABI_SLOT_ASID_CONTROL, 0, 0);
}
