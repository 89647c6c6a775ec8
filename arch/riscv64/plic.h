/* SPDX-License-Identifier: BSD-2-Clause */

/* Platform-Level Interrupt Controller, RISC-V PLIC Specification 1.0.0.
 *
 * Sources are numbered from 1 to `sources` inclusive; source 0 does not exist. All have the same
 * priority. A context is one hart in one privilege mode.
 */
#ifndef ARCH_RISCV64_PLIC_H
#define ARCH_RISCV64_PLIC_H

#include <stdbool.h>
#include <stdint.h>

struct plic {
    volatile uint32_t *registers;
    uint32_t sources;
};

/* All sources get priority 1 and are disabled in `context`, whose threshold becomes 0. */
void plic_init(const struct plic *plic, uint32_t context);

/* The source with the highest priority that is pending, enabled and not in service; 0: none. */
uint32_t plic_claim(const struct plic *plic, uint32_t context);
void plic_complete(const struct plic *plic, uint32_t context, uint32_t source);
void plic_enable(const struct plic *plic, uint32_t context, uint32_t source, bool enable);

#endif
