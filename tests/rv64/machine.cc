/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rv64/machine.h"

#include "gtest/gtest.h"

namespace {

uint64_t page_fault(enum rv64_access access)
{
    switch (access) {
    case RV64_FETCH:
        return RV64_CAUSE_FETCH_PAGE;
    case RV64_LOAD:
        return RV64_CAUSE_LOAD_PAGE;
    case RV64_STORE:
        break;
    }
    return RV64_CAUSE_STORE_PAGE;
}

int needed(enum rv64_access access)
{
    switch (access) {
    case RV64_FETCH:
        return Machine::kExecute;
    case RV64_LOAD:
        return Machine::kRead;
    case RV64_STORE:
        break;
    }
    return Machine::kWrite;
}

} // namespace

Machine::Machine() : memory_((kFrames + 1) * kPage)
{
    const struct rv64_bus bus = {this, translate, access, read_time};
    rv64 = rv64_create(&bus);
    state.pc = kCode;
    state.f = f;
    state.fpu = true;
    state.stop_pc = 1;
    map(kCode, 0);
    map(kCode + kPage, 1);
    map(kData, 2);
    map(kData + kPage, 3);
}

Machine::~Machine()
{
    rv64_destroy(rv64);
}

void Machine::map(uint64_t vaddr, uint32_t frame, int rights)
{
    mappings_[{space_, vaddr / kPage}] = {frame, rights};
}

void Machine::unmap(uint64_t vaddr)
{
    mappings_.erase({space_, vaddr / kPage});
}

void Machine::set_space(uint64_t space)
{
    space_ = space;
    rv64_set_space(rv64, space);
}

uint8_t *Machine::frame(uint32_t number)
{
    uintptr_t start = reinterpret_cast<uintptr_t>(memory_.data());
    uintptr_t skip = (kPage - start % kPage) % kPage;
    return memory_.data() + skip + number * kPage;
}

uint8_t *Machine::byte_at(enum rv64_access access, uint64_t vaddr, uint64_t *cause)
{
    auto mapping = mappings_.find({space_, vaddr / kPage});
    if (mapping == mappings_.end() || (mapping->second.rights & needed(access)) == 0) {
        *cause = page_fault(access);
        return nullptr;
    }
    return frame(mapping->second.frame) + vaddr % kPage;
}

void Machine::write_code(uint64_t vaddr, const std::vector<uint32_t> &code)
{
    for (uint32_t instruction : code) {
        uint32_t length = (instruction & 3) == 3 ? 4 : 2;
        write(vaddr, instruction, length);
        vaddr += length;
    }
}

/* Whatever the rights: as another program with the same memory. */
uint64_t Machine::read(uint64_t vaddr, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        auto mapping = mappings_.at({space_, (vaddr + i) / kPage});
        value |= uint64_t{frame(mapping.frame)[(vaddr + i) % kPage]} << 8 * i;
    }
    return value;
}

void Machine::write(uint64_t vaddr, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        auto mapping = mappings_.at({space_, (vaddr + i) / kPage});
        frame(mapping.frame)[(vaddr + i) % kPage] = static_cast<uint8_t>(value >> 8 * i);
    }
}

Outcome Machine::run(uint64_t limit)
{
    struct rv64_exit exit;
    enum rv64_stop stop = rv64_run(rv64, &state, limit, &exit);
    return {stop, exit.retired, exit.cause, exit.value};
}

Outcome Machine::run_code(const std::vector<uint32_t> &code, uint64_t limit)
{
    write_code(kCode, code);
    rv64_memory_changed(rv64);
    state.pc = kCode;
    return run(limit);
}

/* --- Callbacks -------------------------------------------------------------------------------- */

uint64_t Machine::translate(void *context, enum rv64_access access, uint64_t vaddr, void **page)
{
    auto *machine = static_cast<Machine *>(context);
    machine->translations++;
    if (machine->on_translate) {
        machine->on_translate();
    }
    if (vaddr / kPage == kDevice / kPage) {
        *page = nullptr;
        return 0;
    }
    uint64_t cause = 0;
    uint8_t *byte = machine->byte_at(access, vaddr, &cause);
    if (byte != nullptr) {
        *page = byte - vaddr % kPage;
    }
    return cause;
}

uint64_t Machine::access(void *context, enum rv64_access access, uint64_t retired, uint64_t vaddr,
                         uint32_t size, uint64_t *value, uint64_t *bad)
{
    auto *machine = static_cast<Machine *>(context);
    if (vaddr / kPage == kDevice / kPage) {
        machine->device_log.push_back({access, retired, vaddr, size, *value});
        if (access == RV64_LOAD) {
            *value = machine->device_value;
        }
        if (machine->on_device) {
            machine->on_device();
        }
        return 0;
    }
    if (vaddr / kPage == (vaddr + size - 1) / kPage) {
        ADD_FAILURE() << "should have been direct: an access at 0x" << std::hex << vaddr;
    }
    for (uint32_t i = 0; i < size; i++) {
        uint64_t cause = 0;
        if (machine->byte_at(access, vaddr + i, &cause) == nullptr) {
            *bad = vaddr + i;
            return cause;
        }
    }
    if (access == RV64_LOAD) {
        *value = machine->read(vaddr, size);
    } else {
        machine->write(vaddr, *value, size);
    }
    return 0;
}

uint64_t Machine::read_time(void *context, uint64_t retired)
{
    auto *machine = static_cast<Machine *>(context);
    if (machine->on_time) {
        machine->on_time();
    }
    return machine->time + retired;
}
