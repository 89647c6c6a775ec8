/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/copy_server.h"

#include <stdbool.h>

#include "user/lib/port.h"

/* Slots of the server's CNode. */
enum {
    SLOT_ENDPOINT = PROCESS_SLOT_FIRST,
    SLOT_REPLY,
    SLOT_READY, /* Notification: signalled when the server waits for the first time. */
    SLOT_FRAMES,
};

#define WINDOW_BASE 0x20000000u
#define WINDOW_SIZE (COPY_PAGES_MAX * USER_PAGE_SIZE)

struct client {
    bool accepts[COPY_CLIENTS_MAX];
};

struct server {
    struct client clients[COPY_CLIENTS_MAX];
};

/* ---- The server's side ---- */

static uint64_t window(seL4_Word client)
{
    return WINDOW_BASE + client * WINDOW_SIZE;
}

static seL4_CPtr frame_slot(seL4_Word client, seL4_Word page)
{
    return SLOT_FRAMES + client * COPY_PAGES_MAX + page;
}

/* Frames arrive in the slot behind all others, and are moved from there. */
static seL4_CPtr arrival_slot(void)
{
    return frame_slot(COPY_CLIENTS_MAX, 0);
}

static seL4_Error delete_slot(seL4_CPtr slot)
{
    return seL4_CNode_Delete(PROCESS_SLOT_CNODE, slot, seL4_WordBits);
}

/* Also of a frame that is mapped there already: tells whether it still is. */
static seL4_Error map_frame(seL4_Word client, seL4_Word page)
{
    return seL4_RISCV_Page_Map(frame_slot(client, page), PROCESS_SLOT_VSPACE,
                               window(client) + page * USER_PAGE_SIZE, seL4_ReadWrite,
                               seL4_RISCV_ExecuteNever);
}

static seL4_Error lend(seL4_Word client, seL4_MessageInfo_t info, seL4_Word page)
{
    if (page >= COPY_PAGES_MAX) {
        return seL4_RangeError;
    }
    if (seL4_MessageInfo_get_extraCaps(info) != 1 ||
        seL4_MessageInfo_get_capsUnwrapped(info) != 0) {
        return seL4_TruncatedMessage;
    }
    /* What was lent for this page before, perhaps revoked meanwhile, makes room. */
    seL4_CPtr slot = frame_slot(client, page);
    seL4_Error error = delete_slot(slot);
    if (error != seL4_NoError) {
        return error;
    }
    error = seL4_CNode_Move(PROCESS_SLOT_CNODE, slot, seL4_WordBits, PROCESS_SLOT_CNODE,
                            arrival_slot(), seL4_WordBits);
    if (error != seL4_NoError) {
        return error;
    }
    return map_frame(client, page);
}

/* A client may have revoked what it lent, so every page is looked at for every request. */
static bool range_lent(seL4_Word client, seL4_Word offset, seL4_Word bytes)
{
    if (offset > WINDOW_SIZE || bytes > WINDOW_SIZE - offset) {
        return false;
    }
    for (seL4_Word page = offset / USER_PAGE_SIZE; page * USER_PAGE_SIZE < offset + bytes; page++) {
        if (map_frame(client, page) != seL4_NoError) {
            return false;
        }
    }
    return true;
}

static seL4_Error run(const struct server *s, seL4_Word from, seL4_Word to, seL4_Word to_offset,
                      seL4_Word from_offset, seL4_Word bytes)
{
    if (to >= COPY_CLIENTS_MAX || !s->clients[to].accepts[from]) {
        return seL4_IllegalOperation;
    }
    if ((to_offset | from_offset | bytes) % sizeof(seL4_Word) != 0) {
        return seL4_AlignmentError;
    }
    if (!range_lent(from, from_offset, bytes) || !range_lent(to, to_offset, bytes)) {
        return seL4_RangeError;
    }
    for (seL4_Word i = 0; i < bytes; i += sizeof(seL4_Word)) {
        user_store64(window(to) + to_offset + i, user_load64(window(from) + from_offset + i));
    }
    return seL4_NoError;
}

static seL4_Error serve(struct server *s, seL4_Word badge, seL4_MessageInfo_t info)
{
    seL4_Word client = badge - COPY_BADGE;
    if (client >= COPY_CLIENTS_MAX) {
        return seL4_InvalidCapability;
    }
    switch (seL4_MessageInfo_get_label(info)) {
    case COPY_LEND:
        return lend(client, info, seL4_GetMR(0));
    case COPY_ACCEPT:
        if (seL4_GetMR(0) >= COPY_CLIENTS_MAX) {
            return seL4_RangeError;
        }
        s->clients[client].accepts[seL4_GetMR(0)] = true;
        return seL4_NoError;
    case COPY_RUN:
        return run(s, client, seL4_GetMR(0), seL4_GetMR(1), seL4_GetMR(2), seL4_GetMR(3));
    default:
        return seL4_IllegalOperation;
    }
}

static void server_main(uint64_t argument)
{
    (void)argument;
    struct server s = {0};
    seL4_Word badge;
    seL4_SetCapReceivePath(PROCESS_SLOT_CNODE, arrival_slot(), seL4_WordBits);
    /* The maker takes the scheduling context away while the server waits. */
    seL4_MessageInfo_t info = seL4_NBSendRecv(SLOT_READY, seL4_MessageInfo_new(0, 0, 0, 0),
                                              SLOT_ENDPOINT, &badge, SLOT_REPLY);
    for (;;) {
        seL4_Error error = serve(&s, badge, info);
        /* A capability that came uninvited, or could not be used, is not kept. */
        delete_slot(arrival_slot());
        info = seL4_ReplyRecv(SLOT_ENDPOINT, seL4_MessageInfo_new((seL4_Word)error, 0, 0, 0),
                              &badge, SLOT_REPLY);
    }
}

/* ---- The maker's side ---- */

static seL4_Error grant_all(struct alloc *a, const struct copy_server *server, seL4_CPtr ready)
{
    seL4_CPtr reply;
    seL4_Error error = alloc_object(a, seL4_ReplyObject, 0, &reply);
    if (error != seL4_NoError) {
        return error;
    }
    error = process_grant(a, &server->process, SLOT_REPLY, reply, seL4_AllRights, 0);
    if (error != seL4_NoError) {
        return error;
    }
    error = process_grant(a, &server->process, SLOT_ENDPOINT, server->endpoint, seL4_CanRead, 0);
    if (error != seL4_NoError) {
        return error;
    }
    error = process_grant(a, &server->process, SLOT_READY, ready, seL4_CanWrite, 0);
    if (error != seL4_NoError) {
        return error;
    }
    return space_tables(a, &server->process.space, WINDOW_BASE);
}

seL4_Error copy_server_start(struct alloc *a, const seL4_BootInfo *info,
                             const struct thread_spec *spec, struct copy_server *server)
{
    seL4_CPtr ready;
    seL4_Error error = alloc_object(a, seL4_EndpointObject, 0, &server->endpoint);
    if (error != seL4_NoError) {
        return error;
    }
    error = alloc_object(a, seL4_NotificationObject, 0, &ready);
    if (error != seL4_NoError) {
        return error;
    }
    struct thread_spec own = *spec;
    own.entry = server_main;
    error = process_create(a, info, &own, &server->process);
    if (error != seL4_NoError) {
        return error;
    }
    error = grant_all(a, server, ready);
    if (error != seL4_NoError) {
        return error;
    }
    error = thread_start(&server->process.thread);
    if (error != seL4_NoError) {
        return error;
    }
    seL4_Wait(ready, seL4_Null);
    return seL4_SchedContext_Unbind(server->process.thread.sc);
}

/* ---- The clients' side ---- */

static seL4_Error request(seL4_CPtr server, enum copy_request label, seL4_Word caps,
                          seL4_Word words)
{
    seL4_MessageInfo_t info = seL4_Call(server, seL4_MessageInfo_new(label, 0, caps, words));
    return (seL4_Error)seL4_MessageInfo_get_label(info);
}

seL4_Error copy_lend(seL4_CPtr server, seL4_CPtr frame, seL4_Word page)
{
    seL4_SetCap(0, frame);
    seL4_SetMR(0, page);
    return request(server, COPY_LEND, 1, 1);
}

seL4_Error copy_accept(seL4_CPtr server, seL4_Word from_client)
{
    seL4_SetMR(0, from_client);
    return request(server, COPY_ACCEPT, 0, 1);
}

seL4_Error copy_run(seL4_CPtr server, seL4_Word to_client, seL4_Word to_offset,
                    seL4_Word from_offset, seL4_Word bytes)
{
    seL4_SetMR(0, to_client);
    seL4_SetMR(1, to_offset);
    seL4_SetMR(2, from_offset);
    seL4_SetMR(3, bytes);
    return request(server, COPY_RUN, 0, 4);
}
