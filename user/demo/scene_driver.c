/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 4: a driver with a device's registers, its interrupt, and nothing else that is special. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

#define REGISTERS 0x50000000u

enum { ALARMS = 5, DELAY = 250, DONE = 1 };

struct driver {
    struct demo *demo;
    seL4_IRQHandler handler;
    seL4_CPtr interrupt; /* Notification. */
    seL4_CPtr done;
    uint64_t on_time;
};

static void driver_main(uint64_t argument)
{
    struct driver *v = (struct driver *)(uintptr_t)argument;
    for (uint32_t i = 0; i < ALARMS; i++) {
        uint64_t start = user_now_us();
        user_store32(REGISTERS + DEMO_DEVICE_ALARM, DELAY);
        seL4_Wait(v->interrupt, seL4_Null);
        uint64_t elapsed = user_now_us() - start;
        v->on_time += elapsed >= DELAY && elapsed <= DELAY + DELAY / 10;
        seL4_IRQHandler_Ack(v->handler);
    }
    seL4_Signal(v->done);
    demo_park(v->demo);
}

/* Keeps the CPU busy at a low priority. */
static void background_main(uint64_t argument)
{
    volatile uint64_t *rounds = (volatile uint64_t *)(uintptr_t)argument;
    for (;;) {
        user_work_us(10);
        *rounds += 1;
    }
}

void scene_driver(struct demo *d)
{
    struct user_thread threads[2];
    uint64_t rounds = 0;
    seL4_CPtr frame;
    struct driver v = {.demo = d, .handler = alloc_slot(&d->scene)};
    seL4_CPtr ntfn = demo_object(d, seL4_NotificationObject);
    v.interrupt = demo_object(d, seL4_NotificationObject);
    v.done = demo_mint(d, ntfn, seL4_CanWrite, DONE);

    demo_say("  The driver gets the device's registers, mapped, and interrupt %lu.",
             (uint64_t)DEMO_DEVICE_IRQ);
    bool ready = demo_ok(d, alloc_device_frame(&d->alloc, DEMO_DEVICE_PADDR, &frame),
                         "the device's frame") &&
                 demo_ok(d, space_map(&d->scene, &d->space, frame, REGISTERS, seL4_ReadWrite),
                         "mapping the device") &&
                 demo_ok(d,
                         seL4_IRQControl_Get(seL4_CapIRQControl, DEMO_DEVICE_IRQ, d->alloc.cnode,
                                             v.handler, ALLOC_DEPTH),
                         "getting the interrupt") &&
                 demo_ok(d, seL4_IRQHandler_SetNotification(v.handler, v.interrupt),
                         "setting the notification");
    if (!ready) {
        return;
    }
    seL4_Error again = seL4_IRQControl_Get(seL4_CapIRQControl, DEMO_DEVICE_IRQ, d->alloc.cnode,
                                           alloc_slot(&d->scene), ALLOC_DEPTH);
    demo_claim(d, again == seL4_RevokeFirst, "nobody can get the same interrupt a second time");

    struct thread_spec spec = demo_spec(d, "background", background_main, &rounds, 50);
    spec = demo_with_time(spec, 10000, 10000);
    demo_start(d, &spec, &threads[0]);
    spec = demo_with_time(demo_spec(d, "driver", driver_main, &v, 200), 5000, 5000);
    demo_start(d, &spec, &threads[1]);
    demo_wait(ntfn, DONE);
    demo_ok(d, seL4_TCB_Suspend(threads[0].tcb), "stopping the background thread");
    uint64_t raised = user_load64(REGISTERS + DEMO_DEVICE_COUNT);
    demo_claim(d, raised == ALARMS, "the device was asked for %lu interrupts and raised %lu",
               (uint64_t)ALARMS, raised);
    demo_claim(d, v.on_time == ALARMS, "the driver woke %lu times, each %lu us after it asked",
               v.on_time, (uint64_t)DELAY);
    demo_claim(d, rounds >= ALARMS * DELAY / 10 * 9 / 10,
               "meanwhile a thread of low priority did %lu rounds of 10 us", rounds);
    demo_ok(d, seL4_RISCV_Page_Unmap(frame), "unmapping the device");
}
