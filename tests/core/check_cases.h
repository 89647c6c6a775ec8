/* SPDX-License-Identifier: BSD-2-Clause */

/* Single violations of the invariants of docs/INVARIANTS.md, to be made in the state of
 * check_state.h. */
#ifndef TESTS_CORE_CHECK_CASES_H
#define TESTS_CORE_CHECK_CASES_H

#include <cstring>
#include <vector>

#include "tests/core/check_state.h"

/* Changes that can be taken back. */
class Edit {
  public:
    explicit Edit(Rich &state) : state_(state)
    {
    }
    ~Edit();
    Edit(const Edit &) = delete;
    Edit &operator=(const Edit &) = delete;

    template <typename T, typename V> void set(T &place, V value)
    {
        save(&place, sizeof(T));
        place = static_cast<T>(value);
    }
    /* Any bytes, where a value of the type cannot be what is wanted. */
    template <typename T> void set_bytes(T &place, uint8_t value)
    {
        save(&place, sizeof(T));
        memset(static_cast<void *>(&place), value, sizeof(T));
    }
    /* Takes an occupied slot out of the sequence, without emptying it. */
    void unlink(struct slot &slot);
    /* Moves an occupied slot, with its place in the sequence, wherever `to` may be. */
    void move_slot(struct slot &from, struct slot &to);

  private:
    struct Saved {
        void *place;
        std::vector<uint8_t> bytes;
    };
    void save(void *place, size_t size);
    Rich &state_;
    std::vector<Saved> saved_;
};

struct Case {
    const char *invariant; /* What must be reported. */
    const char *what;
    void (*apply)(Rich &, Edit &);
};

/* Capabilities, memory, interrupts, destruction, address spaces; and threads, queues, IPC, time. */
extern const std::vector<Case> memory_cases;
extern const std::vector<Case> thread_cases;

#endif
