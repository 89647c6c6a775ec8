/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/user/fake_port.h"

#include <cstdlib>

extern "C" {
#include "user/lib/port.h"
}

fake_place place;

void place_reset()
{
    place = fake_place();
    place.load = [](uint64_t, uint32_t) {
        return uint64_t{0};
    };
    place.store = [](uint64_t, uint32_t, uint64_t) {
    };
    place.while_working = [] {
    };
}

uint64_t user_load64(uint64_t vaddr)
{
    return place.load(vaddr, 8);
}

void user_store64(uint64_t vaddr, uint64_t value)
{
    place.store(vaddr, 8, value);
}

uint32_t user_load32(uint64_t vaddr)
{
    return static_cast<uint32_t>(place.load(vaddr, 4));
}

void user_store32(uint64_t vaddr, uint32_t value)
{
    place.store(vaddr, 4, value);
}

uint8_t user_load8(uint64_t vaddr)
{
    return static_cast<uint8_t>(place.load(vaddr, 1));
}

void user_store8(uint64_t vaddr, uint8_t value)
{
    place.store(vaddr, 1, value);
}

uint64_t user_now_us(void)
{
    return place.now_us;
}

void user_work_us(uint64_t us)
{
    for (uint64_t i = 0; i < us; i++) {
        place.now_us++;
        place.while_working();
    }
}

const void *user_extra_bootinfo(const seL4_BootInfo *)
{
    return place.extra_bootinfo;
}

void user_thread_context(seL4_UserContext *, void (*)(uint64_t), uint64_t, uint64_t, uint64_t)
{
    abort(); /* No threads here. */
}
