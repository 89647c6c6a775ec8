/* SPDX-License-Identifier: BSD-2-Clause */

/* The inhabitants of a random world, what they can name, and what happens to them. */
#include "tests/api/random_world.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace albireo {
namespace random_world {

namespace {

SystemOptions small_machine()
{
    SystemOptions options;
    options.root_priority = 255; /* Nobody else gets there: all others' MCP is at most 254. */
    options.root_cnode_bits = 8;
    options.configure = [](sim_config &c) {
        c.image_size = 0x2000;
    };
    return options;
}

} // namespace

void Totals::add(const struct counters &now, const struct counters &before)
{
    entries += now.entries - before.entries;
    for (size_t label = 0; label < ABI_LABEL_COUNT; label++) {
        by_label[label] += now.success[label] - before.success[label];
        success += now.success[label] - before.success[label];
        preempted += now.preempted[label] - before.preempted[label];
        for (size_t i = 0; i < ABI_CHECK_MAX; i++) {
            by_check[label][i] += now.errors[label][i] - before.errors[label][i];
            errors += now.errors[label][i] - before.errors[label][i];
        }
    }
    for (size_t i = 0; i < std::size(now.unknown_label); i++) {
        errors += now.unknown_label[i] - before.unknown_label[i];
    }
    for (size_t i = 0; i < syscalls.size(); i++) {
        syscalls[i] += now.syscalls[i] - before.syscalls[i];
    }
    for (size_t i = 0; i < faults.size(); i++) {
        faults[i] += now.faults[i] - before.faults[i];
    }
}

World::World() : sys(small_machine()), rng(0)
{
    cycle_untypeds();
    populate();
    sys.auto_restart = false;
    start_ = sys.snapshot();
}

/* --- The inhabitants -------------------------------------------------------------------------- */

/* Uses every boot untyped once in full, so that later resets clear only what was used. */
void World::cycle_untypeds()
{
    const Word *info = sys.bootinfo();
    CPtr slot = sys.alloc_slot();
    for (CPtr untyped = info[21]; untyped < info[22]; untyped++) {
        const struct cap &cap = sys.cap_at(untyped);
        if (!cap.device) {
            EXPECT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, cap.bits, slot));
            EXPECT_OK(sys.del(slot));
            EXPECT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, 4, slot));
            EXPECT_OK(sys.del(slot));
        }
    }
}

/* A copy in the next slot of the main CNode, now and whenever the root task repairs things. */
void World::keep(CPtr source, Word data)
{
    kept_.emplace_back(source, data);
    EXPECT_OK(
        sys.CNode_Mint(main_, next_main_++, kMainRadix, kCNode, source, 64, ABI_RIGHT_ALL, data));
}

/* New objects in the next slots of the main CNode: originals, which only the threads hold. */
void World::give(Word type, Word size_bits, Word count, CPtr from)
{
    EXPECT_OK(sys.Untyped_Retype(from == 0 ? sys.ram_untyped() : from, type, size_bits, kCNode,
                                 main_, 64, next_main_, count));
    next_main_ += count;
}

/* A boot untyped of RAM, with room for 2^bits bytes, that nothing else is made of. */
CPtr World::other_untyped(Word bits) const
{
    const Word *info = sys.bootinfo();
    for (CPtr untyped = info[21]; untyped < info[22]; untyped++) {
        const struct cap &cap = sys.cap_at(untyped);
        if (!cap.device && cap.bits >= bits && untyped != sys.ram_untyped()) {
            return untyped;
        }
    }
    return 0;
}

/* The last line is root's alone; the first two are there for preemption. */
void World::connect_interrupts()
{
    for (Word line : {Word{1}, Word{2}, Word{kWakeLine}}) {
        CPtr handler = sys.alloc_slot();
        EXPECT_OK(sys.IRQControl_Get(kIrqControl, line, kCNode, handler, 64));
        EXPECT_OK(sys.IRQHandler_SetNotification(
            handler, line == kWakeLine ? wake_ : sys.make(ABI_OBJECT_NOTIFICATION)));
        if (line != kWakeLine) {
            EXPECT_OK(sys.CNode_Move(main_, next_main_++, kMainRadix, kCNode, handler, 64));
        }
    }
}

void World::populate()
{
    main_ = sys.make_cnode(kMainRadix);
    second_ = sys.make_cnode(kSecondRadix);
    for (int i = 0; i < 2; i++) {
        vspaces_.push_back(sys.make_vspace());
        sys.map_new_page(vspaces_[i], kVaddr);
    }
    for (int i = 0; i < 3; i++) {
        endpoints_.push_back(sys.make(ABI_OBJECT_ENDPOINT));
    }
    spawn_actors();
    fill_main();
    EXPECT_LE(next_main_, kFirstFree);
    spare_ = sys.alloc_slot();
    wake_ = sys.make(ABI_OBJECT_NOTIFICATION);
    connect_interrupts();
    EXPECT_OK(sys.CNode_Move(main_, next_main_++, kMainRadix, kCNode, kIrqControl, 64));
    for (const Thread &actor : actors_) {
        EXPECT_OK(sys.TCB_Resume(actor.tcb));
    }
    sys.wait(wake_);
}

void World::spawn_actors()
{
    struct {
        uint8_t priority;
        Word budget, period, extra;
        bool sporadic, passive;
    } rows[] = {
        {50, 1000, 1000, 0, false, false},   {100, 1000, 1000, 0, false, false},
        {100, 2000, 10000, 4, false, false}, {100, 500, 3000, 0, true, false},
        {120, 3000, 5000, 8, true, false},   {150, 0, 0, 0, false, true},
        {200, 300, 20000, 2, false, false},
    };
    for (const auto &row : rows) {
        ThreadOptions o;
        Word number = actors_.size();
        o.priority = row.priority;
        o.mcp = 254;
        o.budget_us = row.budget;
        o.period_us = row.period;
        o.extra_refills = row.extra;
        o.sporadic = row.sporadic;
        o.passive = row.passive;
        o.cspace = number == 4 ? second_ : main_;
        o.cspace_data = number == 4 ? 0 : kMainGuard;
        o.vspace = vspaces_[number % 2];
        o.fault_ep = number == 1 ? 0 : endpoints_[number % 3];
        o.timeout_ep = number % 3 == 2 ? endpoints_[0] : 0;
        o.start = false;
        actors_.push_back(sys.spawn(o));
    }
}

void World::fill_main()
{
    keep(main_, kMainGuard);
    keep(second_);
    /* The second CSpace root leads to the main CNode, and has a few capabilities itself. */
    EXPECT_OK(sys.CNode_Mint(second_, 2, kSecondRadix, kCNode, main_, 64, ABI_RIGHT_ALL,
                             64 - kSecondRadix - kMainRadix));
    EXPECT_OK(sys.CNode_Copy(second_, 3, kSecondRadix, kCNode, endpoints_[0], 64, ABI_RIGHT_ALL));
    for (CPtr cap : {kAsidControl, kAsidPool, kDomain, sys.sched_control()}) {
        keep(cap);
    }
    for (CPtr cap : vspaces_) {
        keep(cap);
    }
    for (CPtr cap : endpoints_) {
        keep(cap, 0);
    }
    for (const Thread &actor : actors_) {
        keep(actor.tcb);
        keep(actor.buffer);
        if (actor.sc != 0) {
            keep(actor.sc);
        }
    }
    keep(sys.make_sc(1000, 1000));
    give(ABI_OBJECT_ENDPOINT, 0, 2);
    give(ABI_OBJECT_NOTIFICATION, 0, 3);
    give(ABI_OBJECT_REPLY, 0, 4);
    give(ABI_OBJECT_UNTYPED, 15, 3);
    give(ABI_OBJECT_UNTYPED, 12, 2);
    give(ABI_OBJECT_CAP_TABLE, 3, 1);
    give(ABI_OBJECT_PAGE_TABLE, 0, 2);
    give(ABI_OBJECT_PAGE_4K, 0, 2);
    give(ABI_OBJECT_MEGA_PAGE, 0, 1, other_untyped(ABI_MEGA_PAGE_BITS));
    give(ABI_OBJECT_UNTYPED, 14, 1, sys.device_untyped(14));
}

/* --- What the current thread can name --------------------------------------------------------- */

/* The slots of one CNode by address; CNodes in it that resolution goes on into, in *inner. */
void World::collect_from(const struct cap &root, Word prefix, Word used, std::vector<Ref> *inner)
{
    Word level = root.guard_bits + root.bits;
    if (root.type != CAP_CNODE || used + level > 64) {
        return;
    }
    Word left = 64 - used - level;
    Word guard = root.guard_bits == 0 ? 0 : root.guard << (left + root.bits);
    for (Word i = 0; i < Word{1} << root.bits; i++) {
        Ref ref = {prefix + guard + (i << left), &root.slots[i]};
        if (left != 0 && ref.slot->cap.type == CAP_CNODE) {
            inner->push_back(ref);
            continue;
        }
        refs_.push_back(ref);
    }
}

void World::collect()
{
    refs_.clear();
    std::vector<Ref> inner;
    std::vector<Ref> ignored;
    const struct cap &root = sys.current()->slots[THREAD_CSPACE].cap;
    collect_from(root, 0, 0, &inner);
    for (const Ref &ref : inner) {
        collect_from(ref.slot->cap, ref.cptr, root.guard_bits + root.bits, &ignored);
    }
}

CPtr World::pick(Word type, const Predicate &predicate)
{
    for (bool strict : {true, false}) {
        CPtr found = 0;
        Word count = 0;
        for (const Ref &ref : refs_) {
            const struct cap &cap = ref.slot->cap;
            if (cap.type == type && (!strict || !predicate || predicate(cap)) &&
                rng.below(++count) == 0) {
                found = ref.cptr;
            }
        }
        if (count != 0) {
            return found;
        }
    }
    return any_pointer();
}

CPtr World::pick_or_null(Word type)
{
    return rng.chance(25) ? pick(CAP_NULL) : pick(type);
}

CPtr World::any_pointer()
{
    if (refs_.empty() || rng.chance(5)) {
        return strange_word();
    }
    Ref ref = refs_[rng.below(refs_.size())];
    for (int tries = 0; tries < 4 && ref.slot->cap.type == CAP_NULL && rng.chance(80); tries++) {
        ref = refs_[rng.below(refs_.size())];
    }
    return ref.cptr;
}

CPtr World::cptr_of(const struct slot *slot) const
{
    for (const Ref &ref : refs_) {
        if (ref.slot == slot) {
            return ref.cptr;
        }
    }
    return 0;
}

Place World::place(bool occupied)
{
    Place p;
    for (int tries = 0; tries < 20; tries++) {
        p.root = pick(CAP_CNODE);
        for (const Ref &ref : refs_) {
            const struct cap &cap = ref.slot->cap;
            if (ref.cptr != p.root || cap.type != CAP_CNODE) {
                continue;
            }
            Word i = rng.below(Word{1} << cap.bits);
            p.slot = &cap.slots[i];
            p.index = (cap.guard_bits == 0 ? 0 : cap.guard << cap.bits) + i;
            p.depth = cap.guard_bits + cap.bits;
        }
        if (p.slot != nullptr && (p.slot->cap.type != CAP_NULL) == occupied) {
            return p;
        }
    }
    return p;
}

/* The place of a slot of the main CNode. */
Place World::place_of(const struct slot *slot)
{
    const struct cap &main = sys.slot_at(main_)->cap;
    Place p;
    p.root = pick(CAP_CNODE, [&](const struct cap &c) { return c.slots == main.slots; });
    for (const Ref &ref : refs_) {
        const struct cap &cap = ref.slot->cap;
        if (ref.cptr == p.root && cap.type == CAP_CNODE) {
            p.index = (cap.guard_bits == 0 ? 0 : cap.guard << cap.bits) +
                      static_cast<Word>(slot - main.slots);
            p.depth = cap.guard_bits + cap.bits;
        }
    }
    p.slot = const_cast<struct slot *>(slot);
    return p;
}

/* Something to destroy: mostly what the threads made themselves. */
Place World::victim()
{
    const struct cap &main = sys.slot_at(main_)->cap;
    Place p = place(true);
    for (int tries = 0; tries < 8; tries++) {
        bool initial = p.slot >= main.slots && p.slot < main.slots + kFirstFree;
        if (!initial || rng.chance(3)) {
            break;
        }
        p = place(true);
    }
    return p;
}

/* `count` empty slots in a row of the main CNode, or null. */
struct slot *World::fresh(Word count)
{
    struct slot *slots = sys.slot_at(main_)->cap.slots;
    for (int tries = 0; tries < 30; tries++) {
        Word first = rng.between(kFirstFree, (Word{1} << kMainRadix) - count);
        bool empty = true;
        for (Word i = 0; i < count; i++) {
            empty = empty && slots[first + i].cap.type == CAP_NULL;
        }
        if (empty) {
            return &slots[first];
        }
    }
    return nullptr;
}

Word World::strange_word()
{
    switch (rng.below(8)) {
    case 0:
        return rng.below(130);
    case 6:
    case 7:
        return rng.below(8);
    case 1:
        return Word{1} << rng.below(64);
    case 2:
        return (Word{1} << rng.below(64)) - 1;
    case 3:
        return ~rng.below(300);
    case 4:
        return rng.of({11, 20, 38, 39, 63, 64, 65, 96, 255, 256, 257, 0x3FFFFFF000, 0x3FFFFFEFFF});
    default:
        return rng.next();
    }
}

Word World::vaddr()
{
    Word base = rng.of({kVaddr, kVaddr, kVaddr, kVaddr + 0x200000, 0x80000000, 0x3FFFE00000});
    return base + rng.below(4) * 0x1000;
}

bool World::is_root_table(const struct cap &cap) const
{
    return cap.asid != 0 && vspace_of_asid(sys.kernel(), cap.asid) == cap.table;
}

CPtr World::vspace()
{
    return pick(CAP_PAGE_TABLE,
                [this](const struct cap &c) { return is_root_table(c) || rng.chance(3); });
}

void World::note(const std::string &text)
{
    std::ostringstream line;
    line << std::setw(12) << sys.now() << "  " << std::hex << sys.current() << "  " << text;
    history_.push_back(line.str());
    if (history_.size() > 40) {
        history_.pop_front();
    }
}

std::string World::history() const
{
    std::string text;
    for (const std::string &line : history_) {
        text += line + "\n";
    }
    return text;
}

/* --- Steps ------------------------------------------------------------------------------------ */

void World::act()
{
    collect();
    const struct regs &regs = sys.current()->regs;
    if (refs_.empty()) {
        note("no CSpace");
        sys.fault(2, 0);
        return;
    }
    /* Stopped within a system call: it is executed again. */
    int64_t number = static_cast<int64_t>(regs.x[REG_A7]);
    if (regs.pc == regs.fault_pc && number >= ABI_SYS_YIELD && number < 0 && rng.chance(85)) {
        note("again");
        sys.refire();
        return;
    }
    if (!script_.empty() && rng.chance(60)) {
        auto part = script_.front();
        script_.pop_front();
        part();
        return;
    }
    Word dice = rng.below(100);
    if (dice < 64) {
        invoke_something();
    } else if (dice < 80) {
        talk();
    } else if (dice < 86) {
        touch();
    } else if (dice < 92) {
        pass_time();
    } else if (dice < 95) {
        disturb();
    } else if (dice < 96) {
        odd_trap();
    } else {
        rng.chance(50) ? plan_thread() : plan_vspace();
    }
}

void World::idle_step()
{
    note("idle");
    totals.idle++;
    Word dice = rng.below(10);
    if (dice < 4 && sys.run_idle()) {
        return;
    }
    sys.irq(dice < 7 ? static_cast<uint32_t>(rng.between(1, kLines)) : kWakeLine);
}

void World::repair_something(const Thread &actor)
{
    const struct cap &main = sys.cap_at(main_);
    switch (rng.below(6)) {
    case 0:
        sys.TCB_Configure(actor.tcb, main_, kMainGuard, vspaces_[rng.below(2)], 0, 0x20000000,
                          actor.buffer);
        break;
    case 1:
        if (actor.sc != 0) {
            sys.SchedControl_ConfigureFlags(sys.sched_control(), actor.sc, 1000, 1000, 0, 0, 0);
            sys.SchedContext_Bind(actor.sc, actor.tcb);
        }
        break;
    case 2:
        for (size_t i = 0; i < kept_.size(); i++) {
            if (main.slots[1 + i].cap.type == CAP_NULL) {
                sys.CNode_Mint(main_, 1 + i, kMainRadix, kCNode, kept_[i].first, 64, ABI_RIGHT_ALL,
                               kept_[i].second);
            }
        }
        break;
    case 3:
        sys.TCB_SetPriority(actor.tcb, kTcb, rng.of({50, 100, 100, 120, 200}));
        sys.DomainSet_Set(kDomain, 0, actor.tcb);
        break;
    case 4:
        sys.Untyped_Retype(sys.ram_untyped(), rng.of({ABI_OBJECT_UNTYPED, ABI_OBJECT_REPLY}), 14,
                           kCNode, main_, 64, rng.between(kFirstFree, 127), 1);
        break;
    default:
        sys.TCB_SetFlags(actor.tcb, 1, 0);
        sys.TCB_SetSchedParams(actor.tcb, kTcb, 254, 100, actor.sc, endpoints_[rng.below(3)]);
        break;
    }
}

/* The root task does something, uncounted; preempted, it tries again. */
void World::as_root(const std::function<void()> &action)
{
    totals.add(sys.kernel()->counters, before_);
    sys.auto_restart = true;
    action();
    sys.auto_restart = false;
    before_ = sys.kernel()->counters;
}

/* The root task is awake. */
void World::repair()
{
    note("repair");
    totals.repairs++;
    for (Word i = 0; i < 4 && sys.alive(); i++) {
        repair_something(actors_[rng.below(actors_.size())]);
    }
    for (const Thread &actor : actors_) {
        if (rng.chance(70) && sys.alive()) {
            sys.TCB_Resume(actor.tcb);
        }
    }
    if (sys.alive()) {
        sys.wait(wake_);
    }
}

void World::step()
{
    totals.steps++;
    if (sys.is_idle()) {
        idle_step();
    } else if (sys.is_current(sys.root())) {
        as_root([this] { repair(); });
    } else if (rng.chance(1)) {
        note("wake root");
        sys.irq(kWakeLine);
    } else {
        act();
    }
}

void World::wake_root()
{
    struct kernel *k = sys.kernel();
    /* Threads may have made a schedule without root's domain: that much the operator mends. */
    for (struct domain_entry &entry : k->domain_schedule) {
        entry.domain = 0;
    }
    for (int tries = 0; tries < 100 && sys.alive() && !sys.is_current(sys.root()); tries++) {
        sys.irq(kWakeLine);
        if (!sys.is_current(sys.root())) {
            sys.advance_ticks(100000);
        }
    }
    /* Whoever revokes IRQ control takes root's alarm clock away. */
    bool clock = sim_irq_enabled(sys.sim(), kWakeLine);
    totals.lost += clock ? 0 : 1;
    EXPECT_TRUE(!sys.alive() || !clock || sys.is_current(sys.root())) << "root does not wake up";
}

/* Root revokes all memory, and can use all of it again. */
void World::finale()
{
    note("finale");
    const Word *info = sys.bootinfo();
    for (CPtr untyped = info[21]; untyped < info[22]; untyped++) {
        EXPECT_OK(sys.revoke(untyped));
    }
    for (CPtr untyped = info[21]; untyped < info[22]; untyped++) {
        const struct cap &cap = sys.cap_at(untyped);
        EXPECT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, cap.bits, spare_))
            << "untyped " << untyped << " of 2^" << unsigned{cap.bits} << " bytes";
        EXPECT_OK(sys.del(spare_));
    }
    expect_nothing_left();
}

void World::expect_nothing_left()
{
    const struct kernel *k = sys.kernel();
    EXPECT_EQ(sys.root().object, k->threads);
    EXPECT_EQ(nullptr, k->threads->all_next);
    for (size_t i = 1; i < ABI_ASID_POOLS; i++) {
        EXPECT_EQ(nullptr, k->asid_pools[i]);
    }
    for (Word irq = 1; irq <= kLines; irq++) {
        EXPECT_EQ(IRQ_INACTIVE, k->irq_states[irq]);
        EXPECT_EQ(CAP_NULL, k->irq_slots[irq].cap.type);
    }
}

void World::run(Word seed, Word steps)
{
    sys.restore(start_);
    before_ = sys.kernel()->counters;
    rng = Rng(seed);
    script_.clear();
    history_.clear();
    sys.poll_every(static_cast<uint32_t>(rng.of({1, 2, 100})));
    for (Word i = 0; i < steps && sys.alive(); i++) {
        step();
    }
    sim_clear_injections(sys.sim());
    sys.poll_every(ABI_WORK_UNITS);
    wake_root();
    as_root([this] {
        if (sys.alive() && sys.is_current(sys.root())) {
            finale();
        }
    });
}

} // namespace random_world
} // namespace albireo
