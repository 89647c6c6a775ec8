/* SPDX-License-Identifier: BSD-2-Clause */

/* What the current thread of a random world does: invocations, IPC, memory, time, traps, plans. */
#include "tests/api/random_world.h"

#include <algorithm>
#include <sstream>

namespace albireo {
namespace random_world {

namespace {

std::string describe(const Invocation &i)
{
    std::ostringstream out;
    out << "label " << i.label << " on " << std::hex << i.dest << ", words";
    for (Word word : i.words) {
        out << " " << word;
    }
    out << ", caps";
    for (CPtr cap : i.caps) {
        out << " " << cap;
    }
    return out.str();
}

} // namespace

/* One thing wrong. */
void World::mutate(Invocation *i)
{
    switch (rng.below(5)) {
    case 0:
        i->dest = any_pointer();
        break;
    case 1:
        i->words.resize(rng.below(i->words.size() + 1));
        break;
    case 2:
        i->caps.resize(rng.below(i->caps.size() + 1));
        break;
    case 3:
        if (!i->caps.empty()) {
            i->caps[rng.below(i->caps.size())] = any_pointer();
        }
        break;
    default:
        if (!i->words.empty()) {
            i->words[rng.below(i->words.size())] = strange_word();
        }
        break;
    }
}

void World::invoke(Invocation i)
{
    /* Domains of a few ticks would be switched for ever, faster than time passes; very long ones
     * would keep the root task from waking up. */
    if (i.label == ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE && i.words.size() >= 3 && i.words[2] != 0 &&
        i.words[2] < Word{1} << 56) {
        i.words[2] = std::clamp<Word>(i.words[2], 3000, 100000);
    }
    note(describe(i));
    bool is_long = i.label == ABI_LABEL_UNTYPED_RETYPE || i.label == ABI_LABEL_CNODE_REVOKE ||
                   i.label == ABI_LABEL_CNODE_DELETE;
    if (is_long && rng.chance(40)) {
        preempt_soon();
    }
    Word form = rng.below(100);
    if (form < 88) {
        sys.call(i.dest, i.label, i.words, i.caps);
    } else if (form < 92) {
        sys.send(i.dest, i.label, i.words, i.caps);
    } else if (form < 96) {
        sys.nb_send(i.dest, i.label, i.words, i.caps);
    } else {
        CPtr source = pick(rng.chance(50) ? CAP_NOTIFICATION : CAP_ENDPOINT);
        sys.nb_send_recv(i.dest, source, pick(CAP_REPLY), i.label, i.words, i.caps);
    }
}

void World::invoke_something()
{
    Invocation i;
    for (bool built = false; !built;) {
        i = Invocation();
        i.label = rng.chance(25) ? rng.of({ABI_LABEL_UNTYPED_RETYPE, ABI_LABEL_CNODE_COPY,
                                           ABI_LABEL_CNODE_MINT, ABI_LABEL_TCB_RESUME})
                                 : rng.between(1, ABI_LABEL_COUNT - 1);
        built = build(&i);
    }
    if (rng.chance(25)) {
        mutate(&i);
    }
    invoke(i);
}

/* IPC, signals and receiving. */
void World::talk()
{
    CPtr endpoint = rng.chance(70) ? pick(CAP_ENDPOINT) : pick(CAP_NOTIFICATION);
    CPtr reply = pick(CAP_REPLY);
    std::vector<Word> words(rng.chance(80) ? rng.below(8) : rng.below(121), rng.next());
    std::vector<CPtr> caps(rng.chance(70) ? 0 : rng.below(4));
    for (CPtr &cap : caps) {
        cap = any_pointer();
    }
    if (sys.buffer_of(sys.current()) != nullptr && rng.chance(50)) {
        Place p = place(false);
        sys.set_receive_slot(p.root, p.index, p.depth);
    }
    Word form = rng.below(14);
    note("talk " + std::to_string(form));
    switch (form) {
    case 0:
    case 1:
        sys.call(endpoint, rng.below(3), words, caps);
        break;
    case 2:
        sys.send(endpoint, rng.next(), words, caps);
        break;
    case 3:
    case 4:
        sys.nb_send(rng.chance(60) ? endpoint : reply, 0, words, caps);
        break;
    case 5:
    case 6:
        sys.recv(endpoint, reply);
        break;
    case 7:
        sys.nb_recv(endpoint, reply);
        break;
    case 8:
        sys.wait(endpoint);
        break;
    case 9:
        sys.nb_wait(endpoint);
        break;
    case 10:
    case 11:
        sys.reply_recv(endpoint, reply, rng.below(2), words, caps);
        break;
    case 12:
        sys.nb_send_wait(endpoint, pick(CAP_NOTIFICATION), 0, words, caps);
        break;
    default:
        sys.yield();
        break;
    }
}

/* Memory and floating point. */
void World::touch()
{
    Word at = rng.chance(90) ? vaddr() + rng.below(512) * 8 : strange_word();
    Word value = 0;
    note("touch");
    switch (rng.below(5)) {
    case 0:
        sys.load(at, &value, 1);
        break;
    case 1:
        sys.store(at, rng.next());
        break;
    case 2:
        sys.fetch(at);
        break;
    case 3:
        sim_fpu_set(sys.sim(), static_cast<uint32_t>(rng.below(33)), rng.next());
        break;
    default:
        sim_fpu_get(sys.sim(), static_cast<uint32_t>(rng.below(33)), &value);
        break;
    }
}

void World::pass_time()
{
    Word ticks = rng.of({1, 10, 190, 210, 1990, 10000, 30000, 200000});
    note("time " + std::to_string(ticks));
    sys.advance_ticks(ticks);
}

void World::odd_trap()
{
    note("odd trap");
    switch (rng.below(4)) {
    case 0:
        sys.fault(rng.of({0, 2, 3, 4, 6}), strange_word());
        break;
    case 1:
        sys.ecall(static_cast<int64_t>(strange_word() & 0x7FFFFFFF), {});
        break;
    case 2:
        sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {any_pointer()});
        break;
    default:
        sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'.'});
        sys.clear_console();
        break;
    }
}

/* An interrupt, or the end of a slice, at one of the next preemption points. */
void World::preempt_soon()
{
    sim_clear_injections(sys.sim());
    sys.poll_every(static_cast<uint32_t>(rng.of({1, 1, 3, 100})));
    if (rng.chance(60)) {
        sys.preempt_at(rng.between(1, 4), static_cast<uint32_t>(rng.between(1, 3)));
    } else {
        sim_advance_at_preemption(sys.sim(), rng.between(1, 4), rng.of({500, 20000, 100000}));
    }
}

/* Interrupts now, or later. */
void World::disturb()
{
    note("interrupts");
    if (rng.chance(30)) {
        preempt_soon();
    } else {
        sys.irq(static_cast<uint32_t>(rng.between(1, kLines)));
    }
}

/* A plan of several steps, carried out by whoever runs: a new thread in three slots. */
void World::plan_thread()
{
    struct slot *slots = fresh(2);
    if (slots == nullptr) {
        return;
    }
    Word offset = static_cast<Word>(slots - sys.slot_at(main_)->cap.slots);
    auto retype = [this, offset](Word type, Word bits, Word n) {
        CPtr untyped = pick(CAP_UNTYPED, [](const struct cap &c) { return !c.device; });
        CPtr root = place_of(sys.slot_at(main_)->cap.slots).root;
        invoke({untyped, ABI_LABEL_UNTYPED_RETYPE, {type, bits, 0, 0, offset + n, 1}, {root}});
    };
    script_.push_back([=] { retype(ABI_OBJECT_TCB, 0, 0); });
    script_.push_back([=] { retype(ABI_OBJECT_SCHED_CONTEXT, 8, 1); });
    for (Word label : {ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, ABI_LABEL_TCB_CONFIGURE,
                       ABI_LABEL_TCB_SET_SCHED_PARAMS, ABI_LABEL_TCB_RESUME}) {
        script_.push_back([this, label, slots] {
            Invocation i;
            i.label = label;
            build(&i);
            if (label == ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS) {
                i.caps = {cptr_of(slots + 1)};
            } else {
                i.dest = cptr_of(slots);
            }
            if (label == ABI_LABEL_TCB_SET_SCHED_PARAMS) {
                i.caps[1] = cptr_of(slots + 1);
            }
            invoke(i);
        });
    }
}

/* A new VSpace, with tables and a frame. */
void World::plan_vspace()
{
    struct slot *slots = fresh(4);
    if (slots == nullptr) {
        return;
    }
    Word offset = static_cast<Word>(slots - sys.slot_at(main_)->cap.slots);
    script_.push_back([this, offset] {
        CPtr untyped = pick(CAP_UNTYPED, [](const struct cap &c) { return c.bits > 13; });
        CPtr root = place_of(sys.slot_at(main_)->cap.slots).root;
        Word type = ABI_OBJECT_PAGE_TABLE;
        invoke({untyped, ABI_LABEL_UNTYPED_RETYPE, {type, 0, 0, 0, offset, 3}, {root}});
    });
    script_.push_back([this, slots] {
        invoke({pick(CAP_ASID_POOL), ABI_LABEL_ASID_POOL_ASSIGN, {}, {cptr_of(slots)}});
    });
    for (Word n : {1, 2}) {
        script_.push_back([this, slots, n] {
            invoke({cptr_of(slots + n), ABI_LABEL_PAGE_TABLE_MAP, {kVaddr, 0}, {cptr_of(slots)}});
        });
    }
    script_.push_back([this, slots] {
        CPtr frame = pick(CAP_FRAME, [](const struct cap &c) { return c.asid == 0; });
        invoke({frame, ABI_LABEL_PAGE_MAP, {kVaddr, 3, 0}, {cptr_of(slots)}});
    });
}

} // namespace random_world
} // namespace albireo
