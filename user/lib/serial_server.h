/* SPDX-License-Identifier: BSD-2-Clause */

/* Serial driver: a process that has a serial port's registers and interrupt, and nothing else.
 *
 * Clients call its endpoint. What they write is queued, and given to the port whenever its
 * interrupt says that there is room; the driver never waits for the device. What arrives is kept
 * until it is read. Any thread with a capability to the endpoint may be a client; it needs the
 * rights to send and to call (write, grant-reply), and a badge below SERIAL_BADGE_LIMIT. The driver
 * answers every request with a message whose label is an error number.
 *
 * One client at a time can wait for each of these: for room, for input, for the end of output. A
 * second one is told seL4_IllegalOperation.
 */
#ifndef USER_LIB_SERIAL_SERVER_H
#define USER_LIB_SERIAL_SERVER_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/devices.h"
#include "user/lib/process.h"

#define SERIAL_BADGE_LIMIT ((seL4_Word)1 << 63) /* Interrupts have this badge. */

enum {
    SERIAL_QUEUE = 1024, /* Bytes kept in each direction. */
    SERIAL_MESSAGE_BYTES = (seL4_MsgMaxLength - 1) * 8,
};

enum serial_request {
    SERIAL_WRITE = 1, /* MR0: count, MR1...: bytes, 8 in a word. Answer: MR0: how many fitted; if
                         not all, it comes when there is room again. */
    SERIAL_READ,      /* MR0: most bytes wanted. Answer, when there are some: as in SERIAL_WRITE. */
    SERIAL_FLUSH,     /* Answered when all has been sent. */
    SERIAL_FIGURES,   /* Answer: struct serial_figures. */
};

struct serial_figures {
    uint64_t sent;       /* Bytes given to the port, */
    uint64_t received;   /* taken from it, */
    uint64_t lost;       /* of which so many did not fit into the queue. */
    uint64_t interrupts; /* How often the port has woken the driver. */
};

struct serial_server {
    seL4_CPtr endpoint;
    struct process process;
};

/* Makes the driver for a port, whose interrupt must be free, starts it, and waits until it is
 * ready. `frame` is a capability to the page with the port's registers that is not mapped; it
 * becomes the driver's mapping. `spec` gives name, priority, time, authority and fault handler. */
seL4_Error serial_server_start(struct alloc *a, const seL4_BootInfo *info,
                               const struct thread_spec *spec, const struct devices_serial *port,
                               seL4_CPtr frame, struct serial_server *server);

/* Requests of a client, through its capability to the endpoint. */

seL4_Error serial_write(seL4_CPtr server, const uint8_t *bytes, uint64_t count);
/* *count: the most that is wanted, and then how many came, at least one. */
seL4_Error serial_read(seL4_CPtr server, uint8_t *bytes, uint64_t *count);
seL4_Error serial_flush(seL4_CPtr server);
seL4_Error serial_figures(seL4_CPtr server, struct serial_figures *figures);

#endif
