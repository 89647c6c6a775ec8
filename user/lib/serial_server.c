/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/serial_server.h"

#include "user/lib/serial.h"

/* What a client waits for. */
enum wait { WAIT_ROOM, WAIT_INPUT, WAIT_SENT };

/* Slots of the driver's CNode. There is a Reply object for each client that may wait, and one to
 * receive with. */
enum {
    SLOT_ENDPOINT = PROCESS_SLOT_FIRST,
    SLOT_HANDLER, /* Of the interrupt. */
    SLOT_REPLIES,
    REPLIES = SERIAL_WAITERS + 1,
};

#define REGISTERS 0x20000000u /* Where the page with the port is mapped. */

struct queue {
    uint8_t bytes[SERIAL_QUEUE];
    uint64_t in; /* Bytes that ever came in, */
    uint64_t out;
};

struct waiter {
    enum wait what;
    uint64_t count; /* WAIT_ROOM: bytes that fitted; WAIT_INPUT: the most that is wanted. */
    seL4_CPtr reply;
};

struct driver {
    struct serial port;
    bool sending; /* There was something to send; the port has not said since that it is done. */
    struct queue output;
    struct queue input;
    struct serial_figures figures;
    struct waiter waiters[SERIAL_WAITERS]; /* The one that has waited longest is the first. */
    uint32_t waiter_count;
    seL4_CPtr replies[REPLIES]; /* Unused ones; the last is the one to receive with. */
    uint32_t reply_count;
};

/* ---- Queues, and bytes in messages ---- */

static uint64_t filled(const struct queue *q)
{
    return q->in - q->out;
}

static void put(struct queue *q, uint8_t byte)
{
    q->bytes[q->in % SERIAL_QUEUE] = byte;
    q->in++;
}

static uint8_t take(struct queue *q)
{
    uint8_t byte = q->bytes[q->out % SERIAL_QUEUE];
    q->out++;
    return byte;
}

static int message_register(uint64_t index)
{
    return (int)(1 + index / sizeof(seL4_Word));
}

static uint8_t message_byte(uint64_t index)
{
    return (uint8_t)(seL4_GetMR(message_register(index)) >> index % sizeof(seL4_Word) * 8);
}

/* In ascending order. */
static void set_message_byte(uint64_t index, uint8_t byte)
{
    uint64_t place = index % sizeof(seL4_Word);
    seL4_Word others = place == 0 ? 0 : seL4_GetMR(message_register(index));
    seL4_SetMR(message_register(index), others | (seL4_Word)byte << place * 8);
}

static seL4_Word message_length(uint64_t bytes)
{
    return 1 + (bytes + sizeof(seL4_Word) - 1) / sizeof(seL4_Word);
}

/* ---- The device ---- */

/* Takes what the port may have kept. If there is more, it interrupts again. */
static void receive(struct driver *d)
{
    uint8_t byte;
    for (uint32_t i = 0; i < SERIAL_FIFO && serial_get(&d->port, &byte); i++) {
        d->figures.received++;
        if (filled(&d->input) < SERIAL_QUEUE) {
            put(&d->input, byte);
        } else {
            d->figures.lost++;
        }
    }
}

/* Gives the port what it takes now. It will say when it takes more: also if it takes nothing yet,
 * because somebody else has used it. */
static void transmit(struct driver *d)
{
    struct queue *q = &d->output;
    uint32_t given = 1;
    while (filled(q) > 0 && given > 0) {
        uint64_t first = q->out % SERIAL_QUEUE;
        uint64_t piece = SERIAL_QUEUE - first < filled(q) ? SERIAL_QUEUE - first : filled(q);
        given = serial_fill(&d->port, &q->bytes[first], (uint32_t)piece);
        q->out += given;
        d->figures.sent += given;
        if (!d->sending) {
            d->sending = true;
            serial_interrupts(&d->port, SERIAL_SENT | SERIAL_RECEIVED);
        }
    }
}

static void on_interrupt(struct driver *d)
{
    d->figures.interrupts++;
    uint32_t events = serial_events(&d->port);
    if ((events & SERIAL_SENT) != 0 && filled(&d->output) == 0) {
        d->sending = false;
        serial_interrupts(&d->port, SERIAL_RECEIVED);
    }
    receive(d);
    transmit(d);
    seL4_IRQHandler_Ack(SLOT_HANDLER);
}

/* ---- Answers to clients ---- */

static void answer(const struct driver *d, seL4_Error error, seL4_Word length)
{
    seL4_Send(d->replies[d->reply_count - 1], seL4_MessageInfo_new((seL4_Word)error, 0, 0, length));
}

/* Who has waited longest for that; null: nobody waits. */
static struct waiter *find_waiter(struct driver *d, enum wait what)
{
    for (uint32_t i = 0; i < d->waiter_count; i++) {
        if (d->waiters[i].what == what) {
            return &d->waiters[i];
        }
    }
    return seL4_Null;
}

/* The present client waits. */
static void wait_for(struct driver *d, enum wait what, uint64_t count)
{
    if (d->waiter_count == SERIAL_WAITERS) {
        answer(d, seL4_NotEnoughMemory, 0);
        return;
    }
    d->reply_count--;
    d->waiters[d->waiter_count] =
        (struct waiter){.what = what, .count = count, .reply = d->replies[d->reply_count]};
    d->waiter_count++;
}

/* The present client waits in the place of another, who is told so. */
static void displace(struct driver *d, struct waiter *waiter, uint64_t count)
{
    seL4_CPtr reply = d->replies[d->reply_count - 1];
    d->replies[d->reply_count - 1] = waiter->reply;
    waiter->reply = reply;
    waiter->count = count;
    answer(d, seL4_IllegalOperation, 0);
}

/* Has come what this one waits for? Then the answer is in the message registers. */
static bool is_ready(struct driver *d, const struct waiter *waiter, seL4_Word *length)
{
    uint64_t count = waiter->count;
    switch (waiter->what) {
    case WAIT_ROOM:
        seL4_SetMR(0, count);
        *length = 1;
        return filled(&d->output) <= SERIAL_QUEUE / 2;
    case WAIT_INPUT:
        count = filled(&d->input) < count ? filled(&d->input) : count;
        for (uint64_t i = 0; i < count; i++) {
            set_message_byte(i, take(&d->input));
        }
        seL4_SetMR(0, count);
        *length = message_length(count);
        return count > 0;
    case WAIT_SENT:
        *length = 0;
        if (filled(&d->output) > 0 || d->sending) {
            return false;
        }
        serial_drain(&d->port); /* For the last byte at most. */
        return true;
    }
    return false;
}

/* Answers all who need not wait any longer. The others move up. */
static void wake_all(struct driver *d)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < d->waiter_count; i++) {
        seL4_Word length;
        if (is_ready(d, &d->waiters[i], &length)) {
            d->replies[d->reply_count] = d->waiters[i].reply;
            d->reply_count++;
            answer(d, seL4_NoError, length);
        } else {
            d->waiters[count] = d->waiters[i];
            count++;
        }
    }
    d->waiter_count = count;
}

/* ---- Requests ---- */

static void serve_write(struct driver *d, seL4_MessageInfo_t info)
{
    uint64_t count = seL4_GetMR(0);
    if (count > SERIAL_MESSAGE_BYTES || seL4_MessageInfo_get_length(info) < message_length(count)) {
        answer(d, seL4_TruncatedMessage, 0);
        return;
    }
    /* Nobody gets in before who waits already, nor in part who could not wait for the rest. */
    uint64_t room = find_waiter(d, WAIT_ROOM) == seL4_Null ? SERIAL_QUEUE - filled(&d->output) : 0;
    if (count > room && d->waiter_count == SERIAL_WAITERS) {
        answer(d, seL4_NotEnoughMemory, 0);
        return;
    }
    uint64_t fitted = 0;
    for (; fitted < count && fitted < room; fitted++) {
        put(&d->output, message_byte(fitted));
    }
    if (fitted < count) {
        wait_for(d, WAIT_ROOM, fitted);
        return;
    }
    seL4_SetMR(0, fitted);
    answer(d, seL4_NoError, 1);
}

static void serve_read(struct driver *d)
{
    uint64_t wanted = seL4_GetMR(0);
    if (wanted == 0 || wanted > SERIAL_MESSAGE_BYTES) {
        seL4_SetMR(0, 1);
        seL4_SetMR(1, SERIAL_MESSAGE_BYTES);
        answer(d, seL4_RangeError, 2);
        return;
    }
    /* Nobody can tell whether a reader still exists: the newest is the one who does. */
    struct waiter *other = find_waiter(d, WAIT_INPUT);
    if (other != seL4_Null) {
        displace(d, other, wanted);
    } else {
        wait_for(d, WAIT_INPUT, wanted);
    }
}

static void tell_figures(const struct driver *d)
{
    seL4_SetMR(0, d->figures.sent);
    seL4_SetMR(1, d->figures.received);
    seL4_SetMR(2, d->figures.lost);
    seL4_SetMR(3, d->figures.interrupts);
    answer(d, seL4_NoError, 4);
}

static void serve(struct driver *d, seL4_MessageInfo_t info)
{
    switch (seL4_MessageInfo_get_label(info)) {
    case SERIAL_WRITE:
        serve_write(d, info);
        break;
    case SERIAL_READ:
        serve_read(d);
        break;
    case SERIAL_FLUSH:
        wait_for(d, WAIT_SENT, 0);
        break;
    case SERIAL_FIGURES:
        tell_figures(d);
        break;
    default:
        answer(d, seL4_IllegalOperation, 0);
        break;
    }
}

/* The port as one word, for the driver's argument: the driver cannot read its maker's memory. */
static uint64_t pack(const struct devices_serial *port)
{
    return (uint64_t)port->kind | (uint64_t)port->reg_shift << 8 | (uint64_t)port->reg_width << 16 |
           port->paddr % USER_PAGE_SIZE << 32;
}

static void driver_main(uint64_t argument)
{
    struct driver d = {.port = {.kind = (enum serial_kind)(argument & 0xff),
                                .base = REGISTERS + (argument >> 32),
                                .reg_shift = (uint32_t)(argument >> 8 & 0xff),
                                .reg_width = (uint32_t)(argument >> 16 & 0xff)}};
    for (; d.reply_count < REPLIES; d.reply_count++) {
        d.replies[d.reply_count] = SLOT_REPLIES + d.reply_count;
    }
    serial_init(&d.port);
    serial_interrupts(&d.port, SERIAL_RECEIVED);
    for (;;) {
        seL4_Word badge;
        seL4_MessageInfo_t info = seL4_Recv(SLOT_ENDPOINT, &badge, d.replies[d.reply_count - 1]);
        if ((badge & SERIAL_BADGE_LIMIT) != 0) {
            on_interrupt(&d);
        } else {
            serve(&d, info);
            transmit(&d);
        }
        wake_all(&d);
    }
}

/* ---- The clients' side ---- */

static seL4_Error request(seL4_CPtr server, enum serial_request label, seL4_Word length)
{
    seL4_MessageInfo_t info = seL4_Call(server, seL4_MessageInfo_new(label, 0, 0, length));
    return (seL4_Error)seL4_MessageInfo_get_label(info);
}

seL4_Error serial_write(seL4_CPtr server, const uint8_t *bytes, uint64_t count)
{
    uint64_t done = 0;
    while (done < count) {
        uint64_t piece = count - done < SERIAL_MESSAGE_BYTES ? count - done : SERIAL_MESSAGE_BYTES;
        for (uint64_t i = 0; i < piece; i++) {
            set_message_byte(i, bytes[done + i]);
        }
        seL4_SetMR(0, piece);
        seL4_Error error = request(server, SERIAL_WRITE, message_length(piece));
        if (error != seL4_NoError) {
            return error;
        }
        uint64_t fitted = seL4_GetMR(0);
        done += fitted < piece ? fitted : piece;
    }
    return seL4_NoError;
}

seL4_Error serial_read(seL4_CPtr server, uint8_t *bytes, uint64_t *count)
{
    uint64_t wanted = *count;
    if (wanted == 0 || wanted > SERIAL_MESSAGE_BYTES) {
        return seL4_RangeError;
    }
    seL4_SetMR(0, wanted);
    seL4_Error error = request(server, SERIAL_READ, 1);
    if (error != seL4_NoError) {
        return error;
    }
    uint64_t came = seL4_GetMR(0);
    *count = came < wanted ? came : wanted; /* The server need not be trusted. */
    for (uint64_t i = 0; i < *count; i++) {
        bytes[i] = message_byte(i);
    }
    return seL4_NoError;
}

seL4_Error serial_flush(seL4_CPtr server)
{
    return request(server, SERIAL_FLUSH, 0);
}

seL4_Error serial_figures(seL4_CPtr server, struct serial_figures *figures)
{
    seL4_Error error = request(server, SERIAL_FIGURES, 0);
    if (error == seL4_NoError) {
        *figures = (struct serial_figures){.sent = seL4_GetMR(0),
                                           .received = seL4_GetMR(1),
                                           .lost = seL4_GetMR(2),
                                           .interrupts = seL4_GetMR(3)};
    }
    return error;
}

/* ---- The maker's side ---- */

static seL4_Error grant(struct alloc *a, const struct process *process, seL4_Word type,
                        seL4_Word slot)
{
    seL4_CPtr cap;
    seL4_Error error = alloc_object(a, type, 0, &cap);
    if (error != seL4_NoError) {
        return error;
    }
    return process_grant(a, process, slot, cap, seL4_AllRights, 0);
}

/* The driver waits for messages and interrupts at once: the notification is bound to it. */
static seL4_Error connect_interrupt(struct alloc *a, const struct process *process, uint32_t irq)
{
    seL4_CPtr ntfn;
    seL4_CPtr signal;
    seL4_IRQHandler handler = alloc_slot(a);
    if (handler == seL4_CapNull) {
        return seL4_NotEnoughMemory;
    }
    seL4_Error error = alloc_object(a, seL4_NotificationObject, 0, &ntfn);
    if (error != seL4_NoError) {
        return error;
    }
    error = alloc_mint(a, ntfn, seL4_CanWrite, SERIAL_BADGE_LIMIT, &signal);
    if (error != seL4_NoError) {
        return error;
    }
    error = seL4_TCB_BindNotification(process->thread.tcb, ntfn);
    if (error != seL4_NoError) {
        return error;
    }
    error = seL4_IRQControl_Get(seL4_CapIRQControl, irq, a->cnode, handler, ALLOC_DEPTH);
    if (error != seL4_NoError) {
        return error;
    }
    error = seL4_IRQHandler_SetNotification(handler, signal);
    if (error != seL4_NoError) {
        return error;
    }
    return process_grant(a, process, SLOT_HANDLER, handler, seL4_AllRights, 0);
}

static seL4_Error equip(struct alloc *a, const struct serial_server *server,
                        const struct devices_serial *port, seL4_CPtr frame)
{
    const struct process *process = &server->process;
    for (seL4_Word i = 0; i < REPLIES; i++) {
        seL4_Error error = grant(a, process, seL4_ReplyObject, SLOT_REPLIES + i);
        if (error != seL4_NoError) {
            return error;
        }
    }
    seL4_Error error = process_grant(a, process, SLOT_ENDPOINT, server->endpoint, seL4_CanRead, 0);
    if (error != seL4_NoError) {
        return error;
    }
    error = space_map(a, &process->space, frame, REGISTERS, seL4_ReadWrite);
    if (error != seL4_NoError) {
        return error;
    }
    return connect_interrupt(a, process, port->irq);
}

seL4_Error serial_server_start(struct alloc *a, const seL4_BootInfo *info,
                               const struct thread_spec *spec, const struct devices_serial *port,
                               seL4_CPtr frame, struct serial_server *server)
{
    struct thread_spec own = *spec;
    own.entry = driver_main;
    own.argument = pack(port);
    seL4_Error error = alloc_object(a, seL4_EndpointObject, 0, &server->endpoint);
    if (error != seL4_NoError) {
        return error;
    }
    error = process_create(a, info, &own, &server->process);
    if (error != seL4_NoError) {
        return error;
    }
    error = equip(a, server, port, frame);
    if (error != seL4_NoError) {
        return error;
    }
    error = thread_start(&server->process.thread);
    if (error != seL4_NoError) {
        return error;
    }
    /* Its first answer says that it has initialized the port: input is no longer thrown away. */
    struct serial_figures figures;
    return serial_figures(server->endpoint, &figures);
}
