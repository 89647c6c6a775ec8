/* SPDX-License-Identifier: BSD-2-Clause */

/* A serial port like the 16550A of QEMU's virt board: byte-wide registers side by side, FIFOs of 16
 * bytes, one level-triggered interrupt. What is sent appears on the simulator's console when its
 * last bit has gone; that takes virtual time. No modem lines, no line errors but overrun; the
 * divisor is kept but does not change the speed.
 */
#ifndef HOSTED_UART16550_H
#define HOSTED_UART16550_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

enum { UART_FIFO = 16, UART_SIZE = 0x100 };

struct uart_queue {
    uint8_t bytes[UART_FIFO];
    uint8_t first;
    uint8_t count;
};

struct uart16550 {
    struct sim *sim;
    uint32_t irq;
    uint64_t byte_ticks; /* Time to send one byte. May be changed between events. */
    uint8_t ier, fcr, lcr, mcr, scr;
    uint8_t divisor[2];
    bool overrun;   /* A byte came when the queue was full; until LSR is read. */
    bool empty_irq; /* The transmitter has run empty, and nobody has been told. */
    bool sending;   /* A byte is in the shift register: */
    uint8_t shift;
    struct uart_queue transmit;
    struct uart_queue receive;
};

/* Puts it into the machine at `base`; it must outlive the simulator. 115200 baud. False if there is
 * something else at that place. */
bool uart16550_add(struct uart16550 *uart, struct sim *sim, uint64_t base, uint32_t irq);

/* A byte arrives from outside (event). */
void uart16550_receive(struct uart16550 *uart, uint8_t byte);

#ifdef __cplusplus
}
#endif

#endif
