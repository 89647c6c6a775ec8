/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/demo_device.h"

#include "hosted/sim.h"

enum { OFFSET_ALARM = 0, OFFSET_COUNT = 8 };

static void update(struct demo_device *device)
{
    if (device->armed && sim_now(device->sim) >= device->alarm) {
        device->armed = false;
        device->raised++;
    }
}

static uint64_t device_read(void *context, uint64_t offset, uint32_t size)
{
    struct demo_device *device = context;
    (void)size;
    update(device);
    return offset == OFFSET_COUNT ? device->raised : 0;
}

/* Arming it again before the alarm is ignored: it is one-shot. */
static void device_write(void *context, uint64_t offset, uint32_t size, uint64_t value)
{
    struct demo_device *device = context;
    update(device);
    if (offset != OFFSET_ALARM || size != 4 || device->armed) {
        return;
    }
    device->armed = true;
    device->alarm = sim_now(device->sim) + value * sim_config_of(device->sim)->ticks_per_us;
    sim_schedule_irq(device->sim, DEMO_TIMER_IRQ, device->alarm);
}

bool demo_device_add(struct demo_device *device, struct sim *sim)
{
    *device = (struct demo_device){.sim = sim};
    return sim_add_device(sim, DEMO_TIMER_PADDR, DEMO_TIMER_SIZE, device_read, device_write,
                          device);
}
