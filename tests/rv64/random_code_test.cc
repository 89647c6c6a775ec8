/* SPDX-License-Identifier: BSD-2-Clause */

/* Any bits as code: nothing crashes, and nobody can tell whole blocks from single steps. The code
 * overwrites itself, jumps into its own middle and faults all the time; that it computes the right
 * things is the business of random_test.py.
 */
#include "gtest/gtest.h"

#include <cstring>
#include <random>

#include "tests/rv64/machine.h"

namespace {

constexpr uint32_t kFramesUsed = 5; /* Those of the code, the data, and one that is read-only. */
constexpr uint64_t kReadOnly = kData + 2 * kPage;

class Pair {
  public:
    explicit Pair(uint64_t seed) : random_(seed)
    {
        for (Machine *machine : {&whole_, &stepped_}) {
            machine->map(kReadOnly, 4, Machine::kRead | Machine::kExecute);
        }
        fill_code();
        fill_registers();
    }

    /* Up to the next exception or limit of both; false if they differ. */
    void advance()
    {
        uint64_t limit = 1 + random_() % 200;
        Outcome one = whole_.run(limit);
        Outcome other = {};
        uint64_t retired = 0;
        do {
            other = stepped_.run(1);
            retired += other.retired;
        } while (other.stop == RV64_STOP_COUNT && retired < limit);
        ASSERT_EQ(one.stop, other.stop);
        ASSERT_EQ(one.retired, retired);
        ASSERT_EQ(one.cause, other.cause);
        ASSERT_EQ(one.value, other.value);
        ASSERT_EQ(whole_.state.pc, stepped_.state.pc);
        ASSERT_EQ(0, std::memcmp(whole_.state.x, stepped_.state.x, sizeof whole_.state.x));
        ASSERT_EQ(0, std::memcmp(whole_.f, stepped_.f, sizeof whole_.f));
        ASSERT_EQ(rv64_retired(whole_.rv64), rv64_retired(stepped_.rv64));
        if (one.stop == RV64_STOP_TRAP) {
            restart();
        }
    }

    void compare_memory()
    {
        for (uint32_t i = 0; i < kFramesUsed; i++) {
            ASSERT_EQ(0, std::memcmp(whole_.frame(i), stepped_.frame(i), kPage)) << "frame " << i;
        }
    }

  private:
    uint32_t instruction()
    {
        static const uint32_t opcodes[] = {0x03, 0x07, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x27,
                                           0x2F, 0x33, 0x37, 0x3B, 0x43, 0x53, 0x63, 0x63,
                                           0x63, 0x67, 0x6F, 0x73, 0x23, 0x03, 0x2F};
        uint32_t bits = static_cast<uint32_t>(random_());
        if (bits & 1) {
            return (bits >> 16 & ~3u) | bits % 3;
        }
        uint32_t opcode = opcodes[random_() % std::size(opcodes)];
        if (opcode == 0x33 || opcode == 0x3B || opcode == 0x53) { /* Likelier funct7. */
            bits &= bits >> 8 & 1 ? 0x43FFFFFF : 0x03FFFFFF;
        }
        return (bits & ~0x7Fu) | opcode;
    }

    void fill_code()
    {
        for (uint64_t vaddr = kCode; vaddr < kCode + 2 * kPage - 4;) {
            uint32_t code = instruction();
            whole_.write_code(vaddr, {code});
            stepped_.write_code(vaddr, {code});
            vaddr += (code & 3) == 3 ? 4 : 2;
        }
    }

    void fill_registers()
    {
        static const uint64_t places[] = {kCode, kCode + kPage, kData, kData + kPage, kReadOnly};
        for (uint32_t i = 1; i < 32; i++) {
            uint64_t value = random_();
            if (value % 4 != 0) {
                value = places[value / 4 % std::size(places)] + value / 64 % kPage;
                value &= value & 1 ? ~uint64_t{7} : ~uint64_t{0};
            }
            whole_.state.x[i] = stepped_.state.x[i] = value;
        }
    }

    void restart()
    {
        uint64_t pc = kCode + random_() % (2 * kPage);
        whole_.state.pc = stepped_.state.pc = pc;
        whole_.state.fpu = stepped_.state.fpu = random_() % 4 != 0;
        fill_registers();
    }

    std::mt19937_64 random_;
    Machine whole_, stepped_;
};

} // namespace

TEST(RandomCodeTest, WholeBlocksAndSingleStepsAreTheSame)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Pair pair(seed);
        for (uint32_t i = 0; i < 400; i++) {
            ASSERT_NO_FATAL_FAILURE(pair.advance());
        }
        ASSERT_NO_FATAL_FAILURE(pair.compare_memory());
    }
}
