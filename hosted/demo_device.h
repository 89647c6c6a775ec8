/* SPDX-License-Identifier: BSD-2-Clause */

/* The one device of the simulated machine that `albireo demo` runs on: a one-shot timer. A 32-bit
 * write of n to offset 0 raises interrupt 10 n microseconds later; a read of offset 8 gives the
 * number of interrupts raised so far. Reads of offset 0 give 0, other writes are ignored.
 */
#ifndef HOSTED_DEMO_DEVICE_H
#define HOSTED_DEMO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim;

#define DEMO_TIMER_PADDR 0x10000000u
#define DEMO_TIMER_SIZE 0x1000u
#define DEMO_TIMER_IRQ 10u

struct demo_device {
    struct sim *sim;
    bool armed;
    uint64_t alarm; /* Ticks. */
    uint64_t raised;
};

/* Puts the device into the machine; `device` must outlive the simulator. */
bool demo_device_add(struct demo_device *device, struct sim *sim);

#ifdef __cplusplus
}
#endif

#endif
