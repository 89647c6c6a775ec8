/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt/fdt.h"

#include <stddef.h>

/* The header: offsets of its fields, and what they must be. */
enum {
    HEADER_MAGIC = 0,
    HEADER_TOTAL_SIZE = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVATIONS = 16,
    HEADER_VERSION = 20,
    HEADER_LAST_COMPATIBLE = 24,
    HEADER_STRINGS_SIZE = 32,
    HEADER_STRUCTURE_SIZE = 36,
    HEADER_SIZE = 40,

    VERSION = 17,
    RESERVATION_SIZE = 16,
};

#define MAGIC 0xd00dfeedu

/* The structure: tokens of 4 bytes, some with more behind them. */
enum {
    TOKEN_BEGIN_NODE = 1, /* And the name with its NUL, padded to 4 bytes. */
    TOKEN_END_NODE = 2,
    TOKEN_PROPERTY = 3, /* And size, offset of the name, value padded to 4 bytes. */
    TOKEN_NOP = 4,
    TOKEN_END = 9,

    TOKEN_SIZE = 4,
    PROPERTY_SIZE = 12, /* Without the value. */
};

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t be64(const uint8_t *bytes)
{
    return (uint64_t)be32(bytes) << 32 | be32(bytes + 4);
}

static uint32_t length_of(const char *string)
{
    uint32_t length = 0;
    while (string[length] != '\0') {
        length++;
    }
    return length;
}

/* Whether `string` is made of the `length` characters of `text`, which contain no NUL. */
static bool is_string(const char *string, const char *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        if (string[i] != text[i]) {
            return false;
        }
    }
    return string[length] == '\0';
}

static bool is_within(uint64_t start, uint64_t size, uint64_t end)
{
    return start <= end && size <= end - start;
}

static uint64_t padded(uint64_t size)
{
    return (size + 3) / 4 * 4;
}

/* Opening: everything is doubtful. */

/* The blocks whose ends only fdt_open() needs to know. */
struct limits {
    uint64_t structure_end;
    uint64_t strings_size;
};

static const char *check_header(struct fdt *fdt, struct limits *limits, uint64_t size_max)
{
    const uint8_t *header = fdt->blob;
    if (size_max < HEADER_SIZE || be32(header + HEADER_MAGIC) != MAGIC) {
        return "there is no device tree (its magic number d00dfeed is missing)";
    }
    fdt->size = be32(header + HEADER_TOTAL_SIZE);
    if (fdt->size > size_max) {
        return "the device tree is larger than it may be, or not all there";
    }
    if (fdt->size < HEADER_SIZE) {
        return "the size in the device tree's header is wrong";
    }
    if (be32(header + HEADER_VERSION) < VERSION ||
        be32(header + HEADER_LAST_COMPATIBLE) > VERSION) {
        return "the device tree is not of version 17";
    }
    fdt->structure = be32(header + HEADER_STRUCTURE);
    fdt->strings = be32(header + HEADER_STRINGS);
    fdt->reservations = be32(header + HEADER_RESERVATIONS);
    uint64_t structure_size = be32(header + HEADER_STRUCTURE_SIZE);
    limits->strings_size = be32(header + HEADER_STRINGS_SIZE);
    limits->structure_end = fdt->structure + structure_size;
    if (fdt->structure % 4 != 0 || !is_within(fdt->structure, structure_size, fdt->size)) {
        return "the device tree's structure block is not inside of it, or not aligned";
    }
    if (!is_within(fdt->strings, limits->strings_size, fdt->size)) {
        return "the device tree's strings block is not inside of it";
    }
    /* A NUL at the end of the block terminates every string in it. */
    if (limits->strings_size != 0 && fdt->blob[fdt->strings + limits->strings_size - 1] != 0) {
        return "the device tree's strings block does not end with a NUL";
    }
    return NULL;
}

static const char *check_reservations(struct fdt *fdt)
{
    uint64_t offset = fdt->reservations;
    for (fdt->reservation_count = 0;; fdt->reservation_count++) {
        if (!is_within(offset, RESERVATION_SIZE, fdt->size)) {
            return "the device tree's memory reservations have no end";
        }
        if (be64(fdt->blob + offset) == 0 && be64(fdt->blob + offset + 8) == 0) {
            return NULL;
        }
        offset += RESERVATION_SIZE;
    }
}

/* The size of the token with all that belongs to it, 0 if it is not inside of the structure. */
static uint64_t checked_token_size(const struct fdt *fdt, const struct limits *limits,
                                   uint64_t offset)
{
    const uint8_t *token = fdt->blob + offset;
    uint64_t left = limits->structure_end - offset;
    if (left < TOKEN_SIZE) {
        return 0;
    }
    uint64_t size = TOKEN_SIZE;
    switch (be32(token)) {
    case TOKEN_BEGIN_NODE:
        while (size < left && token[size] != '\0') {
            size++;
        }
        size = padded(size + 1);
        break;
    case TOKEN_PROPERTY:
        if (left < PROPERTY_SIZE || be32(token + 8) >= limits->strings_size) {
            return 0;
        }
        size = padded(PROPERTY_SIZE + (uint64_t)be32(token + 4));
        break;
    default:
        break;
    }
    return size <= left ? size : 0;
}

/* Sets fdt->structure to the root node. */
static const char *check_structure(struct fdt *fdt, const struct limits *limits)
{
    uint64_t offset = fdt->structure;
    uint32_t depth = 0;
    bool has_root = false;
    bool may_have_property = false; /* Only before the first child. */
    for (;;) {
        uint64_t size = checked_token_size(fdt, limits, offset);
        if (size == 0) {
            return "the device tree's structure block is cut off, or names a property by an "
                   "offset beyond the strings";
        }
        switch (be32(fdt->blob + offset)) {
        case TOKEN_BEGIN_NODE:
            if (depth == 0 && has_root) {
                return "the device tree has two roots";
            }
            if (depth == FDT_DEPTH_MAX) {
                return "the device tree has more than 32 levels of nodes";
            }
            if (depth == 0) {
                fdt->structure = (uint32_t)offset;
            }
            has_root = true;
            may_have_property = true;
            depth++;
            break;
        case TOKEN_END_NODE:
            if (depth == 0) {
                return "the device tree ends a node that was not begun";
            }
            may_have_property = false;
            depth--;
            break;
        case TOKEN_PROPERTY:
            if (!may_have_property) {
                return "the device tree has a property outside of a node or behind its children";
            }
            break;
        case TOKEN_NOP:
            break;
        case TOKEN_END:
            return depth == 0 && has_root ? NULL : "the device tree ends inside of a node";
        default:
            return "the device tree has an unknown token in its structure block";
        }
        offset += size;
    }
}

const char *fdt_open(struct fdt *fdt, const void *blob, uint64_t size_max)
{
    struct limits limits;
    fdt->blob = blob;
    const char *error = check_header(fdt, &limits, size_max);
    if (error == NULL) {
        error = check_reservations(fdt);
    }
    if (error == NULL) {
        error = check_structure(fdt, &limits);
    }
    return error;
}

bool fdt_reservation(const struct fdt *fdt, uint32_t index, uint64_t *start, uint64_t *size)
{
    if (index >= fdt->reservation_count) {
        return false;
    }
    const uint8_t *entry = fdt->blob + fdt->reservations + (uint64_t)index * RESERVATION_SIZE;
    *start = be64(entry);
    *size = be64(entry + 8);
    return true;
}

/* Walking: from here on the structure is sound. */

static uint32_t token_at(const struct fdt *fdt, uint32_t offset)
{
    return be32(fdt->blob + offset);
}

/* The offset behind a token with all that belongs to it. */
static uint32_t behind_token(const struct fdt *fdt, uint32_t offset)
{
    uint64_t size = TOKEN_SIZE;
    switch (token_at(fdt, offset)) {
    case TOKEN_BEGIN_NODE:
        size += (uint64_t)length_of((const char *)fdt->blob + offset + TOKEN_SIZE) + 1;
        break;
    case TOKEN_PROPERTY:
        size = PROPERTY_SIZE + (uint64_t)be32(fdt->blob + offset + 4);
        break;
    default:
        break;
    }
    return offset + (uint32_t)padded(size);
}

/* The first token from `offset` on that begins or ends a node. */
static uint32_t skip_properties(const struct fdt *fdt, uint32_t offset)
{
    while (token_at(fdt, offset) == TOKEN_PROPERTY || token_at(fdt, offset) == TOKEN_NOP) {
        offset = behind_token(fdt, offset);
    }
    return offset;
}

static uint32_t offset_of(const struct fdt_node *node)
{
    return node->path[node->depth];
}

void fdt_root(const struct fdt *fdt, struct fdt_node *node)
{
    node->depth = 0;
    node->path[0] = fdt->structure;
}

bool fdt_next(const struct fdt *fdt, struct fdt_node *node)
{
    uint32_t depth = node->depth + 1; /* Of a node that would begin here. */
    uint32_t offset = behind_token(fdt, offset_of(node));
    for (;;) {
        offset = skip_properties(fdt, offset);
        if (token_at(fdt, offset) == TOKEN_BEGIN_NODE) {
            node->depth = depth;
            node->path[depth] = offset;
            return true;
        }
        depth--;
        if (depth == 0) {
            return false;
        }
        offset = behind_token(fdt, offset);
    }
}

bool fdt_first_child(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_node next = *node;
    if (!fdt_next(fdt, &next) || next.depth <= node->depth) {
        return false;
    }
    *node = next;
    return true;
}

bool fdt_next_sibling(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_node next = *node;
    do {
        if (!fdt_next(fdt, &next)) {
            return false;
        }
    } while (next.depth > node->depth);
    if (next.depth < node->depth) {
        return false;
    }
    *node = next;
    return true;
}

bool fdt_parent(struct fdt_node *node)
{
    if (node->depth == 0) {
        return false;
    }
    node->depth--;
    return true;
}

/* The property at `offset` or behind it, before any other token but NOP. */
static bool property_from(const struct fdt *fdt, uint32_t offset, struct fdt_property *property)
{
    while (token_at(fdt, offset) == TOKEN_NOP) {
        offset += TOKEN_SIZE;
    }
    if (token_at(fdt, offset) != TOKEN_PROPERTY) {
        return false;
    }
    const uint8_t *token = fdt->blob + offset;
    property->size = be32(token + 4);
    property->name = (const char *)fdt->blob + fdt->strings + be32(token + 8);
    property->data = token + PROPERTY_SIZE;
    property->next = behind_token(fdt, offset);
    return true;
}

bool fdt_first_property(const struct fdt *fdt, const struct fdt_node *node,
                        struct fdt_property *property)
{
    return property_from(fdt, behind_token(fdt, offset_of(node)), property);
}

bool fdt_next_property(const struct fdt *fdt, struct fdt_property *property)
{
    return property_from(fdt, property->next, property);
}

/* The property of the node at `offset` whose name is the first `length` characters of `name`. */
static bool find_property(const struct fdt *fdt, uint32_t offset, const char *name, uint32_t length,
                          struct fdt_property *property)
{
    struct fdt_property at = {.next = behind_token(fdt, offset)};
    while (fdt_next_property(fdt, &at)) {
        if (is_string(at.name, name, length)) {
            *property = at;
            return true;
        }
    }
    return false;
}

bool fdt_property(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                  struct fdt_property *property)
{
    return find_property(fdt, offset_of(node), name, length_of(name), property);
}

bool fdt_number(const struct fdt_property *property, uint32_t index, uint32_t count,
                uint64_t *value)
{
    if (((uint64_t)index + count) * 4 > property->size) {
        return false;
    }
    uint64_t number = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (number >> 32 != 0) {
            return false;
        }
        number = number << 32 | be32(property->data + ((uint64_t)index + i) * 4);
    }
    *value = number;
    return true;
}

bool fdt_cell(const struct fdt *fdt, const struct fdt_node *node, const char *name, uint32_t index,
              uint32_t *value)
{
    struct fdt_property property;
    uint64_t number;
    if (!fdt_property(fdt, node, name, &property) || !fdt_number(&property, index, 1, &number)) {
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

/* The offset behind the string that begins at `offset` of the property, 0 if it has no NUL. */
static uint32_t string_end(const struct fdt_property *property, uint32_t offset)
{
    while (offset < property->size) {
        if (property->data[offset] == '\0') {
            return offset + 1;
        }
        offset++;
    }
    return 0;
}

const char *fdt_string(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                       uint32_t index)
{
    struct fdt_property property;
    if (!fdt_property(fdt, node, name, &property)) {
        return NULL;
    }
    uint32_t start = 0;
    for (;;) {
        uint32_t end = string_end(&property, start);
        if (end == 0) {
            return NULL;
        }
        if (index == 0) {
            return (const char *)property.data + start;
        }
        index--;
        start = end;
    }
}

bool fdt_has_string(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                    const char *string)
{
    struct fdt_property property;
    if (!fdt_property(fdt, node, name, &property)) {
        return false;
    }
    uint32_t length = length_of(string);
    uint32_t start = 0;
    uint32_t end;
    while ((end = string_end(&property, start)) != 0) {
        if (is_string((const char *)property.data + start, string, length)) {
            return true;
        }
        start = end;
    }
    return false;
}

bool fdt_is_enabled(const struct fdt *fdt, const struct fdt_node *node)
{
    struct fdt_node at = *node;
    do {
        struct fdt_property status;
        /* "ok" is how trees before the specification said it. */
        if (fdt_property(fdt, &at, "status", &status) &&
            !fdt_has_string(fdt, &at, "status", "okay") &&
            !fdt_has_string(fdt, &at, "status", "ok")) {
            return false;
        }
    } while (fdt_parent(&at));
    return true;
}

/* How the children of a node write addresses. */
struct cells {
    uint32_t address;
    uint32_t size;
};

static bool read_cell_count(const struct fdt *fdt, uint32_t offset, const char *name,
                            uint32_t otherwise, uint32_t *count)
{
    struct fdt_property property;
    uint64_t value = otherwise;
    if (find_property(fdt, offset, name, length_of(name), &property) &&
        (property.size != 4 || !fdt_number(&property, 0, 1, &value) || value > FDT_CELLS_MAX)) {
        return false;
    }
    *count = (uint32_t)value;
    return true;
}

static bool read_cells(const struct fdt *fdt, uint32_t offset, struct cells *cells)
{
    return read_cell_count(fdt, offset, "#address-cells", 2, &cells->address) &&
           read_cell_count(fdt, offset, "#size-cells", 1, &cells->size);
}

/* From the addresses on the bus whose node is at `bus` to those on its parent's. */
static bool translate(const struct fdt *fdt, uint32_t bus, uint32_t parent,
                      struct fdt_region *region)
{
    struct fdt_property ranges;
    struct cells here;
    struct cells above;
    if (!find_property(fdt, bus, "ranges", 6, &ranges) || !read_cells(fdt, bus, &here) ||
        !read_cells(fdt, parent, &above)) {
        return false;
    }
    if (ranges.size == 0) {
        return true; /* The same addresses. */
    }
    uint32_t entry = here.address + above.address + here.size;
    uint32_t count = entry == 0 ? 0 : ranges.size / (entry * 4);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i * entry;
        uint64_t from, to, size;
        /* Not a number: an address of PCI, where the first of three cells tells the space. */
        if (fdt_number(&ranges, at, here.address, &from) &&
            fdt_number(&ranges, at + here.address, above.address, &to) &&
            fdt_number(&ranges, at + here.address + above.address, here.size, &size) &&
            region->start >= from && is_within(region->start - from, region->size, size) &&
            is_within(to, region->start - from + region->size, UINT64_MAX)) {
            region->start = to + (region->start - from);
            return true;
        }
    }
    return false;
}

enum fdt_result fdt_reg(const struct fdt *fdt, const struct fdt_node *node, uint32_t index,
                        struct fdt_region *region)
{
    struct fdt_property reg;
    struct cells cells;
    struct fdt_region found;
    if (node->depth == 0 || !fdt_property(fdt, node, "reg", &reg)) {
        return FDT_ABSENT;
    }
    if (!read_cells(fdt, node->path[node->depth - 1], &cells)) {
        return FDT_MALFORMED;
    }
    uint32_t entry = cells.address + cells.size;
    if (entry == 0 || reg.size % (entry * 4) != 0) {
        return FDT_MALFORMED;
    }
    if (index >= reg.size / (entry * 4)) {
        return FDT_ABSENT;
    }
    if (!fdt_number(&reg, index * entry, cells.address, &found.start) ||
        !fdt_number(&reg, index * entry + cells.address, cells.size, &found.size) ||
        !is_within(found.start, found.size, UINT64_MAX)) {
        return FDT_MALFORMED;
    }
    for (uint32_t level = node->depth - 1; level > 0; level--) {
        if (!translate(fdt, node->path[level], node->path[level - 1], &found)) {
            return FDT_MALFORMED;
        }
    }
    *region = found;
    return FDT_FOUND;
}

const char *fdt_name(const struct fdt *fdt, const struct fdt_node *node)
{
    return (const char *)fdt->blob + offset_of(node) + TOKEN_SIZE;
}

/* Whether `name` is that of a node: the same, or the same before the unit address. */
static bool matches_node(const char *node, const char *name, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        if (node[i] != name[i]) {
            return false;
        }
    }
    return node[length] == '\0' || node[length] == '@';
}

/* The length of what comes before the next '/', ':' or the end. */
static uint32_t component_length(const char *path)
{
    uint32_t length = 0;
    while (path[length] != '\0' && path[length] != '/' && path[length] != ':') {
        length++;
    }
    return length;
}

/* From *node down along `path`, which begins with '/', is empty, or begins with ':'. */
static bool descend(const struct fdt *fdt, const char *path, struct fdt_node *node)
{
    while (*path == '/') {
        path++;
        uint32_t length = component_length(path);
        if (length == 0) {
            continue;
        }
        if (!fdt_first_child(fdt, node)) {
            return false;
        }
        while (!matches_node(fdt_name(fdt, node), path, length)) {
            if (!fdt_next_sibling(fdt, node)) {
                return false;
            }
        }
        path += length;
    }
    return true;
}

bool fdt_find(const struct fdt *fdt, const char *path, struct fdt_node *node)
{
    struct fdt_node at;
    fdt_root(fdt, &at);
    uint32_t length = component_length(path);
    if (length != 0) {
        struct fdt_property alias;
        if (!descend(fdt, "/aliases", &at) ||
            !find_property(fdt, offset_of(&at), path, length, &alias) ||
            string_end(&alias, 0) == 0) {
            return false;
        }
        fdt_root(fdt, &at);
        const char *target = (const char *)alias.data;
        if (*target != '/' || !descend(fdt, target, &at)) {
            return false;
        }
    } else if (*path != '/') {
        return false;
    }
    if (!descend(fdt, path + length, &at)) {
        return false;
    }
    *node = at;
    return true;
}

bool fdt_find_phandle(const struct fdt *fdt, uint32_t phandle, struct fdt_node *node)
{
    struct fdt_node at;
    fdt_root(fdt, &at);
    do {
        uint32_t value;
        if (fdt_cell(fdt, &at, "phandle", 0, &value) && value == phandle) {
            *node = at;
            return true;
        }
    } while (fdt_next(fdt, &at));
    return false;
}

bool fdt_next_compatible(const struct fdt *fdt, const char *compatible, struct fdt_node *node)
{
    struct fdt_node at = *node;
    while (fdt_next(fdt, &at)) {
        if (fdt_has_string(fdt, &at, "compatible", compatible) && fdt_is_enabled(fdt, &at)) {
            *node = at;
            return true;
        }
    }
    return false;
}

bool fdt_chosen_console(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_node chosen;
    if (!fdt_find(fdt, "/chosen", &chosen)) {
        return false;
    }
    const char *path = fdt_string(fdt, &chosen, "stdout-path", 0);
    return path != NULL && fdt_find(fdt, path, node);
}

/* Appends to `text`, of which `length` characters are there, and leaves room for a NUL. */
static uint32_t append(char *text, uint32_t size, uint32_t length, const char *more)
{
    while (*more != '\0' && length + 1 < size) {
        text[length++] = *more > ' ' && *more <= '~' ? *more : '?';
        more++;
    }
    return length;
}

void fdt_path(const struct fdt *fdt, const struct fdt_node *node, char *text, uint32_t size)
{
    uint32_t length = node->depth == 0 ? append(text, size, 0, "/") : 0;
    struct fdt_node at = *node;
    for (at.depth = 1; at.depth <= node->depth; at.depth++) {
        length = append(text, size, length, "/");
        length = append(text, size, length, fdt_name(fdt, &at));
    }
    text[length] = '\0';
}
