/* SPDX-License-Identifier: BSD-2-Clause */

/* Every operation of fp.h against QEMU's user mode, bit by bit, results and flags: all combinations
 * of special values, and random ones near each other and near the limits, in all rounding modes.
 *
 * Usage: fp_oracle_test GUEST [CASES [SEED]]: the program built from fp_oracle_guest.c; the number
 * of random cases for each operation and rounding mode.
 */
#include <gtest/gtest.h>

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "hosted/rv64/fp.h"
#include "tests/rv64/fp_oracle.h"

extern char **environ;

namespace {

const char *guest_path;
uint64_t random_cases = 5000;
uint64_t seed = 1;
uint64_t compared = 0;

/* ---- The other side ------------------------------------------------------------------------- */

class Oracle {
  public:
    Oracle()
    {
        int in[2];
        int out[2];
        if (pipe(in) != 0 || pipe(out) != 0) {
            abort();
        }
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        for (int fd : {in[0], in[1], out[0], out[1]}) {
            posix_spawn_file_actions_addclose(&actions, fd);
        }
        const char *arguments[] = {"qemu-riscv64", guest_path, nullptr};
        status_ = posix_spawnp(&child_, arguments[0], &actions, nullptr,
                               const_cast<char *const *>(arguments), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(in[0]);
        close(out[1]);
        in_ = in[1];
        out_ = out[0];
    }

    ~Oracle()
    {
        close(in_);
        close(out_);
        if (status_ == 0) {
            waitpid(child_, nullptr, 0);
        }
    }

    /* False if the guest has gone. */
    bool execute(uint32_t instruction, const std::vector<fp_record> &records,
                 std::vector<fp_result> *results)
    {
        fp_batch batch = {instruction, (uint32_t)records.size()};
        results->resize(records.size());
        return status_ == 0 && put(&batch, sizeof batch) &&
               put(records.data(), records.size() * sizeof records[0]) &&
               get(results->data(), results->size() * sizeof(fp_result));
    }

  private:
    bool put(const void *data, size_t size)
    {
        return write(in_, data, size) == (ssize_t)size;
    }

    bool get(void *data, size_t size)
    {
        size_t done = 0;
        ssize_t got = 1;
        while (done < size && got > 0) {
            got = read(out_, (char *)data + done, size - done);
            done += got > 0 ? (size_t)got : 0;
        }
        return done == size;
    }

    pid_t child_;
    int status_;
    int in_;
    int out_;
};

/* ---- Operations ----------------------------------------------------------------------------- */

/* What the operands are, or the result. */
enum class Kind { SINGLE, DOUBLE, INTEGER };

struct Operation {
    const char *name;
    uint32_t instruction;
    Kind operand;
    Kind result;
    uint32_t operands;
    std::function<uint64_t(const uint64_t *operands, fp_rounding rm, uint32_t *flags)> run;
};

/* For GoogleTest's messages. */
void PrintTo(const Operation &operation, std::ostream *out)
{
    *out << operation.name;
}

/* The next argument of a function of fp.h, by its type. */
template <typename T> T argument(const uint64_t **operands, fp_rounding rm, uint32_t *flags)
{
    if constexpr (std::is_same_v<T, fp_rounding>) {
        return rm;
    } else if constexpr (std::is_same_v<T, uint32_t *>) {
        return flags;
    } else {
        return (T) * (*operands)++;
    }
}

template <typename R, typename... A>
Operation operation(const char *name, uint32_t instruction, Kind operand, Kind result,
                    R (*function)(A...))
{
    uint32_t operands = sizeof...(A) - (std::is_same_v<A, fp_rounding> + ...) -
                        (std::is_same_v<A, uint32_t *> + ...);
    auto run = [function](const uint64_t *values, fp_rounding rm, uint32_t *flags) {
        std::tuple<A...> arguments{argument<A>(&values, rm, flags)...};
        return (uint64_t)std::apply(function, arguments);
    };
    return {name, instruction, operand, result, operands, run};
}

/* OP-FP; registers 10 and 11. `rm` is the third function field or, as 7, frm. */
constexpr uint32_t op_fp(uint32_t funct7, uint32_t rm, uint32_t rs2 = 11)
{
    return funct7 << 25 | rs2 << 20 | 10 << 15 | rm << 12 | 10 << 7 | 0x53;
}

constexpr uint32_t fmadd(uint32_t format)
{
    return 12u << 27 | format << 25 | 11 << 20 | 10 << 15 | 7 << 12 | 10 << 7 | 0x43;
}

constexpr Kind S = Kind::SINGLE;
constexpr Kind D = Kind::DOUBLE;
constexpr Kind I = Kind::INTEGER;

const Operation operations[] = {
    operation("fadd.s", op_fp(0x00, 7), S, S, fp32_add),
    operation("fsub.s", op_fp(0x04, 7), S, S, fp32_sub),
    operation("fmul.s", op_fp(0x08, 7), S, S, fp32_mul),
    operation("fdiv.s", op_fp(0x0C, 7), S, S, fp32_div),
    operation("fsqrt.s", op_fp(0x2C, 7, 0), S, S, fp32_sqrt),
    operation("fmadd.s", fmadd(0), S, S, fp32_fma),
    operation("fmin.s", op_fp(0x14, 0), S, S, fp32_min),
    operation("fmax.s", op_fp(0x14, 1), S, S, fp32_max),
    operation("feq.s", op_fp(0x50, 2), S, I, fp32_eq),
    operation("flt.s", op_fp(0x50, 1), S, I, fp32_lt),
    operation("fle.s", op_fp(0x50, 0), S, I, fp32_le),
    operation("fclass.s", op_fp(0x70, 1, 0), S, I, fp32_class),
    operation("fadd.d", op_fp(0x01, 7), D, D, fp64_add),
    operation("fsub.d", op_fp(0x05, 7), D, D, fp64_sub),
    operation("fmul.d", op_fp(0x09, 7), D, D, fp64_mul),
    operation("fdiv.d", op_fp(0x0D, 7), D, D, fp64_div),
    operation("fsqrt.d", op_fp(0x2D, 7, 0), D, D, fp64_sqrt),
    operation("fmadd.d", fmadd(1), D, D, fp64_fma),
    operation("fmin.d", op_fp(0x15, 0), D, D, fp64_min),
    operation("fmax.d", op_fp(0x15, 1), D, D, fp64_max),
    operation("feq.d", op_fp(0x51, 2), D, I, fp64_eq),
    operation("flt.d", op_fp(0x51, 1), D, I, fp64_lt),
    operation("fle.d", op_fp(0x51, 0), D, I, fp64_le),
    operation("fclass.d", op_fp(0x71, 1, 0), D, I, fp64_class),
    operation("fcvt.d.s", op_fp(0x21, 7, 0), S, D, fp32_to_fp64),
    operation("fcvt.s.d", op_fp(0x20, 7, 1), D, S, fp64_to_fp32),
    operation("fcvt.w.s", op_fp(0x60, 7, 0), S, I, fp32_to_i32),
    operation("fcvt.wu.s", op_fp(0x60, 7, 1), S, I, fp32_to_u32),
    operation("fcvt.l.s", op_fp(0x60, 7, 2), S, I, fp32_to_i64),
    operation("fcvt.lu.s", op_fp(0x60, 7, 3), S, I, fp32_to_u64),
    operation("fcvt.w.d", op_fp(0x61, 7, 0), D, I, fp64_to_i32),
    operation("fcvt.wu.d", op_fp(0x61, 7, 1), D, I, fp64_to_u32),
    operation("fcvt.l.d", op_fp(0x61, 7, 2), D, I, fp64_to_i64),
    operation("fcvt.lu.d", op_fp(0x61, 7, 3), D, I, fp64_to_u64),
    operation("fcvt.s.w", op_fp(0x68, 7, 0), I, S, fp32_from_i32),
    operation("fcvt.s.wu", op_fp(0x68, 7, 1), I, S, fp32_from_u32),
    operation("fcvt.s.l", op_fp(0x68, 7, 2), I, S, fp32_from_i64),
    operation("fcvt.s.lu", op_fp(0x68, 7, 3), I, S, fp32_from_u64),
    operation("fcvt.d.w", op_fp(0x69, 7, 0), I, D, fp64_from_i32),
    operation("fcvt.d.wu", op_fp(0x69, 7, 1), I, D, fp64_from_u32),
    operation("fcvt.d.l", op_fp(0x69, 7, 2), I, D, fp64_from_i64),
    operation("fcvt.d.lu", op_fp(0x69, 7, 3), I, D, fp64_from_u64),
};

/* ---- Operands ------------------------------------------------------------------------------- */

class Random {
  public:
    explicit Random(uint64_t start) : state_(start)
    {
    }

    /* splitmix64. */
    uint64_t next()
    {
        state_ += 0x9E3779B97F4A7C15;
        uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    uint64_t below(uint64_t limit)
    {
        return next() % limit;
    }

    /* Runs of equal bits, or any bits. */
    uint64_t bits(uint32_t width)
    {
        uint64_t mask = width == 64 ? UINT64_MAX : (1ull << width) - 1;
        uint64_t one = 1ull << below(width);
        switch (below(6)) {
        case 0:
            return one;
        case 1:
            return -one & mask;
        case 2:
            return one - 1;
        case 3:
            return (next() & mask) >> below(width);
        case 4:
            return (next() << below(width)) & mask;
        default:
            return next() & mask;
        }
    }

  private:
    uint64_t state_;
};

struct Format {
    uint32_t fraction_bits;
    uint64_t exponent_max;

    uint64_t pack(uint64_t negative, uint64_t exponent, uint64_t fraction) const
    {
        return (negative * (exponent_max + 1) + exponent) << fraction_bits | fraction;
    }

    uint64_t bias() const
    {
        return exponent_max / 2;
    }
};

const Format single_format = {23, 255};
const Format double_format = {52, 2047};

/* Both signs of each. */
std::vector<uint64_t> special_numbers(const Format &format)
{
    const uint64_t quiet = 1ull << (format.fraction_bits - 1);
    const uint64_t ones = 2 * quiet - 1;
    const uint64_t max = format.exponent_max;
    const uint64_t bias = format.bias();
    std::vector<uint64_t> values;
    for (uint64_t negative = 0; negative < 2; negative++) {
        auto add = [&](uint64_t exponent, uint64_t fraction) {
            values.push_back(format.pack(negative, exponent, fraction));
        };
        for (uint64_t exponent : {uint64_t{0}, uint64_t{1}, bias, max - 1, max}) {
            for (uint64_t fraction : {uint64_t{0}, uint64_t{1}, quiet, ones}) {
                add(exponent, fraction);
            }
        }
        add(bias - 1, 0); /* 0.5, just below 1, 1.5 was there, 2.5, 3. */
        add(bias - 1, ones);
        add(bias + 1, quiet / 2);
        add(bias + 1, quiet);
        for (uint64_t power : {31u, 32u, 63u, 64u}) {
            add(bias + power - 1, ones);
            add(bias + power, 0);
        }
        add(bias + 31, 1);
        add(bias + 63, 1);
    }
    return values;
}

std::vector<uint64_t> special_integers()
{
    std::vector<uint64_t> values;
    for (uint32_t power = 0; power < 64; power++) {
        uint64_t value = 1ull << power;
        for (uint64_t near : {value - 1, value, value + 1, value + value / 2}) {
            values.push_back(near);
            values.push_back(-near);
        }
    }
    return values;
}

/* Operands that make what is rounded, cancelled or overflows interesting. */
class Numbers {
  public:
    Numbers(const Format &format, Random *random) : format_(format), random_(*random)
    {
    }

    void fill(uint64_t *operands)
    {
        int64_t bias = (int64_t)format_.bias();
        int64_t max = (int64_t)format_.exponent_max;
        int64_t a = exponent();
        int64_t b = exponent();
        switch (random_.below(6)) {
        case 0: /* Near each other. */
            b = a + near(3);
            break;
        case 1:
            b = a + near(format_.fraction_bits + 3);
            break;
        case 2: /* The product or the quotient is near a limit. */
            b = bias - a + near(4);
            break;
        case 3:
            b = bias + max - a + near(4);
            break;
        case 4:
            b = a + bias * (random_.below(2) ? 1 : -1) + near(4);
            break;
        default:
            break;
        }
        int64_t c = random_.below(8) ? a + b - bias + near(2 * format_.fraction_bits) : exponent();
        operands[0] = number(a);
        operands[1] = number(b);
        operands[2] = number(c);
    }

  private:
    int64_t near(uint32_t distance)
    {
        return (int64_t)random_.below(2 * distance + 1) - distance;
    }

    int64_t exponent()
    {
        int64_t bias = (int64_t)format_.bias();
        switch (random_.below(4)) {
        case 0: /* Around the integers. */
            return bias - 2 + (int64_t)random_.below(68);
        case 1:
            return random_.below(2) ? (int64_t)random_.below(4)
                                    : (int64_t)(format_.exponent_max - random_.below(4));
        default:
            return (int64_t)random_.below(format_.exponent_max + 1);
        }
    }

    uint64_t number(int64_t exponent)
    {
        int64_t clamped = std::min(std::max(exponent, int64_t{0}), (int64_t)format_.exponent_max);
        return format_.pack(random_.below(2), (uint64_t)clamped,
                            random_.bits(format_.fraction_bits));
    }

    const Format &format_;
    Random &random_;
};

/* ---- Comparison ----------------------------------------------------------------------------- */

class OracleTest : public testing::TestWithParam<Operation> {
  protected:
    void add(const uint64_t *operands, fp_rounding rm)
    {
        records_.push_back({{operands[0], operands[1], operands[2]}, rm});
        if (records_.size() == FP_BATCH_MAX) {
            run();
        }
    }

    void add_all_modes(const uint64_t *operands)
    {
        for (uint64_t rm = FP_RNE; rm <= FP_RMM; rm++) {
            add(operands, (fp_rounding)rm);
        }
    }

    void run()
    {
        const Operation &operation = GetParam();
        std::vector<fp_record> records = std::move(records_);
        records_.clear();
        std::vector<fp_record> boxed = records;
        for (fp_record &record : boxed) {
            for (uint64_t &operand : record.operands) {
                operand |= operation.operand == S ? 0xFFFFFFFF00000000 : 0;
            }
        }
        std::vector<fp_result> results;
        ASSERT_TRUE(oracle_.execute(operation.instruction, boxed, &results))
            << "qemu-riscv64 " << guest_path << " does not answer";
        for (size_t i = 0; i < records.size(); i++) {
            compare(records[i], results[i]);
        }
        compared += records.size();
    }

  private:
    /* With NX raised before, there is less to find out, and so other paths. */
    void compare(const fp_record &record, const fp_result &expected)
    {
        const Operation &operation = GetParam();
        const uint64_t *in = record.operands;
        uint64_t result = operation.result == I ? expected.x10 : expected.f10;
        uint64_t box = operation.result == S ? 0xFFFFFFFF00000000 : 0;
        for (uint32_t before : {0u, (uint32_t)FP_NX}) {
            uint32_t flags = before;
            uint64_t ours = box | operation.run(in, (fp_rounding)record.frm, &flags);
            bool same = ours == result && flags == (before | expected.fflags);
            if (!same && failures_++ < 10) {
                ADD_FAILURE() << operation.name << " rm " << record.frm << std::hex << " of "
                              << in[0] << ", " << in[1] << ", " << in[2] << ", flags " << before
                              << ": " << ours << " flags " << flags << "; QEMU: " << result
                              << " flags " << expected.fflags;
            }
        }
    }

    Oracle oracle_;
    std::vector<fp_record> records_;
    uint64_t failures_ = 0;
};

TEST_P(OracleTest, SpecialValues)
{
    const Operation &operation = GetParam();
    std::vector<uint64_t> values =
        operation.operand == I
            ? special_integers()
            : special_numbers(operation.operand == S ? single_format : double_format);
    Random random(seed);
    for (uint64_t a : values) {
        for (uint64_t b : operation.operands > 1 ? values : std::vector<uint64_t>{0}) {
            uint64_t operands[] = {a, b, 0};
            if (operation.operands < 3) {
                add_all_modes(operands);
                continue;
            }
            for (uint64_t c : values) { /* So many that one mode, by lot, must do. */
                operands[2] = c;
                add(operands, (fp_rounding)random.below(FP_RMM + 1));
            }
        }
    }
    run();
}

TEST_P(OracleTest, RandomValues)
{
    const Operation &operation = GetParam();
    Random random(seed);
    Numbers numbers(operation.operand == S ? single_format : double_format, &random);
    for (uint64_t i = 0; i < random_cases; i++) {
        uint64_t operands[3] = {random.bits(64), 0, 0};
        if (operation.operand != I) {
            numbers.fill(operands);
        }
        add_all_modes(operands);
    }
    run();
}

std::string name_of(const testing::TestParamInfo<Operation> &info)
{
    std::string name = info.param.name;
    for (char &c : name) {
        c = c == '.' ? '_' : c;
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Fp, OracleTest, testing::ValuesIn(operations), name_of);

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s GUEST [CASES [SEED]]\n", argv[0]);
        return 2;
    }
    guest_path = argv[1];
    random_cases = argc > 2 ? strtoull(argv[2], nullptr, 10) : random_cases;
    seed = argc > 3 ? strtoull(argv[3], nullptr, 10) : seed;
    signal(SIGPIPE, SIG_IGN); /* A guest that dies is an error of write(). */
    int failed = RUN_ALL_TESTS();
    printf("%" PRIu64 " instructions compared with QEMU\n", compared);
    return failed;
}
