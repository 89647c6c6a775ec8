/* SPDX-License-Identifier: BSD-2-Clause */

/* Work in a child process: whatever it does, its parent is told. */
#include "fuzz/finds/child.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/* The summary of this one has no words. */
TEST(Child, ThatReportsUndefinedBehavior)
{
    Outcome outcome = run([](void *, struct oracle_find *) -> bool {
        std::fputs("a\ncore/a.c:3:4: runtime error: shift by 64\n"
                   "SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior core/a.c:3:4 in\n",
                   stderr);
        std::fflush(stderr);
        _exit(1);
    });
    EXPECT_EQ(outcome.text, "core/a.c:3:4: runtime error: shift by 64");
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

/* Runs a child that notes its own id, and then does not end. */
void run_endless(void *shared)
{
    run(
        [](void *context, struct oracle_find *) -> bool {
            *static_cast<volatile pid_t *>(context) = getpid();
            for (;;) {
                pause();
            }
        },
        shared);
}

/* Whoever gives up waiting for a report ends the process that makes it: then nobody would end its
 * child. */
TEST(Child, DoesNotOutliveItsParent)
{
    auto *shared = static_cast<volatile pid_t *>(child_shared(sizeof(pid_t)));
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* The orphan is ours to wait for. */
    pid_t parent = fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        run_endless(const_cast<pid_t *>(shared));
        _exit(0);
    }
    while (*shared == 0) {
        usleep(1000);
    }
    ASSERT_EQ(kill(parent, SIGKILL), 0);
    ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
    int status = 0;
    ASSERT_EQ(waitpid(*shared, &status, 0), *shared); /* Without a limit, but for the test's. */
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
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
