/* SPDX-License-Identifier: BSD-2-Clause */

/* Invocations with arguments that make sense, mostly, for the current thread of a random world. */
#include "tests/api/random_world.h"

#include <algorithm>

namespace albireo {
namespace random_world {

bool World::build_retype(Invocation *i)
{
    i->dest = pick(CAP_UNTYPED, [this](const struct cap &c) { return !c.device || rng.chance(3); });
    Word type = rng.chance(30) ? Word{ABI_OBJECT_UNTYPED} : rng.below(ABI_OBJECT_COUNT);
    Word bits = type == ABI_OBJECT_UNTYPED         ? rng.of({4, 8, 11, 12, 12, 13})
                : type == ABI_OBJECT_CAP_TABLE     ? rng.between(1, 4)
                : type == ABI_OBJECT_SCHED_CONTEXT ? rng.between(7, 9)
                                                   : 0;
    Word count = rng.chance(70) ? 1 : rng.between(1, 4);
    struct slot *first = fresh(count);
    if (first == nullptr) {
        return false;
    }
    Place p = place_of(first);
    Word offset = static_cast<Word>(first - sys.slot_at(main_)->cap.slots);
    if (rng.chance(50)) {
        i->words = {type, bits, rng.next(), 0, offset, count};
    } else {
        /* By way of the main CNode's capability to itself, in its slot 1. */
        Place self = place_of(&sys.slot_at(main_)->cap.slots[1]);
        i->words = {type, bits, self.index, self.depth, offset, count};
    }
    i->caps = {p.root};
    return true;
}

bool World::build_cnode(Invocation *i)
{
    Word wanted = i->label == ABI_LABEL_CNODE_CANCEL_BADGED_SENDS        ? CAP_ENDPOINT
                  : i->label == ABI_LABEL_CNODE_REVOKE && rng.chance(60) ? CAP_UNTYPED
                  : i->label == ABI_LABEL_CNODE_DELETE && rng.chance(20) ? CAP_CNODE
                                                                         : CAP_NULL;
    Place p = victim();
    for (int tries = 0; wanted != CAP_NULL && tries < 40; tries++) {
        if (p.slot == nullptr || p.slot->cap.type == wanted) {
            break;
        }
        p = place(true);
    }
    i->dest = p.root;
    i->words = {p.index, p.depth};
    return p.slot != nullptr;
}

bool World::build_copy(Invocation *i)
{
    bool moves = i->label == ABI_LABEL_CNODE_MOVE || i->label == ABI_LABEL_CNODE_MUTATE;
    struct slot *empty = fresh();
    Place dest = empty != nullptr && rng.chance(70) ? place_of(empty) : place(false);
    Place source = moves ? victim() : place(true);
    i->dest = dest.root;
    i->caps = {source.root};
    i->words = {dest.index, dest.depth, source.index, source.depth};
    if (i->label == ABI_LABEL_CNODE_COPY || i->label == ABI_LABEL_CNODE_MINT) {
        i->words.push_back(rng.chance(70) ? Word{ABI_RIGHT_ALL} : rng.below(16));
    }
    if (i->label == ABI_LABEL_CNODE_MINT || i->label == ABI_LABEL_CNODE_MUTATE) {
        bool cnode = source.slot != nullptr && source.slot->cap.type == CAP_CNODE;
        i->words.push_back(!cnode           ? rng.below(4)
                           : rng.chance(80) ? 64 - source.slot->cap.bits
                                            : rng.below(80));
    }
    return dest.slot != nullptr && source.slot != nullptr;
}

bool World::build_rotate(Invocation *i)
{
    struct slot *empty = fresh();
    Place source = victim();
    Place pivot = victim();
    Place dest = rng.chance(20) ? source : empty != nullptr ? place_of(empty) : place(false);
    i->dest = dest.root;
    i->words = {dest.index,  dest.depth,   rng.below(2), pivot.index,
                pivot.depth, rng.below(2), source.index, source.depth};
    i->caps = {pivot.root, source.root};
    return dest.slot != nullptr && source.slot != nullptr && pivot.slot != nullptr;
}

bool World::build_tcb_space(Invocation *i)
{
    CPtr endpoint = pick_or_null(CAP_ENDPOINT);
    CPtr cspace = pick(CAP_CNODE, [](const struct cap &c) { return c.guard_bits + c.bits == 64; });
    CPtr frame = pick(CAP_FRAME, [](const struct cap &c) { return !c.device; });
    Word buffer = rng.chance(90) ? 0x20000000 + rng.below(4) * 1024 : rng.below(3) * 512;
    switch (i->label) {
    case ABI_LABEL_TCB_CONFIGURE:
        i->words = {0, rng.below(2), buffer};
        i->caps = {cspace, vspace(), frame};
        return true;
    case ABI_LABEL_TCB_SET_SPACE:
        i->words = {0, rng.below(2)};
        i->caps = {endpoint, cspace, vspace()};
        return true;
    case ABI_LABEL_TCB_SET_IPC_BUFFER:
        i->words = {buffer};
        i->caps = {frame};
        return true;
    default:
        i->caps = {endpoint};
        return true;
    }
}

bool World::build_tcb_priority(Invocation *i)
{
    Word priority = rng.chance(90) ? rng.of({1, 50, 90, 100, 100, 110, 150, 254}) : strange_word();
    CPtr authority = pick(CAP_TCB, [](const struct cap &c) { return c.thread->mcp >= 100; });
    i->words = {priority};
    i->caps = {authority};
    if (i->label == ABI_LABEL_TCB_SET_SCHED_PARAMS) {
        const struct thread *target = nullptr;
        for (const Ref &ref : refs_) {
            target = ref.cptr == i->dest && ref.slot->cap.type == CAP_TCB ? ref.slot->cap.thread
                                                                          : target;
        }
        CPtr sc = pick(CAP_SCHED_CONTEXT, [&](const struct cap &c) {
            return target != nullptr && c.sc == target->sc;
        });
        i->words = {rng.chance(80) ? 254 : rng.below(256), priority};
        i->caps = {authority, rng.chance(10) ? pick(CAP_NULL) : sc, pick_or_null(CAP_ENDPOINT)};
    }
    return true;
}

bool World::build_tcb(Invocation *i)
{
    i->dest = pick(CAP_TCB, [this](const struct cap &c) {
        return c.thread != sys.current() || rng.chance(3);
    });
    switch (i->label) {
    case ABI_LABEL_TCB_READ_REGISTERS:
        i->words = {rng.chance(10) ? 1u : 0u, rng.between(1, 32)};
        return true;
    case ABI_LABEL_TCB_WRITE_REGISTERS: {
        Word count = rng.of({0, 1, 3, 32});
        i->words = {rng.below(2), count};
        for (Word n = 0; n < count; n++) {
            i->words.push_back(rng.chance(50) ? any_pointer() : strange_word());
        }
        return true;
    }
    case ABI_LABEL_TCB_COPY_REGISTERS:
        i->words = {rng.chance(20) ? rng.below(16) : rng.below(4) * 4};
        i->caps = {pick(CAP_TCB)};
        return true;
    case ABI_LABEL_TCB_SET_PRIORITY:
    case ABI_LABEL_TCB_SET_MC_PRIORITY:
    case ABI_LABEL_TCB_SET_SCHED_PARAMS:
        return build_tcb_priority(i);
    case ABI_LABEL_TCB_SUSPEND:
        return rng.chance(40);
    case ABI_LABEL_TCB_RESUME:
    case ABI_LABEL_TCB_UNBIND_NOTIFICATION:
        return true;
    case ABI_LABEL_TCB_BIND_NOTIFICATION:
        i->caps = {
            pick(CAP_NOTIFICATION, [](const struct cap &c) { return c.ntfn->bound == nullptr; })};
        return true;
    case ABI_LABEL_TCB_SET_TLS_BASE:
    case ABI_LABEL_TCB_SET_FLAGS:
        i->words = {rng.below(4), rng.below(4)};
        return true;
    default:
        return build_tcb_space(i);
    }
}

bool World::build_irq(Invocation *i)
{
    struct slot *empty = fresh();
    Place p = empty != nullptr ? place_of(empty) : place(false);
    Word irq = rng.between(1, kLines);
    i->dest = pick(CAP_IRQ_HANDLER);
    i->caps = {p.root};
    switch (i->label) {
    case ABI_LABEL_IRQ_CONTROL_GET:
    case ABI_LABEL_IRQ_CONTROL_GET_TRIGGER:
        i->dest = pick(CAP_IRQ_CONTROL);
        i->words = {irq, p.index, p.depth};
        if (i->label == ABI_LABEL_IRQ_CONTROL_GET_TRIGGER) {
            i->words.insert(i->words.begin() + 1, rng.below(2));
        }
        return true;
    default:
        i->caps = {pick(CAP_NOTIFICATION)};
        return true;
    }
}

/* Entry 0 stays the root task's domain, and times are short: everybody gets a turn. */
bool World::build_domain(Invocation *i)
{
    i->dest = pick(CAP_DOMAIN);
    Word domain = rng.chance(90) ? rng.below(std::min<Word>(CONFIG_DOMAINS, 3)) : strange_word();
    if (i->label == ABI_LABEL_DOMAIN_SET) {
        i->words = {domain};
        i->caps = {pick(CAP_TCB)};
    } else if (i->label == ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE) {
        i->words = {CONFIG_DOMAINS == 1 ? 0 : rng.below(5), domain,
                    rng.of({0, 3000, 20000, 90000})};
    } else {
        i->words = {CONFIG_DOMAINS == 1 ? rng.below(8) / 7 : rng.below(5)};
    }
    return true;
}

bool World::build_sched(Invocation *i)
{
    i->dest = pick(CAP_SCHED_CONTEXT, [&](const struct cap &c) {
        return i->label == ABI_LABEL_SCHED_CONTEXT_BIND       ? c.sc->thread == nullptr
               : i->label == ABI_LABEL_SCHED_CONTEXT_YIELD_TO ? c.sc->thread != nullptr
                                                              : true;
    });
    if (i->label == ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS) {
        i->caps = {i->dest};
        i->dest = pick(CAP_SCHED_CONTROL);
        Word budget = rng.of({20, 50, 300, 1000, 5000});
        Word period = budget * rng.of({1, 1, 2, 5, 100});
        i->words = {budget, period, rng.below(9), rng.below(100), rng.below(2)};
        return true;
    }
    bool with_thread = rng.chance(60);
    i->caps = {pick(with_thread ? CAP_TCB : CAP_NOTIFICATION, [&](const struct cap &c) {
        const struct sched_context *sc = with_thread ? c.thread->sc : c.ntfn->sc;
        bool current = with_thread && c.thread == sys.current();
        return !current && (sc == nullptr) == (i->label == ABI_LABEL_SCHED_CONTEXT_BIND);
    })};
    return i->label != ABI_LABEL_SCHED_CONTEXT_UNBIND || rng.chance(40);
}

bool World::build_vspace(Invocation *i)
{
    Word at = vaddr();
    i->dest = pick(CAP_FRAME, [&](const struct cap &c) {
        return (c.asid == 0) == (i->label == ABI_LABEL_PAGE_MAP) || rng.chance(10);
    });
    switch (i->label) {
    case ABI_LABEL_PAGE_TABLE_MAP:
        i->dest = pick(CAP_PAGE_TABLE, [](const struct cap &c) { return c.asid == 0; });
        i->words = {at, 0};
        i->caps = {vspace()};
        return true;
    case ABI_LABEL_PAGE_TABLE_UNMAP:
        i->dest = pick(CAP_PAGE_TABLE, [this](const struct cap &c) { return !is_root_table(c); });
        return true;
    case ABI_LABEL_PAGE_MAP: {
        Word bits = 12;
        for (const Ref &ref : refs_) {
            bits =
                ref.cptr == i->dest && ref.slot->cap.type == CAP_FRAME ? ref.slot->cap.bits : bits;
        }
        i->words = {rng.chance(95) ? at >> bits << bits : at, rng.below(4), rng.below(2)};
        i->caps = {vspace()};
        return true;
    }
    default:
        return true;
    }
}

bool World::build_asid(Invocation *i)
{
    struct slot *empty = fresh();
    Place p = empty != nullptr ? place_of(empty) : place(false);
    if (i->label == ABI_LABEL_ASID_CONTROL_MAKE_POOL) {
        i->dest = pick(CAP_ASID_CONTROL);
        i->words = {p.index, p.depth};
        i->caps = {pick(CAP_UNTYPED, [](const struct cap &c) { return c.bits == 12; }), p.root};
        return true;
    }
    i->dest = pick(CAP_ASID_POOL);
    i->caps = {pick(CAP_PAGE_TABLE, [](const struct cap &c) { return c.asid == 0; })};
    return true;
}

bool World::build(Invocation *i)
{
    switch (i->label) {
    case ABI_LABEL_UNTYPED_RETYPE:
        return build_retype(i);
    case ABI_LABEL_CNODE_REVOKE:
    case ABI_LABEL_CNODE_DELETE:
    case ABI_LABEL_CNODE_CANCEL_BADGED_SENDS:
        return build_cnode(i);
    case ABI_LABEL_CNODE_ROTATE:
        return build_rotate(i);
    case ABI_LABEL_ASID_CONTROL_MAKE_POOL:
    case ABI_LABEL_ASID_POOL_ASSIGN:
        return build_asid(i);
    case ABI_LABEL_IRQ_CONTROL_GET_TRIGGER:
        return build_irq(i);
    default:
        break;
    }
    if (i->label <= ABI_LABEL_TCB_SET_FLAGS) {
        return build_tcb(i);
    }
    if (i->label <= ABI_LABEL_CNODE_MUTATE) {
        return build_copy(i);
    }
    if (i->label <= ABI_LABEL_IRQ_HANDLER_CLEAR) {
        return build_irq(i);
    }
    if (i->label <= ABI_LABEL_DOMAIN_SCHEDULE_SET_START) {
        return build_domain(i);
    }
    return i->label <= ABI_LABEL_SCHED_CONTEXT_YIELD_TO ? build_sched(i) : build_vspace(i);
}

} // namespace random_world
} // namespace albireo
