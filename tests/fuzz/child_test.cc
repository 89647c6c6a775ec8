/* SPDX-License-Identifier: BSD-2-Clause */

/* Work in a child process: whatever it does, its parent is told. */
#include "fuzz/finds/child.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace albireo {

namespace {

struct Outcome {
    bool found;
    std::string kind, text;
};

Outcome run(child_work *work, void *context = nullptr, uint32_t seconds = 60)
{
    struct oracle_find find = {};
    bool found = child_run(work, context, seconds, &find);
    return {found, find.kind, find.text};
}

TEST(Child, ThatFindsNothing)
{
    Outcome outcome = run([](void *, struct oracle_find *) { return false; });
    EXPECT_FALSE(outcome.found);
    EXPECT_EQ(outcome.kind, "");
}

TEST(Child, ThatFindsSomething)
{
    Outcome outcome = run([](void *, struct oracle_find *find) {
        std::snprintf(find->kind, sizeof find->kind, "leak");
        std::snprintf(find->text, sizeof find->text, "a word");
        return true;
    });
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.kind, "leak");
    EXPECT_EQ(outcome.text, "a word");
}

TEST(Child, ThatAborts)
{
    Outcome outcome = run([](void *, struct oracle_find *) -> bool { std::abort(); });
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.kind, "crash");
    EXPECT_NE(outcome.text, "");
}

TEST(Child, ThatIsKilled)
{
    Outcome outcome = run([](void *, struct oracle_find *) {
        raise(SIGKILL);
        return false;
    });
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.kind, "crash");
    EXPECT_EQ(outcome.text, "Killed");
}

/* As sanitizers do. The find is their line, without what comes before and after. */
TEST(Child, ThatReports)
{
    Outcome outcome = run([](void *, struct oracle_find *) -> bool {
        std::fprintf(stderr, "==1==ERROR: ...\nSUMMARY: Sanitizer: bad thing a.c:3\nend\n");
        std::fflush(stderr);
        _exit(1);
    });
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.kind, "crash");
    EXPECT_EQ(outcome.text, "SUMMARY: Sanitizer: bad thing a.c:3");
}

TEST(Child, ThatLeaves)
{
    Outcome outcome = run([](void *, struct oracle_find *) -> bool { _exit(0); });
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.text, "the process exits by itself");
}

TEST(Child, ThatDoesNotEnd)
{
    Outcome outcome = run(
        [](void *, struct oracle_find *) -> bool {
            for (;;) {
                pause();
            }
        },
        nullptr, 1);
    EXPECT_TRUE(outcome.found);
    EXPECT_EQ(outcome.kind, "hang");
}

/* More than a pipe holds, and more than is kept. */
TEST(Child, ThatHasMuchToSay)
{
    Outcome outcome = run([](void *, struct oracle_find *) {
        for (int i = 0; i < 100000; i++) {
            std::fprintf(stderr, "line %d\n", i);
        }
        return false;
    });
    EXPECT_FALSE(outcome.found);
}

TEST(Child, SharesMemoryWithItsParent)
{
    auto *shared = static_cast<int *>(child_shared(sizeof(int)));
    EXPECT_EQ(*shared, 0);
    run(
        [](void *context, struct oracle_find *) {
            *static_cast<int *>(context) = 7;
            return false;
        },
        shared);
    EXPECT_EQ(*shared, 7);
}

} // namespace

} // namespace albireo
