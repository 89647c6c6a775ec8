/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/uart16550.h"

#include "core/bits.h"
#include "hosted/sim.h"

/* Registers; those in braces are reached instead while LCR has DLAB. */
enum {
    REG_DATA = 0, /* RBR to read, THR to write {DLL}. */
    REG_IER = 1,  /* {DLM} */
    REG_IIR = 2,  /* To read; FCR to write. */
    REG_LCR = 3,
    REG_MCR = 4,
    REG_LSR = 5,
    REG_MSR = 6,
    REG_SCR = 7,
};

enum {
    IER_RECEIVED = 0x01,
    IER_EMPTY = 0x02,
    IER_LINE = 0x04,
    IER_ALL = 0x0f,

    IIR_NONE = 0x01,
    IIR_EMPTY = 0x02,
    IIR_RECEIVED = 0x04,
    IIR_LINE = 0x06,
    IIR_TIMEOUT = 0x0c, /* Bytes wait, but fewer than the trigger level. */
    IIR_FIFO = 0xc0,

    FCR_ENABLE = 0x01,
    FCR_CLEAR_RECEIVE = 0x02,
    FCR_CLEAR_TRANSMIT = 0x04,
    FCR_TRIGGER_SHIFT = 6,

    LCR_DLAB = 0x80,
    MCR_LOOP = 0x10,
    MCR_ALL = 0x1f,

    LSR_RECEIVED = 0x01,
    LSR_OVERRUN = 0x02,
    LSR_EMPTY = 0x20, /* The holding register or FIFO, */
    LSR_IDLE = 0x40,  /* and the shift register, too. */

    MSR_CONNECTED = 0xb0, /* CTS, DSR, DCD. */
};

enum { BAUD = 115200, BITS_PER_BYTE = 10 };

/* ---- Queues ---- */

static bool put(struct uart_queue *queue, uint32_t capacity, uint8_t byte)
{
    if (queue->count >= capacity) {
        return false;
    }
    queue->bytes[(queue->first + queue->count) % UART_FIFO] = byte;
    queue->count++;
    return true;
}

/* The queue must not be empty. */
static uint8_t take(struct uart_queue *queue)
{
    uint8_t byte = queue->bytes[queue->first];
    queue->first = (uint8_t)((queue->first + 1) % UART_FIFO);
    queue->count--;
    return byte;
}

static uint32_t capacity(const struct uart16550 *uart)
{
    return (uart->fcr & FCR_ENABLE) != 0 ? UART_FIFO : 1;
}

/* ---- Interrupts ---- */

static uint8_t trigger_level(const struct uart16550 *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};
    return (uart->fcr & FCR_ENABLE) == 0 ? 1 : levels[uart->fcr >> FCR_TRIGGER_SHIFT];
}

/* The most urgent reason for an interrupt. A real device waits for four byte times before it
 * reports fewer bytes than the trigger level; this one does not. */
static uint8_t reason(const struct uart16550 *uart)
{
    if ((uart->ier & IER_LINE) != 0 && uart->overrun) {
        return IIR_LINE;
    }
    if ((uart->ier & IER_RECEIVED) != 0 && uart->receive.count > 0) {
        return uart->receive.count >= trigger_level(uart) ? IIR_RECEIVED : IIR_TIMEOUT;
    }
    if ((uart->ier & IER_EMPTY) != 0 && uart->empty_irq) {
        return IIR_EMPTY;
    }
    return IIR_NONE;
}

/* QEMU's virt board tells its interrupt controller whenever the device changes and asserts its
 * line, and the controller forgets the line's level when it is claimed. On other boards the level
 * counts. */
static void update(struct uart16550 *uart)
{
    bool asserted = reason(uart) != IIR_NONE;
    if (asserted && sim_config_of(uart->sim)->irq_complete_at_claim) {
        sim_raise_irq(uart->sim, uart->irq);
    } else {
        sim_set_irq_level(uart->sim, uart->irq, asserted);
    }
}

/* ---- Sending and receiving ---- */

static void receive(struct uart16550 *uart, uint8_t byte)
{
    if (!put(&uart->receive, capacity(uart), byte)) {
        uart->overrun = true;
    }
}

/* The next byte goes to the shift register, if that is free. */
static void send_next(struct uart16550 *uart)
{
    if (uart->sending || uart->transmit.count == 0) {
        return;
    }
    uart->shift = take(&uart->transmit);
    uart->sending = true;
    uart->empty_irq = uart->transmit.count == 0;
    sim_set_alarm(uart->sim, uart, saturating_add(sim_now(uart->sim), uart->byte_ticks));
}

static void sent(void *context)
{
    struct uart16550 *uart = context;
    uart->sending = false;
    if ((uart->mcr & MCR_LOOP) != 0) {
        receive(uart, uart->shift);
    } else {
        sim_console_put(uart->sim, (char)uart->shift);
    }
    send_next(uart);
    update(uart);
}

void uart16550_receive(struct uart16550 *uart, uint8_t byte)
{
    if ((uart->mcr & MCR_LOOP) == 0) {
        receive(uart, byte);
        update(uart);
    }
}

/* ---- Registers ---- */

static uint8_t read_data(struct uart16550 *uart)
{
    return uart->receive.count == 0 ? 0 : take(&uart->receive);
}

static uint8_t read_iir(struct uart16550 *uart)
{
    uint8_t why = reason(uart);
    if (why == IIR_EMPTY) {
        uart->empty_irq = false;
    }
    return (uint8_t)(why | ((uart->fcr & FCR_ENABLE) != 0 ? IIR_FIFO : 0));
}

static uint8_t read_lsr(struct uart16550 *uart)
{
    int lsr = (uart->receive.count > 0 ? LSR_RECEIVED : 0) | (uart->overrun ? LSR_OVERRUN : 0);
    if (uart->transmit.count == 0) {
        lsr |= LSR_EMPTY | (uart->sending ? 0 : LSR_IDLE);
    }
    uart->overrun = false;
    return (uint8_t)lsr;
}

/* In loopback the four outputs are the four inputs: DTR, RTS, OUT1, OUT2 to DSR, CTS, RI, DCD. */
static uint8_t read_msr(const struct uart16550 *uart)
{
    if ((uart->mcr & MCR_LOOP) == 0) {
        return MSR_CONNECTED;
    }
    int dtr_rts = (uart->mcr & 1) << 5 | (uart->mcr & 2) << 3;
    return (uint8_t)(dtr_rts | (uart->mcr & 0xc) << 4);
}

static uint64_t uart_read(void *context, uint64_t offset, uint32_t size)
{
    struct uart16550 *uart = context;
    (void)size;
    bool divisor = (uart->lcr & LCR_DLAB) != 0;
    uint8_t value = 0;
    switch (offset) {
    case REG_DATA:
        value = divisor ? uart->divisor[0] : read_data(uart);
        break;
    case REG_IER:
        value = divisor ? uart->divisor[1] : uart->ier;
        break;
    case REG_IIR:
        value = read_iir(uart);
        break;
    case REG_LCR:
        value = uart->lcr;
        break;
    case REG_MCR:
        value = uart->mcr;
        break;
    case REG_LSR:
        value = read_lsr(uart);
        break;
    case REG_MSR:
        value = read_msr(uart);
        break;
    case REG_SCR:
        value = uart->scr;
        break;
    default:
        break; /* Nothing there. */
    }
    update(uart);
    return value;
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
    /* Who begins to listen is told that there is nothing to be sent. */
    if ((value & ~uart->ier & IER_EMPTY) != 0 && uart->transmit.count == 0) {
        uart->empty_irq = true;
    }
    uart->ier = value & IER_ALL;
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
    bool toggled = ((value ^ uart->fcr) & FCR_ENABLE) != 0;
    if (toggled || (value & FCR_CLEAR_RECEIVE) != 0) {
        uart->receive.count = 0;
    }
    if (toggled || (value & FCR_CLEAR_TRANSMIT) != 0) {
        uart->transmit.count = 0;
        uart->empty_irq = true;
    }
    uart->fcr = (value & FCR_ENABLE) == 0 ? 0 : value & (FCR_ENABLE | 3 << FCR_TRIGGER_SHIFT);
}

static void write_data(struct uart16550 *uart, uint8_t value)
{
    uart->empty_irq = false;
    put(&uart->transmit, capacity(uart), value); /* What does not fit is lost. */
    send_next(uart);
}

static void uart_write(void *context, uint64_t offset, uint32_t size, uint64_t value)
{
    struct uart16550 *uart = context;
    (void)size;
    uint8_t byte = (uint8_t)value;
    bool divisor = (uart->lcr & LCR_DLAB) != 0;
    if (divisor && offset <= REG_IER) {
        uart->divisor[offset] = byte;
        return;
    }
    switch (offset) {
    case REG_DATA:
        write_data(uart, byte);
        break;
    case REG_IER:
        write_ier(uart, byte);
        break;
    case REG_IIR:
        write_fcr(uart, byte);
        break;
    case REG_LCR:
        uart->lcr = byte;
        break;
    case REG_MCR:
        uart->mcr = byte & MCR_ALL;
        break;
    case REG_SCR:
        uart->scr = byte;
        break;
    default:
        break; /* LSR and MSR are for reading. */
    }
    update(uart);
}

bool uart16550_add(struct uart16550 *uart, struct sim *sim, uint64_t base, uint32_t irq)
{
    uint64_t ticks_per_s = sim_config_of(sim)->ticks_per_us * 1000000;
    *uart = (struct uart16550){
        .sim = sim, .irq = irq, .byte_ticks = ticks_per_s * BITS_PER_BYTE / BAUD};
    if (!sim_add_device(sim, base, UART_SIZE, uart_read, uart_write, uart)) {
        return false;
    }
    sim_device_state(sim, sizeof *uart, sent);
    return true;
}
