/* SPDX-License-Identifier: BSD-2-Clause */

/* A root task to try the serial driver with: what is typed comes back, through a driver that is a
 * process of its own. Ctrl-D ends it.
 */
#include <sel4/sel4.h>

#include "user/lib/alloc.h"
#include "user/lib/console.h"
#include "user/lib/error_name.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"
#include "user/lib/serial_server.h"

enum { CTRL_D = 4, LINE = 64 };

struct echo {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space;
    struct console console;
    struct serial_server server;
};

static seL4_Error start(struct echo *e)
{
    seL4_CPtr frame;
    struct thread_spec spec = {.name = "serial driver",
                               .authority = seL4_CapInitThreadTCB,
                               .priority = 200,
                               .sched_control = e->info->schedcontrol.start,
                               .budget_us = 5000,
                               .period_us = 5000};
    seL4_Error error = console_open(&e->console, &e->alloc, &e->space, e->info);
    if (error != seL4_NoError) {
        return error;
    }
    const struct devices_serial *port = &e->console.devices.serial;
    if (port->kind == SERIAL_NONE || port->irq == 0) {
        print("There is no serial port with an interrupt.\n");
        return seL4_FailedLookup;
    }
    error =
        alloc_mint(&e->alloc, console_frame(&e->console, port->paddr), seL4_ReadWrite, 0, &frame);
    if (error != seL4_NoError) {
        return error;
    }
    return serial_server_start(&e->alloc, e->info, &spec, port, frame, &e->server);
}

/* Until Ctrl-D, or something goes wrong. */
static seL4_Error run(const struct echo *e)
{
    for (;;) {
        uint8_t bytes[LINE];
        uint64_t count = LINE;
        seL4_Error error = serial_read(e->server.endpoint, bytes, &count);
        if (error != seL4_NoError) {
            return error;
        }
        for (uint64_t i = 0; i < count; i++) {
            if (bytes[i] == CTRL_D) {
                return serial_write(e->server.endpoint, bytes, i);
            }
        }
        error = serial_write(e->server.endpoint, bytes, count);
        if (error != seL4_NoError) {
            return error;
        }
    }
}

void root_task(void *bootinfo)
{
    struct echo e = {.info = (const seL4_BootInfo *)bootinfo,
                     .space = {.vspace = seL4_CapInitThreadVSpace}};
    struct serial_figures figures;
    alloc_init(&e.alloc, e.info);
    seL4_Error error = start(&e);
    if (error == seL4_NoError) {
        print("Type something; Ctrl-D ends.\n");
        error = run(&e);
    }
    if (error == seL4_NoError) {
        error = serial_flush(e.server.endpoint);
    }
    if (error == seL4_NoError) {
        error = serial_figures(e.server.endpoint, &figures);
    }
    if (error == seL4_NoError) {
        print("\n%lu bytes received, %lu lost, %lu sent; %s.\n", figures.received, figures.lost,
              figures.sent, figures.interrupts > 0 ? "by interrupts" : "without interrupts");
    } else {
        print("echo: %s\n", sel4_error_name(error));
    }
    user_halt();
}
