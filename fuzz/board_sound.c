/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/board_sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool text_is_sound(const char *text, uint64_t size)
{
    uint64_t length = strnlen(text, size);
    for (uint64_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return length > 0 && length < size;
}

/* Whole pages, not empty, sorted, with something between each and the next. */
static bool regions_are_sound(const struct boot_region *regions, uint32_t count)
{
    if (count > BOOT_REGIONS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (regions[i].start % 4096 != 0 || regions[i].end % 4096 != 0 ||
            regions[i].start >= regions[i].end ||
            (i > 0 && regions[i].start <= regions[i - 1].end)) {
            return false;
        }
    }
    return true;
}

static const char *harts_unsound(const struct board *board)
{
    bool found = false;
    if (board->hart_count == 0 || board->hart_count > BOARD_HARTS_MAX) {
        return "the number of harts";
    }
    for (uint32_t i = 0; i < board->hart_count; i++) {
        const struct board_hart *hart = &board->harts[i];
        if (board_hart(board, hart->id) != hart) {
            return "two harts with the same id";
        }
        if (hart->plic_context == BOARD_NO_CONTEXT) {
            continue;
        }
        found = true;
        if (0x200000 + 0x1000 * ((uint64_t)hart->plic_context + 1) >
            board->plic.end - board->plic.start) {
            return "a context outside of the PLIC";
        }
    }
    return found ? NULL : "no context at all";
}

static bool contains(const struct boot_region *regions, uint32_t count, struct boot_region region)
{
    for (uint32_t i = 0; i < count; i++) {
        if (regions[i].start <= region.start && region.end <= regions[i].end) {
            return true;
        }
    }
    return false;
}

static bool is_in_tree(const char *text, const uint8_t *tree, uint64_t size)
{
    uint64_t offset = (uint64_t)((const uint8_t *)text - tree);
    return text == NULL || (offset < size && strnlen(text, size - offset) < size - offset);
}

const char *board_unsound(const struct board *board, const uint8_t *tree, uint64_t size)
{
    if (!text_is_sound(board->name, BOARD_NAME_SIZE)) {
        return "the name";
    }
    if (board->ram_count == 0 || !regions_are_sound(board->ram, board->ram_count)) {
        return "RAM";
    }
    if (!regions_are_sound(board->reserved, board->reserved_count)) {
        return "reserved regions";
    }
    if (!regions_are_sound(board->devices, board->device_count) ||
        !contains(board->devices, board->device_count, board->plic)) {
        return "devices";
    }
    if (board->timebase_hz == 0) {
        return "the timebase";
    }
    if (board->plic_sources == 0 || board->plic_sources > 1023) {
        return "the number of sources";
    }
    if (board->tree_size > size || !is_in_tree(board->bootargs, tree, size) ||
        !is_in_tree(board->stdout_path, tree, size)) {
        return "strings outside of the tree";
    }
    return harts_unsound(board);
}
