/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/api.h"

/* More than this is a mistake: a root task is copied with the gaps between its segments. */
#define FLAT_SIZE_MAX ((uint64_t)1 << 30)
#define FILE_SIZE_MAX ((uint64_t)1 << 30)

enum { PAGE = 4096, FLOAT_ABI = 6, FLOAT_ABI_QUAD = 6, FLAG_RVE = 8, SEGMENTS_MAX = 64 };

struct parser {
    const char *name;
    const uint8_t *file;
    size_t size;
    bool fpu;
    Elf64_Ehdr header;
    uint32_t count;                 /* Of segments that occupy memory, */
    Elf64_Phdr loads[SEGMENTS_MAX]; /* by address, */
    uint32_t numbers[SEGMENTS_MAX]; /* and their program headers' numbers. */
    struct elf_error *error;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *p, const char *format, ...)
{
    int used = snprintf(p->error->text, sizeof p->error->text, "%.4095s: ", p->name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->error->text + used, sizeof p->error->text - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

static bool check_ident(struct parser *p)
{
    if (p->size < 4 || memcmp(p->file, ELFMAG, SELFMAG) != 0) {
        return fail(p, "not an ELF file: e_ident does not begin with 7f 45 4c 46");
    }
    if (p->size < sizeof p->header) {
        return fail(p, "%zu bytes, but an ELF header alone (e_ehsize) has %zu", p->size,
                    sizeof p->header);
    }
    memcpy(&p->header, p->file, sizeof p->header);
    const uint8_t *ident = p->header.e_ident;
    if (ident[EI_CLASS] != ELFCLASS64) {
        return fail(p, "EI_CLASS is %u, not %d (ELFCLASS64)", ident[EI_CLASS], ELFCLASS64);
    }
    if (ident[EI_DATA] != ELFDATA2LSB) {
        return fail(p, "EI_DATA is %u, not %d (ELFDATA2LSB, little endian)", ident[EI_DATA],
                    ELFDATA2LSB);
    }
    if (ident[EI_VERSION] != EV_CURRENT) {
        return fail(p, "EI_VERSION is %u, not %d (EV_CURRENT)", ident[EI_VERSION], EV_CURRENT);
    }
    return true;
}

static bool check_flags(struct parser *p)
{
    uint32_t flags = p->header.e_flags;
    if ((flags & FLAG_RVE) != 0) {
        return fail(p,
                    "e_flags is 0x%x, with 0x8 (EF_RISCV_RVE): the E base has no a7, which "
                    "names the system call",
                    flags);
    }
    if ((flags & FLOAT_ABI) == FLOAT_ABI_QUAD) {
        return fail(p,
                    "e_flags is 0x%x, with 0x6 (the ABI for quad precision): the kernel does "
                    "not keep registers of the Q extension",
                    flags);
    }
    if ((flags & FLOAT_ABI) != 0 && !p->fpu) {
        return fail(p,
                    "e_flags is 0x%x, with 0x%x (an ABI for floating point), but this kernel "
                    "has no FPU; compile with -mabi=lp64 and without F and D",
                    flags, flags & FLOAT_ABI);
    }
    return true;
}

static bool check_header(struct parser *p)
{
    const Elf64_Ehdr *h = &p->header;
    if (h->e_type == ET_DYN) {
        return fail(p, "e_type is 3 (ET_DYN), not 2 (ET_EXEC): nobody relocates a root task; link "
                       "it with -static and -no-pie");
    }
    if (h->e_type != ET_EXEC) {
        return fail(p, "e_type is %u, not %d (ET_EXEC)", h->e_type, ET_EXEC);
    }
    if (h->e_machine != EM_RISCV) {
        return fail(p, "e_machine is %u, not %d (EM_RISCV)", h->e_machine, EM_RISCV);
    }
    if (h->e_version != EV_CURRENT) {
        return fail(p, "e_version is %u, not %d (EV_CURRENT)", h->e_version, EV_CURRENT);
    }
    if (!check_flags(p)) {
        return false;
    }
    if (h->e_phnum == 0) {
        return fail(p, "e_phnum is 0: there are no program headers, so nothing to load");
    }
    if (h->e_phentsize != sizeof(Elf64_Phdr)) {
        return fail(p, "e_phentsize is %u, not %zu", h->e_phentsize, sizeof(Elf64_Phdr));
    }
    uint64_t table = h->e_phnum * (uint64_t)sizeof(Elf64_Phdr);
    if (h->e_phoff < sizeof *h || h->e_phoff > p->size || table > p->size - h->e_phoff) {
        return fail(p,
                    "e_phoff is 0x%" PRIx64 " and e_phnum %u: the program headers are not all "
                    "between the ELF header and the end of the file at 0x%zx",
                    h->e_phoff, h->e_phnum, p->size);
    }
    return true;
}

static bool check_segment(struct parser *p, uint32_t number, const Elf64_Phdr *s)
{
    if (s->p_filesz > s->p_memsz) {
        return fail(p,
                    "program header %u: p_filesz is 0x%" PRIx64 ", more than p_memsz, 0x%" PRIx64,
                    number, s->p_filesz, s->p_memsz);
    }
    if (s->p_filesz > 0 && (s->p_offset > p->size || s->p_filesz > p->size - s->p_offset)) {
        return fail(p,
                    "program header %u: p_offset is 0x%" PRIx64 " and p_filesz 0x%" PRIx64
                    ": it ends beyond the end of the file at 0x%zx",
                    number, s->p_offset, s->p_filesz, p->size);
    }
    if (s->p_vaddr > ABI_USER_TOP || s->p_memsz > ABI_USER_TOP - s->p_vaddr) {
        return fail(p,
                    "program header %u: p_vaddr is 0x%" PRIx64 " and p_memsz 0x%" PRIx64
                    ": it ends beyond the last user address, 0x%" PRIx64,
                    number, s->p_vaddr, s->p_memsz, (uint64_t)ABI_USER_TOP - 1);
    }
    if ((s->p_align & (s->p_align - 1)) != 0) {
        return fail(p, "program header %u: p_align is 0x%" PRIx64 ", not a power of two", number,
                    s->p_align);
    }
    if (s->p_align > 1 && s->p_filesz != 0 && (s->p_vaddr - s->p_offset) % s->p_align != 0) {
        return fail(p,
                    "program header %u: p_vaddr is 0x%" PRIx64 " and p_offset 0x%" PRIx64
                    ": they differ modulo p_align, 0x%" PRIx64,
                    number, s->p_vaddr, s->p_offset, s->p_align);
    }
    return true;
}

/* Into p->loads, which stays in order of addresses. */
static bool add_segment(struct parser *p, uint32_t number, const Elf64_Phdr *s)
{
    if (p->count == SEGMENTS_MAX) {
        return fail(p, "program header %u: more than %d segments to load", number, SEGMENTS_MAX);
    }
    uint32_t at = p->count++;
    while (at > 0 && p->loads[at - 1].p_vaddr > s->p_vaddr) {
        p->loads[at] = p->loads[at - 1];
        p->numbers[at] = p->numbers[at - 1];
        at--;
    }
    p->loads[at] = *s;
    p->numbers[at] = number;
    return true;
}

static bool find_segments(struct parser *p)
{
    for (uint32_t i = 0; i < p->header.e_phnum; i++) {
        Elf64_Phdr s;
        memcpy(&s, p->file + p->header.e_phoff + i * sizeof s, sizeof s);
        if (s.p_type == PT_INTERP || s.p_type == PT_DYNAMIC) {
            return fail(p,
                        "program header %u: p_type is %u (%s): a root task must be linked "
                        "statically",
                        i, s.p_type, s.p_type == PT_INTERP ? "PT_INTERP" : "PT_DYNAMIC");
        }
        if (s.p_type != PT_LOAD) {
            continue;
        }
        if (!check_segment(p, i, &s) || (s.p_memsz > 0 && !add_segment(p, i, &s))) {
            return false;
        }
    }
    if (p->count == 0) {
        return fail(p, "no program header has p_type 1 (PT_LOAD) and p_memsz above 0: there is "
                       "nothing to load");
    }
    for (uint32_t i = 1; i < p->count; i++) {
        const Elf64_Phdr *low = &p->loads[i - 1];
        if (low->p_vaddr + low->p_memsz > p->loads[i].p_vaddr) {
            return fail(p,
                        "program headers %u and %u overlap: p_vaddr 0x%" PRIx64
                        " and p_memsz 0x%" PRIx64 " end beyond p_vaddr 0x%" PRIx64,
                        p->numbers[i - 1], p->numbers[i], low->p_vaddr, low->p_memsz,
                        p->loads[i].p_vaddr);
        }
    }
    return true;
}

static bool check_entry(struct parser *p)
{
    uint64_t entry = p->header.e_entry;
    if (entry % 2 != 0) {
        return fail(p, "e_entry is 0x%" PRIx64 ": an instruction has an even address", entry);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const Elf64_Phdr *s = &p->loads[i];
        if (entry < s->p_vaddr || entry - s->p_vaddr >= s->p_memsz) {
            continue;
        }
        if ((s->p_flags & PF_X) == 0) {
            return fail(p,
                        "e_entry is 0x%" PRIx64 ", in program header %u whose p_flags 0x%x lack "
                        "PF_X",
                        entry, p->numbers[i], s->p_flags);
        }
        if (entry - s->p_vaddr >= s->p_filesz) {
            return fail(p,
                        "e_entry is 0x%" PRIx64 ", in program header %u but behind its p_filesz "
                        "0x%" PRIx64 ", where all is zero",
                        entry, p->numbers[i], s->p_filesz);
        }
        return true;
    }
    return fail(p, "e_entry is 0x%" PRIx64 ", outside of all PT_LOAD segments", entry);
}

static bool flatten(struct parser *p, struct elf_image *image)
{
    const Elf64_Phdr *last = &p->loads[p->count - 1];
    uint64_t end = 0;
    image->vaddr = p->loads[0].p_vaddr / PAGE * PAGE;
    image->size = (last->p_vaddr + last->p_memsz - image->vaddr + PAGE - 1) / PAGE * PAGE;
    image->entry = p->header.e_entry;
    if (image->size > FLAT_SIZE_MAX) {
        return fail(p, "its segments span %" PRIu64 " MiB; more than %" PRIu64 " MiB are a mistake",
                    image->size >> 20, (uint64_t)FLAT_SIZE_MAX >> 20);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->loads[i].p_filesz > 0) {
            end = p->loads[i].p_vaddr - image->vaddr + p->loads[i].p_filesz;
        }
    }
    image->byte_count = end;
    image->bytes = calloc(1, end + 1);
    if (image->bytes == NULL) {
        return fail(p, "out of memory");
    }
    for (uint32_t i = 0; i < p->count; i++) {
        const Elf64_Phdr *s = &p->loads[i];
        if (s->p_filesz > 0) { /* Else p_offset may be anything. */
            memcpy(image->bytes + (s->p_vaddr - image->vaddr), p->file + s->p_offset, s->p_filesz);
        }
    }
    return true;
}

bool elf_parse(const char *name, const uint8_t *file, size_t size, bool fpu,
               struct elf_image *image, struct elf_error *error)
{
    struct parser p = {.name = name, .file = file, .size = size, .fpu = fpu, .error = error};
    memset(image, 0, sizeof *image);
    return check_ident(&p) && check_header(&p) && find_segments(&p) && check_entry(&p) &&
           flatten(&p, image);
}

uint8_t *elf_read_file(const char *path, size_t *size, struct elf_error *error)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* A FIFO would wait. */
    FILE *file = NULL;
    struct stat status;
    uint8_t *bytes = NULL;
    const char *wrong = NULL;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        wrong = strerror(errno);
    } else if (!S_ISREG(status.st_mode)) {
        wrong = "not a regular file";
    } else if ((file = fdopen(descriptor, "rb")) == NULL) {
        wrong = strerror(errno);
    } else if ((uint64_t)status.st_size > FILE_SIZE_MAX) {
        wrong = "larger than 1 GiB";
    } else if ((bytes = malloc((size_t)status.st_size + 1)) == NULL) {
        wrong = "out of memory";
    } else if (fread(bytes, 1, (size_t)status.st_size, file) != (size_t)status.st_size) {
        wrong = "cannot be read to its end";
        free(bytes);
    } else {
        *size = (size_t)status.st_size;
    }
    if (file != NULL) {
        fclose(file);
    } else if (descriptor >= 0) {
        close(descriptor);
    }
    if (wrong != NULL) {
        snprintf(error->text, sizeof error->text, "%.4095s: %.100s", path, wrong);
    }
    return wrong == NULL ? bytes : NULL;
}

bool elf_load(const char *path, bool fpu, struct elf_image *image, struct elf_error *error)
{
    size_t size;
    memset(image, 0, sizeof *image);
    uint8_t *file = elf_read_file(path, &size, error);
    if (file == NULL) {
        return false;
    }
    bool good = elf_parse(path, file, size, fpu, image, error);
    free(file);
    return good;
}

void elf_free(struct elf_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}
