/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/riscv64/board.h"

#include <stddef.h>

#include "core/config.h"
#include "fdt/fdt.h"

enum {
    PAGE_SIZE = 4096,

    /* What an entry of the PLIC's interrupts-extended says: hart's interrupt controller, cause. */
    PLIC_ENTRY_CELLS = 2,
    CAUSE_SUPERVISOR_EXTERNAL = 9,
    /* Claim and threshold registers of the contexts, in the PLIC's registers. */
    PLIC_CONTEXTS_OFFSET = 0x200000,
    PLIC_CONTEXT_SIZE = 0x1000,
    PLIC_SOURCES_MAX = 1023,
    /* QEMU's virt has sources 1 to 95 (docs/abi/10 section 10.1); 7.2's tree says 96. */
    PLIC_SOURCES_VIRT = 95,

    PATH_SIZE = 96, /* Of a path in an error. */
};

struct reader {
    struct fdt fdt;
    struct board *board;
    struct board_error *error;
};

/* A list of regions in the board. */
struct regions {
    struct boot_region *list;
    uint32_t *count;
};

/* Appends as much of `more` as fits with a NUL, with '?' for what is not printable ASCII. */
static uint32_t append(char *text, uint32_t size, uint32_t length, const char *more)
{
    while (*more != '\0' && length + 1 < size) {
        text[length++] = *more >= ' ' && *more <= '~' ? *more : '?';
        more++;
    }
    text[length] = '\0';
    return length;
}

/* Sets the error: "TEXT". Always false, for the caller to return. */
static bool fail(struct reader *r, const char *text)
{
    append(r->error->text, BOARD_ERROR_SIZE, 0, text);
    return false;
}

/* Sets the error: "/path/of/node: TEXT". */
static bool fail_at(struct reader *r, const struct fdt_node *node, const char *text)
{
    char path[PATH_SIZE];
    fdt_path(&r->fdt, node, path, sizeof(path));
    uint32_t length = append(r->error->text, BOARD_ERROR_SIZE, 0, path);
    length = append(r->error->text, BOARD_ERROR_SIZE, length, ": ");
    append(r->error->text, BOARD_ERROR_SIZE, length, text);
    return false;
}

static struct boot_region pages_inside(struct fdt_region region)
{
    uint64_t end = region.start + region.size;
    uint64_t over = region.start % PAGE_SIZE;
    uint64_t skipped = over == 0 ? 0 : PAGE_SIZE - over;
    if (skipped >= region.size) {
        return (struct boot_region){0, 0};
    }
    return (struct boot_region){region.start + skipped, end - end % PAGE_SIZE};
}

static struct boot_region pages_around(struct fdt_region region)
{
    uint64_t end = region.start + region.size;
    uint64_t over = end % PAGE_SIZE;
    uint64_t missing = over == 0 ? 0 : PAGE_SIZE - over;
    if (missing > UINT64_MAX - end) {
        missing = 0; /* The last page of all has an end that is no number: it is left out. */
        end -= over;
    }
    return (struct boot_region){region.start - region.start % PAGE_SIZE, end + missing};
}

/* Adds to a sorted list of disjoint regions; those that touch or overlap become one. */
static bool add_region(struct regions regions, struct boot_region region)
{
    struct boot_region *list = regions.list;
    uint32_t count = *regions.count;
    uint32_t first = 0;
    if (region.start >= region.end) {
        return true;
    }
    while (first < count && list[first].end < region.start) {
        first++;
    }
    uint32_t behind = first; /* The regions from `first` up to here become part of the new one. */
    while (behind < count && list[behind].start <= region.end) {
        if (list[behind].start < region.start) {
            region.start = list[behind].start;
        }
        if (list[behind].end > region.end) {
            region.end = list[behind].end;
        }
        behind++;
    }
    if (behind == first) {
        if (count == BOOT_REGIONS_MAX) {
            return false;
        }
        for (uint32_t i = count; i > first; i--) {
            list[i] = list[i - 1];
        }
        count++;
    } else {
        uint32_t gone = behind - first - 1;
        for (uint32_t i = behind; i < count; i++) {
            list[i - gone] = list[i];
        }
        count -= gone;
    }
    list[first] = region;
    *regions.count = count;
    return true;
}

/* Adds all registers or memory of a node. */
static bool add_reg(struct reader *r, const struct fdt_node *node, struct regions regions,
                    struct boot_region (*to_pages)(struct fdt_region))
{
    struct fdt_region region;
    for (uint32_t i = 0;; i++) {
        switch (fdt_reg(&r->fdt, node, i, &region)) {
        case FDT_ABSENT:
            return i > 0 || fail_at(r, node, "reg is missing");
        case FDT_MALFORMED:
            return fail_at(r, node, "reg is malformed or has no translation by ranges");
        case FDT_FOUND:
            break;
        }
        if (!add_region(regions, to_pages(region))) {
            return fail_at(r, node, "with this there are more than 32 separate regions");
        }
    }
}

static bool read_ram(struct reader *r)
{
    struct regions ram = {r->board->ram, &r->board->ram_count};
    struct fdt_node node;
    bool found = false;
    fdt_root(&r->fdt, &node);
    for (bool more = fdt_first_child(&r->fdt, &node); more;
         more = fdt_next_sibling(&r->fdt, &node)) {
        if (!fdt_has_string(&r->fdt, &node, "device_type", "memory") ||
            !fdt_is_enabled(&r->fdt, &node)) {
            continue;
        }
        found = true;
        if (!add_reg(r, &node, ram, pages_inside)) {
            return false;
        }
    }
    if (!found) {
        return fail(r, "the device tree has no memory node");
    }
    return *ram.count > 0 || fail(r, "the device tree's memory nodes hold no whole page");
}

/* Of a node in /reserved-memory whose reg is sound. */
static void read_event_log(struct reader *r, const struct fdt_node *node)
{
    struct fdt_region region;
    if (CONFIG_DEBUG && fdt_has_string(&r->fdt, node, "compatible", "albireo,event-log") &&
        fdt_reg(&r->fdt, node, 0, &region) == FDT_FOUND) {
        r->board->event_log = pages_inside(region);
    }
}

static bool read_reserved(struct reader *r)
{
    struct regions reserved = {r->board->reserved, &r->board->reserved_count};
    struct fdt_region region;
    for (uint32_t i = 0; fdt_reservation(&r->fdt, i, &region.start, &region.size); i++) {
        if (region.size > UINT64_MAX - region.start) {
            return fail(r, "/memreserve/: an entry reaches beyond the last address");
        }
        if (!add_region(reserved, pages_around(region))) {
            return fail(r, "/memreserve/: more than 32 separate regions");
        }
    }

    struct fdt_node node;
    if (!fdt_find(&r->fdt, "/reserved-memory", &node)) {
        return true;
    }
    for (bool more = fdt_first_child(&r->fdt, &node); more;
         more = fdt_next_sibling(&r->fdt, &node)) {
        struct fdt_property reg;
        /* Without reg it is a wish for memory anywhere, which no one here will use. */
        if (!fdt_is_enabled(&r->fdt, &node) || !fdt_property(&r->fdt, &node, "reg", &reg)) {
            continue;
        }
        if (!add_reg(r, &node, reserved, pages_around)) {
            return false;
        }
        read_event_log(r, &node);
    }
    return true;
}

/* Extensions of a hart. */
struct isa {
    uint32_t letters; /* Bit n: the letter 'a' + n. */
    bool rv64;
    bool sstc;
};

static uint32_t letter(char c)
{
    return c >= 'a' && c <= 'z' ? 1u << (c - 'a') : 0;
}

static bool has_letters(const struct isa *isa, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        if ((isa->letters & letter(*letters)) == 0) {
            return false;
        }
    }
    return true;
}

/* Whether `text` begins with `prefix`. */
static bool begins_with(const char *text, const char *prefix)
{
    while (*prefix != '\0' && *text == *prefix) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

/* The older binding, a string such as "rv64imafdc_zicsr_sstc": single letters first, then names
 * that begin with s, x or z and are separated by underscores. */
static void parse_isa_string(const char *text, struct isa *isa)
{
    isa->rv64 = begins_with(text, "rv64");
    if (!isa->rv64) {
        return;
    }
    text += 4;
    while (*text != '\0' && *text != '_' && *text != 's' && *text != 'x' && *text != 'z') {
        isa->letters |= *text == 'g'
                            ? letter('i') | letter('m') | letter('a') | letter('f') | letter('d')
                            : letter(*text);
        text++;
    }
    while (*text != '\0') {
        if (*text == '_') {
            text++;
        }
        if (begins_with(text, "sstc") && (text[4] == '_' || text[4] == '\0')) {
            isa->sstc = true;
        }
        while (*text != '\0' && *text != '_') {
            text++;
        }
    }
}

/* The newer binding, riscv,isa-base and the list riscv,isa-extensions. */
static void read_isa_list(const struct fdt *fdt, const struct fdt_node *cpu, struct isa *isa)
{
    static const char names[] = "imafdc";
    isa->rv64 = fdt_has_string(fdt, cpu, "riscv,isa-base", "rv64i");
    isa->sstc = fdt_has_string(fdt, cpu, "riscv,isa-extensions", "sstc");
    for (uint32_t i = 0; names[i] != '\0'; i++) {
        char name[2] = {names[i], '\0'};
        if (fdt_has_string(fdt, cpu, "riscv,isa-extensions", name)) {
            isa->letters |= letter(names[i]);
        }
    }
}

static struct isa read_isa(const struct fdt *fdt, const struct fdt_node *cpu)
{
    struct isa isa = {0};
    struct fdt_property property;
    if (fdt_property(fdt, cpu, "riscv,isa-extensions", &property)) {
        read_isa_list(fdt, cpu, &isa);
        return isa;
    }
    const char *text = fdt_string(fdt, cpu, "riscv,isa", 0);
    if (text != NULL) {
        parse_isa_string(text, &isa);
    }
    return isa;
}

/* Null, or why the hart cannot run the kernel, which is an error if no other hart can. */
static const char *unfit(const struct fdt *fdt, const struct fdt_node *cpu, const struct isa *isa)
{
    if (!fdt_is_enabled(fdt, cpu)) {
        return "no hart can run the kernel; this one is not enabled (status)";
    }
    if (!isa->rv64 || !has_letters(isa, "imac")) {
        return "no hart can run the kernel; this one has no rv64imac (riscv,isa)";
    }
    /* Whoever has Sv48 or Sv57 has Sv39 (privileged architecture 1.12, section 4.5). */
    if (!fdt_has_string(fdt, cpu, "mmu-type", "riscv,sv39") &&
        !fdt_has_string(fdt, cpu, "mmu-type", "riscv,sv48") &&
        !fdt_has_string(fdt, cpu, "mmu-type", "riscv,sv57")) {
        return "no hart can run the kernel; this one has no MMU with Sv39 (mmu-type)";
    }
    return NULL;
}

/* A property that is one number of one or two cells. */
static bool read_number(const struct fdt *fdt, const struct fdt_node *node, const char *name,
                        uint64_t *value)
{
    struct fdt_property property;
    return fdt_property(fdt, node, name, &property) && (property.size == 4 || property.size == 8) &&
           fdt_number(&property, 0, property.size / 4, value);
}

/* The phandle of a hart's own interrupt controller, 0 if it has none. */
static uint32_t interrupt_controller(const struct fdt *fdt, const struct fdt_node *cpu)
{
    struct fdt_node node = *cpu;
    uint32_t phandle = 0;
    bool more = fdt_first_child(fdt, &node);
    while (more && !fdt_has_string(fdt, &node, "compatible", "riscv,cpu-intc")) {
        more = fdt_next_sibling(fdt, &node);
    }
    return more && fdt_cell(fdt, &node, "phandle", 0, &phandle) ? phandle : 0;
}

/* The PLIC's context for external interrupts of S-mode of the hart with this controller. */
static uint32_t find_context(const struct fdt *fdt, const struct fdt_node *plic, uint32_t phandle)
{
    struct fdt_property entries;
    if (phandle == 0 || !fdt_property(fdt, plic, "interrupts-extended", &entries)) {
        return BOARD_NO_CONTEXT;
    }
    uint64_t target, cause;
    for (uint32_t i = 0; fdt_number(&entries, i * PLIC_ENTRY_CELLS, 1, &target) &&
                         fdt_number(&entries, i * PLIC_ENTRY_CELLS + 1, 1, &cause);
         i++) {
        if (target == phandle && cause == CAUSE_SUPERVISOR_EXTERNAL) {
            return i;
        }
    }
    return BOARD_NO_CONTEXT;
}

static bool read_hart(struct reader *r, const struct fdt_node *cpu, const struct fdt_node *plic,
                      const struct isa *isa)
{
    struct board *board = r->board;
    uint64_t id;
    if (!read_number(&r->fdt, cpu, "reg", &id)) {
        return fail_at(r, cpu, "reg is missing or not one number");
    }
    if (board_hart(board, id) != NULL) {
        return fail_at(r, cpu, "reg is the same as that of another hart");
    }
    if (board->hart_count == BOARD_HARTS_MAX) {
        return fail_at(r, cpu, "there are more than 64 harts");
    }
    board->harts[board->hart_count] = (struct board_hart){
        .id = id,
        .plic_context = find_context(&r->fdt, plic, interrupt_controller(&r->fdt, cpu)),
        .fpu = has_letters(isa, "fd"),
        .sstc = isa->sstc,
    };
    board->hart_count++;
    if (board->timebase_hz == 0) { /* Not in /cpus: then every hart has its own. */
        read_number(&r->fdt, cpu, "timebase-frequency", &board->timebase_hz);
    }
    return true;
}

static bool read_harts(struct reader *r, const struct fdt_node *plic)
{
    struct fdt_node cpus;
    if (!fdt_find(&r->fdt, "/cpus", &cpus)) {
        return fail(r, "the device tree has no /cpus node");
    }
    read_number(&r->fdt, &cpus, "timebase-frequency", &r->board->timebase_hz);

    struct fdt_node cpu = cpus;
    struct fdt_node unfit_cpu = cpus;
    const char *reason = "no cpu node in here";
    for (bool more = fdt_first_child(&r->fdt, &cpu); more; more = fdt_next_sibling(&r->fdt, &cpu)) {
        if (!fdt_has_string(&r->fdt, &cpu, "device_type", "cpu")) {
            continue;
        }
        struct isa isa = read_isa(&r->fdt, &cpu);
        const char *why = unfit(&r->fdt, &cpu, &isa);
        if (why != NULL) {
            unfit_cpu = cpu;
            reason = why;
        } else if (!read_hart(r, &cpu, plic, &isa)) {
            return false;
        }
    }
    if (r->board->hart_count == 0) {
        return fail_at(r, &unfit_cpu, reason);
    }
    return r->board->timebase_hz != 0 ||
           fail_at(r, &cpus, "timebase-frequency is missing, 0 or not one number");
}

static bool find_plic(struct reader *r, struct fdt_node *plic)
{
    fdt_root(&r->fdt, plic);
    return fdt_next_compatible(&r->fdt, "sifive,plic-1.0.0", plic) ||
           fdt_next_compatible(&r->fdt, "riscv,plic0", plic) ||
           fail(r, "the device tree has no PLIC (sifive,plic-1.0.0 or riscv,plic0)");
}

/* After the harts, which say what contexts are in use. */
static bool read_plic(struct reader *r, const struct fdt_node *plic)
{
    struct board *board = r->board;
    struct fdt_region region;
    if (fdt_reg(&r->fdt, plic, 0, &region) != FDT_FOUND) {
        return fail_at(r, plic, "reg is missing, malformed or has no translation by ranges");
    }
    board->plic = pages_around(region);
    if (!fdt_cell(&r->fdt, plic, "riscv,ndev", 0, &board->plic_sources)) {
        return fail_at(r, plic, "riscv,ndev is missing");
    }
    if (board->plic_sources == 0 || board->plic_sources > PLIC_SOURCES_MAX) {
        return fail_at(r, plic, "riscv,ndev is not within 1 to 1023");
    }
    if (board->quirks.complete_at_claim && board->plic_sources == PLIC_SOURCES_VIRT + 1) {
        board->plic_sources = PLIC_SOURCES_VIRT;
    }
    bool found = false;
    for (uint32_t i = 0; i < board->hart_count; i++) {
        uint64_t context = board->harts[i].plic_context;
        if (context == BOARD_NO_CONTEXT) {
            continue;
        }
        found = true;
        if (PLIC_CONTEXTS_OFFSET + (context + 1) * PLIC_CONTEXT_SIZE > region.size) {
            return fail_at(r, plic, "reg is too small for the contexts of interrupts-extended");
        }
    }
    return found || fail_at(r, plic, "interrupts-extended names no S-mode context (cause 9)");
}

/* What only the kernel or the firmware may touch, in use or not: OpenSBI disables the timer's node
 * in the tree that it passes on when it keeps the timer to itself. */
static bool read_devices(struct reader *r, const struct fdt_node *plic)
{
    static const char *const names[] = {
        "sifive,clint0",
        "riscv,clint0",
        "riscv,aclint-mtimer",
        "riscv,aclint-mswi",
        "riscv,aclint-sswi",
        "thead,c900-clint",
        "thead,c900-aclint-mtimer",
        "thead,c900-aclint-mswi",
    };
    struct regions devices = {r->board->devices, &r->board->device_count};
    if (!add_reg(r, plic, devices, pages_around)) {
        return false;
    }
    struct fdt_node node;
    fdt_root(&r->fdt, &node);
    while (fdt_next(&r->fdt, &node)) {
        bool found = false;
        for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            found = found || fdt_has_string(&r->fdt, &node, "compatible", names[i]);
        }
        if (found && !add_reg(r, &node, devices, pages_around)) {
            return false;
        }
    }
    return true;
}

static void read_root(struct reader *r)
{
    struct board *board = r->board;
    struct fdt_node root;
    fdt_root(&r->fdt, &root);
    const char *name = fdt_string(&r->fdt, &root, "model", 0);
    if (name == NULL || *name == '\0') {
        name = fdt_string(&r->fdt, &root, "compatible", 0);
    }
    append(board->name, BOARD_NAME_SIZE, 0, name == NULL || *name == '\0' ? "unnamed" : name);

    bool fu740 = fdt_has_string(&r->fdt, &root, "compatible", "sifive,fu740-c000") ||
                 fdt_has_string(&r->fdt, &root, "compatible", "sifive,fu740") ||
                 fdt_has_string(&r->fdt, &root, "compatible", "sifive,hifive-unmatched-a00");
    bool fu540 = fdt_has_string(&r->fdt, &root, "compatible", "sifive,fu540-c000") ||
                 fdt_has_string(&r->fdt, &root, "compatible", "sifive,fu540") ||
                 fdt_has_string(&r->fdt, &root, "compatible", "sifive,hifive-unleashed-a00");
    board->quirks = (struct board_quirks){
        .complete_at_claim = fdt_has_string(&r->fdt, &root, "compatible", "riscv-virtio"),
        .flush_all = fu740 || fu540,
        .extend_stval = fu740,
    };
    board->tree_size = r->fdt.size;

    struct fdt_node chosen;
    if (fdt_find(&r->fdt, "/chosen", &chosen)) {
        board->bootargs = fdt_string(&r->fdt, &chosen, "bootargs", 0);
        board->stdout_path = fdt_string(&r->fdt, &chosen, "stdout-path", 0);
    }
}

bool board_read(struct board *board, const void *tree, uint64_t size_max, struct board_error *error)
{
    struct reader r = {.board = board, .error = error};
    struct fdt_node plic;
    *board = (struct board){0};
    const char *problem = fdt_open(&r.fdt, tree, size_max);
    if (problem != NULL) {
        return fail(&r, problem);
    }
    read_root(&r);
    return read_ram(&r) && read_reserved(&r) && find_plic(&r, &plic) && read_harts(&r, &plic) &&
           read_plic(&r, &plic) && read_devices(&r, &plic);
}

const struct board_hart *board_hart(const struct board *board, uint64_t id)
{
    for (uint32_t i = 0; i < board->hart_count; i++) {
        if (board->harts[i].id == id) {
            return &board->harts[i];
        }
    }
    return NULL;
}
