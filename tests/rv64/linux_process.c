/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rv64/linux_process.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SP = 2,
    A0 = 10,
    A7 = 17,
    SYS_WRITE = 64,
    SYS_EXIT = 93,
};

/* All addresses of the process are offsets into one allocation. */
#define MEMORY_SIZE (UINT64_C(64) << 20)
#define PAGE (UINT64_C(1) << RV64_PAGE_BITS)

struct linux_process {
    uint8_t *memory; /* Aligned to pages. */
    struct rv64 *rv64;
    struct rv64_state state;
    uint64_t f[RV64_FCSR + 1];
};

static uint64_t translate(void *context, enum rv64_access access, uint64_t vaddr, void **page)
{
    static const uint64_t causes[] = {
        [RV64_FETCH] = RV64_CAUSE_FETCH_PAGE,
        [RV64_LOAD] = RV64_CAUSE_LOAD_PAGE,
        [RV64_STORE] = RV64_CAUSE_STORE_PAGE,
    };
    struct linux_process *process = context;
    /* Nothing is mapped at 0, so that null pointers fault. */
    if (vaddr < PAGE || vaddr >= MEMORY_SIZE) {
        return causes[access];
    }
    *page = process->memory + (vaddr & ~(PAGE - 1));
    return 0;
}

/* Only for accesses across two pages: there are no devices. */
static uint64_t across_pages(void *context, enum rv64_access access, uint64_t retired,
                             uint64_t vaddr, uint32_t size, uint64_t *value, uint64_t *bad)
{
    struct linux_process *process = context;
    void *page;
    uint64_t second = (vaddr + size - 1) & ~(PAGE - 1);
    (void)retired;
    uint64_t cause = translate(context, access, vaddr, &page);
    *bad = vaddr;
    if (cause == 0) {
        cause = translate(context, access, second, &page);
        *bad = second;
    }
    if (cause != 0) {
        return cause;
    }
    if (access == RV64_LOAD) {
        memcpy(value, process->memory + vaddr, size);
    } else {
        memcpy(process->memory + vaddr, value, size);
    }
    return 0;
}

static uint64_t no_time(void *context, uint64_t retired)
{
    (void)context;
    return retired;
}

/* --- Loading ---------------------------------------------------------------------------------- */

static bool load_segments(struct linux_process *process, const uint8_t *file, uint64_t size)
{
    Elf64_Ehdr header;
    if (size < sizeof header) {
        return false;
    }
    memcpy(&header, file, sizeof header);
    bool program = memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_EXEC &&
                   header.e_machine == EM_RISCV && header.e_phentsize == sizeof(Elf64_Phdr);
    if (!program || header.e_phoff > size ||
        header.e_phnum * sizeof(Elf64_Phdr) > size - header.e_phoff) {
        return false;
    }
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, file + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD) {
            continue;
        }
        bool fits = segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset &&
                    segment.p_filesz <= segment.p_memsz && segment.p_vaddr >= PAGE &&
                    segment.p_vaddr < MEMORY_SIZE / 2 && segment.p_memsz < MEMORY_SIZE / 2;
        if (!fits) {
            return false;
        }
        memcpy(process->memory + segment.p_vaddr, file + segment.p_offset, segment.p_filesz);
    }
    process->state.pc = header.e_entry;
    return true;
}

static uint8_t *read_file(const char *path, uint64_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(MEMORY_SIZE);
    if (file == NULL || bytes == NULL) {
        if (file != NULL) {
            fclose(file);
        }
        free(bytes);
        return NULL;
    }
    *size = fread(bytes, 1, MEMORY_SIZE, file);
    fclose(file);
    return bytes;
}

struct linux_process *linux_process_load(const char *path)
{
    struct linux_process *process = calloc(1, sizeof *process);
    uint64_t size = 0;
    uint8_t *file = read_file(path, &size);
    if (process == NULL || file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(process);
        free(file);
        return NULL;
    }
    const struct rv64_bus bus = {
        .context = process, .translate = translate, .access = across_pages, .time = no_time};
    process->memory = aligned_alloc(PAGE, MEMORY_SIZE);
    process->rv64 = rv64_create(&bus);
    process->state.f = process->f;
    process->state.fpu = true;
    process->state.stop_pc = 1;
    process->state.x[SP] = MEMORY_SIZE - PAGE;
    bool loaded = process->memory != NULL && process->rv64 != NULL;
    if (loaded) {
        memset(process->memory, 0, MEMORY_SIZE);
        loaded = load_segments(process, file, size);
    }
    free(file);
    if (!loaded) {
        fprintf(stderr, "%s: not a static RV64 program below %" PRIu64 " MiB\n", path,
                MEMORY_SIZE >> 21);
        linux_process_free(process);
        return NULL;
    }
    return process;
}

void linux_process_free(struct linux_process *process)
{
    rv64_destroy(process->rv64);
    free(process->memory);
    free(process);
}

/* --- Running ---------------------------------------------------------------------------------- */

static bool system_call(struct linux_process *process)
{
    uint64_t *x = process->state.x;
    bool in_memory = x[A0 + 1] < MEMORY_SIZE && x[A0 + 2] <= MEMORY_SIZE - x[A0 + 1];
    if (x[A7] != SYS_WRITE || x[A0] != 1 || !in_memory) {
        fprintf(stderr, "system call %" PRIu64 " at 0x%" PRIx64 "\n", x[A7], process->state.pc);
        return false;
    }
    x[A0] = fwrite(process->memory + x[A0 + 1], 1, x[A0 + 2], stdout);
    process->state.pc += 4;
    return true;
}

static void report(const struct linux_process *process, const struct rv64_exit *exit)
{
    const struct rv64_state *state = &process->state;
    fprintf(stderr, "exception %" PRIu64 ", value 0x%" PRIx64 ", pc 0x%" PRIx64 "\n", exit->cause,
            exit->value, state->pc);
    if (state->pc < MEMORY_SIZE - 4) {
        char text[64];
        uint32_t code;
        memcpy(&code, process->memory + state->pc, sizeof code);
        rv64_disassemble(code, state->pc, text, sizeof text);
        fprintf(stderr, "at %s\n", text);
    }
}

int linux_process_run(struct linux_process *process, uint64_t steps)
{
    while (true) {
        struct rv64_exit exit;
        enum rv64_stop stop = rv64_run(process->rv64, &process->state, steps, &exit);
        if (stop == RV64_STOP_COUNT) {
            continue;
        }
        if (stop != RV64_STOP_TRAP || exit.cause != RV64_CAUSE_ECALL) {
            report(process, &exit);
            return -1;
        }
        if (process->state.x[A7] == SYS_EXIT) {
            fflush(stdout);
            return (int)(process->state.x[A0] & 0xFF);
        }
        if (!system_call(process)) {
            return -1;
        }
    }
}

uint64_t linux_process_retired(const struct linux_process *process)
{
    return rv64_retired(process->rv64);
}
