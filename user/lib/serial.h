/* SPDX-License-Identifier: BSD-2-Clause */

/* Serial ports: the 16550 of QEMU's virt board and many others, and the UART of SiFive's chips.
 *
 * The port's registers must be mapped in the address space of the caller. Speed and format stay as
 * the firmware has set them. There is no state but the device's.
 */
#ifndef USER_LIB_SERIAL_H
#define USER_LIB_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

enum serial_kind {
    SERIAL_NONE, /* No port: what is sent is lost, nothing is ever received. */
    SERIAL_NS16550,
    SERIAL_SIFIVE,
};

struct serial {
    enum serial_kind kind;
    uint64_t base;      /* Virtual address of the registers. */
    uint32_t reg_shift; /* Of a 16550: log2 of the distance between two registers, */
    uint32_t reg_width; /* and how many bytes wide an access is, 1 or 4. */
};

/* Reasons for an interrupt. */
enum serial_event {
    SERIAL_SENT = 1,     /* There is room for more. */
    SERIAL_RECEIVED = 2, /* There is something to be read. */
};

enum {
    SERIAL_FIFO = 16, /* Bytes that a port keeps in each direction, at most. */
    /* How long to wait for a port: longer than any takes to send all that it keeps. */
    SERIAL_PATIENCE_US = 100000,
};

/* Turns the port on, with its FIFOs and without interrupts. What had been given to it before is
 * sent first; false if that does not come to an end, so that the port is of no use. */
bool serial_init(const struct serial *s);

/* Waits until there is room, then gives a byte to the port. If there is no room within
 * SERIAL_PATIENCE_US, the byte is lost. */
void serial_put(const struct serial *s, uint8_t byte);

/* Waits until the last bit of everything has been sent; false if it has not been within
 * SERIAL_PATIENCE_US. Needs serial_init(): how the firmware has set up a SiFive port, it never says
 * that it is empty. */
bool serial_drain(const struct serial *s);

/* Gives as many bytes to the port as fit now, without waiting; says how many. */
uint32_t serial_fill(const struct serial *s, const uint8_t *bytes, uint32_t count);

/* Takes a byte that was received; false if there is none. */
bool serial_get(const struct serial *s, uint8_t *byte);

/* Turns interrupts on for the serial_events in `events`, off for the others. */
void serial_interrupts(const struct serial *s, uint32_t events);

/* Which serial_events there are now of those that are turned on. As a driver's answer to an
 * interrupt it also clears the interrupt of a 16550 for SERIAL_SENT. */
uint32_t serial_events(const struct serial *s);

#endif
