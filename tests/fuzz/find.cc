/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/find.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "fuzz/api/play.h"
#include "fuzz/api/world.h"
#include "fuzz/harness/watch.h"

#if defined(__SANITIZE_ADDRESS__)
#define ALBIREO_SANITIZED true
#elif defined(__has_feature)
#define ALBIREO_SANITIZED __has_feature(address_sanitizer)
#else
#define ALBIREO_SANITIZED false
#endif

namespace albireo {

bool find_counts_steps()
{
    return watch_is_precise();
}

bool find_is_sanitized()
{
    return ALBIREO_SANITIZED;
}

std::string find_of(const struct input_config &config,
                    const std::vector<struct input_event> &events, enum oracle_level level)
{
    auto input = std::make_unique<struct input>();
    struct sim_error error = {};
    input->config = config;
    input->count = static_cast<uint32_t>(std::min<size_t>(events.size(), INPUT_EVENTS_MAX));
    std::copy_n(events.begin(), input->count, input->events);
    struct world *world = world_create(&error);
    if (world == nullptr) {
        return std::string("no world: ") + error.text;
    }
    struct oracle *oracle = oracle_create(world, level);
    char *log = nullptr;
    size_t size = 0;
    std::FILE *file = open_memstream(&log, &size);
    struct play_options options = {};
    options.log = file;
    std::string text;
    char left[256] = "";
    if (!play_input(world, oracle, input.get(), &options)) {
        const struct oracle_find *find = oracle_find(oracle);
        text = std::string(find->kind) + ": " + find->text + "\n";
    } else {
        world_reset(world, world->topology);
        if (!world_is_reset(world, left, sizeof left)) {
            text = std::string("residue: not as built after a reset: ") + left + "\n";
        }
    }
    std::fclose(file);
    text += text.empty() ? "" : log;
    std::free(log);
    oracle_free(oracle);
    world_destroy(world);
    return text;
}

} // namespace albireo
