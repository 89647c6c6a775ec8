/* SPDX-License-Identifier: BSD-2-Clause */

/* Copy server: moves bulk data between programs that do not trust each other with their memory.
 *
 * IPC carries at most 120 words. Who wants to move more lends frames to this server, which maps
 * each client's frames in a window of its own and copies between windows. It copies only into the
 * window of a client that has said it accepts data from the caller. A client takes its frames back
 * by revoking what it lent; the server is passive and works on its callers' time.
 *
 * A client is known by the badge of its endpoint capability, 0 to COPY_CLIENTS_MAX - 1 plus
 * COPY_BADGE; it needs the rights to send, to grant and to call (write, grant, grant-reply). The
 * server answers every request with a message whose label is an error number.
 *
 * It cannot see the rights of a frame, nor stop a client from revoking one while it is being
 * copied: writing to a frame lent without the right to write, or revoked at that moment, is a page
 * fault of the server. Who starts the server handles its faults.
 */
#ifndef USER_LIB_COPY_SERVER_H
#define USER_LIB_COPY_SERVER_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/process.h"

enum {
    COPY_BADGE = 0x100, /* A badge of 0 could not be told from none. */
    COPY_CLIENTS_MAX = 4,
    COPY_PAGES_MAX = 32, /* Of a client. */
};

enum copy_request {
    COPY_LEND = 1, /* Extra cap: a 4 KiB frame. MR0: page of the window where it goes. */
    COPY_ACCEPT,   /* MR0: client (number) whose data may come. */
    COPY_RUN,      /* MR0: client to copy to, MR1: offset there, MR2: offset here, MR3: bytes. */
};

struct copy_server {
    seL4_CPtr endpoint;
    struct process process;
};

/* Makes the server and starts it; returns when it is passive. `spec` gives name, priority, time for
 * the start, authority and fault handler. */
seL4_Error copy_server_start(struct alloc *a, const seL4_BootInfo *info,
                             const struct thread_spec *spec, struct copy_server *server);

/* Requests of a client, through its capability to the endpoint. */
seL4_Error copy_lend(seL4_CPtr server, seL4_CPtr frame, seL4_Word page);
seL4_Error copy_accept(seL4_CPtr server, seL4_Word from_client);
seL4_Error copy_run(seL4_CPtr server, seL4_Word to_client, seL4_Word to_offset,
                    seL4_Word from_offset, seL4_Word bytes);

#endif
