/* SPDX-License-Identifier: BSD-2-Clause */

/* Call chains: a client lends its SC through passive servers; then Reply objects, threads and the
 * SC die in all orders. After every step the state is compared with a model of docs/abi/07 sections
 * 7.5 and 7.6. */
#include <algorithm>

#include "tests/support/system.h"

namespace albireo {

namespace {

/* What root does to a chain. The number is a thread's (0, the client, to depth) or a Reply object's
 * (1 to depth; object i holds thread i - 1 while thread i works for it). */
enum Verb {
    DELETE_REPLY,
    REPLY,
    SUSPEND,
    DELETE_TCB,
    DELETE_SC,
    UNBIND_SC,
    UNBIND_OBJECT,
    BIND,
};

struct Step {
    Verb verb;
    int index;
};

std::string text_of(const Step &step)
{
    const char *const names[] = {"delete reply ", "reply ",     "suspend ",   "delete thread ",
                                 "delete SC ",    "unbind SC ", "take from ", "bind to "};
    return names[step.verb] + std::to_string(step.index) + "; ";
}

/* --- The model -------------------------------------------------------------------------------- */

struct Model {
    enum Life { RUNNABLE, AWAITS_REPLY, INACTIVE, DEAD };
    struct Actor {
        Life life = RUNNABLE;
        int reply = 0; /* Awaited one. */
    };
    struct Object {
        bool alive = true;
        int caller = -1;
        int prev = 0;
        int next = 0;
    };
    std::vector<Actor> threads;
    std::vector<Object> replies; /* From 1. */
    int holder;                  /* Of the SC, -1: nobody. */
    int top;                     /* Of its call stack. */
    bool sc_alive = true;

    explicit Model(int depth)
        : threads(size_t(depth) + 1), replies(size_t(depth) + 1), holder(depth), top(depth)
    {
        for (int i = 1; i <= depth; i++) {
            reply(i).caller = i - 1;
            reply(i).prev = i - 1;
            reply(i).next = i == depth ? 0 : i + 1;
            thread(i - 1).life = AWAITS_REPLY;
            thread(i - 1).reply = i;
        }
    }

    Actor &thread(int i)
    {
        return threads[size_t(i)];
    }
    Object &reply(int i)
    {
        return replies[size_t(i)];
    }

    void cut(int i)
    {
        Object &r = reply(i);
        if (r.prev != 0) {
            reply(r.prev).next = 0;
        }
        if (r.next != 0) {
            reply(r.next).prev = 0;
        }
        top = top == i ? 0 : top;
        r.prev = r.next = 0;
    }

    void detach(int i)
    {
        thread(reply(i).caller).life = INACTIVE;
        thread(reply(i).caller).reply = 0;
        reply(i).caller = -1;
    }

    void remove(int i)
    {
        if (top == i) {
            int below = reply(i).prev;
            cut(i);
            top = below;
            holder = reply(i).caller; /* There is no other SC that it could have. */
        } else {
            cut(i);
        }
        detach(i);
    }

    void stop(int t)
    {
        int r = thread(t).reply;
        if (r != 0) {
            cut(r);
            detach(r);
        }
        thread(t).life = INACTIVE;
    }

    void apply(const Step &s)
    {
        switch (s.verb) {
        case DELETE_REPLY:
            if (reply(s.index).caller >= 0) {
                remove(s.index);
            }
            reply(s.index).alive = false;
            break;
        case REPLY:
            if (int c = reply(s.index).caller; c >= 0) {
                remove(s.index);
                thread(c).life = RUNNABLE;
            }
            break;
        case SUSPEND:
            if (thread(s.index).life != DEAD) {
                stop(s.index);
            }
            break;
        case DELETE_TCB:
            if (thread(s.index).life != DEAD) {
                holder = holder == s.index ? -1 : holder;
                stop(s.index);
                thread(s.index).life = DEAD;
            }
            break;
        case DELETE_SC:
            sc_alive = false;
            [[fallthrough]];
        case UNBIND_SC:
            holder = -1;
            top = 0;
            break;
        case UNBIND_OBJECT:
            holder = holder == s.index ? -1 : holder;
            break;
        case BIND:
            if (sc_alive && holder == -1 && thread(s.index).life != DEAD) {
                holder = s.index;
            }
        }
    }
};

/* --- The system ------------------------------------------------------------------------------- */

struct Chain {
    System sys;
    int depth;
    std::vector<Thread> threads;
    std::vector<CPtr> replies = {0};
    std::vector<CPtr> endpoints = {0};
    CPtr sc = 0;
    struct sched_context *sc_object = nullptr;
    std::vector<struct reply *> reply_objects = {nullptr};

    explicit Chain(int n) : depth(n)
    {
        threads.resize(size_t(n) + 1);
        for (int i = 1; i <= n; i++) {
            endpoints.push_back(sys.make(ABI_OBJECT_ENDPOINT));
            replies.push_back(sys.make(ABI_OBJECT_REPLY));
            reply_objects.push_back(sys.reply_of(replies.back()));
            threads[size_t(i)] = sys.spawn({.priority = 110});
            sys.recv(endpoints.back(), replies.back());
            EXPECT_OK(sys.SchedContext_Unbind(threads[size_t(i)].sc));
        }
        threads[0] = sys.spawn({.priority = 110});
        sc = threads[0].sc;
        sc_object = sys.sc_of(sc);
        for (int i = 1; i <= n; i++) {
            sys.call(endpoints[size_t(i)], Word(i));
            EXPECT_CURRENT(sys, threads[size_t(i)]);
        }
        sys.TCB_SetPriority(kTcb, kTcb, 200);
        EXPECT_CURRENT(sys, sys.root());
    }

    void apply(const Step &s)
    {
        size_t i = size_t(s.index);
        switch (s.verb) {
        case DELETE_REPLY:
            EXPECT_OK(sys.del(replies[i]));
            break;
        case REPLY:
            EXPECT_TRUE(sys.send(replies[i], 0x77).returned);
            break;
        case SUSPEND:
            sys.TCB_Suspend(threads[i].tcb);
            break;
        case DELETE_TCB:
            EXPECT_OK(sys.del(threads[i].tcb));
            break;
        case DELETE_SC:
            EXPECT_OK(sys.del(sc));
            break;
        case UNBIND_SC:
            sys.SchedContext_Unbind(sc);
            break;
        case UNBIND_OBJECT:
            sys.SchedContext_UnbindObject(sc, threads[i].tcb);
            break;
        case BIND:
            sys.SchedContext_Bind(sc, threads[i].tcb);
        }
        EXPECT_CURRENT(sys, sys.root());
    }

    void expect_thread(Model &m, int i)
    {
        if (m.thread(i).life == Model::DEAD) {
            return;
        }
        const struct thread *t = threads[size_t(i)].object;
        EXPECT_EQ(t->sc, m.holder == i ? sc_object : nullptr) << "SC of thread " << i;
        EXPECT_EQ(t->reply, reply_objects[size_t(m.thread(i).reply)]) << "thread " << i;
        switch (m.thread(i).life) {
        case Model::RUNNABLE:
            EXPECT_TRUE(thread_is_runnable(t)) << "thread " << i;
            break;
        case Model::AWAITS_REPLY:
            EXPECT_EQ(t->state, THREAD_BLOCKED_ON_REPLY) << "thread " << i;
            break;
        case Model::INACTIVE:
            EXPECT_EQ(t->state, THREAD_INACTIVE) << "thread " << i;
            break;
        case Model::DEAD:
            break;
        }
    }

    void expect_like(Model &m)
    {
        for (int i = 0; i <= depth; i++) {
            expect_thread(m, i);
        }
        for (int i = 1; i <= depth; i++) {
            if (m.reply(i).alive) {
                const struct thread *caller =
                    m.reply(i).caller < 0 ? nullptr : threads[size_t(m.reply(i).caller)].object;
                EXPECT_EQ(reply_objects[size_t(i)]->thread, caller) << "reply " << i;
            }
        }
        if (!m.sc_alive) {
            return;
        }
        EXPECT_EQ(sc_object->thread, m.holder < 0 ? nullptr : threads[size_t(m.holder)].object);
        const struct reply *r = sc_object->reply;
        for (int i = m.top; i != 0; i = m.reply(i).prev) {
            ASSERT_EQ(r, reply_objects[size_t(i)]) << "call stack";
            r = r->prev;
        }
        EXPECT_EQ(r, nullptr) << "end of the call stack";
    }

    /* From the fresh chain; stops at the first difference. */
    void run(const Snapshot &fresh, const std::vector<Step> &steps)
    {
        sys.restore(fresh);
        Model model(depth);
        std::string trace;
        for (const Step &step : steps) {
            trace += text_of(step);
            SCOPED_TRACE(trace);
            apply(step);
            model.apply(step);
            expect_like(model);
            if (::testing::Test::HasFailure()) {
                return;
            }
        }
    }
};

/* Every sequence of `length` different steps of those. */
void run_sequences(Chain &chain, const Snapshot &fresh, const std::vector<Step> &steps,
                   size_t length)
{
    std::vector<size_t> order;
    for (size_t i = 0; i < steps.size(); i++) {
        order.push_back(i);
    }
    std::vector<size_t> last;
    do {
        std::vector<size_t> head(order.begin(), order.begin() + long(length));
        if (head == last) {
            continue; /* Only the rest differs. */
        }
        last = head;
        std::vector<Step> chosen;
        for (size_t i : head) {
            chosen.push_back(steps[i]);
        }
        chain.run(fresh, chosen);
        /* To the last order with this head: the next one has another. */
        std::sort(order.begin() + long(length), order.end(), std::greater<>());
    } while (!::testing::Test::HasFailure() && std::next_permutation(order.begin(), order.end()));
}

void run_permutations(int depth, const std::vector<Step> &steps)
{
    Chain chain(depth);
    Snapshot fresh = chain.sys.snapshot();
    run_sequences(chain, fresh, steps, steps.size());
}

std::vector<Step> each(Verb verb, int from, int to)
{
    std::vector<Step> steps;
    for (int i = from; i <= to; i++) {
        steps.push_back({verb, i});
    }
    return steps;
}

std::vector<Step> operator+(std::vector<Step> a, const std::vector<Step> &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/* --- Facts ------------------------------------------------------------------------------------ */

TEST(CallChain, EveryDepthStacksItsReplyObjectsAndLendsTheSc)
{
    for (int depth = 1; depth <= 6; depth++) {
        Chain chain(depth);
        Model model(depth);
        chain.expect_like(model);
    }
}

TEST(CallChain, RepliesInOrderBringTheScBackStepByStep)
{
    for (int depth = 1; depth <= 6; depth++) {
        Chain chain(depth);
        Model model(depth);
        for (int i = depth; i >= 1; i--) {
            chain.apply({REPLY, i});
            model.apply({REPLY, i});
            EXPECT_EQ(model.holder, i - 1);
            chain.expect_like(model);
            EXPECT_EQ(chain.threads[size_t(i) - 1].message().label, 0x77u);
        }
    }
}

TEST(CallChain, DeletingTheServersReplyObjectAndThenTheProxysBringsTheScToTheClient)
{
    Chain chain(2);
    chain.apply({DELETE_REPLY, 2});
    EXPECT_EQ(chain.threads[1].sc_object(), chain.sc_object);
    EXPECT_EQ(chain.threads[1].state(), THREAD_INACTIVE);
    chain.apply({DELETE_REPLY, 1});
    EXPECT_EQ(chain.threads[0].sc_object(), chain.sc_object);
    EXPECT_EQ(chain.threads[0].state(), THREAD_INACTIVE);
}

TEST(CallChain, DeletingTheProxysReplyObjectFirstLeavesTheScAtTheProxy)
{
    Chain chain(2);
    chain.apply({DELETE_REPLY, 1});
    EXPECT_EQ(chain.threads[2].sc_object(), chain.sc_object);
    chain.apply({DELETE_REPLY, 2});
    EXPECT_EQ(chain.threads[1].sc_object(), chain.sc_object);
    EXPECT_EQ(chain.threads[0].sc_object(), nullptr);
    EXPECT_EQ(chain.sc_object->reply, nullptr);
}

TEST(CallChain, ReplyToTheClientOverTheHeadOfTheServerMovesNoSc)
{
    Chain chain(3);
    chain.apply({REPLY, 1});
    EXPECT_EQ(chain.threads[0].state(), THREAD_RUNNING);
    EXPECT_EQ(chain.threads[0].sc_object(), nullptr);
    EXPECT_EQ(chain.threads[3].sc_object(), chain.sc_object);
}

TEST(CallChain, ActiveProxyLendsItsOwnSc)
{
    System sys;
    CPtr ep1 = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ep2 = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply1 = sys.make(ABI_OBJECT_REPLY);
    CPtr reply2 = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 110});
    sys.recv(ep2, reply2);
    EXPECT_OK(sys.SchedContext_Unbind(server.sc));
    Thread proxy = sys.spawn({.priority = 110});
    sys.recv(ep1, reply1);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep1, 1);
    EXPECT_CURRENT(sys, proxy);
    sys.call(ep2, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(server.sc_object(), sys.sc_of(proxy.sc));
    EXPECT_EQ(client.sc_object(), sys.sc_of(client.sc));
    sys.nb_send(reply1, 1); /* Over the head of the proxy. */
    EXPECT_EQ(client.state(), THREAD_RUNNING);
    EXPECT_EQ(server.sc_object(), sys.sc_of(proxy.sc));
    sys.send(reply2, 1);
    EXPECT_EQ(proxy.sc_object(), sys.sc_of(proxy.sc));
    EXPECT_EQ(server.sc_object(), nullptr);
}

TEST(CallChain, ProxyThatForwardsByReplyRecvKeepsTheStackOfTheNextCaller)
{
    Chain chain(1);
    Thread next = chain.sys.spawn({.priority = 120, .start = false});
    chain.sys.TCB_Resume(next.tcb);
    chain.sys.TCB_SetPriority(kTcb, kTcb, 50);
    EXPECT_CURRENT(chain.sys, next);
    chain.sys.call(chain.endpoints[1], 5);
    EXPECT_CURRENT(chain.sys, chain.threads[1]);
    chain.sys.reply_recv(chain.endpoints[1], chain.replies[1], 6);
    EXPECT_EQ(chain.threads[0].sc_object(), chain.sc_object);
    EXPECT_EQ(chain.threads[1].sc_object(), chain.sys.sc_of(next.sc));
    EXPECT_EQ(chain.sys.sc_of(next.sc)->reply, chain.reply_objects[1]);
    EXPECT_EQ(chain.sc_object->reply, nullptr);
}

/* --- All orders ------------------------------------------------------------------------------- */

TEST(CallChainOrders, DeletingReplyObjects)
{
    for (int depth = 1; depth <= 4; depth++) {
        run_permutations(depth, each(DELETE_REPLY, 1, depth));
    }
}

TEST(CallChainOrders, Replying)
{
    for (int depth = 1; depth <= 4; depth++) {
        run_permutations(depth, each(REPLY, 1, depth));
    }
}

TEST(CallChainOrders, SuspendingThreads)
{
    for (int depth = 1; depth <= 3; depth++) {
        run_permutations(depth, each(SUSPEND, 0, depth));
    }
}

TEST(CallChainOrders, DeletingThreads)
{
    for (int depth = 1; depth <= 3; depth++) {
        run_permutations(depth, each(DELETE_TCB, 0, depth));
    }
}

TEST(CallChainOrders, DeepChainsFromBothEndsAndTheMiddle)
{
    for (int depth = 5; depth <= 6; depth++) {
        Chain chain(depth);
        Snapshot fresh = chain.sys.snapshot();
        for (Verb verb : {DELETE_REPLY, REPLY, SUSPEND, DELETE_TCB}) {
            std::vector<Step> steps = each(verb, 1, depth);
            chain.run(fresh, steps);
            std::rotate(steps.begin(), steps.begin() + 2, steps.end());
            chain.run(fresh, steps);
            std::reverse(steps.begin(), steps.end());
            chain.run(fresh, steps);
            std::sort(steps.begin(), steps.end(),
                      [](const Step &a, const Step &b) { return a.index > b.index; });
            chain.run(fresh, steps);
        }
    }
}

TEST(CallChainOrders, ScDiesAmongReplyObjects)
{
    run_permutations(3, each(DELETE_REPLY, 1, 3) + each(DELETE_SC, 0, 0));
    run_permutations(3, each(REPLY, 1, 3) + each(DELETE_SC, 0, 0));
    run_permutations(3, each(REPLY, 1, 3) + each(UNBIND_SC, 0, 0));
}

TEST(CallChainOrders, OneOfEachKind)
{
    run_permutations(3, {{DELETE_REPLY, 2}, {SUSPEND, 0}, {DELETE_TCB, 3}, {REPLY, 1}});
    run_permutations(3, {{DELETE_REPLY, 3}, {SUSPEND, 1}, {DELETE_TCB, 2}, {REPLY, 1}});
    run_permutations(3, {{DELETE_REPLY, 1}, {SUSPEND, 2}, {UNBIND_OBJECT, 3}, {REPLY, 3}});
    run_permutations(3, {{UNBIND_OBJECT, 3}, {BIND, 0}, {REPLY, 3}, {REPLY, 2}});
    run_permutations(3, {{UNBIND_OBJECT, 3}, {BIND, 2}, {REPLY, 3}, {DELETE_REPLY, 2}});
}

TEST(CallChainOrders, EveryThreeSteps)
{
    Chain chain(3);
    Snapshot fresh = chain.sys.snapshot();
    run_sequences(chain, fresh,
                  each(DELETE_REPLY, 1, 3) + each(REPLY, 1, 3) + each(SUSPEND, 0, 3) +
                      each(DELETE_TCB, 0, 3) + each(DELETE_SC, 0, 0) + each(UNBIND_SC, 0, 0) +
                      each(UNBIND_OBJECT, 3, 3) + each(BIND, 0, 2),
                  3);
}

TEST(CallChainOrders, EveryOrderOfAllDeaths)
{
    run_permutations(3, each(DELETE_REPLY, 1, 3) + each(DELETE_TCB, 1, 3) + each(DELETE_SC, 0, 0));
}

} // namespace

} // namespace albireo
