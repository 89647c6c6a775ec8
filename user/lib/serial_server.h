/* SPDX-License-Identifier: BSD-2-Clause */

/* Serial driver: a process that has a serial port's registers and interrupt, and nothing else.
 *
 * Clients call its endpoint. What they write is queued, and given to the port whenever its
 * interrupt says that there is room. The driver itself waits for the device only when it starts,
 * and for the last byte before it answers SERIAL_FLUSH, each time at most SERIAL_PATIENCE_US
 * (user/lib/serial.h). What arrives is kept until it is read. Any thread with a capability to the
 * endpoint may be a client; it needs the rights to send and to call (write, grant-reply), and a
 * badge below SERIAL_BADGE_LIMIT. The driver answers every request with a message whose label is an
 * error number.
 *
 * SERIAL_WAITERS clients can wait for an answer; one more is told seL4_NotEnoughMemory. Writers
 * take turns, in pieces of any size. Only one client can wait for input: when there is another, it
 * takes the place of the first, who is told seL4_IllegalOperation. So a reader that was deleted or
 * suspended while it waited is not in the way, but what is read for it before is lost.
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
    SERIAL_WAITERS = 8,
};

enum serial_request {
    SERIAL_WRITE = 1, /* MR0: count, MR1...: bytes, 8 in a word. Answer: MR0: how many fitted; if
                         not all, it comes when there is room again. */
    SERIAL_READ,      /* MR0: most bytes wanted, 1 to SERIAL_MESSAGE_BYTES; else seL4_RangeError.
                         Answer, when there are some: MR0: count, MR1...: bytes. */
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
/* *count: the most that is wanted, from 1 to SERIAL_MESSAGE_BYTES, or else the error is
 * seL4_RangeError; and then how many came, at least one and never more. */
seL4_Error serial_read(seL4_CPtr server, uint8_t *bytes, uint64_t *count);
seL4_Error serial_flush(seL4_CPtr server);
seL4_Error serial_figures(seL4_CPtr server, struct serial_figures *figures);

#endif
