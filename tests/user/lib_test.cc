/* SPDX-License-Identifier: BSD-2-Clause */

/* The helper libraries' text output. What they do with the kernel is shown by the demonstration. */
#include <cstring>

#include "gtest/gtest.h"
#include "tests/user/fake_kernel.h"

extern "C" {
#include "user/lib/alloc.h"
#include "user/lib/error_name.h"
#include "user/lib/print.h"
#include "user/lib/serial_server.h"
}

namespace {

TEST(ErrorNameTest, NamesAreThoseOfTheApi)
{
    EXPECT_STREQ("NoError", sel4_error_name(seL4_NoError));
    EXPECT_STREQ("RangeError", sel4_error_name(seL4_RangeError));
    EXPECT_STREQ("NotEnoughMemory", sel4_error_name(seL4_NotEnoughMemory));
    EXPECT_STREQ("?", sel4_error_name((seL4_Error)11));
    EXPECT_STREQ("CapFault", sel4_fault_name(seL4_Fault_CapFault));
    EXPECT_STREQ("VMFault", sel4_fault_name(seL4_Fault_VMFault));
    EXPECT_STREQ("?", sel4_fault_name(4));
}

#ifdef CONFIG_PRINTING
TEST(PrintTest, KnowsItsConversions)
{
    fake_reset();
    print("%s|%c|%lu|%lx|%ld|%ld|%%", "text", 'c', ~0ul, 0xabcul, -5l, 7l);
    EXPECT_EQ("text|c|18446744073709551615|abc|-5|7|%", fake.console);
}

TEST(PrintTest, SmallestNumberIsPrinted)
{
    fake_reset();
    print("%ld %lu", INT64_MIN, 0ul);
    EXPECT_EQ("-9223372036854775808 0", fake.console);
}
#endif

/* ---- Clients of a serial server that lies ---- */

TEST(SerialClientTest, GetsNoMoreBytesThanItAskedFor)
{
    fake_reset();
    fake.out.a[2] = 1000; /* MR0: so many came; */
    fake.out.a[3] = 0x64636261;
    uint8_t bytes[] = "????";
    uint64_t count = 2;
    EXPECT_EQ(serial_read(1, bytes, &count), seL4_NoError);
    EXPECT_EQ(count, 2u);
    EXPECT_STREQ(reinterpret_cast<char *>(bytes), "ab??");
}

TEST(SerialClientTest, WritesNoMoreBytesThanItHas)
{
    fake_reset();
    fake.out.a[2] = ~uint64_t{0};
    uint8_t bytes[SERIAL_MESSAGE_BYTES + 5] = {};
    EXPECT_EQ(serial_write(1, bytes, sizeof(bytes)), seL4_NoError);
    EXPECT_EQ(fake.calls, 2);
}

/* ---- The allocator ---- */

struct AllocTest : ::testing::Test {
    void SetUp() override
    {
        fake_reset();
        memset(&info_, 0, sizeof(info_));
        info_.empty = {100, 110};
        info_.untyped = {50, 53};
        info_.untypedList[0] = {0x10000000, 28, 1, {}};
        info_.untypedList[1] = {0x80000000, 13, 0, {}};
        info_.untypedList[2] = {0x90000000, 20, 0, {}};
        alloc_init(&a_, &info_);
    }

    seL4_BootInfo info_;
    struct alloc a_;
    seL4_CPtr cap_ = 0;
};

TEST_F(AllocTest, TakesTheSmallestUntypedWhereTheObjectFits)
{
    EXPECT_EQ(seL4_NoError, alloc_object(&a_, seL4_RISCV_4K_Page, 0, &cap_));
    EXPECT_EQ(51u, fake.in.a[0]);
    EXPECT_EQ(seL4_NoError, alloc_object(&a_, seL4_EndpointObject, 0, &cap_));
    EXPECT_EQ(51u, fake.in.a[0]);
    /* The endpoint has used up part of the second page. */
    EXPECT_EQ(seL4_NoError, alloc_object(&a_, seL4_RISCV_4K_Page, 0, &cap_));
    EXPECT_EQ(52u, fake.in.a[0]);
    EXPECT_EQ(102u, cap_);
}

TEST_F(AllocTest, ObjectsAreAlignedToTheirSize)
{
    alloc_object(&a_, seL4_EndpointObject, 0, &cap_);
    alloc_object(&a_, seL4_NotificationObject, 0, &cap_);
    EXPECT_EQ(128u, a_.untypeds[1].used);
    EXPECT_EQ((1u << 20) + 8192 - 128, alloc_free_bytes(&a_));
}

TEST_F(AllocTest, RefusesWhatFitsNowhere)
{
    EXPECT_EQ(seL4_NotEnoughMemory, alloc_object(&a_, seL4_RISCV_Mega_Page, 0, &cap_));
    EXPECT_EQ(0, fake.calls);
}

TEST_F(AllocTest, RunsOutOfSlots)
{
    for (int i = 0; i < 10; i++) {
        EXPECT_EQ(seL4_NoError, alloc_object(&a_, seL4_EndpointObject, 0, &cap_));
    }
    EXPECT_EQ(109u, cap_);
    EXPECT_EQ(seL4_NotEnoughMemory, alloc_object(&a_, seL4_EndpointObject, 0, &cap_));
}

TEST_F(AllocTest, AFailedRetypeCostsNothing)
{
    fake.out.a[1] = (uint64_t)seL4_DeleteFirst << 12;
    EXPECT_EQ(seL4_DeleteFirst, alloc_object(&a_, seL4_EndpointObject, 0, &cap_));
    EXPECT_EQ(0u, a_.untypeds[1].used);
    EXPECT_EQ(100u, alloc_slot(&a_));
}

TEST_F(AllocTest, DeviceFrameIsReachedInAlignedSteps)
{
    EXPECT_EQ(seL4_NoError, alloc_device_frame(&a_, 0x10003000, &cap_));
    EXPECT_EQ(3, fake.calls); /* 8 KiB, 4 KiB, and the frame itself. */
    EXPECT_EQ(0x4000u, a_.untypeds[0].used);
    EXPECT_EQ(seL4_NotEnoughMemory, alloc_device_frame(&a_, 0x10002000, &cap_));
    EXPECT_EQ(seL4_NoError, alloc_device_frame(&a_, 0x10004000, &cap_));
    EXPECT_EQ(4, fake.calls);
}

TEST_F(AllocTest, DelegatedSlotsAreNotHandedOutTwice)
{
    struct alloc sub;
    EXPECT_EQ(seL4_NoError, alloc_delegate(&a_, 16, 4, &sub, &cap_));
    EXPECT_EQ(100u, cap_);
    EXPECT_EQ(101u, alloc_slot(&sub));
    EXPECT_EQ(105u, alloc_slot(&a_));
    EXPECT_EQ(1u << 16, alloc_free_bytes(&sub));
    EXPECT_EQ(seL4_NotEnoughMemory, alloc_delegate(&a_, 12, 4, &sub, &cap_));
}

} // namespace
