/* SPDX-License-Identifier: BSD-2-Clause */

/* A small owner of an interpreter: frames of memory, mapped page by page in any number of address
 * spaces, a device page, and a log of what the callbacks were asked.
 */
#ifndef TESTS_RV64_MACHINE_H
#define TESTS_RV64_MACHINE_H

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "hosted/rv64/rv64.h"

constexpr uint64_t kPage = uint64_t{1} << RV64_PAGE_BITS;
constexpr uint64_t kCode = 0x10000;
constexpr uint64_t kData = 0x20000;
constexpr uint64_t kDevice = 0x30000;
constexpr uint64_t kForever = UINT64_MAX;

/* What one run gave. */
struct Outcome {
    enum rv64_stop stop;
    uint64_t retired;
    uint64_t cause;
    uint64_t value;
};

struct DeviceAccess {
    enum rv64_access access;
    uint64_t retired;
    uint64_t vaddr;
    uint32_t size;
    uint64_t value;
};

class Machine {
  public:
    static constexpr uint32_t kFrames = 64;
    enum Rights { kRead = 1, kWrite = 2, kExecute = 4, kAll = 7 };

    /* Two pages of code at kCode in frames 0 and 1, two of data at kData in frames 2 and 3. */
    Machine();
    ~Machine();
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    void map(uint64_t vaddr, uint32_t frame, int rights = kAll);
    void unmap(uint64_t vaddr);
    void set_space(uint64_t space);

    uint8_t *frame(uint32_t number);
    /* Puts instructions of 4 or (if their low bits are not 3) 2 bytes at vaddr. */
    void write_code(uint64_t vaddr, const std::vector<uint32_t> &code);
    uint64_t read(uint64_t vaddr, uint32_t size = 8);
    void write(uint64_t vaddr, uint64_t value, uint32_t size = 8);

    Outcome run(uint64_t limit = kForever);
    /* The code at kCode, from a new start there. */
    Outcome run_code(const std::vector<uint32_t> &code, uint64_t limit = kForever);

    struct rv64 *rv64;
    struct rv64_state state = {};
    uint64_t f[RV64_FCSR + 1] = {};
    uint64_t device_value = 0;
    uint64_t time = 0;
    uint32_t translations = 0; /* How often `translate` was called. */
    std::vector<DeviceAccess> device_log;
    std::function<void()> on_device;    /* Called in each access to the device, */
    std::function<void()> on_time;      /* in each reading of the time, */
    std::function<void()> on_translate; /* and in each translation. */

  private:
    struct Mapping {
        uint32_t frame;
        int rights;
    };

    static uint64_t translate(void *context, enum rv64_access access, uint64_t vaddr, void **page);
    static uint64_t access(void *context, enum rv64_access access, uint64_t retired, uint64_t vaddr,
                           uint32_t size, uint64_t *value, uint64_t *bad);
    static uint64_t read_time(void *context, uint64_t retired);
    /* The byte, or null with the cause. */
    uint8_t *byte_at(enum rv64_access access, uint64_t vaddr, uint64_t *cause);

    std::vector<uint8_t> memory_;
    uint64_t space_ = 0;
    std::map<std::pair<uint64_t, uint64_t>, Mapping> mappings_;
};

#endif
