/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one ELF file: it is refused with a sentence that names it, or what comes out lies
 * where user programs may lie, and holds what the file's segments hold. That tools/mkimage, which
 * follows the same rules, says the same is agree_test.py's business.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "abi/api.h"
#include "fuzz/harness/target.h"
#include "hosted/elf.h"

enum { PAGE = 4096 };

static void expect(int condition, const char *what)
{
    if (!condition) {
        fuzz_found("elf", what);
    }
}

/* Every byte of every segment, read from the file again. */
static void expect_segments(const uint8_t *data, size_t size, const struct elf_image *image)
{
    Elf64_Ehdr header;
    expect(size >= sizeof header, "the file has a header");
    memcpy(&header, data, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr load;
        memcpy(&load, data + header.e_phoff + i * sizeof load, sizeof load);
        if (load.p_type != PT_LOAD || load.p_memsz == 0) {
            continue;
        }
        uint64_t at = load.p_vaddr - image->vaddr;
        expect(load.p_vaddr >= image->vaddr && at <= image->size &&
                   load.p_memsz <= image->size - at,
               "segments lie within the image");
        for (uint64_t k = 0; k < load.p_filesz; k++) {
            uint8_t byte = at + k < image->byte_count ? image->bytes[at + k] : 0;
            expect(byte == data[load.p_offset + k], "the image holds what the file holds");
        }
        for (uint64_t k = load.p_filesz; k < load.p_memsz && at + k < image->byte_count; k++) {
            expect(image->bytes[at + k] == 0, "the rest of a segment is zero");
        }
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_image image = {0};
    static struct elf_error error;
    error.text[0] = '\0';
    if (!elf_parse("the input", data, size, true, &image, &error)) {
        expect(strncmp(error.text, "the input: ", 11) == 0 && strlen(error.text) > 11,
               "a refusal is a sentence that names the file");
        expect(image.bytes == NULL, "nothing comes out of a refused file");
        return 0;
    }
    expect(image.size != 0 && image.size % PAGE == 0 && image.vaddr % PAGE == 0,
           "an image is whole pages");
    expect(image.byte_count <= image.size, "bytes lie within the image");
    expect(image.vaddr < ABI_USER_TOP && image.size <= ABI_USER_TOP - image.vaddr,
           "an image lies below the end of the user's addresses");
    expect(image.entry % 2 == 0 && image.entry >= image.vaddr &&
               image.entry - image.vaddr < image.size,
           "the entry is in the image");
    expect_segments(data, size, &image);
    elf_free(&image);
    return 0;
}
