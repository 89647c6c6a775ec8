/* SPDX-License-Identifier: BSD-2-Clause */

/* Control and status registers and fences, RISC-V Privileged Architecture 20211203. */
#ifndef ARCH_RISCV64_CSR_H
#define ARCH_RISCV64_CSR_H

#include <stdint.h>

#define CSR_READ(name)                                                                             \
    ({                                                                                             \
        uint64_t csr_value;                                                                        \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value) : : "memory");                        \
        csr_value;                                                                                 \
    })
#define CSR_WRITE(name, value)                                                                     \
    __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define CSR_SET(name, bits)                                                                        \
    __asm__ volatile("csrs " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")
#define CSR_CLEAR(name, bits)                                                                      \
    __asm__ volatile("csrc " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")

/* scause: exact values, section 4.1.8. */
#define CAUSE_INTERRUPT ((uint64_t)1 << 63)
#define CAUSE_TIMER (CAUSE_INTERRUPT + 5)
#define CAUSE_EXTERNAL (CAUSE_INTERRUPT + 9)

enum {
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_FETCH_PAGE = 12,
};

/* sie and sip, section 4.1.3. */
enum {
    INTERRUPT_TIMER = 1 << 5,
    INTERRUPT_EXTERNAL = 1 << 9,
};

/* sstatus, section 4.1.1. */
#define SSTATUS_SIE ((uint64_t)1 << 1)
#define SSTATUS_SPP ((uint64_t)1 << 8)
#define SSTATUS_VS ((uint64_t)3 << 9)
#define SSTATUS_FS ((uint64_t)3 << 13)
#define SSTATUS_FS_CLEAN ((uint64_t)2 << 13)
#define SSTATUS_FS_DIRTY ((uint64_t)3 << 13)
#define SSTATUS_SUM ((uint64_t)1 << 18)
#define SSTATUS_MXR ((uint64_t)1 << 19)

#define SATP_SV39 ((uint64_t)8 << 60)
#define SATP_ASID_SHIFT 44

static inline uint64_t csr_time(void)
{
    return CSR_READ(time);
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

/* Accesses to device registers are ordered with others only by fences: what a driver did, before
 * an interrupt is completed; the claim, before what the driver then reads. */
static inline void fence_before_device_write(void)
{
    __asm__ volatile("fence iorw, o" : : : "memory");
}

static inline void fence_after_device_read(void)
{
    __asm__ volatile("fence i, ir" : : : "memory");
}

static inline void fence_instructions(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

/* Forgets all translations, of the kernel too. */
static inline void fence_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

/* Forgets all but the global ones of an ASID; those of one page of it. */
static inline void fence_asid(uint64_t asid)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

static inline void fence_page(uint64_t vaddr, uint64_t asid)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(vaddr), "r"(asid) : "memory");
}

#endif
