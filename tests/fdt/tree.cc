/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fdt/tree.h"

#include <cstdlib>
#include <cstring>

#include "gtest/gtest.h"

namespace albireo {

void put32(Bytes *bytes, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes->push_back(static_cast<uint8_t>(value >> shift));
    }
}

static void put64(Bytes *bytes, uint64_t value)
{
    put32(bytes, static_cast<uint32_t>(value >> 32));
    put32(bytes, static_cast<uint32_t>(value));
}

uint32_t get32(const Bytes &bytes, size_t offset)
{
    return static_cast<uint32_t>(bytes.at(offset)) << 24 | bytes.at(offset + 1) << 16 |
           bytes.at(offset + 2) << 8 | bytes.at(offset + 3);
}

void set32(Bytes *bytes, size_t offset, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        bytes->at(offset + i) = static_cast<uint8_t>(value >> (24 - 8 * i));
    }
}

static void pad(Bytes *bytes)
{
    while (bytes->size() % 4 != 0) {
        bytes->push_back(0);
    }
}

static void append_string(Bytes *bytes, const std::string &string)
{
    bytes->insert(bytes->end(), string.begin(), string.end());
    bytes->push_back(0);
}

Tree &Tree::begin(const std::string &name)
{
    put32(&structure_, kBeginNode);
    append_string(&structure_, name);
    pad(&structure_);
    return *this;
}

Tree &Tree::end()
{
    return token(kEndNode);
}

Tree &Tree::bytes(const std::string &name, const Bytes &value)
{
    put32(&structure_, kProperty);
    put32(&structure_, static_cast<uint32_t>(value.size()));
    put32(&structure_, static_cast<uint32_t>(strings_.size()));
    structure_.insert(structure_.end(), value.begin(), value.end());
    pad(&structure_);
    append_string(&strings_, name);
    return *this;
}

Tree &Tree::cells(const std::string &name, const std::vector<uint32_t> &values)
{
    Bytes value;
    for (uint32_t cell : values) {
        put32(&value, cell);
    }
    return bytes(name, value);
}

Tree &Tree::strings(const std::string &name, const std::vector<std::string> &values)
{
    Bytes value;
    for (const std::string &string : values) {
        append_string(&value, string);
    }
    return bytes(name, value);
}

Tree &Tree::empty(const std::string &name)
{
    return bytes(name, {});
}

Tree &Tree::token(uint32_t token)
{
    put32(&structure_, token);
    return *this;
}

Tree &Tree::reserve(uint64_t start, uint64_t size)
{
    reservations_.push_back({start, size});
    return *this;
}

Bytes Tree::blob() const
{
    const uint32_t header_size = 40;
    const uint32_t reservations_size = static_cast<uint32_t>(16 * (reservations_.size() + 1));
    const uint32_t structure_size = static_cast<uint32_t>(structure_.size() + 4);
    const uint32_t strings_size = static_cast<uint32_t>(strings_.size());
    const uint32_t structure = header_size + reservations_size;
    const uint32_t strings = structure + structure_size;
    Bytes blob;
    for (uint32_t field : {0xd00dfeedu, strings + strings_size, structure, strings, header_size,
                           17u, 16u, 0u, strings_size, structure_size}) {
        put32(&blob, field);
    }
    for (const auto &reservation : reservations_) {
        put64(&blob, reservation.first);
        put64(&blob, reservation.second);
    }
    put64(&blob, 0);
    put64(&blob, 0);
    blob.insert(blob.end(), structure_.begin(), structure_.end());
    put32(&blob, kEnd);
    blob.insert(blob.end(), strings_.begin(), strings_.end());
    return blob;
}

static void find(const Bytes &blob, const std::string &path, struct fdt *fdt, struct fdt_node *node)
{
    ASSERT_EQ(nullptr, fdt_open(fdt, blob.data(), blob.size()));
    ASSERT_TRUE(fdt_find(fdt, path.c_str(), node)) << path;
}

static void find(const Bytes &blob, const std::string &path, const std::string &name,
                 struct fdt_property *property)
{
    struct fdt fdt;
    struct fdt_node node;
    find(blob, path, &fdt, &node);
    ASSERT_TRUE(fdt_property(&fdt, &node, name.c_str(), property)) << path << " " << name;
}

/* NOPs are how a tree is shortened in place, Devicetree Specification section 5.4.1. */
static void fill_with_nops(Bytes *blob, size_t offset, size_t end)
{
    for (; offset < end; offset += 4) {
        set32(blob, offset, kNop);
    }
}

void remove_property(Bytes *blob, const std::string &path, const std::string &name)
{
    struct fdt_property property = {};
    find(*blob, path, name, &property);
    fill_with_nops(blob, static_cast<size_t>(property.data - blob->data()) - 12, property.next);
}

/* The offset behind the token at `offset` and what belongs to it. */
static size_t behind_token(const Bytes &blob, size_t offset)
{
    size_t size = 4;
    if (get32(blob, offset) == kBeginNode) {
        size += strlen(reinterpret_cast<const char *>(&blob.at(offset + 4))) + 1;
    } else if (get32(blob, offset) == kProperty) {
        size = 12 + get32(blob, offset + 4);
    }
    return offset + (size + 3) / 4 * 4;
}

void remove_node(Bytes *blob, const std::string &path)
{
    struct fdt fdt = {};
    struct fdt_node node = {};
    find(*blob, path, &fdt, &node);
    size_t end = node.path[node.depth];
    size_t levels = 0;
    do {
        levels += get32(*blob, end) == kBeginNode;
        levels -= get32(*blob, end) == kEndNode;
        end = behind_token(*blob, end);
    } while (levels > 0);
    fill_with_nops(blob, node.path[node.depth], end);
}

void set_cell(Bytes *blob, const std::string &path, const std::string &name, uint32_t index,
              uint32_t value)
{
    struct fdt_property property = {};
    find(*blob, path, name, &property);
    ASSERT_LE(4 * (index + 1), property.size);
    set32(blob, static_cast<size_t>(property.data - blob->data()) + 4 * index, value);
}

bool read_everything(const void *blob, size_t size)
{
    struct fdt fdt;
    struct fdt_node node;
    struct fdt_node other;
    uint64_t start, length;
    if (fdt_open(&fdt, blob, size) != nullptr) {
        return false;
    }
    for (uint32_t i = 0; fdt_reservation(&fdt, i, &start, &length); i++) {
    }
    fdt_chosen_console(&fdt, &other);
    fdt_root(&fdt, &node);
    do {
        char path[64];
        struct fdt_property property;
        struct fdt_region region;
        fdt_path(&fdt, &node, path, sizeof(path));
        EXPECT_LT(strlen(path), sizeof(path));
        for (bool more = fdt_first_property(&fdt, &node, &property); more;
             more = fdt_next_property(&fdt, &property)) {
            uint64_t number;
            fdt_number(&property, property.size / 8, 2, &number);
            fdt_string(&fdt, &node, property.name, 1);
            fdt_has_string(&fdt, &node, property.name, "riscv");
        }
        for (uint32_t i = 0; fdt_reg(&fdt, &node, i, &region) == FDT_FOUND; i++) {
            EXPECT_GE(UINT64_MAX - region.start, region.size);
        }
        fdt_is_enabled(&fdt, &node);
    } while (fdt_next(&fdt, &node));
    return true;
}

} // namespace albireo
