/* SPDX-License-Identifier: BSD-2-Clause */

/* What is shown is what there is. */
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/show/world.h"

using namespace albireo;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class ShowTest : public testing::Test {
  protected:
    ShowTest()
    {
        build_world(sys);
    }
    System sys;
};

TEST_F(ShowTest, TextSaysWhatThreadsAreAndWaitFor)
{
    std::string text = text_of(sys.sim(), SHOW_THREADS);
    EXPECT_THAT(text, ContainsRegex("root@[0-9a-f]+: running, current\n"));
    EXPECT_THAT(text, ContainsRegex("blocked on notification at notification@[0-9a-f]+"));
    EXPECT_THAT(text,
                ContainsRegex("blocked on send at endpoint@[0-9a-f]+ with badge 0x7, calling, "
                              "may grant reply"));
    EXPECT_THAT(text, ContainsRegex("middle@[0-9a-f]+: blocked on reply through reply@"));
    EXPECT_THAT(text, ContainsRegex("priority +90, may set up to 255; domain 0, core 0"));
    EXPECT_THAT(text, ContainsRegex("fault-handler +endpoint@[0-9a-f]+ rwgp badge 0x99"));
    EXPECT_THAT(text, HasSubstr("VMFault: data at 0x50000000, cause 5"));
    EXPECT_THAT(text, ContainsRegex("bound to +notification@"));
    EXPECT_THAT(text, HasSubstr(", 100 us every 100000 us; 100 us left from "));
    EXPECT_THAT(text, Not(HasSubstr("Problems")));
}

TEST_F(ShowTest, TextQuotesNames)
{
    std::string text = text_of(sys.sim());
    EXPECT_THAT(text, ContainsRegex("client_____@[0-9a-f]+: blocked on reply"));
    EXPECT_THAT(text, HasSubstr("\"client <\\x22&\\x5c\""));
}

TEST_F(ShowTest, TextIndentsDerivedCapabilities)
{
    std::string text = text_of(sys.sim(), SHOW_CAPS);
    EXPECT_THAT(text,
                ContainsRegex("\n    endpoint@([0-9a-f]+) rwgp  in cnode@[0-9a-f]+.0x[0-9a-f]+.\n"
                              "      endpoint@[0-9a-f]+ rwgp badge 0x99  in cnode@.*\n"
                              "        endpoint@[0-9a-f]+ rwgp badge 0x99  in guest@.*"
                              "fault-handler\n"));
    EXPECT_THAT(text, ContainsRegex("notification@[0-9a-f]+ rw-- badge 0x4  in interrupt 10"));
    EXPECT_THAT(text, HasSubstr("16 side by side, to 0x"));
    EXPECT_THAT(text, Not(HasSubstr("NOT in the derivation sequence")));
}

TEST_F(ShowTest, TextHasEveryOccupiedSlot)
{
    std::string text = text_of(sys.sim(), SHOW_CAPS);
    std::string cnodes = text.substr(text.find("CNodes and their occupied slots"));
    EXPECT_THAT(cnodes, ContainsRegex("cnode@[0-9a-f]+, 16 slots, named by 2 capabilities\n"
                                      "    0x3 +endpoint@[0-9a-f]+ r---\n"));
    std::set<CPtr> shown;
    std::istringstream lines(cnodes.substr(cnodes.find(", 4096 slots")));
    for (std::string line; std::getline(lines, line);) {
        size_t to = line.find("and so on, to slot 0x");
        CPtr first = strtoull(line.c_str(), nullptr, 16);
        CPtr last = to == std::string::npos ? first : strtoull(&line[to + 19], nullptr, 16);
        for (CPtr slot = first; slot <= last; slot++) {
            shown.insert(slot);
        }
    }
    for (CPtr slot = 1; slot < 4096; slot++) {
        EXPECT_EQ(shown.count(slot), sys.is_empty(slot) ? 0u : 1u) << slot;
    }
}

TEST_F(ShowTest, TextShowsQueuesAndCallStacks)
{
    std::string text = text_of(sys.sim(), SHOW_QUEUES);
    EXPECT_THAT(text, ContainsRegex("senders: sender@[0-9a-f]+ .badge 0x7."));
    EXPECT_THAT(text, ContainsRegex("waiting: waiter@[0-9a-f]+\n"));
    EXPECT_THAT(text, ContainsRegex("core 0, domain 0, priority 90: bound@"));
    EXPECT_THAT(text, ContainsRegex("waiting for time to come: exhausted@"));
    EXPECT_THAT(text,
                ContainsRegex("is with low_server@[0-9a-f]+, called by middle@[0-9a-f]+ through "
                              "reply@[0-9a-f]+, called by client_____@"));
}

TEST_F(ShowTest, TextShowsMemoryAndTime)
{
    std::string text = text_of(sys.sim(), SHOW_MEMORY | SHOW_TIME);
    EXPECT_THAT(text, ContainsRegex("0x0040000000..0x0040002000 rwx +2 x 4 KiB +at 0x"));
    EXPECT_THAT(text, ContainsRegex("0x0040003000..0x0040004000 r-- +1 x 4 KiB"));
    EXPECT_THAT(text, ContainsRegex("    of guest@"));
    EXPECT_THAT(text, HasSubstr("now 1002000 ticks of 10 to the microsecond, 200 us since boot"));
    EXPECT_THAT(text, ContainsRegex("core 0: current root@[0-9a-f]+, on sc@"));
    EXPECT_THAT(text,
                ContainsRegex("  10: signal to notification@[0-9a-f]+, badge 0x4, enabled\n"));
    EXPECT_THAT(text, Not(HasSubstr("Threads")));
}

TEST_F(ShowTest, TextTellsAPanic)
{
    sys.expect_panic();
    sys.kernel()->cores[0].ready[0].summary = 0;
    sys.nb_send(0);
    ASSERT_TRUE(sys.panicked());
    EXPECT_THAT(text_of(sys.sim()), HasSubstr(": PANIC: "));
    EXPECT_THAT(json_of(sys.sim()), HasSubstr("\"status\": \"panicked\""));
}

TEST_F(ShowTest, JsonIsValidAndHasAllParts)
{
    std::string json = json_of(sys.sim());
    ASSERT_TRUE(is_json(json));
    for (const char *key :
         {"format", "version", "event", "status", "now", "problems", "threads",
          "scheduling_contexts", "capabilities", "cnodes", "address_spaces", "untypeds",
          "endpoints", "notifications", "replies", "ready", "release", "cores", "interrupts"}) {
        EXPECT_THAT(json, HasSubstr("\n \"" + std::string(key) + "\": ")) << key;
    }
    EXPECT_THAT(json, HasSubstr("\"name\": \"client <\\\"&\\\\\""));
    EXPECT_THAT(json, HasSubstr("\"send\": {\"badge\": \"0x7\", \"call\": true, \"grant\": false, "
                                "\"grant_reply\": true}"));
}

TEST_F(ShowTest, EveryChoiceOfPartsIsValid)
{
    for (uint32_t parts = 0; parts <= SHOW_ALL; parts++) {
        EXPECT_TRUE(is_json(json_of(sys.sim(), parts))) << parts;
        EXPECT_THAT(text_of(sys.sim(), parts), HasSubstr("After event"));
        EXPECT_THAT(dot_of(sys.sim(), parts), HasSubstr("digraph albireo {"));
    }
    EXPECT_THAT(json_of(sys.sim(), SHOW_TIME), Not(HasSubstr("\"threads\"")));
    EXPECT_THAT(json_of(sys.sim(), SHOW_THREADS), Not(HasSubstr("\"capabilities\"")));
}

TEST_F(ShowTest, DotHasNodesForObjectsAndEdgesForCapabilities)
{
    std::string dot = dot_of(sys.sim());
    EXPECT_THAT(dot, ContainsRegex("\"cnode_[0-9a-f]+\":s1 -> \"tcb_[0-9a-f]+\""));
    EXPECT_THAT(dot, ContainsRegex("\"cnode_[0-9a-f]+\":s3 -> \"endpoint_[0-9a-f]+\""));
    EXPECT_THAT(dot,
                ContainsRegex("\"tcb_[0-9a-f]+\" -> \"endpoint_[0-9a-f]+\" .*label=\"sends\""));
    EXPECT_THAT(dot, ContainsRegex("\"irq_a\" -> \"notification_[0-9a-f]+\""));
    EXPECT_THAT(dot, HasSubstr("badge 0x2a"));
    EXPECT_THAT(dot, HasSubstr("<b>client_____@"));
}

TEST(Show, ATreeIsShownWhileItIsDeleted)
{
    System sys;
    CPtr cnode = sys.make_cnode(8);
    for (CPtr i = 0; i < 100; i++) {
        EXPECT_OK(sys.CNode_Copy(cnode, i, 8, kCNode, kCNode, 64, ABI_RIGHT_ALL));
    }
    CPtr handler = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64));
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, sys.make(ABI_OBJECT_NOTIFICATION)));
    sys.auto_restart = false;
    sys.poll_every(1);
    sys.preempt_at(20, 10);
    sys.del(cnode);
    std::string text = text_of(sys.sim());
    EXPECT_THAT(text, ContainsRegex("zombie@[0-9a-f]+ of a CNode, [0-9]+ slots to go"));
    EXPECT_THAT(text, ContainsRegex("in zombie@[0-9a-f]+.0x"));
    EXPECT_TRUE(is_json(json_of(sys.sim())));
}

TEST(Show, PartsByName)
{
    uint32_t parts = 0;
    const char *bad = nullptr;
    EXPECT_TRUE(show_parts("threads,time", &parts, &bad));
    EXPECT_EQ(parts, static_cast<uint32_t>(SHOW_THREADS | SHOW_TIME));
    EXPECT_TRUE(show_parts("all", &parts, &bad));
    EXPECT_EQ(parts, static_cast<uint32_t>(SHOW_ALL));
    for (const char *words :
         {"", "thread", "caps,", ",caps", "caps,,time", "caps time", "all,none"}) {
        EXPECT_FALSE(show_parts(words, &parts, &bad)) << words;
    }
    EXPECT_FALSE(show_parts("caps,nothing", &parts, &bad));
    EXPECT_STREQ(bad, "nothing");
}
