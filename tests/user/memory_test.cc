/* SPDX-License-Identifier: BSD-2-Clause */

/* What the RISC-V runtime has in the place of libc's functions on memory. */
#include <string>

#include "gtest/gtest.h"

extern "C" {
void *user_memcpy(void *to, const void *from, size_t size);
void *user_memmove(void *to, const void *from, size_t size);
void *user_memset(void *to, int value, size_t size);
int user_memcmp(const void *one, const void *other, size_t size);
}

namespace {

TEST(MemoryTest, CopyAndFill)
{
    char to[] = "0123456789";
    EXPECT_EQ(user_memcpy(to + 1, "abc", 3), to + 1);
    EXPECT_STREQ(to, "0abc456789");
    EXPECT_EQ(user_memset(to + 2, 0x100 + 'x', 4), to + 2);
    EXPECT_STREQ(to, "0axxxx6789");
    user_memcpy(to, "?", 0);
    user_memset(to, '?', 0);
    EXPECT_STREQ(to, "0axxxx6789");
}

TEST(MemoryTest, AreasOfMoveMayOverlap)
{
    const std::string text = "0123456789abcdef";
    for (size_t from = 0; from < 8; from++) {
        for (size_t to = 0; to < 8; to++) {
            std::string expected = text;
            std::string actual = text;
            expected.replace(to, 8, text.substr(from, 8));
            EXPECT_EQ(user_memmove(&actual[to], &actual[from], 8), &actual[to]);
            EXPECT_EQ(actual, expected) << from << " to " << to;
        }
    }
}

TEST(MemoryTest, CompareIsOfUnsignedBytes)
{
    EXPECT_EQ(user_memcmp("abc", "abd", 2), 0);
    EXPECT_LT(user_memcmp("abc", "abd", 3), 0);
    EXPECT_GT(user_memcmp("\x80", "\x7f", 1), 0);
    EXPECT_EQ(user_memcmp("a", "b", 0), 0);
}

} // namespace
