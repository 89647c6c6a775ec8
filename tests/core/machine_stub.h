/* SPDX-License-Identifier: BSD-2-Clause */

/* A machine for unit tests: it has no user code and no devices, and writes down what the core asks
 * of it. A kernel panic prints its reason and aborts, for EXPECT_DEATH. */
#ifndef TESTS_CORE_MACHINE_STUB_H
#define TESTS_CORE_MACHINE_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "abi/api.h"
#include "abi/checks.h"
#include "core/boot.h"
#include "core/boot_map.h"
#include "core/bootinfo.h"
#include "core/call.h"
#include "core/cap.h"
#include "core/cdt.h"
#include "core/check.h"
#include "core/config.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/ram.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "core/vspace.h"
}

/* What the kernel knows as its machine. */
struct machine {
    struct Space {
        uint64_t root;
        uint16_t asid;
    };
    std::vector<Space> switches;                             /* machine_vspace_switch(). */
    std::vector<std::pair<uint16_t, uint64_t>> page_flushes; /* ASID, address. */
    std::vector<uint16_t> asid_flushes;
    std::vector<uint64_t> deadlines; /* machine_timer_set(). */
    std::string order; /* Of the calls: s switch, p flush of a page, a flush of an ASID. */
    std::string console;
    uint64_t now = 0;     /* What machine_poll() reports. */
    bool pending = false; /* The same: an interrupt is pending. */

    void forget()
    {
        *this = machine();
    }
};

/* Host memory that plays RAM: zero pages that cost nothing until they are touched. */
class HostRam {
  public:
    HostRam(uint64_t paddr, uint64_t size);
    ~HostRam();
    HostRam(const HostRam &) = delete;
    HostRam &operator=(const HostRam &) = delete;

    uint64_t window() const
    {
        return reinterpret_cast<uint64_t>(memory_) - paddr_;
    }
    template <typename T> T *at(uint64_t paddr) const
    {
        return reinterpret_cast<T *>(paddr + window());
    }

  private:
    uint64_t paddr_;
    uint64_t size_;
    void *memory_;
};

#endif
