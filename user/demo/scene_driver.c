/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 4: a driver with a device's registers, its interrupt, and nothing else that is special. */
#include "user/demo/demo.h"
#include "user/lib/serial_server.h"

static const char text[] =
    "  > This line goes out by interrupts, longer than the serial port's own "
    "memory.\r\n";

enum { TEXT_BYTES = sizeof text - 1 };

static bool start(struct demo *d, const struct devices_serial *port, struct serial_server *server)
{
    seL4_CPtr frame = demo_mint(d, console_frame(&d->console, port->paddr), seL4_ReadWrite, 0);
    struct thread_spec spec = demo_spec(d, "serial driver", seL4_Null, seL4_Null, 200);
    spec = demo_with_time(spec, 5000, 5000);
    return demo_ok(d, serial_server_start(&d->scene, d->info, &spec, port, frame, server),
                   "the serial driver");
}

void scene_driver(struct demo *d)
{
    struct serial_server server;
    struct serial_figures figures;
    const struct devices_serial *port = &d->console.devices.serial;
    demo_claim(d, port->kind != SERIAL_NONE && port->irq != 0,
               "the device tree tells of a serial port");
    if (port->kind == SERIAL_NONE || port->irq == 0) {
        return;
    }
    demo_say("  The driver, a process, gets the port's registers, mapped, and interrupt %lu.",
             (uint64_t)port->irq);
    if (!start(d, port, &server)) {
        return;
    }
    seL4_Error again = seL4_IRQControl_Get(seL4_CapIRQControl, port->irq, d->alloc.cnode,
                                           alloc_slot(&d->scene), ALLOC_DEPTH);
    demo_claim(d, again == seL4_RevokeFirst, "nobody can get the same interrupt a second time");
    demo_ok(d, serial_write(server.endpoint, (const uint8_t *)text, TEXT_BYTES), "writing");
    demo_ok(d, serial_flush(server.endpoint), "waiting for the end");
    demo_ok(d, serial_figures(server.endpoint, &figures), "asking for figures");
    demo_claim(d, figures.sent == TEXT_BYTES, "it sent all %lu bytes of the line above",
               figures.sent);
    demo_claim(d, figures.interrupts > 0, "and slept in between until the port interrupted");
}
