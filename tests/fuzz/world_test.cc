/* SPDX-License-Identifier: BSD-2-Clause */

/* The world that inputs play in: what was built, who owns what, and that its
 * threads run.
 */
#include <map>

#include "tests/fuzz/world_fixture.h"

namespace albireo {
namespace {

/* --- What is there ---------------------------------------------------------------------------- */

TEST_F(WorldTest, IsSoundAndRootSleeps)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        EXPECT_EQ("", is_reset());
        EXPECT_TRUE(sim_check(world_->sim)) << sim_message(world_->sim);
        EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, world_->root->state);
        EXPECT_NE(world_->root, current());
        EXPECT_FALSE(sim_is_idle(world_->sim));
        for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
            EXPECT_TRUE(sim_irq_enabled(world_->sim, world_->subsystems[s].irq));
        }
        EXPECT_TRUE(sim_irq_enabled(world_->sim, WORLD_IRQ_ROOT));
    }
}

uint8_t type_of(Word slot)
{
    static const uint8_t types[] = {
        CAP_NULL,          CAP_CNODE,         CAP_CNODE,        CAP_CNODE,       CAP_PAGE_TABLE,
        CAP_PAGE_TABLE,    CAP_PAGE_TABLE,    CAP_FRAME,        CAP_FRAME,       CAP_FRAME,
        CAP_FRAME,         CAP_TCB,           CAP_TCB,          CAP_TCB,         CAP_SCHED_CONTEXT,
        CAP_SCHED_CONTEXT, CAP_SCHED_CONTEXT, CAP_REPLY,        CAP_REPLY,       CAP_ENDPOINT,
        CAP_ENDPOINT,      CAP_NOTIFICATION,  CAP_NOTIFICATION, CAP_UNTYPED,     CAP_UNTYPED,
        CAP_UNTYPED,       CAP_UNTYPED,       CAP_FRAME,        CAP_IRQ_HANDLER, CAP_SCHED_CONTROL,
        CAP_ASID_CONTROL,  CAP_ASID_POOL,     CAP_DOMAIN,       CAP_IRQ_CONTROL, CAP_ENDPOINT,
        CAP_ENDPOINT,      CAP_NOTIFICATION,  CAP_FRAME,        CAP_CNODE,       CAP_TCB,
    };
    static_assert(sizeof types == WORLD_SLOT_FREE, "a type for each documented slot");
    return slot < sizeof types ? types[slot] : uint8_t{CAP_NULL};
}

/* Slots that a topology leaves empty. */
bool empty(int t, uint32_t s, Word slot)
{
    bool server = t == WORLD_SERVER && s == 2;
    switch (slot) {
    case WORLD_SLOT_UNTYPED_0:
    case WORLD_SLOT_UNTYPED_1:
    case WORLD_SLOT_UNTYPED_2:
    case WORLD_SLOT_PLAIN_ENDPOINT:
        return server;
    case WORLD_SLOT_DOMAIN:
        return !(t == WORLD_OPEN || (t == WORLD_SHARED && s == 1) || (t == WORLD_APART && s == 2));
    case WORLD_SLOT_IRQ_CONTROL:
        return t != WORLD_OPEN || s != 0;
    case WORLD_SLOT_SHARED_ENDPOINT:
        return t != WORLD_OPEN && (t != WORLD_SHARED || s == 2);
    case WORLD_SLOT_SHARED_FRAME:
        return t != WORLD_OPEN && t != WORLD_SHARED;
    case WORLD_SLOT_PEER_CNODE:
    case WORLD_SLOT_PEER_TCB:
        return t != WORLD_OPEN;
    default:
        return false;
    }
}

TEST_F(WorldTest, SlotsHoldWhatIsDocumented)
{
    EXPECT_GE(int{WORLD_SLOT_COUNT} - int{WORLD_SLOT_FREE}, 24);
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
            for (Word i = 0; i < WORLD_SLOT_COUNT; i++) {
                uint8_t expected = empty(t, s, i) ? uint8_t{CAP_NULL} : type_of(i);
                EXPECT_EQ(expected, cap(s, i).type) << t << " " << s << " slot " << i;
            }
            const struct world_subsystem &subsystem = world_->subsystems[s];
            EXPECT_EQ(subsystem.cnode, cap(s, WORLD_SLOT_CNODE).slots);
            EXPECT_EQ(subsystem.inner, cap(s, WORLD_SLOT_INNER).slots);
            EXPECT_EQ(CAP_CNODE, subsystem.inner[WORLD_INNER_CNODE].cap.type);
            EXPECT_EQ(subsystem.cnode, subsystem.inner[WORLD_INNER_CNODE].cap.slots);
            EXPECT_EQ(subsystem.inner, subsystem.inner[WORLD_INNER_SELF].cap.slots);
            EXPECT_EQ(CAP_ENDPOINT, subsystem.inner[WORLD_INNER_ENDPOINT].cap.type);
            EXPECT_EQ(subsystem.vspace, ram_paddr(k(), cap(s, WORLD_SLOT_VSPACE).table));
            EXPECT_EQ(subsystem.irq, cap(s, WORLD_SLOT_IRQ_HANDLER).irq);
            EXPECT_EQ(world_->threads[2 * s], cap(s, WORLD_SLOT_TCB_0).thread);
            EXPECT_EQ(world_->threads[2 * s + 1], cap(s, WORLD_SLOT_TCB_1).thread);
        }
    }
}

TEST_F(WorldTest, PointersNameSlotsInEveryCSpace)
{
    reset(WORLD_OPEN);
    for (uint32_t t = 0; t < WORLD_THREADS; t++) {
        const struct slot *cnode = world_->subsystems[t / 2].cnode;
        for (uint32_t i = 1; i < WORLD_SLOT_FREE; i++) {
            if (t == WORLD_THREAD_SHORT && i != WORLD_SLOT_CNODE &&
                cnode[i].cap.type == CAP_CNODE) {
                continue;
            }
            struct lookup_failure failure;
            struct slot *slot = nullptr;
            ASSERT_TRUE(cspace_lookup(world_->threads[t], world_cptr(t, i), &slot, &failure))
                << t << " " << i;
            EXPECT_EQ(cnode[i].cap.type, slot->cap.type);
            EXPECT_EQ(cnode[i].cap.paddr, slot->cap.paddr);
        }
    }
}

TEST_F(WorldTest, MemoryHasOwners)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        EXPECT_EQ(uint32_t{WORLD_OWNER_KERNEL}, world_owner_of(world_, k()));
        EXPECT_EQ(uint32_t{WORLD_OWNER_KERNEL}, world_owner(world_, k()->kernel_vspace));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT}, world_owner_of(world_, world_->root));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT}, world_owner(world_, 0));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT}, world_owner(world_, SIM_RAM_BASE));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT}, world_owner(world_, UINT64_MAX));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT},
                  world_owner(world_, world_->subsystems[2].device.end));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT}, world_owner(world_, world_->subsystems[2].ram.end));
        EXPECT_EQ(uint32_t{WORLD_OWNER_ROOT},
                  world_owner(world_, world_->subsystems[0].ram.start - 1));
        for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
            const struct world_subsystem &subsystem = world_->subsystems[s];
            uint32_t d = subsystem.domain;
            EXPECT_EQ(d, world_owner(world_, subsystem.ram.start));
            EXPECT_EQ(d, world_owner(world_, subsystem.ram.end - 1));
            EXPECT_EQ(d, world_owner(world_, subsystem.device.start));
            EXPECT_EQ(d, world_owner(world_, subsystem.device.end - 1));
            EXPECT_EQ(d, world_owner_of(world_, subsystem.cnode));
            EXPECT_EQ(d, world_owner_of(world_, subsystem.inner));
            EXPECT_EQ(d, world_owner(world_, subsystem.vspace));
            EXPECT_EQ(d, world_owner_of(world_, world_->threads[2 * s]));
            EXPECT_EQ(d, world_owner_of(world_, world_->threads[2 * s + 1]->sc));
            EXPECT_NE(0u, world_->domains[d].subsystems & 1u << s);
        }
    }
}

/* --- What was given --------------------------------------------------------------------------- */

bool in_ranges(const struct kernel *k, const struct world_domain &domain, const struct cap &cap)
{
    Word base;
    Word size;
    if (!cap_region(k, &cap, &base, &size)) {
        return false;
    }
    for (uint32_t i = 0; i < domain.range_count; i++) {
        if (base >= domain.ranges[i].start && base < domain.ranges[i].end) {
            return true;
        }
    }
    return false;
}

bool is_granted(const struct world_grant &grant, const struct cap &cap)
{
    bool badged = cap.type == CAP_ENDPOINT || cap.type == CAP_NOTIFICATION;
    bool rights = badged || cap.type == CAP_FRAME || cap.type == CAP_REPLY;
    return cap.type == grant.type && cap.paddr == grant.object &&
           (!rights || cap.rights == grant.rights) && (!badged || cap.badge == grant.badge);
}

using Used = std::map<const struct world_grant *, int>;

/* Counts the grants that this capability has come by. */
bool count_grants(const struct world_domain &domain, const struct cap &cap, Used *used)
{
    bool granted = false;
    for (uint32_t i = 0; i < domain.grant_count; i++) {
        bool same = is_granted(domain.grants[i], cap);
        (*used)[&domain.grants[i]] += same ? 1 : 0;
        granted = granted || same;
    }
    return granted;
}

/* Every capability from outside is granted, exactly so, and every grant was used. */
TEST_F(WorldTest, GrantsAreWhatIsHeldFromOutside)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        Used used;
        for (const struct slot *slot = cdt_next(k(), &k()->cdt_root); slot != nullptr;
             slot = cdt_next(k(), slot)) {
            uint32_t owner = world_owner_of(world_, slot);
            if (owner < world_->domain_count &&
                !in_ranges(k(), world_->domains[owner], slot->cap)) {
                EXPECT_TRUE(count_grants(world_->domains[owner], slot->cap, &used))
                    << "topology " << t << " domain " << owner << " type "
                    << unsigned{slot->cap.type};
            }
        }
        size_t grants = 0;
        for (uint32_t d = 0; d < world_->domain_count; d++) {
            grants += world_->domains[d].grant_count;
        }
        EXPECT_EQ(grants, used.size());
        for (const auto &row : used) {
            EXPECT_NE(0, row.second) << "topology " << t << " type " << unsigned{row.first->type};
        }
    }
}

/* Whether another domain than d has this object, too. */
bool is_common(const struct world *world, uint32_t d, const struct world_grant &grant)
{
    uint32_t owner = world_owner(world, grant.object - SIM_WINDOW);
    bool common = owner < world->domain_count && owner != d;
    for (uint32_t e = 0; e < world->domain_count; e++) {
        const struct world_domain &other = world->domains[e];
        for (uint32_t i = 0; e != d && i < other.grant_count; i++) {
            common = common ||
                     (other.grants[i].type == grant.type && other.grants[i].object == grant.object);
        }
    }
    return common;
}

/* Nothing that could carry a capability connects two domains. */
TEST_F(WorldTest, DomainsAreApart)
{
    for (int t = 0; t < WORLD_OPEN; t++) {
        reset(t);
        EXPECT_LT(1u, world_->domain_count);
        for (uint32_t d = 0; d < world_->domain_count; d++) {
            const struct world_domain &domain = world_->domains[d];
            for (const struct world_grant *g = domain.grants;
                 g != domain.grants + domain.grant_count; g++) {
                bool carries = g->type == CAP_ENDPOINT || g->type == CAP_REPLY;
                EXPECT_FALSE(carries && (g->rights & ABI_RIGHT_GRANT) != 0 &&
                             is_common(world_, d, *g))
                    << "topology " << t << " domain " << d << " type " << unsigned{g->type};
                EXPECT_TRUE(g->type != CAP_CNODE && g->type != CAP_TCB && g->type != CAP_UNTYPED &&
                            g->type != CAP_IRQ_CONTROL && g->type != CAP_PAGE_TABLE);
            }
        }
    }
}

TEST_F(WorldTest, UsedMemoryIsPoisonedAndUsersHaveSecrets)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
            const Word *data = ram_words(k(), cap(s, WORLD_SLOT_DATA).paddr);
            EXPECT_EQ(world_secret(s, cap(s, WORLD_SLOT_DATA).paddr / 8 + 1), data[1]);
            EXPECT_EQ(world_secret(s, (2 * s + 1) << 16 | 4),
                      thread_context_get(world_->threads[2 * s + 1], 4));
            if (empty(t, s, WORLD_SLOT_UNTYPED_0)) {
                continue;
            }
            const struct cap &used = cap(s, WORLD_SLOT_UNTYPED_0);
            const struct cap &fresh = cap(s, WORLD_SLOT_UNTYPED_2);
            EXPECT_EQ(Word{1} << used.bits >> 4, used.free_index);
            EXPECT_EQ(WORLD_POISON, ram_words(k(), used.paddr)[(Word{1} << used.bits) / 8 - 1]);
            EXPECT_EQ(0u, fresh.free_index);
            EXPECT_EQ(0u, ram_words(k(), fresh.paddr)[7]);
        }
        EXPECT_EQ(world_secret(WORLD_SUBSYSTEMS, REG_SP), world_->root->regs.x[REG_SP]);
    }
    /* The kernel clears what it hands out. */
    reset(WORLD_APART);
    ASSERT_TRUE(become(0));
    Word paddr = cap(0, WORLD_SLOT_UNTYPED_0).paddr;
    EXPECT_EQ(0u, call(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
                       {ABI_OBJECT_PAGE_4K, 0, 0, 0, WORLD_SLOT_FREE, 1}, {WORLD_SLOT_CNODE}));
    EXPECT_EQ(paddr, cap(0, WORLD_SLOT_FREE).paddr);
    EXPECT_EQ(0u, ram_words(k(), paddr)[100]);
}

/* --- What can happen -------------------------------------------------------------------------- */

TEST_F(WorldTest, EverybodyRuns)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        for (uint32_t i = 0; i < WORLD_THREADS; i++) {
            reset(t);
            if (t == WORLD_SERVER && i == 4) {
                continue;
            }
            EXPECT_TRUE(become(i)) << "topology " << t << " thread " << i;
            /* It can use its address space and its IPC buffer. */
            Word value = 0;
            Word vaddr = WORLD_VADDR_BUFFER + (i % 2 << 12);
            EXPECT_TRUE(sim_load(world_->sim, vaddr, 8, &value));
            EXPECT_EQ(i / 2 + 1, value >> 32 & 0xF);
            EXPECT_EQ(world_->threads[i]->buffer_vaddr, vaddr);
            EXPECT_TRUE(sim_fetch(world_->sim, WORLD_VADDR_DATA, 4, &value));
        }
    }
}

TEST_F(WorldTest, ClientsCallTheServer)
{
    for (uint32_t client = 0; client < 4; client++) {
        reset(WORLD_SERVER);
        ASSERT_TRUE(become(client));
        struct sched_context *sc = current()->sc;
        call(WORLD_SLOT_PLAIN_ENDPOINT, 7, {1, 2});
        ASSERT_EQ(world_->threads[4], current());
        EXPECT_EQ(sc, current()->sc);
        EXPECT_EQ(WORLD_BADGE_PEER(client / 2), current()->regs.x[REG_A0]);
        trap(ABI_SYS_REPLY_RECV, {WORLD_SLOT_ENDPOINT, 0, 0, 0, 0, 0, WORLD_SLOT_REPLY_0});
        EXPECT_EQ(world_->threads[client], current());
        EXPECT_EQ(nullptr, world_->threads[4]->sc);
        EXPECT_EQ("", revoke());
    }
}

TEST_F(WorldTest, FaultsAndTimeoutsReachTheirHandlers)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        for (uint32_t i = 1; i < WORLD_THREADS; i += 2) {
            reset(t);
            ASSERT_TRUE(become(i));
            sim_fault(world_->sim, 2, 0);
            EXPECT_EQ(t == WORLD_SERVER ? THREAD_BLOCKED_ON_REPLY : THREAD_BLOCKED_ON_SEND,
                      world_->threads[i]->state);
            EXPECT_EQ("", revoke());
        }
        reset(t);
        ASSERT_TRUE(become(1));
        advance(2 * WORLD_PERIOD_US);
        EXPECT_EQ(FAULT_TIMEOUT, world_->threads[1]->fault.type);
        EXPECT_EQ("", revoke());
    }
}

TEST_F(WorldTest, InterruptsSignal)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
            struct ntfn *ntfn = cap(s, WORLD_SLOT_NTFN).ntfn;
            sim_raise_irq(world_->sim, world_->subsystems[s].irq);
            bool waiting = t == WORLD_SERVER && s == 2;
            EXPECT_EQ(waiting ? 0u : WORLD_BADGE, ntfn->badge);
            EXPECT_EQ(t == WORLD_APART || t == WORLD_SERVER,
                      sim_irq_in_service(world_->sim, world_->subsystems[s].irq));
        }
        EXPECT_EQ("", revoke());
    }
}

} // namespace
} // namespace albireo
