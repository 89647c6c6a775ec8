/* SPDX-License-Identifier: BSD-2-Clause */

/* What can be done in the world: every invocation succeeds; and whatever was done, root can take
 * everything back, and sees what does not come back.
 */
#include <algorithm>
#include <cstring>
#include <functional>
#include <set>

#include "tests/fuzz/world_fixture.h"

namespace albireo {
namespace {

/* An invocation that succeeds. Alpha's first thread, in WORLD_OPEN, calls. */
struct Row {
    Word label;
    Word cap;
    std::vector<Word> words;
    std::vector<Word> caps;
};

constexpr Word kFree = WORLD_SLOT_FREE;
constexpr Word kNode = WORLD_SLOT_CNODE;

/* A list that is worked through in order; some need what those before have done. */
const std::vector<Row> kRows = {
    {ABI_LABEL_UNTYPED_RETYPE,
     WORLD_SLOT_UNTYPED_0,
     {ABI_OBJECT_CAP_TABLE, 2, 0, 0, kFree, 2},
     {kNode}},
    {ABI_LABEL_UNTYPED_RETYPE,
     WORLD_SLOT_DEVICE,
     {ABI_OBJECT_MEGA_PAGE, 0, 0, 0, kFree + 2, 1},
     {kNode}},
    {ABI_LABEL_TCB_READ_REGISTERS, WORLD_SLOT_TCB_1, {0, 8}, {}},
    {ABI_LABEL_TCB_WRITE_REGISTERS, WORLD_SLOT_TCB_FREE, {0, 2, WORLD_VADDR_DATA, 1}, {}},
    {ABI_LABEL_TCB_COPY_REGISTERS, WORLD_SLOT_TCB_FREE, {12}, {WORLD_SLOT_TCB_1}},
    {ABI_LABEL_TCB_CONFIGURE,
     WORLD_SLOT_TCB_FREE,
     {58, 0, WORLD_VADDR_BUFFER},
     {kNode, WORLD_SLOT_VSPACE, WORLD_SLOT_FRAME_FREE}},
    {ABI_LABEL_TCB_SET_PRIORITY, WORLD_SLOT_TCB_1, {WORLD_PRIORITY + 1}, {WORLD_SLOT_TCB_0}},
    {ABI_LABEL_TCB_SET_PRIORITY, WORLD_SLOT_TCB_1, {WORLD_PRIORITY}, {WORLD_SLOT_TCB_0}},
    {ABI_LABEL_TCB_SET_MC_PRIORITY, WORLD_SLOT_TCB_1, {WORLD_MCP}, {WORLD_SLOT_TCB_0}},
    {ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
     WORLD_SLOT_SCHED_CONTROL,
     {500, 3000, 8, 1, 1},
     {WORLD_SLOT_SC_FREE}},
    {ABI_LABEL_TCB_SET_SCHED_PARAMS,
     WORLD_SLOT_TCB_FREE,
     {100, 50},
     {WORLD_SLOT_TCB_0, WORLD_SLOT_SC_FREE, WORLD_SLOT_ENDPOINT}},
    {ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT, WORLD_SLOT_TCB_FREE, {}, {WORLD_SLOT_ENDPOINT_BADGED}},
    {ABI_LABEL_TCB_SET_IPC_BUFFER,
     WORLD_SLOT_TCB_FREE,
     {WORLD_VADDR_BUFFER + 1024},
     {WORLD_SLOT_FRAME_FREE}},
    {ABI_LABEL_TCB_SET_SPACE,
     WORLD_SLOT_TCB_FREE,
     {58, 0},
     {WORLD_SLOT_ENDPOINT, kNode, WORLD_SLOT_VSPACE}},
    {ABI_LABEL_TCB_RESUME, WORLD_SLOT_TCB_FREE, {}, {}},
    {ABI_LABEL_TCB_SUSPEND, WORLD_SLOT_TCB_FREE, {}, {}},
    {ABI_LABEL_TCB_BIND_NOTIFICATION, WORLD_SLOT_TCB_1, {}, {WORLD_SLOT_SHARED_NTFN}},
    {ABI_LABEL_TCB_UNBIND_NOTIFICATION, WORLD_SLOT_TCB_0, {}, {}},
    {ABI_LABEL_TCB_SET_TLS_BASE, WORLD_SLOT_TCB_0, {77}, {}},
    {ABI_LABEL_TCB_SET_FLAGS, WORLD_SLOT_TCB_1, {0, 1}, {}},
    {ABI_LABEL_CNODE_COPY, kNode, {kFree + 3, 64, WORLD_SLOT_ENDPOINT, 64, ABI_RIGHT_ALL}, {kNode}},
    {ABI_LABEL_CNODE_MINT, kNode, {kFree + 4, 64, WORLD_SLOT_NTFN, 64, ABI_RIGHT_ALL, 9}, {kNode}},
    {ABI_LABEL_CNODE_MOVE, kNode, {kFree + 5, 64, WORLD_SLOT_REPLY_1, 64}, {kNode}},
    {ABI_LABEL_CNODE_MUTATE, kNode, {kFree + 6, 64, WORLD_SLOT_FRAME_FREE, 64, 0}, {kNode}},
    {ABI_LABEL_CNODE_ROTATE,
     kNode,
     {kFree + 7, 64, 0, WORLD_SLOT_SC_1, 64, 0, WORLD_SLOT_REPLY_0, 64},
     {kNode, kNode}},
    {ABI_LABEL_CNODE_CANCEL_BADGED_SENDS, kNode, {WORLD_SLOT_ENDPOINT_BADGED, 64}, {}},
    {ABI_LABEL_IRQ_CONTROL_GET, WORLD_SLOT_IRQ_CONTROL, {5, kFree + 8, 64}, {kNode}},
    {ABI_LABEL_IRQ_CONTROL_GET_TRIGGER, WORLD_SLOT_IRQ_CONTROL, {6, 1, kFree + 9, 64}, {kNode}},
    {ABI_LABEL_IRQ_HANDLER_ACK, WORLD_SLOT_IRQ_HANDLER, {}, {}},
    {ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION, WORLD_SLOT_IRQ_HANDLER, {}, {WORLD_SLOT_NTFN_BADGED}},
    {ABI_LABEL_IRQ_HANDLER_CLEAR, WORLD_SLOT_IRQ_HANDLER, {}, {}},
    {ABI_LABEL_DOMAIN_SET, WORLD_SLOT_DOMAIN, {CONFIG_DOMAINS - 1}, {WORLD_SLOT_TCB_FREE}},
    {ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE, WORLD_SLOT_DOMAIN, {0, 0, 1 << 20}, {}},
    {ABI_LABEL_DOMAIN_SCHEDULE_SET_START, WORLD_SLOT_DOMAIN, {0}, {}},
    {ABI_LABEL_SCHED_CONTEXT_UNBIND, WORLD_SLOT_SC_FREE, {}, {}},
    {ABI_LABEL_SCHED_CONTEXT_BIND, WORLD_SLOT_SC_FREE, {}, {WORLD_SLOT_NTFN}},
    {ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT, WORLD_SLOT_SC_FREE, {}, {WORLD_SLOT_NTFN}},
    {ABI_LABEL_SCHED_CONTEXT_CONSUMED, WORLD_SLOT_SC_0, {}, {}},
    {ABI_LABEL_PAGE_TABLE_MAP,
     WORLD_SLOT_TABLE_FREE,
     {WORLD_VADDR + 0x200000, 0},
     {WORLD_SLOT_VSPACE}},
    {ABI_LABEL_PAGE_MAP, WORLD_SLOT_SHARED_FRAME, {WORLD_VADDR_SHARED, 3, 0}, {WORLD_SLOT_VSPACE}},
    {ABI_LABEL_PAGE_GET_ADDRESS, WORLD_SLOT_DATA, {}, {}},
    {ABI_LABEL_PAGE_UNMAP, WORLD_SLOT_DATA, {}, {}},
    {ABI_LABEL_PAGE_TABLE_UNMAP, WORLD_SLOT_TABLE, {}, {}},
    {ABI_LABEL_ASID_CONTROL_MAKE_POOL,
     WORLD_SLOT_ASID_CONTROL,
     {kFree + 10, 64},
     {WORLD_SLOT_UNTYPED_1, kNode}},
    {ABI_LABEL_UNTYPED_RETYPE,
     WORLD_SLOT_UNTYPED_2,
     {ABI_OBJECT_PAGE_TABLE, 0, 0, 0, kFree + 11, 1},
     {kNode}},
    {ABI_LABEL_ASID_POOL_ASSIGN, WORLD_SLOT_ASID_POOL, {}, {kFree + 11}},
    {ABI_LABEL_CNODE_DELETE, WORLD_SLOT_PEER_CNODE, {WORLD_SLOT_TCB_1, 64}, {}},
    {ABI_LABEL_CNODE_REVOKE, WORLD_SLOT_PEER_CNODE, {WORLD_SLOT_UNTYPED_0, 64}, {}},
    {ABI_LABEL_SCHED_CONTEXT_YIELD_TO, kFree + 7, {}, {}},
};

class WorldRevokeTest : public WorldTest {
  protected:
    /* As alpha's first thread in WORLD_OPEN. */
    void begin()
    {
        reset(WORLD_OPEN);
        ASSERT_TRUE(become(0));
    }
    void perform(const Row &row)
    {
        uint32_t before = successes(row.label);
        if (current() != world_->threads[0]) {
            ASSERT_TRUE(become(0)) << row.label;
        }
        Word error = call(row.cap, row.label, row.words, row.caps);
        EXPECT_EQ(before + 1, successes(row.label)) << "label " << row.label << " error " << error;
        ASSERT_TRUE(running()) << sim_message(world_->sim);
    }
};

TEST_F(WorldRevokeTest, GivesBackEachTopology)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        EXPECT_EQ("", revoke());
        EXPECT_NE("", is_reset());
        EXPECT_TRUE(sim_check(world_->sim)) << sim_message(world_->sim);
        EXPECT_EQ("", revoke()) << "again";
        reset(t);
        EXPECT_EQ("", is_reset());
    }
}

TEST_F(WorldRevokeTest, EveryInvocationSucceeds)
{
    std::set<Word> labels;
    begin();
    for (const Row &row : kRows) {
        perform(row);
        labels.insert(row.label);
    }
    EXPECT_EQ(size_t{ABI_LABEL_COUNT - 1}, labels.size());
    EXPECT_TRUE(sim_check(world_->sim)) << sim_message(world_->sim);
}

TEST_F(WorldRevokeTest, GivesBackAfterEveryInvocation)
{
    size_t count = kRows.size();
    for (size_t n = 1; n <= count; n++) {
        begin();
        for (size_t i = 0; i < n; i++) {
            perform(kRows[i]);
        }
        EXPECT_EQ("", revoke()) << n;
        EXPECT_EQ(0u, world_->lost);
        reset(WORLD_OPEN);
        EXPECT_EQ("", is_reset()) << n;
    }
}

TEST_F(WorldRevokeTest, GivesBackNestedCNodesWithTheirOwnCapabilities)
{
    begin();
    EXPECT_EQ(0u, call(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
                       {ABI_OBJECT_CAP_TABLE, 2, 0, 0, kFree, 2}, {kNode}));
    /* Each holds the only capability to the other. */
    EXPECT_EQ(0u, call(kFree, ABI_LABEL_CNODE_COPY, {1, 2, kFree + 1, 64, 15}, {kNode}));
    EXPECT_EQ(0u, call(kFree + 1, ABI_LABEL_CNODE_MOVE, {1, 2, kFree, 64}, {kNode}));
    EXPECT_EQ(0u, call(kNode, ABI_LABEL_CNODE_DELETE, {kFree + 1, 64}));
    EXPECT_EQ("", revoke());
}

TEST_F(WorldRevokeTest, GivesBackWhateverTheThreadsWaitFor)
{
    const std::vector<std::function<void()>> waits = {
        [this] {
            trap(ABI_SYS_RECV, {WORLD_SLOT_ENDPOINT, 0, 0, 0, 0, 0, WORLD_SLOT_REPLY_0});
        },
        [this] { call(WORLD_SLOT_SHARED_ENDPOINT, 1); },
        [this] { trap(ABI_SYS_WAIT, {WORLD_SLOT_SHARED_NTFN}); },
        [] { sim_fault(world_->sim, 13, 0x1000); },
        [this] { call(WORLD_SLOT_TCB_0, ABI_LABEL_TCB_SUSPEND); },
        [this] {
            call(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {WORLD_SLOT_TCB_0, 64});
        },
        [this] { advance(100000); },
        [] {},
    };
    for (const auto &first : waits) {
        for (const auto &rest : waits) {
            reset(WORLD_OPEN);
            ASSERT_TRUE(become(0));
            first();
            for (uint32_t t = 1; t < WORLD_THREADS - 1 && running(); t++) {
                become(t) ? rest() : advance(1);
            }
            EXPECT_EQ("", revoke());
        }
    }
}

TEST_F(WorldRevokeTest, WorksAlmostToTheEndOfTime)
{
    const Word last = UINT64_MAX - WORLD_END_US * k()->ticks_per_us;
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        for (Word now : {UINT64_MAX / 2, last - 100000, last - 200, last, last + 1, UINT64_MAX}) {
            reset(t);
            uint64_t lost = world_->lost;
            sim_set_costs(world_->sim, 1000, 1000);
            sim_set_time(world_->sim, now);
            EXPECT_EQ("", revoke()) << t << " " << now;
            EXPECT_EQ(lost + (now > last ? 1 : 0), world_->lost);
        }
    }
}

TEST_F(WorldRevokeTest, AHaltedMachineIsLost)
{
    reset(WORLD_APART);
    uint64_t lost = world_->lost;
    trap(ABI_SYS_DEBUG_HALT, {});
    EXPECT_EQ(CONFIG_DEBUG == 0, running());
    EXPECT_EQ("", revoke());
    EXPECT_EQ(lost + CONFIG_DEBUG, world_->lost);
}

TEST_F(WorldRevokeTest, WorksWithManyPreemptions)
{
    begin();
    for (const Row &row : kRows) {
        perform(row);
    }
    sim_hold_irqs(world_->sim, true);
    watch_write(&k()->work_units_per_poll, sizeof k()->work_units_per_poll);
    sim_poll_every(world_->sim, 1);
    for (uint32_t line = 1; line <= WORLD_IRQ_COUNT; line++) {
        sim_raise_irq(world_->sim, line);
        sim_inject_at_preemption(world_->sim, line, line);
    }
    EXPECT_EQ("", revoke());
}

/* --- IRQ control, which cannot be copied ------------------------------------------------------ */

TEST_F(WorldRevokeTest, TakesIrqControlBackFromWhereItCanBeNamed)
{
    begin();
    EXPECT_EQ(0u,
              call(kNode, ABI_LABEL_CNODE_MOVE, {kFree, 64, WORLD_SLOT_IRQ_CONTROL, 64}, {kNode}));
    EXPECT_EQ("", revoke());
    EXPECT_EQ(CAP_IRQ_CONTROL,
              world_->root->slots[THREAD_CSPACE].cap.slots[ABI_SLOT_IRQ_CONTROL].cap.type);
}

TEST_F(WorldRevokeTest, DoesNotMissIrqControlThatIsGone)
{
    begin();
    EXPECT_EQ(0u, call(kNode, ABI_LABEL_CNODE_DELETE, {WORLD_SLOT_IRQ_CONTROL, 64}));
    EXPECT_EQ("", revoke());
    begin();
    EXPECT_EQ(0u, call(WORLD_SLOT_INNER, ABI_LABEL_CNODE_MOVE,
                       {WORLD_INNER_VALUE << 3 | 7, 8, WORLD_SLOT_IRQ_CONTROL, 64}, {kNode}));
    EXPECT_EQ("", revoke());
}

TEST_F(WorldRevokeTest, CountsWhenRootHasLostItsInterrupt)
{
    begin();
    uint64_t revoked = world_->revoked;
    uint64_t lost = world_->lost;
    EXPECT_EQ(0u, call(kNode, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_IRQ_CONTROL, 64}));
    EXPECT_EQ("", revoke());
    EXPECT_EQ(lost + 1, world_->lost);
    EXPECT_EQ(revoked, world_->revoked);
    reset(WORLD_SHARED);
    EXPECT_EQ(lost + 1, world_->lost) << "not forgotten by a reset";
    EXPECT_EQ("", revoke());
    EXPECT_EQ(revoked + 1, world_->revoked);
}

/* --- Domains ---------------------------------------------------------------------------------- */

TEST_F(WorldRevokeTest, RestoresTheDomainSchedule)
{
    begin();
    Word other = CONFIG_DOMAINS - 1;
    Word last = CONFIG_DOMAIN_SCHEDULE - 2;
    EXPECT_EQ(0u, call(WORLD_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE,
                       {last, other, Word{1} << 40}));
    EXPECT_EQ(0u,
              call(WORLD_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE, {0, other, 1000000}));
    call(WORLD_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_SET_START, {last});
    EXPECT_EQ(last, k()->domain_start);
    EXPECT_EQ(CONFIG_DOMAINS > 1, sim_is_idle(world_->sim));
    EXPECT_EQ("", revoke());
}

/* --- Differences ------------------------------------------------------------------------------ */

struct Plant {
    const char *name;
    std::function<void(struct world *, struct kernel *)> plant;
    const char *expected;
};

template <typename T> T &touch(T &object)
{
    watch_write(&object, sizeof object);
    return object;
}

struct slot *root_slots(const struct world *world)
{
    return world->root->slots[THREAD_CSPACE].cap.slots;
}

/* Each is an error that a kernel could have made. */
const Plant kPlants[] = {
    {"priority", [](struct world *w, struct kernel *) { touch(w->root->mcp) = 200; }, "thread"},
    {"SC", [](struct world *w, struct kernel *) { touch(w->root->sc->badge) = 5; }, "SC"},
    {"rights",
     [](struct world *w, struct kernel *) {
         touch(root_slots(w)[ABI_SLOT_INIT_BUFFER]).cap.rights = ABI_RIGHT_READ;
     },
     "capability"},
    {"device flag",
     [](struct world *w, struct kernel *) {
         const struct cap &cap = root_slots(w)[ABI_SLOT_DYNAMIC].cap;
         EXPECT_NE(CAP_NULL, cap.type);
         touch(root_slots(w)[ABI_SLOT_DYNAMIC]).cap.vaddr ^= 0x1000;
     },
     "capability"},
    {"interrupt state",
     [](struct world *, struct kernel *k) { touch(k->irq_states[7]) = IRQ_SIGNAL; }, "interrupt 7"},
    {"bootinfo",
     [](struct world *w, struct kernel *k) {
         touch(ram_words(k, root_slots(w)[ABI_SLOT_BOOTINFO_FRAME].cap.paddr)[3]) = 1;
     },
     "BootInfo"},
    {"table",
     [](struct world *w, struct kernel *) {
         touch(root_slots(w)[ABI_SLOT_INIT_VSPACE].cap.table->entries[9]) = 1;
     },
     "VSpace"},
    {"pool",
     [](struct world *w, struct kernel *) {
         touch(root_slots(w)[ABI_SLOT_INIT_ASID_POOL].cap.pool->roots[300]) =
             root_slots(w)[ABI_SLOT_INIT_VSPACE].cap.table;
     },
     "ASID pool"},
    {"extra pool",
     [](struct world *w, struct kernel *k) {
         touch(k->asid_pools[9]) = root_slots(w)[ABI_SLOT_INIT_ASID_POOL].cap.pool;
     },
     "ASID pool 9"},
    {"ready bit",
     [](struct world *, struct kernel *k) {
         touch(k->cores[0].ready[0].queues[3].tail) = k->cores[0].idle;
     },
     "ready"},
    {"bound notification",
     [](struct world *w, struct kernel *) {
         touch(w->root->bound_ntfn) = w->subsystems[0].cnode[WORLD_SLOT_NTFN].cap.ntfn;
     },
     "thread"},
};

TEST_F(WorldRevokeTest, SeesWhatDoesNotComeBack)
{
    for (const Plant &plant : kPlants) {
        for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
            reset(t);
            plant.plant(world_, k());
            std::string what = revoke();
            EXPECT_NE(std::string::npos, what.find(plant.expected)) << plant.name << ": " << what;
        }
    }
}

/* A capability that root's revoking does not reach is left over. */
TEST_F(WorldRevokeTest, SeesACapabilityThatIsLeft)
{
    reset(WORLD_APART);
    struct slot *slots = root_slots(world_);
    struct slot *empty = &touch(slots[200]);
    ASSERT_EQ(CAP_NULL, empty->cap.type);
    touch(slots[ABI_SLOT_INIT_SC]);
    touch(*cdt_next(k(), &slots[ABI_SLOT_INIT_SC]));
    cdt_insert_copy(k(), empty, &slots[ABI_SLOT_INIT_SC], slots[ABI_SLOT_INIT_SC].cap);
    EXPECT_NE(std::string::npos, revoke().find("derivation order"));
}

TEST_F(WorldRevokeTest, SaysWhyTheKernelPanicked)
{
    reset(WORLD_APART);
    touch(world_->threads[0]->slots[THREAD_BUFFER].cap.type) = CAP_ZOMBIE;
    EXPECT_FALSE(sim_check(world_->sim));
    EXPECT_NE("", revoke());
    reset(WORLD_APART);
    EXPECT_EQ("", is_reset());
}

TEST_F(WorldRevokeTest, SaysThatRootHasLostItsInterruptWhereNobodyMayTakeIt)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        reset(t);
        uint64_t lost = world_->lost;
        touch(k()->irq_states[WORLD_IRQ_ROOT]) = IRQ_INACTIVE;
        EXPECT_EQ(t == WORLD_OPEN ? ""
                                  : "root has lost its interrupt, which nobody could take from it",
                  revoke());
        EXPECT_EQ(lost + (t == WORLD_OPEN ? 1 : 0), world_->lost);
    }
}

/* --- Recorded --------------------------------------------------------------------------------- */

struct Seen {
    int calls = 0;
    uint64_t entries = 1;
};

void on_boot(void *context, struct sim *sim)
{
    Seen *seen = static_cast<Seen *>(context);
    seen->calls++;
    seen->entries = sim_kernel(sim)->counters.entries;
}

std::string state_of(const struct world *world)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    sim_dump(world->sim, file, SIM_DUMP_STATE);
    fclose(file);
    std::string state(text, size);
    free(text);
    return state;
}

TEST(WorldRecorded, IsTheSameWorldStraightFromBoot)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        struct sim_error error;
        Seen seen;
        struct world_recording recording = {&seen, on_boot, 1, 0};
        struct world *world = world_create(&error);
        ASSERT_NE(nullptr, world) << error.text;
        world_reset(world, topology(t));
        std::string state = state_of(world);
        world_destroy(world);

        world = world_create_recorded(topology(t), &recording, &error);
        ASSERT_NE(nullptr, world) << error.text;
        EXPECT_EQ(1, seen.calls);
        EXPECT_EQ(0u, seen.entries);
        EXPECT_EQ(t, world->topology);
        EXPECT_GT(sim_checks(world->sim), 100u);
        world_reset(world, topology(t));
        EXPECT_EQ(state, state_of(world));
        char what[300] = "";
        EXPECT_TRUE(world_is_reset(world, what, sizeof what)) << what;
        EXPECT_TRUE(world_revoke(world, what, sizeof what)) << what;
        world_destroy(world);
    }
}

} // namespace
} // namespace albireo
