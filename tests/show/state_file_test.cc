/* SPDX-License-Identifier: BSD-2-Clause */

/* State files: what is saved is what is loaded, and a file that is wrong is refused in words. */
#include <xxhash.h>
#include <zstd.h>

#include <cinttypes>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hosted/show/state_file.h"
#include "tests/show/world.h"

using namespace albireo;
using testing::HasSubstr;
using testing::StartsWith;

static std::string saved(const struct sim *sim)
{
    char *bytes = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&bytes, &size);
    struct show_error error = {""};
    EXPECT_TRUE(show_save(sim, file, &error)) << error.text;
    fclose(file);
    std::string result(bytes, size);
    free(bytes);
    return result;
}

static struct sim *loaded(const std::string &bytes, std::string *why)
{
    struct show_error error = {""};
    /* fmemopen() takes no empty buffer. */
    FILE *file = bytes.empty() ? fopen("/dev/null", "r")
                               : fmemopen(const_cast<char *>(bytes.data()), bytes.size(), "r");
    struct sim *sim = show_load(file, &error);
    fclose(file);
    *why = error.text;
    EXPECT_EQ(sim == nullptr, !why->empty());
    return sim;
}

static std::string complaint_about(const std::string &bytes)
{
    std::string why;
    sim_destroy(loaded(bytes, &why));
    return why;
}

/* A state file of the world, made once. */
static const std::string &world_file()
{
    static const std::string bytes = [] {
        SystemOptions options;
        options.memory = 8u << 20;
        System sys(options);
        build_world(sys);
        return saved(sys.sim());
    }();
    return bytes;
}

static size_t header_length(const std::string &bytes)
{
    size_t at = 0;
    for (int i = 0; i < 5; i++) {
        at = bytes.find('\n', at) + 1;
    }
    return at;
}

static std::string replaced(const std::string &bytes, const std::string &from,
                            const std::string &to)
{
    std::string result = bytes;
    size_t at = result.find(from);
    EXPECT_NE(at, std::string::npos);
    return result.replace(at, from.size(), to);
}

/* The line that starts with `key`, without its newline. */
static std::string line_of(const std::string &bytes, const std::string &key)
{
    size_t at = bytes.find("\n" + key + " ") + 1;
    return bytes.substr(at, bytes.find('\n', at) - at);
}

/* A file with this compressed content, whose header is right. */
static std::string with_payload(const std::string &payload)
{
    char lines[80];
    snprintf(lines, sizeof lines, "\nsize %zu\nhash %016" PRIx64 "\n", payload.size(),
             static_cast<uint64_t>(XXH3_64bits(payload.data(), payload.size())));
    const std::string &bytes = world_file();
    return bytes.substr(0, bytes.find("\nsize ")) + lines + payload;
}

static std::string compressed(const std::string &content)
{
    std::string payload(ZSTD_compressBound(content.size()), '\0');
    payload.resize(ZSTD_compress(&payload[0], payload.size(), content.data(), content.size(), 1));
    return payload;
}

static std::string world_content()
{
    const std::string payload = world_file().substr(header_length(world_file()));
    std::string content(16u << 20, '\0');
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {payload.data(), payload.size(), 0};
    ZSTD_outBuffer out = {&content[0], content.size(), 0};
    EXPECT_EQ(ZSTD_decompressStream(context, &out, &in), 0u);
    ZSTD_freeDCtx(context);
    content.resize(out.pos);
    return content;
}

TEST(StateFile, LoadedIsWhatWasSaved)
{
    std::string text;
    std::string json;
    std::string bytes;
    {
        System sys;
        build_world(sys);
        text = text_of(sys.sim());
        json = json_of(sys.sim());
        bytes = saved(sys.sim());
    }
    std::string why;
    struct sim *sim = loaded(bytes, &why);
    ASSERT_NE(sim, nullptr) << why;
    EXPECT_EQ(text_of(sim), text);
    EXPECT_EQ(json_of(sim), json);
    EXPECT_EQ(saved(sim), bytes);
    sim_destroy(sim);
    EXPECT_THAT(bytes, StartsWith(SHOW_STATE_MAGIC "1\nbuild "));
    EXPECT_LT(bytes.size(), 100000u);
}

TEST(StateFile, KeepsAPanicAndAPlaceOfTheKernel)
{
    SystemOptions options;
    options.memory = 32u << 20;
    options.configure = [](sim_config &config) {
        config.kernel_paddr = SIM_RAM_BASE + 0x1800000;
        config.image_paddr = SIM_RAM_BASE + 0x1000000;
        config.ram_count = 2;
        config.ram[1] = {0x100000000, 0x100400000};
    };
    std::string text;
    std::string bytes;
    {
        System sys(options);
        sys.spawn();
        sys.expect_panic();
        sys.kernel()->cores[0].ready[0].summary = 0;
        sys.nb_send(0);
        ASSERT_TRUE(sys.panicked());
        text = text_of(sys.sim());
        bytes = saved(sys.sim());
    }
    std::string why;
    struct sim *sim = loaded(bytes, &why);
    ASSERT_NE(sim, nullptr) << why;
    EXPECT_EQ(sim_status(sim), SIM_PANICKED);
    EXPECT_EQ(text_of(sim), text);
    sim_destroy(sim);
}

TEST(StateFile, OneThatIsNoneIsRefused)
{
    EXPECT_EQ(complaint_about(""), "the file is empty");
    EXPECT_THAT(complaint_about("albireo-trace 1\n"), HasSubstr("no state file"));
    EXPECT_THAT(complaint_about("\x7f"
                                "ELF"),
                HasSubstr("no state file"));
    EXPECT_THAT(complaint_about(std::string(100000, '\0')), HasSubstr("no state file"));
}

TEST(StateFile, OtherVersionsBuildsAndKernelsAreRefused)
{
    const std::string &bytes = world_file();
    EXPECT_EQ(complaint_about(replaced(bytes, "state 1\n", "state 2\n")),
              "line 1: format version 2; this program reads version 1");
    EXPECT_THAT(complaint_about(replaced(bytes, "state 1\n", "state x\n")),
                HasSubstr("line 1: no version number"));
    std::string build = line_of(bytes, "build");
    EXPECT_EQ(complaint_about(replaced(bytes, build, "build 1234")),
              "line 2: it is of kernel build 1234, and this program has " + build);
    std::string config = line_of(bytes, "config");
    EXPECT_THAT(complaint_about(replaced(bytes, config, "config other")),
                HasSubstr("line 3: its kernel is 'other', and that of this program '" +
                          config.substr(7) + "'"));
    EXPECT_THAT(complaint_about(replaced(bytes, "\nsize ", "\nsise ")), HasSubstr("line 4: "));
    EXPECT_THAT(complaint_about(replaced(bytes, "\nhash ", "\nhash -")), HasSubstr("line 5: "));
    EXPECT_THAT(complaint_about(replaced(bytes, "\nsize ", "\nsize 99999999999999999999")),
                HasSubstr("cut short"));
}

TEST(StateFile, CutShortIsSaid)
{
    const std::string &bytes = world_file();
    size_t header = header_length(bytes);
    ASSERT_GT(bytes.size(), header + 1000);
    for (size_t size = 1; size < bytes.size(); size += size < header + 64 ? 1 : 61) {
        EXPECT_THAT(complaint_about(bytes.substr(0, size)), HasSubstr("cut short")) << size;
    }
    EXPECT_THAT(complaint_about(bytes.substr(0, bytes.size() - 1)), HasSubstr("cut short"));
    EXPECT_THAT(complaint_about(bytes + "x"), HasSubstr("1 bytes too many, from byte "));
}

TEST(StateFile, EveryFlippedBitOfTheHeaderIsNoticed)
{
    std::string bytes = world_file();
    for (size_t i = 0; i < header_length(world_file()); i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
            EXPECT_NE(complaint_about(bytes), "") << i;
            bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
        }
    }
}

TEST(StateFile, DamageIsNoticed)
{
    std::string bytes = world_file();
    for (size_t i = header_length(bytes); i < bytes.size(); i += 37) {
        bytes[i] = static_cast<char>(bytes[i] ^ 1 << i % 8);
        EXPECT_THAT(complaint_about(bytes), HasSubstr("the file is damaged: ")) << i;
        bytes[i] = static_cast<char>(bytes[i] ^ 1 << i % 8);
    }
}

/* Damage that the hash does not tell, because it is the hash of the damaged bytes. */
TEST(StateFile, WrongCompressedBytesDoNoHarm)
{
    std::string payload = world_file().substr(header_length(world_file()));
    std::mt19937 random(1);
    int refused = 0;
    for (uint32_t i = 0; i < 300; i++) {
        std::string damaged = payload;
        for (uint32_t n = 0; n <= i % 3; n++) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        std::string why;
        struct sim *sim = loaded(with_payload(damaged), &why);
        refused += sim == nullptr ? 1 : 0;
        if (sim != nullptr) {
            EXPECT_TRUE(is_json(json_of(sim)));
        }
        sim_destroy(sim);
    }
    EXPECT_GT(refused, 0);
    EXPECT_THAT(complaint_about(with_payload(payload.substr(0, payload.size() - 1))),
                HasSubstr("content"));
    EXPECT_THAT(complaint_about(with_payload("")), HasSubstr("the content ends at byte 0"));
    EXPECT_THAT(complaint_about(with_payload("garbage, not zstd")), HasSubstr("damaged at byte 0"));
    EXPECT_THAT(complaint_about(with_payload(payload + payload)), HasSubstr("behind its end"));
}

/* And damage of what was compressed. */
TEST(StateFile, WrongContentDoesNoHarm)
{
    const std::string content = world_content();
    ASSERT_GT(content.size(), 20000u);
    EXPECT_EQ(complaint_about(with_payload(compressed(content))), "");
    std::mt19937_64 random(2);
    for (size_t i = 0; i < 2000; i += 8) { /* The machine and its memory map. */
        std::string damaged = content;
        uint64_t values[] = {UINT64_MAX, 0, 33, 0x80001000, random()};
        memcpy(&damaged[i], &values[random() % 5], 8);
        std::string why;
        struct sim *sim = loaded(with_payload(compressed(damaged)), &why);
        if (sim != nullptr) {
            EXPECT_TRUE(is_json(json_of(sim)));
        }
        sim_destroy(sim);
    }
    for (int i = 0; i < 60; i++) { /* Pages, and their addresses. */
        std::string damaged = content;
        for (int n = 0; n < 200; n++) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        std::string why;
        struct sim *sim = loaded(with_payload(compressed(damaged)), &why);
        if (sim != nullptr) {
            EXPECT_TRUE(is_json(json_of(sim)));
            EXPECT_FALSE(text_of(sim).empty());
            EXPECT_FALSE(dot_of(sim).empty());
        }
        sim_destroy(sim);
    }
    EXPECT_THAT(complaint_about(with_payload(compressed(content.substr(0, 1000)))),
                HasSubstr("the content ends at byte 1000, too early"));
    EXPECT_THAT(complaint_about(with_payload(compressed(content + "x"))),
                HasSubstr("behind its end"));
    std::string regions = content;
    regions[0] = 33;
    EXPECT_THAT(complaint_about(with_payload(compressed(regions))),
                HasSubstr("wrong at byte 0: the number of regions is 33"));
}

TEST(StateFile, AFullDiskIsAnError)
{
    System sys;
    FILE *file = fopen("/dev/full", "w");
    ASSERT_NE(file, nullptr);
    struct show_error error = {""};
    EXPECT_FALSE(show_save(sys.sim(), file, &error));
    EXPECT_STREQ(error.text, "No space left on device");
    fclose(file);
}
