/* SPDX-License-Identifier: BSD-2-Clause */

/* Sources: National Semiconductor PC16550D data sheet; SiFive FU540-C000 manual, chapter 13. */
#include "user/lib/serial.h"

#include "user/lib/port.h"

/* The 16550. */
enum {
    NS_DATA = 0,
    NS_IER = 1,
    NS_IIR = 2, /* To read; FCR to write. */
    NS_MCR = 4,
    NS_LSR = 5,

    IER_RECEIVED = 0x01,
    IER_SENT = 0x02,
    FCR_ON_AND_CLEAR = 0x07, /* The trigger level is one byte. */
    MCR_DTR_RTS_OUT2 = 0x0b, /* On PCs, OUT2 lets interrupts through. */
    LSR_RECEIVED = 0x01,
    LSR_EMPTY = 0x20,
    LSR_IDLE = 0x40,
};

/* SiFive's. */
enum {
    SF_TXDATA = 0x00,
    SF_RXDATA = 0x04,
    SF_TXCTRL = 0x08,
    SF_RXCTRL = 0x0c,
    SF_IE = 0x10,
    SF_IP = 0x14,

    CTRL_ENABLE = 0x1,
    TXCTRL_TWO_STOP_BITS = 0x2,
    TXCTRL_WATERMARK_1 = 0x10000, /* SERIAL_SENT: the FIFO holds fewer bytes than one. */
    RXCTRL_WATERMARK_0 = 0x0,     /* SERIAL_RECEIVED: it holds more than none. */
    EVENT_SENT = 0x1,             /* In IE and IP. */
    EVENT_RECEIVED = 0x2,
};

#define SF_FLAG 0x80000000u /* Of TXDATA: full; of RXDATA: empty. */

/* ---- Registers ---- */

static uint8_t ns_read(const struct serial *s, uint32_t reg)
{
    uint64_t vaddr = s->base + ((uint64_t)reg << s->reg_shift);
    return s->reg_width == 4 ? (uint8_t)user_load32(vaddr) : user_load8(vaddr);
}

static void ns_write(const struct serial *s, uint32_t reg, uint8_t value)
{
    uint64_t vaddr = s->base + ((uint64_t)reg << s->reg_shift);
    if (s->reg_width == 4) {
        user_store32(vaddr, value);
    } else {
        user_store8(vaddr, value);
    }
}

static uint32_t sf_read(const struct serial *s, uint32_t reg)
{
    return user_load32(s->base + reg);
}

static void sf_write(const struct serial *s, uint32_t reg, uint32_t value)
{
    user_store32(s->base + reg, value);
}

/* ---- Both ---- */

/* Is there nothing to be sent? A SiFive port tells when its FIFO is empty, if the watermark is the
 * lowest. */
static bool is_empty(const struct serial *s)
{
    switch (s->kind) {
    case SERIAL_NONE:
        break;
    case SERIAL_NS16550:
        return (ns_read(s, NS_LSR) & LSR_IDLE) != 0;
    case SERIAL_SIFIVE:
        return (sf_read(s, SF_IP) & EVENT_SENT) != 0;
    }
    return true;
}

bool serial_drain(const struct serial *s)
{
    for (uint32_t us = 0; !is_empty(s); us++) {
        if (us == SERIAL_PATIENCE_US) {
            return false;
        }
        user_work_us(1);
    }
    if (s->kind == SERIAL_SIFIVE) {
        /* It does not tell when the last byte has left it, which takes less than 0.1 ms at 115200
         * baud. */
        user_work_us(100);
    }
    return true;
}

bool serial_init(const struct serial *s)
{
    bool drained = true;
    switch (s->kind) {
    case SERIAL_NONE:
        break;
    case SERIAL_NS16550:
        drained = serial_drain(s);
        ns_write(s, NS_IER, 0);
        ns_write(s, NS_IIR, FCR_ON_AND_CLEAR);
        ns_write(s, NS_MCR, MCR_DTR_RTS_OUT2);
        break;
    case SERIAL_SIFIVE:
        sf_write(s, SF_IE, 0);
        sf_write(s, SF_TXCTRL,
                 (sf_read(s, SF_TXCTRL) & TXCTRL_TWO_STOP_BITS) | TXCTRL_WATERMARK_1 | CTRL_ENABLE);
        sf_write(s, SF_RXCTRL, RXCTRL_WATERMARK_0 | CTRL_ENABLE);
        drained = serial_drain(s);
        break;
    }
    return drained;
}

void serial_put(const struct serial *s, uint8_t byte)
{
    for (uint32_t us = 0; serial_fill(s, &byte, 1) == 0 && us < SERIAL_PATIENCE_US; us++) {
        user_work_us(1);
    }
}

uint32_t serial_fill(const struct serial *s, const uint8_t *bytes, uint32_t count)
{
    uint32_t given = 0;
    switch (s->kind) {
    case SERIAL_NONE:
        return count;
    case SERIAL_NS16550:
        /* It tells only whether the FIFO is empty. */
        if ((ns_read(s, NS_LSR) & LSR_EMPTY) == 0) {
            return 0;
        }
        for (; given < count && given < SERIAL_FIFO; given++) {
            ns_write(s, NS_DATA, bytes[given]);
        }
        return given;
    case SERIAL_SIFIVE:
        for (; given < count && (sf_read(s, SF_TXDATA) & SF_FLAG) == 0; given++) {
            sf_write(s, SF_TXDATA, bytes[given]);
        }
        return given;
    }
    return 0;
}

bool serial_get(const struct serial *s, uint8_t *byte)
{
    if (s->kind == SERIAL_NS16550 && (ns_read(s, NS_LSR) & LSR_RECEIVED) != 0) {
        *byte = ns_read(s, NS_DATA);
        return true;
    }
    if (s->kind == SERIAL_SIFIVE) {
        uint32_t value = sf_read(s, SF_RXDATA);
        *byte = (uint8_t)value;
        return (value & SF_FLAG) == 0;
    }
    return false;
}

void serial_interrupts(const struct serial *s, uint32_t events)
{
    uint32_t sent = (events & SERIAL_SENT) != 0;
    uint32_t received = (events & SERIAL_RECEIVED) != 0;
    if (s->kind == SERIAL_NS16550) {
        ns_write(s, NS_IER, (uint8_t)(sent * IER_SENT + received * IER_RECEIVED));
    } else if (s->kind == SERIAL_SIFIVE) {
        sf_write(s, SF_IE, sent * EVENT_SENT + received * EVENT_RECEIVED);
    }
}

uint32_t serial_events(const struct serial *s)
{
    uint32_t events = 0;
    if (s->kind == SERIAL_NS16550) {
        /* The identification register shows one reason only; reading it clears that for having
         * sent. So what holds is looked up in the line status. */
        ns_read(s, NS_IIR);
        uint8_t enabled = ns_read(s, NS_IER);
        uint8_t status = ns_read(s, NS_LSR);
        events |= (enabled & IER_SENT) != 0 && (status & LSR_EMPTY) != 0 ? SERIAL_SENT : 0;
        events |=
            (enabled & IER_RECEIVED) != 0 && (status & LSR_RECEIVED) != 0 ? SERIAL_RECEIVED : 0;
    } else if (s->kind == SERIAL_SIFIVE) {
        uint32_t pending = sf_read(s, SF_IP) & sf_read(s, SF_IE);
        events |= (pending & EVENT_SENT) != 0 ? SERIAL_SENT : 0;
        events |= (pending & EVENT_RECEIVED) != 0 ? SERIAL_RECEIVED : 0;
    }
    return events;
}
