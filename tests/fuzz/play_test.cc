/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/play.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/world_fixture.h"

extern "C" {
#include "fuzz/api/select.h"
#include "hosted/trace/trace.h"
}

namespace albireo {
namespace {

class Play : public WorldTest {
  protected:
    bool play(const struct input &input, const struct play_options *options = nullptr)
    {
        bool good = play_input(world_, nullptr, &input, options);
        EXPECT_EQ(good, sim_status(world_->sim) != SIM_PANICKED);
        return good;
    }
    /* An input that finds something fails the test. */
    void play_well(const struct input &input)
    {
        EXPECT_TRUE(play(input)) << sim_message(world_->sim);
    }
};

struct input random_input(uint64_t seed, uint32_t events)
{
    std::mt19937_64 random(seed);
    std::vector<uint8_t> bytes(INPUT_HEADER + events * INPUT_EVENT);
    for (uint8_t &byte : bytes) {
        byte = static_cast<uint8_t>(random() >> 24);
    }
    struct input input;
    input_decode(bytes.data(), bytes.size(), &input);
    return input;
}

struct input_event event_of(enum input_kind kind, uint8_t which = 0)
{
    struct input_event event = {};
    event.what = input_what(kind);
    event.which = which;
    return event;
}

struct input_event invoke(uint32_t label, std::initializer_list<struct input_selector> selectors)
{
    struct input_event event = event_of(INPUT_INVOKE, input_which(label));
    size_t i = 0;
    for (struct input_selector selector : selectors) {
        event.selectors[i++] = selector;
    }
    return event;
}

struct input input_of(const std::vector<struct input_event> &events,
                      enum world_topology t = WORLD_SHARED)
{
    struct input input = {};
    input.config.topology = static_cast<uint8_t>(t);
    for (const struct input_event &event : events) {
        input.events[input.count++] = event;
    }
    return input;
}

TEST_F(Play, TheSameInputAlwaysDoesTheSame)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct input input = random_input(seed, 32);
        uint64_t entries = play_totals()->entries;
        play_well(input);
        uint64_t hash = trace_state_hash(world_->sim);
        uint64_t first = play_totals()->entries - entries;
        play_well(random_input(seed + 1000, 16));
        entries = play_totals()->entries;
        play_well(input);
        EXPECT_EQ(hash, trace_state_hash(world_->sim)) << seed;
        EXPECT_EQ(first, play_totals()->entries - entries) << seed;
    }
}

TEST_F(Play, AnInputLeavesNothingBehind)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct input input = random_input(seed, 24);
        play_well(input);
        reset(input.config.topology % WORLD_TOPOLOGIES);
        EXPECT_EQ("", is_reset()) << seed;
    }
}

/* Where a call costs more than the caller's budget, or refills come no more, repeating it ends. */
TEST_F(Play, RepetitionsAreLimited)
{
    uint64_t most = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct input input = random_input(seed, 64);
        input.config.entry_ticks = seed % 2 == 0 ? 6 : 0;
        input.config.start = seed % 2 == 0 ? 0 : 6;
        uint64_t entries = play_totals()->entries;
        play_well(input);
        entries = play_totals()->entries - entries;
        EXPECT_LT(entries, 800U) << seed;
        most = std::max(most, entries);
    }
    EXPECT_GT(most, 96U); /* Some inputs do get that far. */
}

/* Most invocations of random inputs succeed, of every kind that all subsystems can make. */
TEST_F(Play, RandomInputsGetDeep)
{
    uint64_t success[ABI_LABEL_COUNT] = {};
    uint64_t errors = 0;
    uint64_t total = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct input input = random_input(seed, 24);
        reset(input.config.topology % WORLD_TOPOLOGIES);
        struct counters before = k()->counters;
        play_well(input);
        const struct counters &now = k()->counters;
        for (uint32_t label = 1; label < ABI_LABEL_COUNT; label++) {
            success[label] += now.success[label] - before.success[label];
            for (uint32_t check = 0; check < ABI_CHECK_MAX; check++) {
                errors += now.errors[label][check] - before.errors[label][check];
            }
        }
    }
    for (uint32_t label = 1; label < ABI_LABEL_COUNT; label++) {
        EXPECT_GE(success[label], 1u) << label;
        total += success[label];
    }
    EXPECT_GE(total, errors);
}

TEST_F(Play, ModeZeroSucceeds)
{
    const uint32_t labels[] = {ABI_LABEL_UNTYPED_RETYPE,  ABI_LABEL_TCB_READ_REGISTERS,
                               ABI_LABEL_TCB_CONFIGURE,   ABI_LABEL_TCB_SET_PRIORITY,
                               ABI_LABEL_CNODE_COPY,      ABI_LABEL_CNODE_MINT,
                               ABI_LABEL_CNODE_MOVE,      ABI_LABEL_CNODE_DELETE,
                               ABI_LABEL_IRQ_HANDLER_ACK, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
                               ABI_LABEL_PAGE_TABLE_MAP,  ABI_LABEL_PAGE_MAP,
                               ABI_LABEL_ASID_POOL_ASSIGN};
    for (uint32_t label : labels) {
        reset(WORLD_SHARED);
        uint32_t before = successes(label);
        play_well(input_of({invoke(label, {{0, 0}, {0, 0}, {0, 0}, {0, 1}, {0, 2}, {0, 3}})}));
        EXPECT_EQ(before + 1, successes(label)) << label;
    }
}

/* Four endpoints are made, then revoked, with an interrupt when the kernel first looks for one. */
TEST_F(Play, APreemptedOperationIsRepeatedToItsEnd)
{
    struct input_event four =
        invoke(ABI_LABEL_UNTYPED_RETYPE, {{0, 2}, {0, 0}, {0, 0}, {176, 2}, {0, 0}, {0, 50}});
    struct input_event irq = event_of(INPUT_IRQ_AT_POLL);
    struct input_event revoke =
        invoke(ABI_LABEL_CNODE_REVOKE, {{0, WORLD_SLOT_UNTYPED_0}, {0, 0}, {0, 0}});
    struct input input = input_of({four, irq, revoke, event_of(INPUT_YIELD)});
    reset(WORLD_SHARED);
    struct counters before = k()->counters;
    play_well(input);
    const struct counters &now = k()->counters;
    EXPECT_EQ(before.success[ABI_LABEL_UNTYPED_RETYPE] + 1, now.success[ABI_LABEL_UNTYPED_RETYPE]);
    EXPECT_EQ(before.preempted[ABI_LABEL_CNODE_REVOKE] + 1, now.preempted[ABI_LABEL_CNODE_REVOKE]);
    EXPECT_EQ(before.success[ABI_LABEL_CNODE_REVOKE] + 1, now.success[ABI_LABEL_CNODE_REVOKE]);
}

TEST_F(Play, WhoMakesAThreadCurrent)
{
    for (uint8_t t = 0; t < WORLD_THREADS; t++) {
        struct input_event event = event_of(INPUT_REGISTERS, 8); /* x9 and up. */
        event.who = static_cast<uint8_t>(t + 1);
        event.selectors[0] = {0, 77};
        struct input input = input_of({event}, WORLD_OPEN);
        reset(WORLD_OPEN);
        uint64_t before = world_->threads[t]->regs.x[9];
        play_well(input);
        EXPECT_NE(77u, before);
        EXPECT_EQ(77u, world_->threads[t]->regs.x[9]) << int{t};
    }
}

TEST_F(Play, TheClockMayStandAnywhere)
{
    for (int start = 0; start < 256; start++) {
        struct input input = random_input(static_cast<uint64_t>(start), 12);
        input.config.start = static_cast<uint8_t>(start);
        play_well(input);
    }
}

struct Watcher {
    struct world *world;
    uint64_t before, after;
    bool pretend; /* That whoever is current is the root task. */
};

struct sim_observer observer_of(Watcher *watcher)
{
    struct sim_observer observer = {};
    observer.context = watcher;
    observer.before = [](void *context, enum sim_event, uint64_t, uint64_t) {
        auto w = static_cast<Watcher *>(context);
        w->before++;
        if (w->pretend) {
            w->world->root = sim_current(w->world->sim);
        }
    };
    observer.after = [](void *context) {
        static_cast<Watcher *>(context)->after++;
    };
    return observer;
}

TEST_F(Play, AWatcherSeesEveryKernelEntry)
{
    Watcher watcher = {world_, 0, 0, false};
    struct sim_observer observer = observer_of(&watcher);
    struct play_options options = {nullptr, &observer};
    uint64_t entries = play_totals()->entries;
    EXPECT_TRUE(play(random_input(5, 40), &options));
    EXPECT_LT(10u, watcher.before);
    EXPECT_EQ(watcher.before, watcher.after);
    EXPECT_EQ(watcher.before, play_totals()->entries - entries);
}

TEST_F(Play, TheRootTaskMustNotBecomeCurrent)
{
    Watcher watcher = {world_, 0, 0, true};
    struct sim_observer observer = observer_of(&watcher);
    struct play_options options = {nullptr, &observer};
    struct thread *root = world_->root;
    EXPECT_FALSE(play(input_of({invoke(ABI_LABEL_IRQ_HANDLER_ACK, {})}), &options));
    world_->root = root;
    EXPECT_STREQ("the root task, which must sleep, is current", sim_message(world_->sim));
}

TEST_F(Play, TheLogTellsWhatEventsTurnInto)
{
    char *text = nullptr;
    size_t size = 0;
    struct play_options options = {open_memstream(&text, &size), nullptr};
    EXPECT_TRUE(
        play(input_of({invoke(ABI_LABEL_IRQ_HANDLER_ACK, {}), event_of(INPUT_YIELD)}), &options));
    std::fclose(options.log);
    std::string log(text, size);
    std::free(text);
    EXPECT_NE(std::string::npos, log.find("event 1: invoke\n")) << log;
    EXPECT_NE(std::string::npos, log.find("IRQHandler_Ack()")) << log;
    EXPECT_NE(std::string::npos, log.find("= ok")) << log;
    EXPECT_NE(std::string::npos, log.find("event 2: yield\n")) << log;
}

/* The linker knows where the section begins and ends. */
extern "C" uint8_t __start___libfuzzer_extra_counters[];
extern "C" uint8_t __stop___libfuzzer_extra_counters[];

TEST_F(Play, OutcomesAreFeedback)
{
    auto features = [this](const struct input &input) {
        uint8_t *first = __start___libfuzzer_extra_counters;
        std::memset(first, 0, static_cast<size_t>(__stop___libfuzzer_extra_counters - first));
        play_well(input);
        return std::vector<uint8_t>(first, __stop___libfuzzer_extra_counters);
    };
    struct input_event good = invoke(ABI_LABEL_TCB_RESUME, {});
    struct input_event bad = invoke(ABI_LABEL_TCB_SET_TLS_BASE, {});
    bad.how = 255; /* Without its words. */
    std::vector<uint8_t> none = features(input_of({}));
    std::vector<uint8_t> one = features(input_of({good}));
    std::vector<uint8_t> both = features(input_of({good, bad}));
    EXPECT_EQ(none.size(), static_cast<size_t>(std::count(none.begin(), none.end(), 0)));
    EXPECT_EQ(one.size() - 2, static_cast<size_t>(std::count(one.begin(), one.end(), 0)));
    EXPECT_EQ(both.size() - 3, static_cast<size_t>(std::count(both.begin(), both.end(), 0)));
}

/* An oracle that looks for the kernel's addresses must not find what users have made up. */
TEST(Select, NoWordLooksLikeTheKernels)
{
    std::set<uint64_t> words;
    for (int i = 0; i < 0x10000; i++) {
        uint64_t word = select_word({static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)});
        words.insert(word);
        EXPECT_FALSE(word >= SIM_WINDOW && word - SIM_WINDOW < uint64_t{1} << 36) << word;
        EXPECT_NE(WORLD_POISON, word);
        EXPECT_NE(world_secret(0, 0) >> 40, word >> 40);
    }
    EXPECT_LT(1000u, words.size());
}

} // namespace
} // namespace albireo
