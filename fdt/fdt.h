/* SPDX-License-Identifier: BSD-2-Clause */

/* Reads flattened device trees (Devicetree Specification v0.4, chapter 5, version 17).
 *
 * fdt_open() checks the structure of the whole blob once; it may consist of arbitrary bytes. The
 * other functions read only inside of what was checked, as long as the blob does not change. What
 * a property says is checked where it is read: nothing is assumed of names and values.
 *
 * No allocation, no state, no libc; the blob need not be aligned. Every function takes time linear
 * in the size of the blob at most, and a walk over all nodes with fdt_next() is linear as a whole.
 *
 * Example: the registers and the interrupt of the console.
 *
 *     struct fdt fdt;
 *     struct fdt_node uart;
 *     struct fdt_region regs;
 *     uint32_t irq;
 *     const char *error = fdt_open(&fdt, blob, size);
 *     if (error == NULL && fdt_chosen_console(&fdt, &uart) &&
 *         fdt_has_string(&fdt, &uart, "compatible", "ns16550a") &&
 *         fdt_reg(&fdt, &uart, 0, &regs) == FDT_FOUND &&
 *         fdt_cell(&fdt, &uart, "interrupts", 0, &irq)) {
 *         ... regs.start, regs.size, irq ...
 *     }
 */
#ifndef FDT_FDT_H
#define FDT_FDT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FDT_DEPTH_MAX = 32, /* Levels of nodes, the root included. */
    FDT_CELLS_MAX = 4,  /* Of #address-cells and #size-cells. */
};

/* A checked blob. */
struct fdt {
    const uint8_t *blob;
    uint32_t size;              /* Of the blob, as its header says. */
    uint32_t structure;         /* Offset of the root node. */
    uint32_t strings;           /* Offset of the names of properties. */
    uint32_t reservations;      /* Offset of the /memreserve/ entries. */
    uint32_t reservation_count; /* Without the one of zeros at their end. */
};

/* A node: where it is in the structure, and where all its ancestors are. path[0] is the root,
 * path[depth] the node itself. */
struct fdt_node {
    uint32_t depth;
    uint32_t path[FDT_DEPTH_MAX];
};

struct fdt_property {
    const char *name;
    const uint8_t *data;
    uint32_t size; /* Of the data, bytes. */
    uint32_t next; /* Offset of what follows. */
};

/* Physical addresses from `start` on; start + size is at most 2^64 - 1. */
struct fdt_region {
    uint64_t start;
    uint64_t size;
};

enum fdt_result {
    FDT_FOUND,
    FDT_ABSENT,
    FDT_MALFORMED,
};

/* Checks the blob, of which `size_max` bytes can be read. Null, or a sentence that says what is
 * wrong; then *fdt must not be used. */
const char *fdt_open(struct fdt *fdt, const void *blob, uint64_t size_max);

/* Entry `index` of the memory reservation block; false if there are no more. */
bool fdt_reservation(const struct fdt *fdt, uint32_t index, uint64_t *start, uint64_t *size);

/* Walks. Each sets *node; those that return false leave it as it was. */

void fdt_root(const struct fdt *fdt, struct fdt_node *node);
/* The next node in the order of the tree, each before its children. */
bool fdt_next(const struct fdt *fdt, struct fdt_node *node);
bool fdt_first_child(const struct fdt *fdt, struct fdt_node *node);
bool fdt_next_sibling(const struct fdt *fdt, struct fdt_node *node);
bool fdt_parent(struct fdt_node *node);

/* Searches of the whole tree. Each sets *node to the first match only. */

/* By path, such as "/soc/serial@10000000", or by what /aliases names so, such as "serial0". Without
 * unit address a name matches the first that begins with it and "@". The path ends at ':', as in
 * "serial0:115200n8". */
bool fdt_find(const struct fdt *fdt, const char *path, struct fdt_node *node);
bool fdt_find_phandle(const struct fdt *fdt, uint32_t phandle, struct fdt_node *node);
/* An enabled node that is compatible. *node is where to begin, behind it: fdt_root() first. */
bool fdt_next_compatible(const struct fdt *fdt, const char *compatible, struct fdt_node *node);
/* What stdout-path in /chosen names. */
bool fdt_chosen_console(const struct fdt *fdt, struct fdt_node *node);

/* The node's name with its unit address; "" for the root. */
const char *fdt_name(const struct fdt *fdt, const struct fdt_node *node);
/* Writes the path of the node, with '?' for what is not printable ASCII, cut to `size` bytes with
 * the NUL. `size` must not be 0. */
void fdt_path(const struct fdt *fdt, const struct fdt_node *node, char *text, uint32_t size);

/* Properties of a node. */

bool fdt_first_property(const struct fdt *fdt, const struct fdt_node *node,
                        struct fdt_property *property);
bool fdt_next_property(const struct fdt *fdt, struct fdt_property *property);
bool fdt_property(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                  struct fdt_property *property);

/* The cell with this index, of 4 bytes. */
bool fdt_cell(const struct fdt *fdt, const struct fdt_node *node, const char *name, uint32_t index,
              uint32_t *value);
/* String `index` of a list of strings, or null. Only what ends in a NUL is a string. */
const char *fdt_string(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                       uint32_t index);
bool fdt_has_string(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                    const char *string);
/* No status, or "okay". */
bool fdt_is_enabled(const struct fdt *fdt, const struct fdt_node *node);

/* `count` cells from cell `index` on, as one number. False if the property is shorter, or the
 * number does not fit. */
bool fdt_number(const struct fdt_property *property, uint32_t index, uint32_t count,
                uint64_t *value);

/* Entry `index` of `reg`, translated by the `ranges` of all parents. Malformed: `reg` is not made
 * of whole entries, a bus on the way gives no translation of the whole region, or it wraps. */
enum fdt_result fdt_reg(const struct fdt *fdt, const struct fdt_node *node, uint32_t index,
                        struct fdt_region *region);

#endif
