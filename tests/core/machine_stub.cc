// SPDX-License-Identifier: BSD-2-Clause

#include "tests/core/machine_stub.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

HostRam::HostRam(uint64_t paddr, uint64_t size) : paddr_(paddr), size_(size)
{
    memory_ = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED) {
        perror("mmap");
        abort();
    }
}

HostRam::~HostRam()
{
    munmap(memory_, size_);
}

extern "C" {

void machine_panic(const char *what, const char *file, int line)
{
    fprintf(stderr, "panic: %s (%s:%d)\n", what, file, line);
    abort();
}

bool machine_poll(struct machine *m, uint32_t, uint64_t *now)
{
    *now = m->now;
    return m->pending;
}

uint32_t machine_irq_claim(struct machine *, uint32_t)
{
    return 0;
}

void machine_irq_complete(struct machine *, uint32_t, uint32_t)
{
}

void machine_irq_enable(struct machine *, uint32_t, uint32_t, bool)
{
}

void machine_irq_trigger(struct machine *, uint32_t, bool)
{
}

void machine_timer_set(struct machine *m, uint32_t, uint64_t deadline)
{
    m->deadlines.push_back(deadline);
}

void machine_vspace_switch(struct machine *m, uint32_t, uint64_t root_paddr, uint16_t asid)
{
    m->switches.push_back({root_paddr, asid});
    m->order.push_back('s');
}

void machine_tlb_flush_page(struct machine *m, uint16_t asid, uint64_t vaddr)
{
    m->page_flushes.push_back({asid, vaddr});
    m->order.push_back('p');
}

void machine_tlb_flush_asid(struct machine *m, uint16_t asid)
{
    m->asid_flushes.push_back(asid);
    m->order.push_back('a');
}

void machine_fpu_save(struct machine *, uint32_t, uint64_t *words)
{
    for (int i = 0; i < FPU_WORDS; i++) {
        words[i] = 0;
    }
}

void machine_fpu_load(struct machine *, uint32_t, const uint64_t *)
{
}

void machine_fpu_enable(struct machine *, uint32_t, bool)
{
}

void machine_console(struct machine *m, char c)
{
    m->console.push_back(c);
}

void machine_halt(struct machine *)
{
    abort();
}

} // extern "C"
