/* SPDX-License-Identifier: BSD-2-Clause */

/* Device trees made by hand, sound or not. */
#ifndef TESTS_FDT_TREE_H
#define TESTS_FDT_TREE_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "fdt/fdt.h"
}

namespace albireo {

using Bytes = std::vector<uint8_t>;

/* Offsets in the header. */
enum Field : uint32_t {
    kMagic = 0,
    kTotalSize = 4,
    kStructure = 8,
    kStrings = 12,
    kReservations = 16,
    kVersion = 20,
    kLastCompatible = 24,
    kStringsSize = 32,
    kStructureSize = 36,
};

enum Token : uint32_t {
    kBeginNode = 1,
    kEndNode = 2,
    kProperty = 3,
    kNop = 4,
    kEnd = 9,
};

void put32(Bytes *bytes, uint32_t value);
uint32_t get32(const Bytes &bytes, size_t offset);
void set32(Bytes *bytes, size_t offset, uint32_t value);

/* Writes a tree from its beginning to its end; the caller sees to the balance of nodes. */
class Tree {
  public:
    Tree &begin(const std::string &name);
    Tree &end();
    Tree &bytes(const std::string &name, const Bytes &value);
    Tree &cells(const std::string &name, const std::vector<uint32_t> &values);
    Tree &strings(const std::string &name, const std::vector<std::string> &values);
    Tree &empty(const std::string &name);
    Tree &token(uint32_t token);
    Tree &reserve(uint64_t start, uint64_t size);

    /* The blob, with the end of the structure added. */
    Bytes blob() const;

  private:
    Bytes structure_;
    Bytes strings_;
    std::vector<std::pair<uint64_t, uint64_t>> reservations_;
};

/* Changes a sound blob. The node and the property must be there. */
void remove_property(Bytes *blob, const std::string &path, const std::string &name);
void remove_node(Bytes *blob, const std::string &path);
void set_cell(Bytes *blob, const std::string &path, const std::string &name, uint32_t index,
              uint32_t value);

/* Reads everything that the interface can read of a blob, if it opens; true if so. */
bool read_everything(const void *blob, size_t size);

} // namespace albireo

#endif
