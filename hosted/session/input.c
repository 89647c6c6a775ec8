/* SPDX-License-Identifier: BSD-2-Clause */

/* Bytes for the serial port: from the host, looked for once per millisecond of virtual time, or
 * from the trace, at the recorded times.
 *
 * An input's time alone says where it belongs: every look is later than the moment it was arranged
 * in, so nothing that happens at an input's time happens before it.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/bits.h"
#include "hosted/session/internal.h"

/* Out of reach of any page table: only the alarm is wanted. */
#define NOWHERE (UINT64_MAX - 0xfff)

enum { US_BETWEEN = 1000, WAIT_MS = 100, UART_RECEIVES = 1, UART_FIFO_ON = 1, UART_LOOP = 0x10 };

static struct uart16550 *uart_of(struct session *session)
{
    return &session->devices.uart;
}

/* How many bytes a driver is ready for. As long as none listens, there is no point in sending. */
static uint32_t room(const struct uart16550 *uart)
{
    bool fifo = (uart->fcr & UART_FIFO_ON) != 0;
    uint32_t capacity = fifo ? UART_FIFO : 1;
    if ((!fifo && (uart->ier & UART_RECEIVES) == 0) || (uart->mcr & UART_LOOP) != 0 ||
        uart->receive.count >= capacity) {
        return 0;
    }
    return capacity - uart->receive.count;
}

/* --- From the host ---------------------------------------------------------------------------- */

/* Whether there is something to read, or the end of the file; waits for it for so long. */
static bool readable(struct session *session, int timeout_ms)
{
    struct pollfd fd = {.fd = session->input_fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) > 0;
}

static void receive(struct session *session, uint8_t byte)
{
    struct trace_input input = {
        .after = session->reached, .time = sim_now(session->sim), .byte = byte};
    session_record_input(session, &input);
    uart16550_receive(uart_of(session), byte);
}

static void look(struct session *session)
{
    uint8_t bytes[UART_FIFO];
    uint32_t wanted = room(uart_of(session));
    if (session->input_fd < 0 || wanted == 0 || !readable(session, 0)) {
        return;
    }
    ssize_t got = read(session->input_fd, bytes, wanted);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        session->input_fd = -1;
    }
    for (ssize_t i = 0; i < got; i++) {
        receive(session, bytes[i]);
    }
}

static void arm(struct port_input *input, uint64_t ticks)
{
    struct sim *sim = input->session->sim;
    sim_set_alarm(sim, input, saturating_add(sim_now(sim), ticks));
    input->armed = true;
}

static uint64_t interval(const struct sim *sim)
{
    return US_BETWEEN * sim_config_of(sim)->ticks_per_us;
}

/* An idle machine is not woken again and again only to look: the next event arms it, or
 * session_input_wait(). */
static void host_alarm(struct port_input *input)
{
    struct session *session = input->session;
    input->armed = false;
    look(session);
    if (session->input_fd >= 0 && !sim_is_idle(session->sim)) {
        arm(input, interval(session->sim));
    }
}

bool session_input_wait(struct session *session)
{
    if (session->trace != NULL || session->input_fd < 0 || room(uart_of(session)) == 0) {
        return false;
    }
    while (session->interrupted == 0 && !readable(session, WAIT_MS)) {
    } /* A signal may come right before the wait, so it is no long one. */
    arm(&session->input, 1);
    return session->interrupted == 0;
}

/* --- From the trace --------------------------------------------------------------------------- */

static void trace_alarm(struct port_input *input)
{
    struct session *session = input->session;
    const struct trace_input *inputs;
    uint32_t count = trace_inputs(session->trace, &inputs);
    while (input->next < count && inputs[input->next].time <= sim_now(session->sim)) {
        uart16550_receive(uart_of(session), inputs[input->next++].byte);
    }
    if (input->next < count) {
        sim_set_alarm(session->sim, input, inputs[input->next].time);
    }
}

/* With a recorded clock there are no alarms: inputs come before the event that they precede. */
static void before_event(struct session *session)
{
    struct port_input *input = &session->input;
    const struct trace_input *inputs;
    uint32_t count = trace_inputs(session->trace, &inputs);
    while (input->next < count && inputs[input->next].after <= sim_events(session->sim)) {
        uart16550_receive(uart_of(session), inputs[input->next++].byte);
    }
}

/* --- Either ----------------------------------------------------------------------------------- */

static void alarm_rings(void *context)
{
    struct port_input *input = context;
    if (input->session->trace != NULL) {
        trace_alarm(input);
    } else {
        host_alarm(input);
    }
}

static uint64_t nothing_read(void *context, uint64_t offset, uint32_t size)
{
    (void)context;
    (void)offset;
    (void)size;
    return 0;
}

static void nothing_written(void *context, uint64_t offset, uint32_t size, uint64_t value)
{
    (void)context;
    (void)offset;
    (void)size;
    (void)value;
}

bool session_input_attach(struct session *session)
{
    session->input = (struct port_input){.session = session};
    if (!sim_add_device(session->sim, NOWHERE, 8, nothing_read, nothing_written, &session->input)) {
        return false;
    }
    sim_device_state(session->sim, sizeof session->input, alarm_rings);
    if (session->trace != NULL && session->header.kind == TRACE_PROGRAM &&
        !session->header.clock_recorded) {
        trace_alarm(&session->input);
    }
    return true;
}

void session_input_arm(struct session *session)
{
    if (session->header.clock_recorded && session->trace != NULL) {
        before_event(session);
    } else if (session->input_fd >= 0 && !session->input.armed) {
        arm(&session->input, interval(session->sim));
    }
}

void session_input(struct session *session, int file_descriptor)
{
    session->input_fd = file_descriptor;
}
