/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one device tree: whatever its bytes, reading it ends, stays inside of it, and what
 * the kernel would then believe is sound.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "arch/riscv64/board.h"
#include "fdt/fdt.h"
#include "fuzz/board_sound.h"
#include "fuzz/harness/target.h"
#include "tests/fdt/guarded.h"

enum { INPUT_SIZE_MAX = 1 << 16 };

static void expect(bool condition, const char *what)
{
    if (!condition) {
        fuzz_found("unsound", what);
    }
}

static bool same_node(const struct fdt_node *a, const struct fdt_node *b)
{
    return a->depth == b->depth && memcmp(a->path, b->path, (a->depth + 1) * 4) == 0;
}

/* The next node by the other three steps, which must agree with fdt_next(). */
static bool next_by_steps(const struct fdt *fdt, struct fdt_node *node)
{
    struct fdt_node at = *node;
    if (fdt_first_child(fdt, node)) {
        expect(node->depth == at.depth + 1, "a child is one level below its parent");
        return true;
    }
    while (!fdt_next_sibling(fdt, &at)) {
        if (!fdt_parent(&at)) {
            return false;
        }
    }
    *node = at;
    return true;
}

static void read_properties(const struct fdt *fdt, const struct fdt_node *node)
{
    struct fdt_property property;
    struct fdt_property first;
    for (bool more = fdt_first_property(fdt, node, &property); more;
         more = fdt_next_property(fdt, &property)) {
        uint64_t number;
        expect(fdt_property(fdt, node, property.name, &first), "a property is found by its name");
        expect(!fdt_number(&property, property.size / 4, 1, &number), "a number ends in its value");
        const char *string = fdt_string(fdt, node, property.name, 0);
        expect(string == NULL || fdt_has_string(fdt, node, property.name, string),
               "a string is one of its list");
    }
}

static void read_tree(const struct fdt *fdt)
{
    struct fdt_node node;
    struct fdt_node other;
    uint64_t start, size;
    uint32_t reservations = 0;
    while (fdt_reservation(fdt, reservations, &start, &size)) {
        reservations++;
    }
    expect(reservations == fdt->reservation_count, "all reservations can be read");
    fdt_chosen_console(fdt, &other);

    fdt_root(fdt, &node);
    other = node;
    for (bool more = true; more;) {
        char path[64];
        struct fdt_region region;
        fdt_path(fdt, &node, path, sizeof(path));
        expect(path[0] == '/' && strnlen(path, sizeof(path)) < sizeof(path), "a path is a string");
        if (fdt_reg(fdt, &node, 0, &region) == FDT_FOUND) {
            expect(region.size <= UINT64_MAX - region.start, "a region does not wrap");
        }
        read_properties(fdt, &node);
        more = fdt_next(fdt, &node);
        expect(more == next_by_steps(fdt, &other) && same_node(&node, &other),
               "all ways to walk agree");
    }
}

static void read_input(struct guarded *guarded, const uint8_t *data, size_t size)
{
    const uint8_t *tree = guarded_copy(guarded, data, size);
    struct fdt fdt;
    struct board board;
    struct board_error error = {{0}};
    const char *problem = fdt_open(&fdt, tree, size);
    if (problem == NULL) {
        read_tree(&fdt);
    }
    if (board_read(&board, tree, size, &error)) {
        expect(problem == NULL, "a board comes from a sound tree only");
        problem = board_unsound(&board, tree, size);
        expect(problem == NULL, problem);
    } else {
        size_t length = strnlen(error.text, sizeof(error.text));
        expect(length > 0 && length < sizeof(error.text), "an error is a sentence");
        expect(problem == NULL || strcmp(problem, error.text) == 0, "the first problem is told");
    }
}

static struct guarded memory;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    memory = guarded_new(INPUT_SIZE_MAX);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_input(&memory, data, size < INPUT_SIZE_MAX ? size : INPUT_SIZE_MAX);
    return 0;
}
