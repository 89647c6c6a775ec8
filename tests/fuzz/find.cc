/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/find.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "fuzz/api/play.h"
#include "fuzz/api/world.h"
#include "fuzz/oracle/oracle.h"

namespace albireo {

std::string find_of(const struct input_config &config,
                    const std::vector<struct input_event> &events)
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
    struct oracle *oracle = oracle_create(world, ORACLE_FULL);
    char *log = nullptr;
    size_t size = 0;
    std::FILE *file = open_memstream(&log, &size);
    struct play_options options = {};
    options.log = file;
    std::string text;
    if (!play_input(world, oracle, input.get(), &options)) {
        const struct oracle_find *find = oracle_find(oracle);
        std::fclose(file);
        text = std::string(find->kind) + ": " + find->text + "\n" + log;
    } else {
        std::fclose(file);
    }
    std::free(log);
    oracle_free(oracle);
    world_destroy(world);
    return text;
}

} // namespace albireo
