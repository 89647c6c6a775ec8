/* SPDX-License-Identifier: BSD-2-Clause */

/* A small system whose threads use the whole API at random, from a seed (see random_test.cc).
 *
 * The threads share most of what they hold: a main CNode, two VSpaces, endpoints, and so on. They
 * get copies of what is there at the start, so that no thread can destroy the world by one call,
 * and originals of memory and IPC objects to work with. The root task has the highest priority,
 * holds what nobody else can name, sleeps, and repairs things when it is woken.
 */
#ifndef TESTS_API_RANDOM_WORLD_H
#define TESTS_API_RANDOM_WORLD_H

#include <array>
#include <deque>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/system.h"

namespace albireo {
namespace random_world {

constexpr Word kMainRadix = 7; /* Of the CNode that all threads share. */
constexpr Word kMainGuard = 64 - kMainRadix;
constexpr Word kSecondRadix = 4; /* Of a CSpace root that leads to the main CNode. */
constexpr Word kFirstFree = 64;  /* Slots of the main CNode from here on start empty. */
constexpr Word kVaddr = 0x50000000;
constexpr uint32_t kWakeLine = 50; /* Wakes the root task. */
constexpr uint32_t kLines = 6;     /* Lines that threads may get. */

/* splitmix64. Seeds are scrambled: the sequences of neighbours have nothing in common. */
class Rng {
  public:
    explicit Rng(Word seed) : state_(seed)
    {
        state_ = next() ^ (next() << 1);
    }
    Word next()
    {
        Word z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    Word below(Word n)
    {
        return next() % n;
    }
    Word between(Word low, Word high)
    {
        return low + below(high - low + 1);
    }
    bool chance(Word percent)
    {
        return below(100) < percent;
    }
    Word of(std::initializer_list<Word> words)
    {
        return words.begin()[below(words.size())];
    }

  private:
    Word state_;
};

/* A slot that the current thread can name. */
struct Ref {
    CPtr cptr;
    struct slot *slot;
};

/* A slot as a CNode operation names it. */
struct Place {
    CPtr root = 0;
    Word index = 0, depth = 0;
    struct slot *slot = nullptr;
};

struct Invocation {
    CPtr dest = 0;
    Word label = 0;
    std::vector<Word> words;
    std::vector<CPtr> caps;
};

/* How often everything happened, over all seeds. Invocations are those of the threads, without the
 * root task's. */
struct Totals {
    Word steps = 0, idle = 0, repairs = 0, lost = 0, entries = 0, success = 0, errors = 0,
         preempted = 0;
    std::array<Word, ABI_LABEL_COUNT> by_label = {};
    std::array<std::array<Word, ABI_CHECK_MAX>, ABI_LABEL_COUNT> by_check = {};
    std::array<Word, 12> syscalls = {}; /* By negated number. */
    std::array<Word, 8> faults = {};

    /* What the kernel has counted between the two. */
    void add(const struct counters &now, const struct counters &before);
};

/* The machine, its inhabitants, and the generator. */
class World {
  public:
    World();

    /* One sequence, from the same start. Failures are those of the test. */
    void run(Word seed, Word steps);
    /* What happened last, for a failure. */
    std::string history() const;

    System sys;
    Totals totals;

  private:
    void cycle_untypeds();
    void populate();
    void fill_main();
    void keep(CPtr source, Word data = 0);
    void give(Word type, Word size_bits, Word count, CPtr from = 0);
    void spawn_actors();
    void connect_interrupts();
    CPtr other_untyped(Word bits) const;

    void step();
    void idle_step();
    void repair();
    void repair_something(const Thread &actor);
    void wake_root();
    void finale();
    void as_root(const std::function<void()> &action);
    void expect_nothing_left();
    void act();
    void invoke_something();
    void invoke(Invocation invocation);
    void mutate(Invocation *invocation);
    void talk();
    void touch();
    void pass_time();
    void odd_trap();
    void disturb();
    void preempt_soon();
    void plan();
    void plan_thread();
    void plan_vspace();

    bool build(Invocation *i);
    bool build_retype(Invocation *i);
    bool build_cnode(Invocation *i);
    bool build_copy(Invocation *i);
    bool build_rotate(Invocation *i);
    bool build_tcb(Invocation *i);
    bool build_tcb_space(Invocation *i);
    bool build_tcb_priority(Invocation *i);
    bool build_irq(Invocation *i);
    bool build_domain(Invocation *i);
    bool build_sched(Invocation *i);
    bool build_vspace(Invocation *i);
    bool build_asid(Invocation *i);

    void collect();
    void collect_from(const struct cap &root, Word prefix, Word used, std::vector<Ref> *inner);
    using Predicate = std::function<bool(const struct cap &)>;
    CPtr pick(Word type, const Predicate &predicate = {});
    CPtr pick_or_null(Word type);
    CPtr any_pointer();
    CPtr cptr_of(const struct slot *slot) const;
    Place place(bool occupied);
    Place place_of(const struct slot *slot);
    Place victim();
    struct slot *fresh(Word count = 1);
    Word strange_word();
    Word vaddr();
    bool is_root_table(const struct cap &cap) const;
    CPtr vspace();
    void note(const std::string &text);

    Rng rng;
    Snapshot start_;
    struct counters before_; /* Since when the threads' doings have not been counted. */
    std::vector<Ref> refs_;
    std::vector<Thread> actors_;
    std::deque<std::function<void()>> script_;
    std::deque<std::string> history_;
    CPtr main_ = 0, second_ = 0; /* CNodes, by root's slots. */
    CPtr wake_ = 0;
    CPtr spare_ = 0; /* An empty slot of root's. */
    std::vector<CPtr> vspaces_, endpoints_;
    std::vector<std::pair<CPtr, Word>> kept_; /* Copies in the main CNode: source, mint data. */
    Word next_main_ = 1;
};

} // namespace random_world
} // namespace albireo

#endif
