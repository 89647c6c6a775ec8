/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one device tree: whatever its bytes, reading it ends, stays inside of it, and what
 * the kernel would then believe is sound.
 *
 * With an AFL++ compiler: a persistent harness for afl-fuzz. Otherwise a program that reads the
 * inputs named on its command line, or one from stdin. A crash is a finding.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/riscv64/board.h"
#include "fdt/fdt.h"
#include "fuzz/board_sound.h"
#include "tests/fdt/guarded.h"

enum { INPUT_SIZE_MAX = 1 << 16 };

static void expect(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
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

static void read_input(struct guarded *memory, const uint8_t *data, size_t size)
{
    const uint8_t *tree = guarded_copy(memory, data, size);
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

#ifdef __AFL_COMPILER
__AFL_FUZZ_INIT();

int main(void)
{
    struct guarded memory = guarded_new(INPUT_SIZE_MAX);
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(100000)) {
        size_t size = (size_t)__AFL_FUZZ_TESTCASE_LEN;
        read_input(&memory, data, size < INPUT_SIZE_MAX ? size : INPUT_SIZE_MAX);
    }
    return 0;
}

#else

static void read_file(struct guarded *memory, FILE *file)
{
    static uint8_t data[INPUT_SIZE_MAX];
    read_input(memory, data, fread(data, 1, sizeof(data), file));
}

int main(int argc, char **argv)
{
    struct guarded memory = guarded_new(INPUT_SIZE_MAX);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        read_file(&memory, file);
        fclose(file);
    }
    if (argc == 1) {
        read_file(&memory, stdin);
    }
    printf("inputs read: %d\n", argc == 1 ? 1 : argc - 1);
    return 0;
}

#endif
